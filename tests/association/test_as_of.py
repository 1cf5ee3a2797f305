"""What was true at the interaction, and what is missing where nothing tells."""

from datetime import timedelta

import pytest

from syncd.association.past import OpportunityPast, account_at, pasts
from syncd.model import entities as e
from syncd.model.record import RecordRef
from syncd.model.view import Former
from tests.association.company import random_world, view_of
from tests.core.conftest import NOW, World, ago

THEN = ago(days=30)
OPPORTUNITY = e.Opportunity(
    id="006deal", owner_id="005new", created_at=ago(days=90), modified_at=ago(days=1)
)


def changed(days: float, old: str, new: str, field: str = "Owner"):
    """A row of the field history."""
    return e.OpportunityChange(
        id=f"017{days}{old}",
        opportunity_id="006deal",
        field=field,
        old=old,
        new=new,
        created_at=ago(days=days),
    )


def was(days: float, **values: object) -> Former:
    """A version that held until so many days ago."""
    return Former(
        until=ago(days=days),
        entity=e.Opportunity(id="006deal", modified_at=ago(days=90), **values),
    )


@pytest.mark.parametrize(
    ("facts", "owner"),
    [
        ({"changes": (changed(10, "005old", "005new"),)}, "005old"),
        ({"changes": (changed(40, "005old", "005new"),)}, "005new"),
        (
            {
                "changes": (
                    changed(40, "005a", "005b"),
                    changed(20, "005b", "005c"),
                    changed(5, "005c", "005new"),
                )
            },
            "005b",
        ),
        # The row with names beside the one with ids tells nothing.
        ({"changes": (changed(10, "Old One", "New One"),)}, None),
        ({"former": (was(10, owner_id="005old"),)}, "005old"),
        # A version that began later than the interaction tells nothing of it.
        (
            {
                "former": (
                    Former(
                        until=ago(days=10),
                        entity=e.Opportunity(
                            id="006deal", owner_id="005x", modified_at=ago(days=20)
                        ),
                    ),
                )
            },
            None,
        ),
        ({"owners_are_tracked": True}, "005new"),
        ({}, None),
    ],
)
def test_the_owner_of_that_day(facts, owner) -> None:
    """From field history, from superseded versions, else it is missing."""
    past = OpportunityPast(opportunity=OPPORTUNITY, **facts)
    assert past.owner_at(THEN) == owner


def test_an_untouched_deal_is_as_it_was() -> None:
    """Nothing was edited since: owner and close date of today were those of then."""
    day = NOW.date()
    one = e.Opportunity(
        id="006deal", owner_id="005o", close_date=day, modified_at=ago(days=60)
    )
    past = OpportunityPast(opportunity=one)
    assert (past.owner_at(THEN), past.close_date_at(THEN)) == ("005o", day)
    edited = OpportunityPast(
        opportunity=e.Opportunity(id="006deal", close_date=day, modified_at=NOW)
    )
    assert (edited.owner_at(THEN), edited.close_date_at(THEN)) == (None, None)


def test_one_tracked_change_says_that_owners_are_tracked() -> None:
    """A deal without a row then kept its owner."""
    other = e.Opportunity(id="006other", owner_id="005kept", modified_at=NOW)
    found = pasts(
        {"006deal": OPPORTUNITY, "006other": other},
        (),
        (),
        changes=(changed(10, "005old", "005new"),),
    )
    assert found["006other"].owner_at(THEN) == "005kept"


def test_stages_of_the_field_history_stand_in() -> None:
    """An org that lost its stage history may still track the stage."""
    past = OpportunityPast(
        opportunity=OPPORTUNITY,
        changes=(changed(10, "Won", "Open", "StageName"),),
        closed_stages=frozenset({"Won"}),
    )
    assert past.phase_at(THEN) == "closed"
    assert past.phase_at(NOW) == "open"


def test_a_contact_lived_where_the_nearest_version_says() -> None:
    """Moved people count for the account of that day."""
    now = e.Contact(id="003a", account_id="001new")
    former = (
        Former(until=ago(days=40), entity=e.Contact(id="003a", account_id="001x")),
        Former(until=ago(days=20), entity=e.Contact(id="003a", account_id="001y")),
    )
    assert account_at(now, former, ago(days=50)) == "001x"
    assert account_at(now, former, THEN) == "001y"
    assert account_at(now, former, NOW) == "001new"
    assert account_at(now, (), THEN) == "001new"


def test_todays_owner_is_no_owner_of_then() -> None:
    """Where the past is not known, the evidence of an owner is missing."""
    for seed in range(30):
        view = view_of(random_world(seed))
        for found in view.associations.values():
            at = view_interaction(view, found.interaction_key).starts_at
            for candidate in found.candidates:
                deal = view.opportunities.get(candidate.target.id)
                if deal is None or deal.modified_at is None or deal.modified_at <= at:
                    continue
                names = {feature.name for feature in candidate.features}
                assert not {n for n in names if n.startswith("owner_")}
                assert not names & {"stale", "close_is_near", "far_off"}


def view_interaction(view, key):
    """An interaction by its key."""
    return next(one for one in view.interactions if one.key == key)


def test_a_mover_counts_for_the_account_of_that_day(world: World) -> None:
    """Ann has left for another company since; the meeting was about Acme's deal."""
    world.contact("ann", account_id="001else")
    world.opportunity(created_at=ago(days=200), modified_at=ago(days=200))
    start = ago(days=30)
    world.event(who_id="003ann", starts_at=start, ends_at=start + timedelta(hours=1))
    [found] = view_of(world).associations.values()
    assert found.candidates == ()
    records = world.records()
    ref = RecordRef("salesforce", "Contact", "003ann")
    version = e.Contact(id="003ann", account_id="001acme")
    former = {ref: (Former(until=ago(days=10), entity=version),)}
    world.records = lambda: _with(records, former)
    [found] = view_of(world).associations.values()
    assert [c.target.id for c in found.candidates] == ["006deal"]


def _with(records, former):
    from dataclasses import replace

    return replace(records, former=former)
