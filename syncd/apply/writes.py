"""Small steps from a change to a write, and to an outcome."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, Write, WriteOutcome, WriteStatus

_LOST: Final = {
    "OpportunityContactRole": ("OpportunityId", "ContactId", "Role", "IsPrimary"),
    "opportunityProspectRole": ("opportunity", "prospect", "role", "primary"),
}
"""Fields of records that have no recycle bin of use, to make them anew."""


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that go out as one write, because they update one record."""

    write: Write
    changes: tuple[Change, ...]


def folded(
    batch: Sequence[Change], seen: Mapping[RecordRef, Current | None]
) -> list[Fold]:
    """One write per record: a collection refuses the same record twice.

    Changes of one record never contradict each other (the plan saw to that), so their
    fields are laid together; the write is guarded if one of them is. ``seen`` are the
    records as they were just looked at.
    """
    groups: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in batch:
        alone = change.operation != "update"
        key = change.key if alone else str(ref_of(change))
        groups[(change.operation, key)].append(change)
    return [_fold(changes, seen) for changes in groups.values()]


def _fold(changes: Sequence[Change], seen: Mapping[RecordRef, Current | None]) -> Fold:
    writes = [write_of(change, seen.get(ref_of(change))) for change in changes]
    guards = [write.guarded_by for write in writes if write.guarded_by is not None]
    fields = {name: value for write in writes for name, value in write.fields.items()}
    together = msgspec.structs.replace(
        writes[0], fields=fields, guarded_by=min(guards, default=None)
    )
    return Fold(write=together, changes=tuple(changes))


def unfolded(fold: Fold) -> list[Fold]:
    """A write for each change of a fold."""
    return [
        Fold(
            write=msgspec.structs.replace(
                fold.write, key=change.key, fields=change.after, marker=change.key[:32]
            ),
            changes=(change,),
        )
        for change in fold.changes
    ]


def by_person(here: Current, expected: str) -> bool:
    """Whether a user's edit, not system automation, moved the record since."""
    if here.modified_at is None:
        return True
    return here.modified_at > datetime.fromisoformat(expected)


def ref_of(change: Change, made: str | None = None) -> RecordRef:
    """The record a change writes; for a create the one ``made``, else without id."""
    return RecordRef(change.system, change.object, change.record_id or made or "")


def names_of(change: Change) -> frozenset[str]:
    """Fields to look at before a change: its own, and all that a delete would lose."""
    lost = _LOST.get(change.object, ()) if change.operation == "delete" else ()
    return frozenset((*change.before, *change.after, *lost))


def write_of(change: Change, seen: Current | None = None) -> Write:
    """The write that brings a change about.

    A guarded one is refused by the server if the record moved since it was ``seen``,
    or since the plan where the system does not say when that was.
    """
    since = None
    if change.guarded and seen is not None and seen.modified_at is not None:
        since = seen.modified_at
    elif change.guarded and change.expects.version is not None:
        since = datetime.fromisoformat(change.expects.version)
    return Write(
        key=change.key,
        operation=change.operation,
        object=change.object,
        record_id=change.record_id,
        fields=change.after,
        action=change.action,
        guarded_by=since,
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


def before_image(
    change: Change, seen: Mapping[RecordRef, Current | None]
) -> dict[str, object]:
    """What stood there before a write: the change's own fields, and no other's."""
    here = seen.get(ref_of(change))
    return {n: here.fields.get(n) for n in sorted(names_of(change))} if here else {}


def is_torn(fold: Fold, outcomes: Mapping[str, WriteOutcome]) -> bool:
    """Whether a record was refused as a whole: it may still take some changes."""
    refused = outcomes[fold.changes[0].key].status is WriteStatus.REFUSED
    return refused and len(fold.changes) > 1


def has_stuck(change: Change, here: Current | None) -> bool:
    """Whether the record shows what was written."""
    if change.operation == "delete":
        return here is None
    if change.operation == "create":
        return here is not None
    return here is not None and all_same(dict(change.after), dict(here.fields))


def said_of(outcome: WriteOutcome) -> str:
    """The vendor's code and, where there are any, field names."""
    return " ".join(part for part in (outcome.code, outcome.detail) if part)
