"""Rules that relate activities to deals, people and cases."""

from datetime import timedelta

import pytest

from syncd.model.entities import NoteDigest
from tests.core.said import change_of, refusal_of

DEAL = "activity-related-to-opportunity"
WHO = "activity-related-to-contact"
CASE = "activity-related-to-case"
TOOL = "005tool"


# --- activity-related-to-opportunity --------------------------------------------


def test_an_account_link_gives_way_to_the_deal(deal):
    """A link to the account alone is not enough."""
    deal.task(who_id="003ann", what_id="001acme")
    change = change_of(deal.findings(DEAL))
    assert change.before == {"what_id": "001acme"}
    assert change.after == {"what_id": "006deal"}
    assert change.also[0].fields == {"is_closed": False, "account_id": "001acme"}
    assert "have a contact role" in change.reason


@pytest.mark.parametrize(
    "task",
    [
        {"what_id": "006deal"},
        {"what_id": "701campaign"},
        {"is_archived": True},
        {"is_child": True},
        {"is_recurrence": True},
        {"is_private": True},
        {"day": None, "created_at": None},
    ],
)
def test_what_is_related_or_out_of_scope_is_left_alone(deal, task):
    """Links to something else, and records not judged, stay as they are."""
    deal.task(who_id="003ann", **task)
    assert deal.findings(DEAL) == ()


def test_what_lies_before_the_window_is_left_alone(deal):
    """Old activities are history."""
    old = deal.now - timedelta(days=91)
    deal.task(who_id="003ann", day=old.date(), created_at=old)
    assert deal.findings(DEAL) == ()


def test_an_internal_meeting_needs_no_deal(deal):
    """Nobody from outside, no opportunity."""
    deal.user("kim")
    deal.meeting(guests=("kim@us.example",))
    deal.event()
    assert deal.findings(DEAL) == ()


def test_a_young_activity_waits(deal):
    """The tool that wrote it may still be at it."""
    deal.task(who_id="003ann", modified_at=deal.now)
    (finding,) = deal.findings(DEAL)
    assert finding.waiting
    assert finding.changes == ()


def test_two_equal_deals_are_left_to_a_person(deal):
    """Nothing tells the two apart: the candidates are shown, none is chosen."""
    deal.opportunity("other")
    deal.role("other", "ann")
    deal.task(who_id="003ann")
    (finding,) = deal.findings(DEAL)
    assert finding.changes == ()
    assert "none stands out" in finding.why_not
    assert {e.ref.id for e in finding.evidence} == {"006deal", "006other"}


def test_a_lead_keeps_its_activity_free(deal):
    """The platform refuses an opportunity beside a lead."""
    deal.lead("ann")
    deal.meeting()
    deal.event(who_id="00Qann", chorus_id=None)
    assert "lead" in refusal_of(deal.findings(DEAL))


def test_a_deal_closed_since_is_only_proposed(deal):
    """Open at the interaction, closed today: a person decides."""
    deal.rows["opportunities"].clear()
    deal.opportunity(
        stage="Won", is_closed=True, is_won=True, stage_changed_at=deal.now
    )
    deal.task(who_id="003ann")
    change = change_of(deal.findings(DEAL))
    assert change.mode == "review"
    assert change.also[0].fields["is_closed"] is True


def test_a_future_occurrence_of_a_series_is_refused(deal):
    """Editing it by API would change the whole series."""
    start = deal.now + timedelta(days=3)
    deal.event(
        who_id="003ann",
        recurrence_parent_id="00Uparent",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
    )
    assert "series" in refusal_of(deal.findings(DEAL))


def test_the_mode_of_the_policy_only_lowers(deal):
    """Review asks, report drops the changes, off does not look."""
    deal.task(who_id="003ann")
    deal.setting(DEAL, mode="review")
    assert change_of(deal.findings(DEAL)).mode == "review"
    deal.setting(DEAL, mode="report")
    assert "only reports" in refusal_of(deal.findings(DEAL))
    deal.setting(DEAL, mode="off")
    assert deal.findings(DEAL) == ()


# --- activity-related-to-contact ------------------------------------------------


def test_the_one_who_took_part_is_named(deal):
    """One known contact at the meeting: the Event names it, unattended."""
    deal.meeting()
    deal.event(what_id="006deal")
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("auto", {"who_id": "003ann"})
    assert change.also[0].fields == {"account_id": "001acme"}


def test_the_contact_of_the_deal_is_preferred(deal):
    """Several took part and one is the deal's contact."""
    deal.contact("bob")
    deal.meeting(guests=("ann", "bob"))
    deal.event(what_id="006deal")
    assert change_of(deal.findings(WHO)).after == {"who_id": "003ann"}


