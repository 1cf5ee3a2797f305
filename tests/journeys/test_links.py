"""Every record that an explanation names can be opened by a person."""

from urllib.parse import urlsplit

from syncd.model.record import RecordRef


def test_a_record_of_every_kind_has_an_address(polled):
    """Also a calendar's event, whose address only the calendar knows."""
    app, sandbox = polled
    looker = app.looker()
    plan = app.plan()
    named = {
        RecordRef(said.system, said.object, said.id)
        for finding in plan.findings
        for said in (finding.subject, *finding.evidence)
        if said.id
    }
    meetings = (
        RecordRef("google_calendar", "Event", f"{calendar}/{event['id']}")
        for calendar, events in sandbox.company.calendars.items()
        for event in events
    )
    named.add(next(ref for ref in meetings if app.store.mirror.get(ref)))
    assert {ref.object for ref in named} >= {"Task", "Opportunity", "Event"}
    for ref in named:
        assert urlsplit(looker.shown(ref).url).scheme in {"http", "https"}, ref
