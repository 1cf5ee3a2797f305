"""No jump of our clock changes what an earlier write, or a person's word, means."""

from datetime import timedelta

import pytest

from syncd.model.plan import ConnectorState
from syncd.model.tombstone import TombstoneKind
from syncd.plan.reverts import held
from tests.plan.past import (
    DEAL,
    NOW,
    YESTERDAY,
    by,
    create,
    inputs,
    kind_of,
    made,
    made_stone,
    update,
    wrote,
)

SET_BACK = timedelta(hours=1)
"""What our clock lost between two steps: the earlier one looks like the later."""


@pytest.mark.parametrize("lifted", ["cleared", "expired"])
@pytest.mark.parametrize(
    ("sequences", "kind"),
    [((1, 2), None), ((1, 2, 3), TombstoneKind.REVERTED)],
)
@pytest.mark.parametrize("at", [NOW - SET_BACK, NOW, NOW + SET_BACK])
def test_what_is_forgiven_is_told_by_the_order_of_writes(lifted, sequences, kind, at):
    """A second revert counts, though our write looks older than the forgiving of one.

    And what was forgiven stays so, though it looks younger.
    """
    change = update()
    stone = made_stone(
        change,
        after_write=2,
        cleared_at=NOW if lifted == "cleared" else None,
        expires_at=NOW if lifted == "expired" else None,
    )
    past = [wrote(sequence=one, settled_at=at) for one in sequences]
    facts = inputs(
        change,
        *past,
        tombstones={stone.effect: stone},
        touched=by("rep"),
        last_write=3,
        after_write={"salesforce": 3},
    )
    found = held(change, facts)
    assert kind_of(found) is kind
    if found is not None:
        assert found.tombstone.after_write == 3


@pytest.mark.parametrize(("entombed_after", "is_held"), [(2, False), (3, True)])
@pytest.mark.parametrize("at", [NOW - SET_BACK, NOW, NOW + SET_BACK])
def test_what_was_brought_back_is_told_by_the_order_of_writes(
    entombed_after, is_held, at
):
    """An undo of an undo lifts the tombstone of that undo, and no later one."""
    change = update(before={"WhatId": DEAL}, after={"WhatId": "006000000000009AAA"})
    stone = made_stone(change, kind=TombstoneKind.UNDONE, after_write=entombed_after)
    past = [
        wrote(sequence=1, settled_at=at),
        wrote(sequence=2, settled_at=at, takes_back=True),
        wrote(sequence=3, settled_at=at),
    ]
    facts = inputs(
        change,
        *past,
        tombstones={stone.effect: stone},
        after_write={"salesforce": 3},
    )
    assert (held(change, facts) is not None) is is_held


@pytest.mark.parametrize("ours", [NOW - SET_BACK, NOW, NOW + SET_BACK])
@pytest.mark.parametrize(
    ("cause", "is_held"),
    [
        (YESTERDAY - timedelta(seconds=1), True),
        (YESTERDAY, True),
        (YESTERDAY + timedelta(seconds=1), False),
    ],
)
@pytest.mark.parametrize("kind", [TombstoneKind.REVERTED, TombstoneKind.REJECTED])
def test_a_newer_cause_is_told_by_salesforces_clock(ours, cause, is_held, kind):
    """Whatever ours showed when the tombstone was made."""
    change = create()
    stone = made_stone(
        change, kind=kind, made_at=ours, read_until=YESTERDAY, after_write=1
    )
    past = made(settled_at=YESTERDAY - timedelta(days=1))
    facts = inputs(change, past, tombstones={stone.effect: stone})
    assert (held(change, facts, since=cause) is not None) is is_held


@pytest.mark.parametrize("cause", [YESTERDAY - timedelta(hours=1), NOW, None])
def test_a_new_tombstone_knows_of_all_that_was_read(cause):
    """Of what the change follows too, though that be newer than the poll's end."""
    change = create()
    read = {"salesforce": NOW - timedelta(minutes=1)}
    past = made(settled_at=NOW - timedelta(minutes=3), takes_back=True)
    found = held(change, inputs(change, past, read_until=read), since=cause)
    assert found.tombstone.read_until == max(read["salesforce"], cause or YESTERDAY)


def test_a_poll_of_before_our_write_shows_no_removal_whatever_our_clock_says():
    """A clock that is set back makes the last poll look like one of after the write."""
    change = create()
    seen = inputs(change, made(sequence=8), after_write={"salesforce": 7})
    found = held(change, seen)
    assert found is not None
    assert found.waiting
    assert found.tombstone is None


@pytest.mark.parametrize("ours", [NOW - SET_BACK, NOW, NOW + SET_BACK])
@pytest.mark.parametrize(
    ("after_s", "waits"), [(59, True), (60, True), (61, False), (3600, False)]
)
def test_whether_a_poll_came_late_enough_is_told_by_the_systems_clock(
    ours, after_s, waits
):
    """Ours jumps forth, and what was written a second ago is not taken for removed."""
    change = create()
    facts = inputs(
        change,
        made(),
        now=ours,
        connectors={"salesforce": ConnectorState(as_of=ours, complete=True)},
        read_until={"salesforce": YESTERDAY + timedelta(seconds=after_s)},
    )
    found = held(change, facts)
    assert found.waiting is waits
    assert (found.tombstone is None) is waits


def test_a_system_that_was_never_read_to_its_end_shows_no_removal():
    """It is waited for."""
    change = create()
    found = held(change, inputs(change, made(), read_until={}))
    assert found.waiting
