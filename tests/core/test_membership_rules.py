"""Who is on a deal, both ways: what the two rules do in every cell."""

from dataclasses import replace

import pytest

from syncd.membership.sides import membership
from syncd.model.record import RecordRef
from syncd.pipeline.judge import build_view
from tests.core.membership import (
    ADD,
    ADD_BACK,
    BACK,
    DEAL,
    OUT,
    REMOVE,
    REMOVE_BACK,
    agreed,
    changes,
    deal,
)


@pytest.mark.parametrize(
    ("was_agreed", "here", "there", "expected"),
    [
        (False, False, False, []),
        (False, True, False, [ADD]),
        (False, False, True, [ADD_BACK]),
        (False, True, True, []),
        (True, False, False, []),
        (True, True, False, [REMOVE_BACK]),
        (True, False, True, [REMOVE]),
        (True, True, True, []),
    ],
)
def test_every_cell_of_membership(world, was_agreed, here, there, expected):
    """Added here: auto; added there: proposed; removed: proposed, never put back."""
    deal(world, "ann")
    if was_agreed:
        agreed(world, "ann")
    if here:
        world.role("deal", "ann")
    if there:
        world.prospect_role("deal", "ann")
    assert changes(world) == expected


def up(who, mode):
    """Made primary in Outreach."""
    return ("outreach", "update", f"pr-deal-{who}", mode)


def up_back(who):
    """Changed in Salesforce, which only a person does."""
    return ("salesforce", "update", f"00Kdeal{who}", "review")


@pytest.mark.parametrize(
    ("was", "ours", "theirs", "expected"),
    [
        # without a base it is never automatic; Salesforce's first, if it names one
        (None, "ann", "ann", []),
        (None, "ann", "", [up("ann", "review")]),
        (None, "ann", "bob", [up("ann", "review"), up("bob", "review")]),
        (None, "", "bob", [up_back("bob")]),
        # Salesforce moved, Outreach did not: automatic
        ("ann", "bob", "ann", [up("ann", "auto"), up("bob", "auto")]),
        ("ann", "", "ann", [up("ann", "auto")]),
        ("", "ann", "", [up("ann", "auto")]),
        # Outreach moved, Salesforce did not: proposed
        ("ann", "ann", "bob", [up_back("ann"), up_back("bob")]),
        ("ann", "ann", "", [up_back("ann")]),
        ("", "", "ann", [up_back("ann")]),
        # both moved, each its way: proposed
        ("", "ann", "bob", [up("ann", "review"), up("bob", "review")]),
        ("ann", "bob", "", [up("bob", "review")]),
        ("ann", "", "bob", [up_back("bob")]),
        # both moved to the same
        ("ann", "bob", "bob", []),
        ("ann", "", "", []),
    ],
)
def test_every_cell_of_the_primary_contact(world, was, ours, theirs, expected):
    """Two people on both sides, and who leads on each."""
    deal(world, "ann", "bob")
    agreed(world, "ann", "bob", lead=was)
    for one in ("ann", "bob"):
        world.role("deal", one, is_primary=one == ours)
        world.prospect_role("deal", one, is_primary=one == theirs)
    assert changes(world) == expected


def test_the_former_primary_steps_back_first(world):
    """Outreach is never shown two: the new one waits for the other's demotion."""
    deal(world, "ann", "bob")
    agreed(world, "ann", "bob", lead="ann")
    for one in ("ann", "bob"):
        world.role("deal", one, is_primary=one == "bob")
        world.prospect_role("deal", one, is_primary=one == "ann")
    [finding] = world.findings(OUT, BACK)
    down, promotion = finding.changes
    assert down.after == {"is_primary": False}
    assert promotion.after_keys == (down.effect_key,)
    [still] = promotion.also
    assert (still.ref.id, still.fields) == ("00Kdealbob", {"is_primary": True})


def test_a_flag_goes_only_while_salesforce_shows_none(world):
    """Nobody leads in Salesforce: that is looked at again before the write."""
    deal(world, "ann")
    agreed(world, "ann", lead="ann")
    world.role("deal", "ann")
    world.prospect_role("deal", "ann", is_primary=True)
    [finding] = world.findings(OUT, BACK)
    [change] = finding.changes
    [still] = change.also
    assert (still.ref.id, still.fields) == ("00Kdealann", {"is_primary": False})


