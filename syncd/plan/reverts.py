"""Whether a change may be brought about again, after what became of it before. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from syncd.model.compare import all_same
from syncd.model.plan import Change, effect_of, rejected_effect_of
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite, Tombstone, TombstoneKind
from syncd.plan.inputs import PlanInputs, Touch

_SHOWS_WITHIN: Final = timedelta(minutes=1)  # after a write a query finds the record
_CAUSES: Final = "salesforce"  # what changes follow is dated by its clock
_MOST_WRITES: Final = 2  # of one value against another tool's
_MOST_REFUSALS: Final = 3
_OF_ITS_TIME: Final = frozenset({TombstoneKind.REVERTED, TombstoneKind.REJECTED})
"""A person's word about what there was then, not about what came later."""
_POISON_DAYS: Final = 7  # then the vendor's rules may have changed


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why a change is not planned now.

    Attributes:
        waiting: Only until the next poll has seen our own write, or until a write
            of unknown outcome is settled.
        tombstone: Newly found; None when it is known already or none is needed.
        refused: The remote refused it every time; it rests.
    """

    says: str
    waiting: bool = False
    tombstone: Tombstone | None = None
    refused: bool = False


def held(
    change: Change, inputs: PlanInputs, *, since: datetime | None = None
) -> Held | None:
    """Why this change must not be planned; None = nothing speaks against it.

    ``since`` is when what the change follows came about, by Salesforce's clock:
    somebody who reverted an earlier write did not speak about that. What was undone
    stays undone all the same.
    """
    effect = effect_of(change)
    for one in (rejected_effect_of(change), effect):
        known = inputs.tombstones.get(one)
        if known is not None and _holds(known, inputs, since=since):
            poison = known.kind is TombstoneKind.REFUSED
            return Held(says=_told(known), refused=poison)
    stone = inputs.tombstones.get(effect)
    is_forgiven = stone is not None and stone.is_forgiven(inputs.now)
    forgiven = stone.after_write if stone is not None and is_forgiven else 0
    every = inputs.past.get(effect, ())
    unknown = [write for write in every if write.state == "open"]
    if unknown:
        return _unknown(unknown[-1])
    past = [
        write
        for write in every
        if write.sequence > forgiven
        and (since is None or write.settled_at > since or write.takes_back)
    ]
    done = [write for write in past if write.state == "done"]
    if done:
        return _dated(_after(change, done, inputs), since)
    refused = [w for w in past if w.state == "refused" and w.key == change.key]
    if len(refused) >= _MOST_REFUSALS:
        says = f"it was refused {len(refused)} times: {refused[-1].detail}"
        return _stop(change, TombstoneKind.REFUSED, says, inputs, days=_POISON_DAYS)
    return None


def _holds(stone: Tombstone, inputs: PlanInputs, *, since: datetime | None) -> bool:
    """Whether a tombstone still speaks against this."""
    speaks_of_then = stone.kind in _OF_ITS_TIME and _is_older(stone, since)
    is_over = stone.is_forgiven(inputs.now) or _is_lifted(stone, inputs)
    return not (speaks_of_then or is_over)


def _is_older(stone: Tombstone, since: datetime | None) -> bool:
    """Whether what a change follows came about after all that a tombstone knew of."""
    known = stone.read_until
    return since is not None and known is not None and known < since


def _dated(found: Held | None, since: datetime | None) -> Held | None:
    """A new tombstone knows of what the change follows, however new that is."""
    if found is None or found.tombstone is None or since is None:
        return found
    known = max(found.tombstone.read_until or since, since)
    stone = msgspec.structs.replace(found.tombstone, read_until=known)
    return msgspec.structs.replace(found, tombstone=stone)


def _is_lifted(stone: Tombstone, inputs: PlanInputs) -> bool:
    """Whether what was undone has been brought back since: an undone undo."""
    done = [w for w in inputs.past.get(stone.effect, ()) if w.state == "done"]
    return (
        stone.kind is TombstoneKind.UNDONE
        and bool(done)
        and not done[-1].takes_back
        and done[-1].sequence > stone.after_write
    )


def _after(
    change: Change, done: Sequence[PastWrite], inputs: PlanInputs
) -> Held | None:
    """What our last write of this effect, and what became of it, mean for another."""
    last = done[-1]
    if last.takes_back:
        says = f"it was undone on {_day(last.settled_at)}"
        return _stop(change, TombstoneKind.UNDONE, says, inputs)
    by_operation = {"create": _after_create, "delete": lambda *_: None}
    judge = by_operation.get(last.operation)
    return judge(change, last, inputs) if judge else _after_update(change, done, inputs)


def _after_update(
    change: Change, done: Sequence[PastWrite], inputs: PlanInputs
) -> Held | None:
    last = done[-1]
    if not _has_come_back(change, last, inputs):
        return _unseen(last)
    if all_same(dict(last.after), dict(change.before)):
        return None  # our value still stands; what is true has moved since
    touch = inputs.touched.get(
        RecordRef(change.system, change.object, last.record_id or "")
    )
    # Our own later write of another field hides who changed this one: it may be a
    # person, and a person is heeded.
    others = inputs.tools - set(inputs.our_users.values())
    if touch is not None and touch.by in others:
        return _tool_war(change, done, touch, inputs)
    says = f"someone changed back what was written on {_day(last.settled_at)}"
    return _stop(change, TombstoneKind.REVERTED, says, inputs)


def _after_create(change: Change, last: PastWrite, inputs: PlanInputs) -> Held | None:
    ref = RecordRef(change.system, change.object, last.record_id or "")
    lives = inputs.made.get(ref)
    if lives is None and not _polled_since(change.system, last, inputs):
        return _unseen(last)
    if lives:
        return Held(says=f"{ref.object} {ref.id} is there, and not seen in place yet")
    says = f"someone removed what was made on {_day(last.settled_at)} ({ref.id})"
    return _stop(change, TombstoneKind.REVERTED, says, inputs)


def _has_come_back(change: Change, last: PastWrite, inputs: PlanInputs) -> bool:
    """Whether this change was decided on a record that already had our last write."""
    seen, wrote = change.expects.version, last.written_version
    if seen and wrote:
        return datetime.fromisoformat(seen) >= datetime.fromisoformat(wrote)
    return _polled_since(change.system, last, inputs)


def _polled_since(system: str, write: PastWrite, inputs: PlanInputs) -> bool:
    """Whether a whole poll began after a write was settled, and saw that late.

    By the order in which both were committed, and by the system's clock. Ours may be
    set back between the two, so that an earlier poll looks like a later one, or forth,
    so that the poll seems to have come a minute later than the write.
    """
    state = inputs.connectors.get(system)
    read_until = inputs.read_until.get(system)
    return (
        state is not None
        and state.complete
        and read_until is not None
        and write.sequence <= inputs.after_write.get(system, 0)
        and read_until > write.settled_at + _SHOWS_WITHIN
    )


def _tool_war(
    change: Change, done: Sequence[PastWrite], touch: Touch, inputs: PlanInputs
) -> Held | None:
    """A value that another tool keeps reverting is written twice at most."""
    same = [w for w in done if all_same(dict(change.after), dict(w.after))]
    if len(same) < _MOST_WRITES:
        return None
    us = inputs.our_users.get(change.system, "this service")
    says = (
        f"{touch.by} and {us} keep writing over each other; written {len(same)} times"
    )
    return _stop(change, TombstoneKind.TOOL_WAR, says, inputs)


def _unseen(last: PastWrite) -> Held:
    says = (
        f"our own write of {last.settled_at:%H:%M:%S} has not come back in a poll yet"
    )
    return Held(says=says, waiting=True)


def _unknown(last: PastWrite) -> Held:
    says = f"the answer to our write of {last.settled_at:%H:%M:%S} was lost; it is "
    return Held(says=says + "looked for before anything is repeated", waiting=True)


def _stop(
    change: Change,
    kind: TombstoneKind,
    says: str,
    inputs: PlanInputs,
    *,
    days: int | None = None,
) -> Held:
    life = inputs.tombstone_days if days is None else days
    stone = Tombstone(
        effect=effect_of(change),
        kind=kind,
        rule=change.rule,
        system=change.system,
        object=change.object,
        what=change.natural_key or change.record_id or "",
        fields=tuple(sorted(change.after)),
        says=says,
        made_at=inputs.now,
        expires_at=inputs.now + timedelta(days=life) if life else None,
        after_write=inputs.last_write,
        read_until=inputs.read_until.get(_CAUSES),
    )
    refused = kind is TombstoneKind.REFUSED
    return Held(says=_told(stone), tombstone=stone, refused=refused)


def _told(stone: Tombstone) -> str:
    return f"{stone.says}; it stays so until `syncd tombstones clear {stone.id}`"


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d}"
