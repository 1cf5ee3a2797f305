"""People and tools write about what happened, as often and as plainly as is said."""

import re
from collections import Counter

import pytest

from syncd.sandbox.world import names

_FOOTER = "is inviting you to a scheduled Zoom meeting"
_TRUE_IDS = re.compile(r"\b00[0-9A-Za-z]{13}(?:[0-9A-Za-z]{3})?\b|\b[0-9A-F]{24}\b")
_TEXT_FIELDS = ("Description", "description", "note", "meeting_summary", "summary")
_LISTS = ("action_items", "tracker_matches")


def invitations(company):
    """Hosts' copies of single meetings with somebody outside."""
    for email, events in company.calendars.items():
        for event in events:
            hosted = event["organizer"]["email"] == email
            guests = {one["displayName"] for one in event["attendees"]}
            private = event.get("visibility") == "private"
            if hosted and not private and "recurrence" not in event:
                yield event, guests


def agenda_of(event):
    """What the host wrote, without what the conference's tool wrote."""
    text = event.get("description", "")
    head = re.split(r"\n\n──────────\n|<br><br>(?=[^<]+ is inviting)", text)[0]
    return "" if _FOOTER in head else head


def descriptions(company, *, by_recorder):
    """Salesforce's texts of held meetings and of calls, by the host or by Chorus."""
    for name in ("Event", "Task"):
        for row in company.salesforce[name]:
            of_recorder = bool(row.get("affectlayer__chorus_call_id__c"))
            slices = company.slices.get(row["Id"], frozenset())
            plain = row["Id"] in company.slices and not row.get("IsPrivate")
            mail = row.get("Type") == "Email"
            if plain and of_recorder is by_recorder and not mail:
                yield row, slices


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0])
def test_hosts_write_so_many_agendas(tell, rate):
    """Of the invitations to others, so many have a description by their host."""
    company = tell(agendas=rate, internal=0.0, accounts=30)
    written = [bool(agenda_of(event)) for event, _ in invitations(company)]
    assert len(written) > 100
    assert sum(written) / len(written) == pytest.approx(rate, abs=0.06)


def test_a_conference_footer_links_where_the_meeting_is(tell):
    """Zoom writes the link of the location below what the host wrote, or alone."""
    shown = [one for one, _ in invitations(tell(accounts=30))]
    with_footer = [one for one in shown if _FOOTER in one.get("description", "")]
    assert all(one["location"] in one["description"] for one in with_footer)
    assert 0.3 < len(with_footer) / len(shown) < 0.7
    assert any(agenda_of(one) for one in with_footer)
    assert not all(agenda_of(one) for one in with_footer)
    assert any("<br>" in one["description"] for one in with_footer)


@pytest.mark.parametrize("rate", [0.0, 0.5])
def test_hosts_note_what_was_said_so_often(tell, rate):
    """The rest of people's records has small talk."""
    company = tell(notes=rate, accounts=30)
    noted = [
        not any(row["Description"].endswith(text) for text in names.TOPICS)
        for row, _ in descriptions(company, by_recorder=False)
    ]
    assert len(noted) > 200
    # The second generator's people differ in care, and so around the knob.
    assert sum(noted) / len(noted) == pytest.approx(rate, abs=0.07)


@pytest.mark.parametrize("rate", [0.0, 0.6, 1.0])
def test_chorus_sums_up_so_many_recordings(tell, rate):
    """Held ones have a summary with action items at the share given, or neither."""
    company = tell(summaries=rate, no_show=0.0, accounts=30)
    shown = [one["engagement"] for one in company.engagements]
    summed = [bool(one["meeting_summary"]) for one in shown]
    assert summed == [bool(one["action_items"]) for one in shown]
    assert sum(summed) / len(summed) == pytest.approx(rate, abs=0.08)


def test_nobody_sums_up_a_meeting_that_nobody_came_to(tell):
    """A no-show has no summary and a note of its own kind."""
    company = tell(no_show=1.0, cancelled=0.0, summaries=1.0)
    assert company.engagements
    assert not [o for o in company.engagements if o["engagement"]["meeting_summary"]]


def test_chorus_writes_its_summary_where_it_logs(tell):
    """The Event it logs begins with the recording's summary and ends with its items."""
    company = tell(summaries=1.0)
    by_id = {o["engagement"]["engagement_id"]: o for o in company.engagements}
    seen = 0
    for row, _ in descriptions(company, by_recorder=True):
        one = by_id[row["affectlayer__chorus_call_id__c"]]
        summary = one["engagement"]["meeting_summary"]
        assert summary == one["conversation"]["summary"]
        if summary:
            seen += 1
            assert row["Description"].startswith(summary)
            assert row["Description"].endswith(one["engagement"]["action_items"][-1])
        else:
            assert row["Description"] is None
    assert seen > 20


def test_outreach_pushes_the_calls_note(tell):
    """A call's note in Outreach is the Description of its Task."""
    company = tell(notes=1.0)
    notes = Counter(row["attributes"]["note"] for row in company.outreach["call"])
    pushed = Counter(
        row["Description"]
        for row in company.salesforce["Task"]
        if row["Subject"].startswith("[Outreach] [Call]")
    )
    assert notes == pushed
    assert len(notes) > 20


def _without_texts(value):
    if isinstance(value, dict):
        hidden = {*_TEXT_FIELDS, *_LISTS}
        return {k: _without_texts(v) for k, v in value.items() if k not in hidden}
    return [_without_texts(one) for one in value] if isinstance(value, list) else value


_SILENT = dict.fromkeys(("agendas", "notes", "summaries", "wandering"), 0.0)
_LOUD = dict.fromkeys(("agendas", "notes", "summaries", "wandering"), 1.0)


def test_truth_does_not_depend_on_texts(tell):
    """Texts aside, a world in which all is written down is the one where nothing is."""
    silent, loud = tell(**_SILENT), tell(**_LOUD, vague=0.0, wrong_texts=0.5)
    assert silent.truth == loud.truth
    assert silent.slices == loud.slices
    assert silent.same == loud.same
    for part in ("salesforce", "outreach", "calendars", "engagements"):
        one, other = getattr(silent, part), getattr(loud, part)
        assert one != other
        assert _without_texts(dict(enumerate([one]))) == _without_texts(
            dict(enumerate([other]))
        )


def _texts(company):
    for rows in (company.salesforce["Event"], company.salesforce["Task"]):
        yield from (row["Description"] for row in rows if row["Description"])
    for one, _ in invitations(company):
        yield one.get("description", "")
    for one in company.engagements:
        yield one["engagement"]["meeting_summary"] or ""
        yield from one["engagement"]["action_items"]


def test_no_text_holds_an_id(tell):
    """Neither a record's id nor a case's number nor a recording's is written out."""
    company = tell(**_LOUD, cases=1.0, case_named=0.0)
    texts = [text for text in _texts(company) if text]
    assert len(texts) > 300
    assert not [text for text in texts if _TRUE_IDS.search(text)]
    numbers = [row["CaseNumber"] for row in company.salesforce["Case"]]
    assert numbers
    assert not [text for text in texts if any(number in text for number in numbers)]