def test_a_new_contact_that_leads_replaces_the_former_primary(world):
    """Added and made primary in Salesforce: one plan carries both over."""
    deal(world, "ann", "bob")
    agreed(world, "ann", lead="ann")
    world.role("deal", "ann")
    world.role("deal", "bob", is_primary=True)
    world.prospect_role("deal", "ann", is_primary=True)
    [finding] = world.findings(OUT, BACK)
    down, addition = finding.changes
    assert (down.target.id, down.after) == ("pr-deal-ann", {"is_primary": False})
    assert addition.after["is_primary"]
    assert addition.after_keys == (down.effect_key,)


def test_a_removed_primary_takes_the_flag_along(world):
    """No change of the flag beside the removal that is proposed."""
    deal(world, "ann")
    agreed(world, "ann", lead="ann")
    world.prospect_role("deal", "ann", is_primary=True)
    assert changes(world) == [REMOVE]
    assert len(world.findings(OUT, BACK)) == 1
    world.rows["prospect_roles"].clear()
    world.role("deal", "ann", is_primary=True)
    assert changes(world) == [REMOVE_BACK]
    assert len(world.findings(OUT, BACK)) == 1


def test_the_removal_of_a_demoted_primary_comes_after_its_demotion(world):
    """Ann was taken off and Bob leads: the removal expects the flag to be gone."""
    deal(world, "ann", "bob")
    agreed(world, "ann", "bob", lead="ann")
    world.role("deal", "bob", is_primary=True)
    world.prospect_role("deal", "ann", is_primary=True)
    world.prospect_role("deal", "bob")
    found = {f.id: f for f in world.findings(OUT, BACK)}
    [removal] = [
        c for f in found.values() for c in f.changes if c.operation == "delete"
    ]
    [down] = [
        c for f in found.values() for c in f.changes if c.after == {"is_primary": False}
    ]
    assert removal.before["is_primary"] is False
    assert removal.after_keys == (down.effect_key,)


@pytest.mark.parametrize("gone", ["here", "there"])
def test_a_flip_waits_for_the_removal_of_the_present_primary(world, gone):
    """Both sides moved, and the one who leads was taken off: that comes first."""
    deal(world, "ann", "bob", "cyd")
    agreed(world, "ann", "bob", "cyd", lead="cyd")
    for one in ("ann", "bob", "cyd"):
        if not (gone == "here" and one == "bob"):
            world.role("deal", one, is_primary=one == "ann")
        if not (gone == "there" and one == "ann"):
            world.prospect_role("deal", one, is_primary=one == "bob")
    found = [f for f in world.findings(OUT, BACK) if "primary" in f.message]
    if gone == "there":  # Ann leads in Salesforce and was taken off in Outreach
        assert found == []
        return
    [finding] = found
    assert finding.changes == ()
    assert "decided first" in finding.why_not


def test_two_primary_contacts_are_reported(world):
    """Which of them is the one is for a person to say."""
    deal(world, "ann", "bob")
    agreed(world, "ann", "bob", lead="ann")
    for one in ("ann", "bob"):
        world.role("deal", one, is_primary=one == "ann")
        world.prospect_role("deal", one, is_primary=True)
    [finding] = world.findings(OUT, BACK)
    assert (finding.changes, "several" in finding.message) == ((), True)
    assert "Outreach" in finding.message


def test_of_two_flags_in_salesforce_the_later_counts(world):
    """Salesforce demotes the former primary without moving its stamp."""
    deal(world, "ann", "bob")
    agreed(world, "ann", "bob", lead="ann")
    for one in ("ann", "bob"):
        world.role("deal", one, is_primary=True)
        world.prospect_role("deal", one, is_primary=one == "ann")
    assert changes(world) == []
    refs = {
        one: RecordRef("salesforce", "OpportunityContactRole", f"00Kdeal{one}")
        for one in ("ann", "bob")
    }
    records = replace(
        world.records(),
        versions={
            refs["ann"]: "2026-03-01T09:00:00.000+0000",
            refs["bob"]: "2026-03-01T10:00:00.000+0000",
        },
    )
    view = build_view(records, org=world.context(), policy=world.rules(), now=world.now)
    both = membership(view, view.opportunities[DEAL])
    assert both.sides.salesforce_primary == "003bob"
