"""Doubled, merged, ambiguous, foreign, undone: what is decided about each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.membership.copied import are_copied, lags
from syncd.membership.people import prospects_for
from syncd.model.entities import OutreachAccount
from syncd.model.record import RecordRef
from tests.core.membership import (
    ADD,
    ADD_BACK,
    BACK,
    DEAL,
    OUT,
    REMOVE,
    REMOVE_BACK,
    agreed,
    bases,
    changes,
    deal,
    view_of,
)


def test_a_contact_that_crossed_over_counts_as_taken_off(world):
    """Seen in Salesforce alone, now in Outreach alone: nobody is resurrected."""
    deal(world, "ann")
    world.role("deal", "ann")
    [base] = bases(world)
    world.bases[DEAL] = base
    world.rows["roles"].clear()
    world.prospect_role("deal", "ann")
    assert changes(world) == [REMOVE]


def test_another_opportunity_in_outreach_voids_the_base(world):
    """The deal was made anew there: nobody of it was removed by a person."""
    deal(world, "ann")
    agreed(world, "ann", twin_id="o-former")
    world.role("deal", "ann")
    assert changes(world) == [ADD]


def test_a_merged_contact_is_its_survivor_in_the_base(world):
    """Ann was merged into Anna: neither is new, neither is gone."""
    deal(world, "anna")
    world.contact("ann", merged_into_id="003anna")
    world.prospect("ann")
    agreed(world, "ann", lead="ann")
    world.role("deal", "anna", is_primary=True)
    world.prospect_role("deal", "ann", is_primary=True)
    assert changes(world) == []
    [base] = bases(world)
    assert (base.salesforce, base.primary) == (("003anna",), "003anna")
    assert base.outreach == {"003anna": "p-ann"}


def test_a_survivor_inherits_what_was_agreed_of_the_merged(world):
    """Taken off in Outreach after the merge: proposed, as it would be for Ann."""
    deal(world, "anna", "bob")
    world.contact("ann", merged_into_id="003anna")
    world.prospect("ann")
    agreed(world, "ann", "bob", lead="ann")
    for one in ("anna", "bob"):
        world.role("deal", one, is_primary=one == "bob")
    world.prospect_role("deal", "bob")
    assert [c[:3] for c in changes(world)] == [
        ("outreach", "update", "pr-deal-bob"),
        ("salesforce", "delete", "00Kdealanna"),
    ]
    world.prospect_role("deal", "ann", is_primary=True)
    assert {c[3] for c in changes(world)} == {"auto"}  # Ann led, as Anna


def test_a_prospect_of_a_merged_contact_is_the_survivors(world):
    """The link still names the contact that was merged away."""
    deal(world)
    world.contact("anna", emails=())
    world.contact("ann", merged_into_id="003anna")
    world.prospect("ann")
    world.role("deal", "anna")
    view = view_of(world)
    [prospect] = prospects_for(view, view.contacts["003anna"])
    assert prospect.id == "p-ann"
    assert changes(world) == [ADD]


def test_a_merge_unknown_to_outreach_removes_nobody(world):
    """The survivor has no prospect yet; the former contact's prospect is there."""
    deal(world)
    world.contact("anna", emails=())
    world.prospect("ann")
    agreed(world, "ann")
    world.role("deal", "anna")
    world.prospect_role("deal", "ann")
    assert changes(world) == []
    assert {f.why_not for f in world.findings(OUT, BACK)} == {
        "the contact has no prospect in Outreach",
        "no contact in Salesforce is known to be this prospect",
    }


def test_a_prospect_of_several_contacts_is_neither_added_nor_removed(world):
    """It counts as there for each of them; nothing rests on it."""
    deal(world, "bob")
    world.contact("ann")
    world.prospect("ann", crm_ids=("003ann", "003bob"))
    world.rows["prospects"] = [p for p in world.rows["prospects"] if p.id == "p-ann"]
    world.role("deal", "ann")
    assert changes(world) == []
    [finding] = world.findings(OUT, BACK)
    assert "could be 2 contacts" in finding.why_not
    world.prospect_role("deal", "ann")
    assert world.findings(OUT, BACK) == ()
    agreed(world, "ann")
    world.rows["roles"].clear()
    [finding] = world.findings(OUT, BACK)
    assert (finding.changes, "2 contacts" in finding.why_not) == ((), True)


