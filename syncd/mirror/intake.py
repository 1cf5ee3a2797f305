"""Takes a page in: records, superseded versions, sweeps, quarantine and cursor."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, upsert
from syncd.db.tables import CURSORS, DOUBTS, QUARANTINE, RECORDS, VERSIONS
from syncd.mirror.clerk import Clerk
from syncd.mirror.doubts import is_believed
from syncd.mirror.filing import LONGEST_ID
from syncd.model.record import Quarantined, Record, RecordRef
from syncd.ports.stores import MirrorPage

_VERSIONED: Final = frozenset(
    {"Opportunity", "Contact", "OpportunityContactRole", "opportunityProspectRole"}
)
_KEPT: Final = ("system", "object", "id", "version", "valid_from")
_PARENTS: Final = {
    ("OpportunityContactRole", False): "opportunity_id",
    ("Contact", True): "merged_into_id",
}
_LONGEST_VERSION: Final = 128  # as the tables have it
_DOUBT_FROM: Final = 20  # a smaller listing may well be halved by ordinary work


def take_in(
    connection: sa.Connection, page: MirrorPage, *, clerk: Clerk, now: datetime
) -> tuple[int, int]:
    """Store a page and file its records; how many moved, and how many are gone."""
    page = _storable(page)
    pass_id = _pass(connection, page)
    changed = _store(connection, page, pass_id=pass_id, now=now)
    clerk.file(changed)
    gone: list[RecordRef] = []
    if page.last and page.snapshot:
        gone = _sweep(connection, page, pass_id=pass_id)
        clerk.remove(gone)
    _quarantine(connection, page, now=now)
    _save_cursor(connection, page, pass_id=pass_id)
    return len(changed), len(gone) + sum(record.deleted for record in changed)


def _storable(page: MirrorPage) -> MirrorPage:
    """The page, with what no table can take set aside: it must not stop the rest."""
    good = [record for record in page.records if _fits(record)]
    bad = [
        Quarantined(ref=record.ref, reason="its id or version is too long to be one")
        for record in page.records
        if not _fits(record)
    ]
    named = [
        msgspec.structs.replace(
            one, ref=msgspec.structs.replace(one.ref, id=one.ref.id[:LONGEST_ID])
        )
        for one in (*page.quarantined, *bad)
    ]
    return msgspec.structs.replace(page, records=tuple(good), quarantined=tuple(named))


def _fits(record: Record) -> bool:
    return len(record.ref.id) <= LONGEST_ID and len(record.version) <= _LONGEST_VERSION


def _pass(connection: sa.Connection, page: MirrorPage) -> int:
    found = connection.scalar(
        sa.select(CURSORS.c.pass_id).where(
            CURSORS.c.system == page.system,
            CURSORS.c.object == page.object,
            CURSORS.c.scope == page.scope,
        )
    )
    return int(found or 0) + (1 if page.starts_snapshot else 0)


def _store(
    connection: sa.Connection,
    page: MirrorPage,
    *,
    pass_id: int,
    now: datetime,
) -> list[Record]:
    """Write what moved, note what was seen; the records that moved."""
    known = _present(connection, page)
    latest = _latest(page.records)
    moved = [r for r in latest.values() if _has_moved(r, known.get(r.ref))]
    old = [known[r.ref] for r in moved if r.ref in known and page.object in _VERSIONED]
    upsert(connection, VERSIONS, [_superseded(row, now) for row in old], update=())
    upsert(
        connection,
        RECORDS,
        [_row(r, page, pass_id=pass_id, before=known.get(r.ref)) for r in moved],
    )
    moved_refs = {record.ref for record in moved}
    seen = [ref.id for ref in latest if ref not in moved_refs]
    seen += [one.ref.id for one in page.quarantined]  # unreadable, but there
    for some in chunks(
        seen if page.snapshot or page.starts_snapshot or pass_id else []
    ):
        connection.execute(
            sa.update(RECORDS)
            .where(
                RECORDS.c.system == page.system,
                RECORDS.c.object == page.object,
                RECORDS.c.id.in_(some),
            )
            .values(pass_id=pass_id)
        )
    for some in chunks([r.ref.id for r in latest.values()]):
        connection.execute(
            sa.delete(QUARANTINE).where(
                QUARANTINE.c.system == page.system,
                QUARANTINE.c.object == page.object,
                QUARANTINE.c.id.in_(some),
            )
        )
    return moved


def _sweep(
    connection: sa.Connection,
    page: MirrorPage,
    *,
    pass_id: int,
) -> list[RecordRef]:
    """End a full listing: what it did not bring is gone, unless it looks wrong.

    ``valid_from`` stays: a record that was only hidden comes back as it was.
    """
    of_scope = sa.and_(
        RECORDS.c.system == page.system,
        RECORDS.c.object == page.object,
        RECORDS.c.scope == page.scope,
        RECORDS.c.deleted == sa.false(),
    )
    before = (
        connection.scalar(
            sa.select(sa.func.count()).select_from(RECORDS).where(of_scope)
        )
        or 0
    )
    unseen = connection.scalars(
        sa.select(RECORDS.c.id).where(of_scope, RECORDS.c.pass_id != pass_id)
    ).all()
    key = {"system": page.system, "object": page.object, "scope": page.scope}
    after = before - len(unseen)
    shrunk = before >= _DOUBT_FROM and after * 2 < before
    if shrunk and not is_believed(connection, key):
        upsert(connection, DOUBTS, [{**key, "before": before, "after": after}])
        return []
    connection.execute(
        sa.delete(DOUBTS).where(*(DOUBTS.c[name] == key[name] for name in key))
    )
    for some in chunks(unseen):
        connection.execute(
            sa.update(RECORDS)
            .where(of_scope, RECORDS.c.id.in_(some))
            .values(deleted=True)
        )
    return [RecordRef(page.system, page.object, one) for one in unseen]


def _quarantine(connection: sa.Connection, page: MirrorPage, *, now: datetime) -> None:
    rows = [
        {
            **msgspec.structs.asdict(one.ref),
            "reason": one.reason,
            "path": one.path,
            "seen_at": now,
        }
        for one in page.quarantined
    ]
    upsert(connection, QUARANTINE, rows)


def _save_cursor(connection: sa.Connection, page: MirrorPage, *, pass_id: int) -> None:
    row = {
        "system": page.system,
        "object": page.object,
        "scope": page.scope,
        "cursor": json.dumps(page.cursor),
        "pass_id": pass_id,
    }
    changed = ["pass_id"] if page.cursor is None else ["cursor", "pass_id"]
    upsert(connection, CURSORS, [row], update=changed)


def _present(
    connection: sa.Connection, page: MirrorPage
) -> dict[RecordRef, sa.RowMapping]:
    found: dict[RecordRef, sa.RowMapping] = {}
    for some in chunks([record.ref.id for record in page.records]):
        rows = connection.execute(
            sa.select(RECORDS).where(
                RECORDS.c.system == page.system,
                RECORDS.c.object == page.object,
                RECORDS.c.id.in_(some),
            )
        ).mappings()
        for row in rows:
            found[RecordRef(row["system"], row["object"], row["id"])] = row
    return found


def _has_moved(record: Record, before: sa.RowMapping | None) -> bool:
    """Whether a record says anything new; an older version than ours never does."""
    if before is None:
        return not record.deleted or _parent(record) is not None
    if _is_older(record, before["valid_from"]):
        return False
    was_deleted = bool(before["deleted"])
    if record.deleted:
        return not was_deleted
    same = (before["fields"], before["version"]) == (
        record.fields.decode(),
        record.version,
    )
    return was_deleted or not same


def _is_older(record: Record, than: datetime | None) -> bool:
    return (
        record.valid_from is not None and than is not None and record.valid_from < than
    )


def _latest(records: Iterable[Record]) -> dict[RecordRef, Record]:
    """One record per ref: the newest, of equal ones the last."""
    latest: dict[RecordRef, Record] = {}
    for record in records:
        other = latest.get(record.ref)
        if other is None or not _is_older(record, other.valid_from):
            latest[record.ref] = record
    return latest


def _row(
    record: Record, page: MirrorPage, *, pass_id: int, before: sa.RowMapping | None
) -> dict[str, Any]:
    # A tombstone brings no fields: the last known ones stay, for people to look at.
    keep = record.deleted and before is not None
    return {
        **msgspec.structs.asdict(record.ref),
        "scope": page.scope,
        "version": record.version,
        "valid_from": record.valid_from,
        "happened_at": before["happened_at"] if keep and before else record.happened_at,
        "created_at": before["created_at"] if keep and before else record.created_at,
        "is_open": record.is_open,
        "deleted": record.deleted,
        "pass_id": pass_id,
        "fields": before["fields"] if keep and before else record.fields.decode(),
        "parent": _parent(record) or (before["parent"] if keep and before else None),
    }


def _parent(record: Record) -> str | None:
    """A contact role's opportunity, or what a deleted contact was merged into."""
    name = _PARENTS.get((record.ref.object, record.deleted))
    found = json.loads(record.fields).get(name) if name else None
    return None if found is None else str(found)


def _superseded(row: sa.RowMapping, now: datetime) -> dict[str, Any]:
    names = (*_KEPT, "deleted", "fields", "parent")
    return {**{name: row[name] for name in names}, "superseded_at": now}
