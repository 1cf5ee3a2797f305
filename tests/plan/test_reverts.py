"""What became of an earlier write decides whether it may be written again."""

from datetime import timedelta

import pytest

from syncd.model.plan import ConnectorState
from syncd.model.tombstone import TombstoneKind
from syncd.plan.reverts import held
from tests.plan.past import (
    DEAL,
    NOW,
    ROLE,
    SEEN,
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


def test_nothing_is_held_without_a_past():
    """The first write of an effect needs no leave."""
    assert held(update(), inputs(update())) is None


@pytest.mark.parametrize(
    ("editor", "times", "kind"),
    [
        ("rep", 1, TombstoneKind.REVERTED),
        (None, 1, TombstoneKind.REVERTED),
        ("tool", 1, None),
        ("tool", 2, TombstoneKind.TOOL_WAR),
        ("us", 1, TombstoneKind.REVERTED),
    ],
)
def test_a_person_is_heeded_at_once_and_a_tool_after_two_writes(editor, times, kind):
    """Whoever cannot be told counts as a person.

    So does whoever edited before we wrote another field of the same record.
    """
    touched = by(editor) if editor else {}
    found = held(update(), inputs(update(), *[wrote()] * times, touched=touched))
    assert kind_of(found) is kind
    if kind is TombstoneKind.TOOL_WAR:
        assert editor in found.says
        assert "us" in found.says


def test_other_values_do_not_count_as_a_war():
    """Two writes of different values are two decisions."""
    past = [wrote(after={"WhatId": "006000000000009AAA"}), wrote()]
    assert held(update(), inputs(update(), *past, touched=by("tool"))) is None


def test_our_own_value_may_be_changed():
    """What we wrote still stands; what is true has moved since."""
    change = update(before={"WhatId": "006000000000009AAA"})
    past = wrote(after={"WhatId": "006000000000009AAA"})
    assert held(change, inputs(change, past, touched=by("rep"))) is None


@pytest.mark.parametrize(
    ("written", "read_until", "waits"),
    [
        ("2026-11-24T08:00:01Z", NOW, True),
        (SEEN, NOW, False),
        ("", YESTERDAY + timedelta(seconds=30), True),
        ("", YESTERDAY + timedelta(seconds=61), False),
    ],
)
def test_an_echo_that_has_not_come_back_is_waited_for(written, read_until, waits):
    """A plan made right after an apply asks for nothing a second time."""
    change = update()
    facts = inputs(
        change,
        wrote(written_version=written),
        read_until={"salesforce": read_until},
    )
    found = held(change, facts)
    assert found is not None
    assert found.waiting is waits
    assert (found.tombstone is None) is waits


@pytest.mark.parametrize(
    ("lives", "complete", "read_until", "kind", "waits"),
    [
        (False, True, NOW, TombstoneKind.REVERTED, False),
        (None, True, NOW, TombstoneKind.REVERTED, False),
        (None, False, NOW, None, True),
        (None, True, YESTERDAY, None, True),
        (True, True, NOW, None, False),
    ],
)
def test_what_we_made_and_someone_removed_is_not_made_again(
    lives, complete, read_until, kind, waits
):
    """Gone means seen gone, or not seen by a complete poll that began later."""
    change = create()
    known = {} if lives is None else {ROLE: lives}
    facts = inputs(
        change,
        made(),
        made=known,
        connectors={"salesforce": ConnectorState(as_of=NOW, complete=complete)},
        read_until={"salesforce": read_until},
    )
    found = held(change, facts)
    assert found is not None
    assert kind_of(found) is kind
    assert found.waiting is waits


def test_what_was_undone_is_not_done_again():
    """An undo is a person's word, whoever edited since."""
    found = held(update(), inputs(update(), wrote(), wrote(takes_back=True)))
    assert kind_of(found) is TombstoneKind.UNDONE


def test_the_undo_of_an_undo_lifts_it():
    """What stands there now is ours again."""
    past = [wrote(), wrote(takes_back=True), wrote()]
    change = update(before={"WhatId": DEAL}, after={"WhatId": "006000000000009AAA"})
    assert held(change, inputs(change, *past)) is None


@pytest.mark.parametrize(("times", "kind"), [(2, None), (3, TombstoneKind.REFUSED)])
def test_what_is_refused_every_time_is_left_alone(times, kind):
    """Three refusals of one change; a changed intention starts anew."""
    change = update()
    past = [wrote(key="k2", state="refused", detail="FIELD_X Rule")] * times
    found = held(change, inputs(change, *past))
    assert kind_of(found) is kind
    if kind:
        assert "FIELD_X Rule" in found.says
        assert found.tombstone.expires_at == NOW + timedelta(days=7)
    assert held(update(key="k3"), inputs(change, *past)) is None


@pytest.mark.parametrize(
    ("cleared", "expires", "holds"),
    [
        (None, None, True),
        (None, NOW + timedelta(days=1), True),
        (None, NOW - timedelta(hours=1), False),
        (NOW - timedelta(hours=1), None, False),
    ],
)
def test_a_tombstone_holds_until_it_is_cleared_or_expires(cleared, expires, holds):
    """And what was taken back before then is forgiven."""
    change = update()
    stone = made_stone(
        change,
        made_at=YESTERDAY,
        cleared_at=cleared,
        expires_at=expires,
        after_write=1,
    )
    facts = inputs(change, wrote(), tombstones={stone.effect: stone}, touched=by("rep"))
    found = held(change, facts)
    assert (found is not None) is holds
    if found is not None:
        assert f"tombstones clear {stone.id}" in found.says
        assert found.tombstone is None


def test_new_tombstones_live_as_long_as_the_policy_says():
    """Zero days means for ever."""
    for days, expected in ((0, None), (30, NOW + timedelta(days=30))):
        facts = inputs(update(), wrote(), touched=by("rep"), tombstone_days=days)
        assert held(update(), facts).tombstone.expires_at == expected


def test_a_newer_cause_is_not_held_by_an_older_revert():
    """The contact was put on the deal anew after someone removed what we made."""
    change = create()
    state = inputs(change, made())
    assert kind_of(held(change, state)) is TombstoneKind.REVERTED
    assert held(change, state, since=NOW) is None
    before = YESTERDAY - timedelta(hours=1)
    assert kind_of(held(change, state, since=before)) is TombstoneKind.REVERTED


@pytest.mark.parametrize(
    ("kind", "is_held"),
    [
        (TombstoneKind.REVERTED, False),
        (TombstoneKind.UNDONE, True),
        (TombstoneKind.REFUSED, True),
    ],
)
def test_a_newer_cause_lifts_the_tombstone_of_a_revert_only(kind, is_held):
    """What was undone stays undone, whoever asks for it again."""
    change = create()
    stone = made_stone(change, kind=kind, read_until=YESTERDAY, after_write=1)
    past = made(settled_at=YESTERDAY - timedelta(hours=1))
    state = inputs(change, past, tombstones={stone.effect: stone})
    assert held(change, state) is not None
    assert (held(change, state, since=NOW) is not None) is is_held


def test_what_was_undone_is_held_without_a_tombstone_too():
    """The ledger says so, however new the cause is."""
    change = create()
    undo = made(takes_back=True)
    found = held(change, inputs(change, undo), since=NOW)
    assert kind_of(found) is TombstoneKind.UNDONE


def test_an_effect_of_unknown_outcome_waits():
    """Another change with the same effect is not planned while the first is open."""
    change = update(key="another")
    found = held(change, inputs(change, wrote(state="open")))
    assert found.waiting
    assert "was lost" in found.says
    assert found.tombstone is None


def test_only_refusals_of_the_change_itself_are_counted():
    """Writes that happened, or of other changes, are no refusals."""
    change = update()
    past = [wrote(key="k2", state="refused")] * 2 + [wrote(key="k9", state="refused")]
    assert held(change, inputs(change, *past)) is None