def test_a_prospect_that_became_another_contact_is_not_gone(world):
    """The link was corrected from Ann to Bob: Ann is new to Outreach, not removed."""
    deal(world, "bob")
    world.contact("ann")
    agreed(world, "ann", outreach={"003ann": "p-bob"})
    world.prospect("ann")
    world.role("deal", "ann")
    world.role("deal", "bob")
    world.prospect_role("deal", "bob")
    assert changes(world) == [ADD]


@pytest.mark.parametrize("gone", ["here", "there", "flag"])
def test_a_contact_of_another_account_is_left_alone(world, gone):
    """That the contact is under the wrong account is to be mended first."""
    deal(world)
    world.contact("ann", account_id="001else")
    world.prospect("ann")
    agreed(world, "ann", lead="")
    if gone != "here":
        world.role("deal", "ann", is_primary=gone == "flag")
    if gone != "there":
        world.prospect_role("deal", "ann")
    [finding] = world.findings(OUT, BACK)
    assert finding.changes == ()
    assert "another account" in finding.why_not


def test_roles_doubled_in_salesforce_count_once(world):
    """Salesforce accepts a pair twice; removal takes both."""
    deal(world, "ann")
    world.role("deal", "ann")
    again = type(world.rows["roles"][0])
    world.add("roles", again(id="00Kagain", opportunity_id=DEAL, contact_id="003ann"))
    assert changes(world) == [ADD]
    agreed(world, "ann")
    assert [c[2] for c in changes(world)] == ["00Kagain", "00Kdealann"]


def double(world, **more):
    """A second role of Ann's prospect in Outreach, made by somebody else."""
    first = world.rows["prospect_roles"][0]
    values = {"opportunity_id": "o-deal", "prospect_id": "p-ann"}
    return world.add("prospect_roles", type(first)(id="pr-2", **(values | more)))


def made(world, *ids):
    """Findings where these prospect roles are ours."""
    ours = frozenset(RecordRef("outreach", "opportunityProspectRole", i) for i in ids)
    records = replace(world.records(), made=ours)
    world.records = lambda: records
    return world.findings(OUT, BACK)


def test_our_role_goes_when_a_twin_of_it_appears(world):
    """Unattended, as long as the other role is still there."""
    deal(world, "ann")
    world.role("deal", "ann")
    world.prospect_role("deal", "ann")
    double(world, role="Evaluator")
    [finding] = made(world, "pr-deal-ann")
    [change] = finding.changes
    assert (change.operation, change.target.id) == ("delete", "pr-deal-ann")
    assert change.mode == "auto"
    assert [one.ref.id for one in change.also] == ["pr-2"]


@pytest.mark.parametrize(
    ("first", "second", "ours"),
    [
        ({}, {}, ()),
        ({}, {}, ("pr-deal-ann", "pr-2")),
        ({"role": "Evaluator"}, {}, ("pr-deal-ann",)),
        ({"is_primary": True}, {}, ("pr-deal-ann",)),
        ({}, {"prospect_id": "p-ann2"}, ("pr-deal-ann",)),
    ],
)
def test_a_doubled_role_that_is_not_surely_surplus_is_reported(
    world, first, second, ours
):
    """Neither ours, both ours, saying more, or another prospect of the person."""
    deal(world, "ann")
    world.prospect("ann2", crm_ids=("003ann",))
    world.role("deal", "ann", is_primary=first.get("is_primary", False))
    world.prospect_role("deal", "ann", **first)
    double(world, **second)
    [finding] = made(world, *ours)
    assert (finding.changes, "not known" in finding.why_not) == ((), True)


