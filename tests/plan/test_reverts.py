"""What became of an earlier write decides whether it may be written again."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.plan import Change, ConnectorState, Expects, effect_of
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite, Tombstone, TombstoneKind
from syncd.plan.inputs import PlanInputs, Touch
from syncd.plan.reverts import held

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
TASK = RecordRef("salesforce", "Task", "00T000000000001AAA")
ROLE = RecordRef("salesforce", "OpportunityContactRole", "00K000000000001AAA")
DEAL = "006000000000001AAA"
SEEN = "2026-11-24T08:00:00Z"
OLDER = "2026-11-20T08:00:00Z"


def update(**options):
    """Relate a task to the deal; someone has emptied the field meanwhile."""
    given = {
        "id": "chg_1",
        "key": "k2",
        "rule": "a-rule",
        "mode": "auto",
        "system": "salesforce",
        "operation": "update",
        "object": "Task",
        "record_id": TASK.id,
        "before": {"WhatId": None},
        "after": {"WhatId": DEAL},
        "expects": Expects(version=SEEN),
        "depends_on": (),
        "confidence": 0.99,
        "reason": "because",
        "evidence": (),
    }
    return Change(**{**given, **options})


def create():
    """Add a contact to the deal."""
    return update(
        operation="create",
        object=ROLE.object,
        record_id=None,
        before={},
        after={"OpportunityId": DEAL, "ContactId": "003000000000001AAA"},
        natural_key=f"OpportunityContactRole|{DEAL}|003000000000001AAA",
        expects=Expects(),
    )


def wrote(**options):
    """Our write of yesterday, read back."""
    given = {
        "sequence": 1,
        "key": "k1",
        "operation": "update",
        "record_id": TASK.id,
        "after": {"WhatId": DEAL},
        "state": "done",
        "settled_at": YESTERDAY,
        "written_version": "2026-11-23T09:00:00Z",
    }
    return PastWrite(**{**given, **options})


def made(**options):
    """The role that we made yesterday."""
    return wrote(
        operation="create",
        record_id=ROLE.id,
        after=create().after,
        **options,
    )


def inputs(change, *past, **options):
    """A polled org whose ledger has these writes."""
    given = {
        "now": NOW,
        "scope": {},
        "policy_digest": "",
        "mappings": {},
        "orgs": {},
        "connectors": {"salesforce": ConnectorState(as_of=NOW, complete=True)},
        "past": {effect_of(change): past},
        "after_write": {"salesforce": 1},
        "tools": frozenset({"tool", "us"}),
        "our_users": {"salesforce": "us"},
    }
    return PlanInputs(**{**given, **options})


def made_stone(change, **options):
    """The tombstone of this change's effect."""
    given = {
        "effect": effect_of(change),
        "kind": TombstoneKind.REVERTED,
        "rule": "a-rule",
        "system": "salesforce",
        "object": change.object,
        "what": change.natural_key or change.record_id,
        "fields": tuple(change.after),
        "says": "it was so",
        "made_at": NOW,
    }
    return Tombstone(**{**given, **options})


def by(user):
    """Who last edited the task."""
    return {TASK: Touch(at=NOW, by=user)}


def kind_of(found):
    """The kind of the new tombstone; None = there is none."""
    return None if found is None or found.tombstone is None else found.tombstone.kind


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
    ("written", "as_of", "waits"),
    [
        ("2026-11-24T08:00:01Z", NOW, True),
        (SEEN, NOW, False),
        ("", YESTERDAY + timedelta(seconds=30), True),
        ("", YESTERDAY + timedelta(seconds=61), False),
    ],
)
def test_an_echo_that_has_not_come_back_is_waited_for(written, as_of, waits):
    """A plan made right after an apply asks for nothing a second time."""
    change = update()
    states = {"salesforce": ConnectorState(as_of=as_of, complete=True)}
    facts = inputs(change, wrote(written_version=written), connectors=states)
    found = held(change, facts)
    assert found is not None
    assert found.waiting is waits
    assert (found.tombstone is None) is waits


@pytest.mark.parametrize(
    ("lives", "complete", "as_of", "kind", "waits"),
    [
        (False, True, NOW, TombstoneKind.REVERTED, False),
        (None, True, NOW, TombstoneKind.REVERTED, False),
        (None, False, NOW, None, True),
        (None, True, YESTERDAY, None, True),
        (True, True, NOW, None, False),
    ],
)
def test_what_we_made_and_someone_removed_is_not_made_again(
    lives, complete, as_of, kind, waits
):
    """Gone means seen gone, or not seen by a complete poll that began later."""
    change = create()
    known = {} if lives is None else {ROLE: lives}
    states = {"salesforce": ConnectorState(as_of=as_of, complete=complete)}
    found = held(change, inputs(change, made(), made=known, connectors=states))
    assert found is not None
    assert kind_of(found) is kind
    assert found.waiting is waits


def test_a_poll_of_before_our_write_shows_no_removal_whatever_our_clock_says():
    """A clock that is set back makes the last poll look like one of after the write."""
    change = create()
    seen = inputs(change, made(sequence=8), after_write={"salesforce": 7})
    found = held(change, seen)
    assert found is not None
    assert found.waiting
    assert found.tombstone is None


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
    stone = made_stone(change, kind=kind, made_at=YESTERDAY, after_write=1)
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
