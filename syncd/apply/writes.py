"""Small steps from a change to a write, and to an outcome."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, Write


def one_per_record(batch: Sequence[Change]) -> list[list[Change]]:
    """Rounds in which no record is written twice: a collection refuses that."""
    rounds: list[list[Change]] = []
    turn: dict[RecordRef, int] = defaultdict(int)
    for change in batch:
        number = turn[ref_of(change)] if change.record_id else 0
        if change.record_id:
            turn[ref_of(change)] += 1
        while len(rounds) <= number:
            rounds.append([])
        rounds[number].append(change)
    return rounds


def by_person(here: Current, expected: str) -> bool:
    """Whether a user's edit, not system automation, moved the record since."""
    if here.modified_at is None:
        return True
    return here.modified_at > datetime.fromisoformat(expected)


def ref_of(change: Change) -> RecordRef:
    """The record a change writes; without id for a create."""
    return RecordRef(change.system, change.object, change.record_id or "")


def write_of(change: Change) -> Write:
    """The write that brings a change about."""
    version = change.expects.version
    guarded = change.guarded and version is not None
    return Write(
        key=change.key,
        operation=change.operation,
        object=change.object,
        record_id=change.record_id,
        fields=change.after,
        action=change.action,
        guarded_by=datetime.fromisoformat(version) if guarded and version else None,
        marker=change.key[:32],
    )


def item_of(
    change: Change,
    status: ItemStatus,
    *,
    record_id: str | None = None,
    detail: str = "",
) -> ItemOutcome:
    """What became of a change; the record is the change's own unless given."""
    return ItemOutcome(
        change_id=change.id,
        status=status,
        record_id=record_id or change.record_id,
        detail=detail,
    )