def test_what_undo_took_off_was_not_taken_off_by_a_person(world):
    """It is new again, and the plan holds it back as undone."""
    deal(world, "ann")
    agreed(world, "ann")
    world.role("deal", "ann")
    assert changes(world) == [REMOVE_BACK]
    world.undone = frozenset({"opportunityProspectRole|o-deal|p-ann"})
    assert changes(world) == [ADD]
    world.rows["roles"].clear()
    world.prospect_role("deal", "ann")
    world.undone = frozenset({"OpportunityContactRole|006deal|003ann"})
    assert changes(world) == [ADD_BACK]


@pytest.mark.parametrize("system", ["salesforce", "outreach"])
def test_an_incomplete_poll_moves_nothing(world, system):
    """Who is missing from it may well be there."""
    deal(world, "ann")
    agreed(world, "ann", "bob")
    world.role("deal", "ann")
    assert len(bases(world)) == 1
    world.org["incomplete"] = frozenset({system})
    assert bases(world) == []
    assert changes(world) == []


@pytest.mark.parametrize("left_out", ["closed", "twinless"])
def test_deals_that_are_not_compared_have_no_base(world, left_out):
    """Closed deals rest; without exactly one twin there is nothing to compare."""
    world.opportunity(is_closed=left_out == "closed")
    if left_out == "closed":
        world.twin()
    assert bases(world) == []


def test_the_base_is_given_only_when_it_moves(world):
    """A quiet cycle writes none."""
    deal(world, "ann")
    world.role("deal", "ann")
    world.prospect_role("deal", "ann")
    [base] = bases(world)
    world.bases[DEAL] = base
    assert bases(world) == []


@pytest.mark.parametrize(
    ("setting", "seen", "waits"),
    [
        (None, False, False),
        (None, True, True),
        (False, True, False),
        (True, False, True),
    ],
)
def test_the_plug_in_gets_its_time_where_it_copies(world, setting, seen, waits):
    """As the policy says, else as its history in this org shows."""
    deal(world, "ann")
    world.role("deal", "ann", created_at=world.now - timedelta(minutes=5))
    world.setting(OUT, plugin_copies_roles=setting)
    world.org["roles_are_copied"] = seen
    [finding] = world.findings(OUT)
    assert finding.waiting is waits


def test_lags_are_of_roles_that_came_later_in_outreach(world):
    """Made first in Outreach, or at one instant, is no copy."""
    deal(world, "ann", "bob", "cyd")
    for one, minutes in (("ann", 10), ("bob", -10), ("cyd", 0)):
        role = world.role("deal", one)
        made_at = role.created_at + timedelta(minutes=minutes)
        world.prospect_role("deal", one, created_at=made_at)
    assert list(lags(view_of(world))) == [("pr-deal-ann", timedelta(minutes=10))]


@pytest.mark.parametrize(
    ("soon", "late", "ours", "expected"),
    [(5, 5, 0, True), (4, 0, 0, False), (5, 6, 0, False), (6, 0, 2, False)],
)
def test_a_plug_in_copies_most_roles_soon(soon, late, ours, expected):
    """Five at least, half of all, and those that we made do not count."""
    minutes = [10] * soon + [100] * late
    seen = [(str(n), timedelta(minutes=one)) for n, one in enumerate(minutes)]
    found = are_copied(
        seen, ours={str(n) for n in range(ours)}, within=timedelta(minutes=30)
    )
    assert found is expected


def test_an_account_of_outreach_that_is_another_one_is_no_reason_to_remove(world):
    """A foreign prospect is not added; who agreed before is still judged."""
    deal(world, "ann")
    world.add("outreach_accounts", OutreachAccount(id="a2", crm_ids=("001else",)))
    world.rows["prospects"].clear()
    world.prospect("ann", account_id="a2")
    agreed(world, "ann")
    world.role("deal", "ann")
    assert changes(world) == [REMOVE_BACK]
