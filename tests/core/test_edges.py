"""Edges of the rules: confidence, owners, segments, and what counts as over."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.identity.directory import Directory
from syncd.identity.resolve import resolve_prospect
from syncd.interactions.people import was_answered
from syncd.model.entities import Call, ChorusUser
from syncd.model.policy import Segment

HAS = "opportunity-has-contact"
UNDER = "contact-under-opportunity-account"
DONE = "activity-completed"
SUBJECT = "call-subject"


def change_of(findings):
    """The one change of the one finding."""
    (finding,) = findings
    (change,) = finding.changes
    return change


@pytest.mark.parametrize(
    ("outcome", "answered"),
    [
        ("Answered", True),
        ("completed", True),
        ("Not Answered", False),
        ("no_answer", False),
        ("Left Voicemail", False),
        ("", None),
        (None, None),
    ],
)
def test_spellings_of_an_outcome(outcome, answered):
    """Published samples spell it in several ways."""
    assert was_answered(Call(id="1", outcome=outcome)) is answered


def test_closed_deals_are_not_asked_about_accounts(world):
    """What is closed is history, in any segment."""
    world.contact("ann", account_id="001else")
    world.opportunity(is_closed=True)
    world.role("deal", "ann")
    assert world.findings(UNDER) == ()


@pytest.mark.parametrize(
    ("segment", "count"),
    [
        (Segment(opportunity_types=("new business",)), 1),
        (Segment(opportunity_types=("Renewal",)), 0),
        (Segment(user_titles=("AE",)), 1),
        (Segment(user_titles=("CSM",)), 0),
    ],
)
@pytest.mark.parametrize("rule", [HAS, UNDER, SUBJECT])
def test_a_segment_narrows_a_rule(world, segment, count, rule):
    """By the deal's type and by its owner's title."""
    world.user("rep", title="AE")
    world.contact("ann", account_id="001else")
    world.opportunity()
    world.task(who_id="003ann", what_id="006deal", subject="Anything")
    world.opportunity("empty", type="Other", owner_id=None, is_closed=True)
    if rule == UNDER:
        world.role("deal", "ann")
    world.policy["segments"] = {"mine": segment}
    world.setting(rule, segment="mine")
    assert len(world.findings(rule)) == count


def test_a_findings_owner_is_an_address(world):
    """Whom to tell; nobody for a queue."""
    world.opportunity()
    world.opportunity("queue", owner_id="00Gqueue")
    assert [f.owner for f in world.findings(HAS)] == ["rep@us.example", None]


def test_grace_runs_from_the_end(world):
    """A long meeting that just ended is not late."""
    world.contact("ann")
    start = world.now - timedelta(hours=3)
    world.engagement(
        starts_at=start,
        scheduled_starts_at=start,
        scheduled_ends_at=world.now - timedelta(minutes=59),
    )
    world.task(
        chorus_id="E", is_closed=False, status="Open", subtype=None, day=start.date()
    )
    (finding,) = world.findings(DONE)
    assert finding.waiting
    world.now += timedelta(minutes=1)
    (finding,) = world.findings(DONE)
    assert not finding.waiting


@pytest.mark.parametrize(
    ("kind", "more", "counts"),
    [
        ("task", {"is_closed": True}, True),
        ("task", {"is_closed": False}, False),
        ("event", {}, True),
        (
            "event",
            {
                "starts_at": datetime(2026, 3, 2, 11, tzinfo=UTC),
                "ends_at": datetime(2026, 3, 2, 13, tzinfo=UTC),
            },
            False,
        ),
    ],
)
def test_only_what_is_over_proves_a_contact(world, kind, more, counts):
    """A logged call that is closed, a meeting that has ended."""
    world.contact("ann")
    world.opportunity()
    getattr(world, kind)(who_id="003ann", what_id="006deal", **more)
    (finding,) = world.findings(HAS)
    assert bool(finding.changes) is counts


@pytest.mark.parametrize(
    ("subject", "least", "most"),
    [("IQM", 0.98, 1.0), ("Check in call (ii)", 0.5, 0.9)],
)
def test_confidence_tells_certain_from_likely(world, subject, least, most):
    """What asks a person is less sure than what is done unattended."""
    world.contact("ann")
    world.opportunity()
    world.task(who_id="003ann", what_id="006deal", subject=subject)
    assert least <= change_of(world.findings(SUBJECT)).confidence <= most


def test_a_prospect_names_its_open_leads_only(world):
    """A converted lead is no lead any more."""
    world.lead("lee")
    world.lead("old", emails=("lee@acme.example",), is_converted=True)
    world.prospect("lee", crm_ids=())
    found = Directory(records=world.records(), org=world.context())
    assert resolve_prospect(found, "p-lee").lead_ids == ("00Qlee",)


def test_the_recorder_is_found_by_chorus_own_mapping(world):
    """Chorus knows the Salesforce user, whatever the address says."""
    world.user("kim")
    world.contact("ann")
    world.org["chorus_users"] = {
        "9": ChorusUser(id="9", email="x@us.example", salesforce_user_id="005kim")
    }
    world.engagement(owner_user_id="9", owner_email="unknown@us.example")
    (interaction,) = world.judge(HAS).view.interactions
    assert interaction.host_user_id == "005kim"


def test_an_organiser_without_a_copy_does_not_decide(world):
    """Without any organiser all copies must be cancelled."""
    world.user("kim")
    world.meeting("m", ical_uid="u", organizer_email=None, status="cancelled")
    world.meeting("m", ical_uid="u", organizer_email=None, calendar="kim@us.example")
    (interaction,) = world.judge(HAS).view.interactions
    assert interaction.status == "held"


def test_a_prospect_of_another_contact_is_not_taken_by_address(world):
    """Its CRM id names somebody else, whatever the address says."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    world.twin()
    world.prospect("ann", crm_ids=("003else",))
    (finding,) = world.findings("contact-on-outreach-opportunity")
    assert "no prospect" in finding.why_not
    world.rows["prospects"].clear()
    world.prospect("ann", crm_ids=())
    assert change_of(world.findings("contact-on-outreach-opportunity")).mode == "auto"


def test_a_role_of_a_merged_contact_is_its_survivors(world):
    """Merging leaves the role where it was; also a chain or a circle ends."""
    world.contact("ann")
    world.contact("old", merged_into_id="003older")
    world.contact("older", merged_into_id="003ann")
    world.contact("a", merged_into_id="003b")
    world.contact("b", merged_into_id="003a")
    world.opportunity()
    world.role("deal", "old")
    world.role("deal", "a")
    world.twin()
    world.prospect("ann")
    (finding, *others) = world.findings("contact-on-outreach-opportunity")
    named = {c.after["prospect_id"] for f in (finding, *others) for c in f.changes}
    assert named == {"p-ann"}


@pytest.mark.parametrize(
    ("subject", "cases", "speaks"),
    [("Support call", 1, True), ("Support call", 0, False), ("Call", 1, False)],
)
def test_trouble_speaks_against_a_deal_only_with_a_case(world, subject, cases, speaks):
    """Words of trouble need an open case to mean anything."""
    world.contact("ann")
    world.opportunity()
    if cases:
        world.case("00012345", contact_id="003ann")
    world.task(who_id="003ann", subject=subject)
    view = world.judge(HAS).view
    (association,) = view.associations.values()
    deal = next(c for c in association.candidates if c.target.id == "006deal")
    assert ("support_on_deal" in {f.name for f in deal.features}) is speaks