@pytest.mark.parametrize("event", [{"who_id": "003ann"}, {"who_ids": ("003ann",)}])
def test_a_named_contact_is_left_alone(deal, event):
    """Any person on the activity will do."""
    deal.meeting()
    deal.event(**event)
    assert deal.findings(WHO) == ()


def test_several_contacts_are_left_to_a_person(deal):
    """Without a deal that tells them apart nobody is chosen."""
    deal.contact("bob")
    deal.meeting(guests=("ann", "bob"))
    deal.event()
    assert "choose" in refusal_of(deal.findings(WHO))


def test_a_doubled_contact_stays_ambiguous(deal):
    """Two contacts with one address: neither is named."""
    deal.contact("anna", emails=("ann@acme.example",))
    deal.rows["roles"].clear()
    deal.meeting()
    deal.event()
    assert "several contacts have the address" in refusal_of(deal.findings(WHO))


def test_a_weak_key_only_proposes(deal):
    """A plus tag resembles, it does not prove."""
    deal.meeting(guests=("ann+news@acme.example",))
    deal.event()
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("review", {"who_id": "003ann"})


def test_a_lead_is_proposed_where_nothing_else_is_related(deal):
    """A lead's activity cannot have an opportunity, so only a free one takes it."""
    deal.lead("lee")
    deal.meeting(guests=("lee",))
    deal.event()
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("review", {"who_id": "00Qlee"})
    assert change.also[0].fields == {"is_converted": False}


def test_a_strange_guest_is_reported(deal):
    """Somebody outside took part whom nobody knows."""
    deal.meeting(guests=("zoe@else.example",))
    deal.event()
    assert "known contact" in refusal_of(deal.findings(WHO))


def test_a_contact_of_another_account_is_only_proposed(deal):
    """The person is certain, the account is not the deal's."""
    deal.contact("pat", account_id="001else", guest=True)
    deal.meeting(guests=("pat",))
    deal.event(what_id="006deal")
    assert change_of(deal.findings(WHO)).mode == "review"


def test_a_hand_logged_call_suggests_the_deals_only_contact(deal):
    """Nobody is named: the only contact is suggested, never written."""
    deal.task(what_id="006deal")
    assert change_of(deal.findings(WHO)).mode == "review"
    deal.contact("bob")
    deal.role("deal", "bob")
    assert "nothing on record" in refusal_of(deal.findings(WHO))


def test_a_to_do_without_a_person_is_left_alone(deal):
    """A reminder need not name anybody."""
    deal.task(what_id="006deal", subtype="Task", subject="Send pricing")
    assert deal.findings(WHO) == ()


# --- activity-related-to-case ---------------------------------------------------


def test_a_named_case_takes_the_activity(deal):
    """An explicit number of the contact's case settles it."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", subject="Call about case 00012345")
    change = change_of(deal.findings(CASE))
    assert (change.mode, change.after) == ("auto", {"what_id": "50000012345"})
    assert deal.findings(DEAL) == ()


def test_a_case_number_in_the_note_counts(deal):
    """The number may stand in the comments."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", note=NoteDigest(length=9, case_numbers=("00012345",)))
    assert change_of(deal.findings(CASE)).mode == "auto"


def test_a_deal_that_a_person_chose_is_kept_but_for_a_proposal(deal):
    """An explicit number outweighs the deal; a person has to agree."""
    deal.case("00012345", contact_id="003ann")
    task = {"who_id": "003ann", "what_id": "006deal", "subject": "Case 00012345"}
    deal.task(**task)
    assert change_of(deal.findings(CASE)).mode == "review"
    deal.rows["activities"].clear()
    deal.task(**task, created_by_id=TOOL, modified_by_id=TOOL)
    assert change_of(deal.findings(CASE)).mode == "auto"


def test_an_unnamed_case_is_at_most_proposed(world):
    """The contact's open case and no deal: likely, not certain."""
    world.contact("ann")
    world.case("00012345", contact_id="003ann")
    world.task(who_id="003ann", subject="Support call about the outage")
    change = change_of(world.findings(CASE))
    assert change.mode == "review"


def test_a_case_of_strangers_is_not_taken(deal):
    """A number alone does not carry an activity to another account."""
    deal.case("00012345", contact_id="003zoe", account_id="001else")
    deal.task(who_id="003ann", subject="Order 00012345")
    assert all(c.mode == "review" for f in deal.findings(CASE) for c in f.changes)


def test_an_activity_on_its_case_is_left_alone(deal):
    """Already related."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", what_id="50000012345", subject="Case 00012345")
    assert deal.findings(CASE, DEAL) == ()
