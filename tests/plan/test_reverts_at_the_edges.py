"""Tombstones and writes that seldom meet: what holds, holds for the stated reason."""

from datetime import timedelta

import pytest

from syncd.model.plan import Expects
from syncd.model.tombstone import TombstoneKind
from syncd.plan.reverts import held
from tests.plan.past import (
    NOW,
    ROLE,
    YESTERDAY,
    create,
    inputs,
    kind_of,
    made,
    made_stone,
    update,
    wrote,
)

HOUR = timedelta(hours=1)
NOT_UNDONE = [kind for kind in TombstoneKind if kind is not TombstoneKind.UNDONE]


@pytest.mark.parametrize("kind", NOT_UNDONE)
def test_only_an_undone_undo_lifts_a_tombstone(kind):
    """A later write of an older plan does not, of whatever other kind it is."""
    stone = made_stone(update(), kind=kind, after_write=1)
    given = inputs(update(), wrote(sequence=2), tombstones={stone.effect: stone})
    assert held(update(), given).says.startswith(stone.says)


def test_an_undone_undo_that_was_refused_lifts_nothing():
    """Nothing was brought back."""
    stone = made_stone(update(), kind=TombstoneKind.UNDONE, after_write=1)
    past = wrote(sequence=2, state="refused")
    given = inputs(update(), past, tombstones={stone.effect: stone})
    assert held(update(), given).says.startswith(stone.says)


def test_what_was_undone_is_held_even_if_no_write_of_it_is_known():
    """A ledger that says nothing of it does not speak against the tombstone."""
    stone = made_stone(update(), kind=TombstoneKind.UNDONE)
    given = inputs(update(), tombstones={stone.effect: stone})
    assert held(update(), given).says.startswith(stone.says)


def test_a_word_about_an_earlier_time_forgives_no_undo():
    """What was undone stays undone, whatever a change follows that came later."""
    stone = made_stone(update(), read_until=YESTERDAY, after_write=7)
    past = wrote(sequence=5, takes_back=True)
    given = inputs(update(), past, tombstones={stone.effect: stone})
    assert kind_of(held(update(), given, since=NOW - HOUR)) is TombstoneKind.UNDONE


def test_a_tombstone_that_does_not_say_what_it_knew_of_holds():
    """However new what a change follows is."""
    stone = made_stone(update(), read_until=None)
    given = inputs(update(), tombstones={stone.effect: stone})
    assert held(update(), given, since=NOW).says.startswith(stone.says)


def test_a_new_tombstone_knows_of_what_a_change_follows():
    """Even if it is not known how far Salesforce was read."""
    past, since = wrote(), YESTERDAY - HOUR
    found = held(update(), inputs(update(), past, read_until={}), since=since)
    assert found.tombstone.read_until == since


def test_a_write_that_no_poll_has_seen_is_waited_for_with_a_cause_too():
    """It makes no tombstone."""
    past = wrote(sequence=2, written_version="")
    found = held(update(), inputs(update(), past), since=YESTERDAY - HOUR)
    assert (found.waiting, found.tombstone) == (True, None)


def test_what_is_seen_to_be_gone_needs_no_further_poll():
    """Somebody removed what we made, and the mirror has it so."""
    found = held(create(), inputs(create(), made(sequence=2), made={ROLE: False}))
    assert kind_of(found) is TombstoneKind.REVERTED


@pytest.mark.parametrize(("sequence", "waits"), [(1, False), (2, True)])
def test_without_a_version_a_whole_poll_decides(sequence, waits):
    """Whether our write had come back when a change was decided on."""
    change = update(expects=Expects())
    found = held(change, inputs(change, wrote(sequence=sequence)))
    assert found.waiting is waits


def test_a_system_that_was_never_polled_has_seen_nothing():
    """Our write is waited for."""
    past = wrote(written_version="")
    assert held(update(), inputs(update(), past, connectors={})).waiting


def test_people_are_told_the_day():
    """On which what they took back was written."""
    found = held(update(), inputs(update(), wrote()))
    assert "what was written on 2026-11-23;" in found.says
