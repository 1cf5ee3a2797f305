"""Takes a page in: records, superseded versions, sweeps, quarantine and cursor."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from syncd.db.engine import upsert
from syncd.db.tables import CURSORS, DOUBTS, QUARANTINE, RECORDS, VERSIONS
from syncd.mirror.clerk import Clerk
from syncd.mirror.doubts import is_believed
from syncd.mirror.filing import LONGEST_ID
from syncd.mirror.makers import count_makers
from syncd.mirror.refs import among, asking, of_object
from syncd.model.record import Quarantined, Record, RecordRef
from syncd.ports.mirror import CommitResult, MirrorPage

_VERSIONED: Final = frozenset(
    {"Opportunity", "Contact", "OpportunityContactRole", "opportunityProspectRole"}
)
_ACTIVITIES: Final = frozenset({"Task", "Event"})
_KEPT: Final = ("system", "object", "id", "version", "valid_from")
_PARENTS: Final = {
    ("OpportunityContactRole", False): "opportunity_id",
    ("Contact", True): "merged_into_id",
}
_LONGEST_VERSION: Final = 128  # as the tables have it
_DOUBT_FROM: Final = 20  # a smaller listing may well be halved by ordinary work

_OF_SCOPE: Final = sa.and_(
    of_object(RECORDS),
    RECORDS.c.scope == sa.bindparam("of_scope"),
    RECORDS.c.deleted == sa.false(),
)
_HAS_DOUBT: Final = sa.and_(
    of_object(DOUBTS), DOUBTS.c.scope == sa.bindparam("of_scope")
)
_BEFORE: Final = sa.select(
    sa.select(CURSORS.c.pass_id)
    .where(of_object(CURSORS), CURSORS.c.scope == sa.bindparam("of_scope"))
    .scalar_subquery(),
    sa.exists().where(of_object(QUARANTINE)),
    sa.exists().where(_HAS_DOUBT),
)
_PRESENT: Final = sa.select(RECORDS).where(among(RECORDS))
_SEEN: Final = (
    sa.update(RECORDS)
    .where(among(RECORDS), RECORDS.c.pass_id < sa.bindparam("this_pass"))
    .values(pass_id=sa.bindparam("this_pass"))
)
_READABLE: Final = sa.delete(QUARANTINE).where(among(QUARANTINE))
_KNOWN: Final = sa.select(RECORDS.c.id, RECORDS.c.valid_from).where(_OF_SCOPE)
_UNSEEN: Final = _KNOWN.where(RECORDS.c.pass_id < sa.bindparam("this_pass"))
_LISTED: Final = sa.select(RECORDS).where(_OF_SCOPE)
_COUNT: Final = sa.select(sa.func.count()).select_from(RECORDS).where(_OF_SCOPE)
_GONE: Final = (
    sa.update(RECORDS)
    .where(among(RECORDS), RECORDS.c.scope == sa.bindparam("of_scope"))
    .values(deleted=True)
)
_UNDOUBTED: Final = sa.delete(DOUBTS).where(_HAS_DOUBT)


class _Before(NamedTuple):
    """What the mirror had of an object and scope before a page."""

    pass_id: int | None
    has_quarantined: bool
    has_doubt: bool


def take_in(
    connection: sa.Connection, page: MirrorPage, *, clerk: Clerk, now: datetime
) -> CommitResult:
    """Store a page and file its records; no home is marked as dirty yet."""
    page = _storable(page)
    before = _Before(*connection.execute(_BEFORE, _scope(page)).one())
    begins_pass = page.starts_snapshot and not is_whole(page)
    newest = (before.pass_id or 0) + (1 if begins_pass else 0)
    pass_id = newest if page.pass_id is None else page.pass_id
    changed = _store(connection, page, pass_id=pass_id, now=now)
    if before.has_quarantined:
        for asked in asking(page.system, page.object, [r.ref.id for r in page.records]):
            connection.execute(_READABLE, asked)
    clerk.file(changed)
    gone: list[RecordRef] = []
    if page.last and page.snapshot:
        gone = _sweep(connection, page, pass_id=pass_id, doubted=before.has_doubt)
        clerk.remove(gone)
    _quarantine(connection, page, now=now)
    _save_cursor(connection, page, pass_id=newest)
    return CommitResult(
        changed=len(changed),
        deleted=len(gone) + sum(record.deleted for record in changed),
        pass_id=pass_id,
    )


def says_nothing_new(connection: sa.Connection, page: MirrorPage) -> bool:
    """Whether a listing that is all on this page is what the mirror has of it."""
    before = _Before(*connection.execute(_BEFORE, _scope(page)).one())
    if page.quarantined or before.has_quarantined or before.has_doubt:
        return False
    rows = connection.execute(_LISTED, _scope(page)).mappings()
    known = {row["id"]: row for row in rows}
    return known.keys() == _brought(page) and not any(
        _has_moved(record, known[record.ref.id]) for record in page.records
    )


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


def _scope(page: MirrorPage) -> dict[str, str]:
    return {
        "of_system": page.system,
        "of_object": page.object,
        "of_scope": page.scope,
    }


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
    rows = [_row(r, page, pass_id=pass_id, before=known.get(r.ref)) for r in moved]
    upsert(connection, RECORDS, rows)
    if page.object in _ACTIVITIES and page.system == "salesforce":
        count_makers(
            connection,
            before=[known[r.ref]["fields"] for r in moved if r.ref in known],
            after=[row["fields"] for row in rows],
        )
    moved_ids = {record.ref.id for record in moved}
    if is_whole(page) or not (page.snapshot or page.starts_snapshot or pass_id):
        return moved
    for asked in asking(page.system, page.object, _brought(page) - moved_ids):
        connection.execute(_SEEN, {**asked, "this_pass": pass_id})
    return moved


def is_whole(page: MirrorPage) -> bool:
    """Whether a listing is all on this page: then no record need say when it was seen.

    Small lists are read anew by every poll, and would be written to by each.
    """
    return page.starts_snapshot and page.snapshot and page.last


def _brought(page: MirrorPage) -> set[str]:
    """Ids of a page's records, unreadable ones too: they are there."""
    there = [one.ref for one in page.records] + [one.ref for one in page.quarantined]
    return {ref.id for ref in there}


def _sweep(
    connection: sa.Connection,
    page: MirrorPage,
    *,
    pass_id: int,
    doubted: bool,
) -> list[RecordRef]:
    """End a full listing: what it did not bring is gone, unless it looks wrong.

    ``valid_from`` stays: a record that was only hidden comes back as it was.
    """
    scope = _scope(page)
    brought = _brought(page)
    asked = _KNOWN if is_whole(page) else _UNSEEN
    unseen = [
        one
        for one, moved_at in connection.execute(asked, {**scope, "this_pass": pass_id})
        if one not in brought and not _is_after(page, moved_at)
    ]
    before = (connection.scalar(_COUNT, scope) or 0) if unseen else 0
    after = before - len(unseen)
    shrunk = before >= _DOUBT_FROM and after * 2 < before
    key = {"system": page.system, "object": page.object, "scope": page.scope}
    if shrunk and not is_believed(connection, key):
        upsert(connection, DOUBTS, [{**key, "before": before, "after": after}])
        return []
    if doubted:
        connection.execute(_UNDOUBTED, scope)
    for some in asking(page.system, page.object, unseen):
        connection.execute(_GONE, {**some, "of_scope": page.scope})
    return [RecordRef(page.system, page.object, one) for one in unseen]


def _is_after(page: MirrorPage, moved_at: datetime | None) -> bool:
    """Whether a record moved after a page was read: it cannot be missed in it.

    Of two processes that list at once, the one that listed first may commit last.
    """
    return page.as_of is not None and moved_at is not None and moved_at > page.as_of


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


def move_cursors(
    connection: sa.Connection,
    system: str,
    cursors: Mapping[tuple[str, str], Mapping[str, Any]],
) -> None:
    """Where to go on, by object and scope, where nothing else came."""
    rows = [
        {
            "system": system,
            "object": name,
            "scope": scope,
            "cursor": json.dumps(cursor),
            "pass_id": 0,
        }
        for (name, scope), cursor in sorted(cursors.items())
    ]
    upsert(connection, CURSORS, rows, update=["cursor"])


def _present(
    connection: sa.Connection, page: MirrorPage
) -> dict[RecordRef, sa.RowMapping]:
    found: dict[RecordRef, sa.RowMapping] = {}
    ids = [record.ref.id for record in page.records]
    for asked in asking(page.system, page.object, ids):
        for row in connection.execute(_PRESENT, asked).mappings():
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
    if before is not None and before["scope"] == page.scope:
        pass_id = max(pass_id, before["pass_id"])  # a later pass may have seen it
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
