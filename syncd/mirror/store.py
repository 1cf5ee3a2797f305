"""The mirror on SQLAlchemy: a page, its filing and its cursor in one transaction."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import reading, upsert, writing
from syncd.db.tables import (
    CURSORS,
    DIRTY,
    FACTS,
    FILING,
    POLLS,
    QUARANTINE,
    RECORDS,
)
from syncd.mirror.bases import save_bases
from syncd.mirror.clerk import Clerk
from syncd.mirror.doubts import clear, note_unmapped, read_doubts, unmapped_of
from syncd.mirror.guests import GUESTS, host_homes
from syncd.mirror.intake import is_whole, move_cursors, says_nothing_new, take_in
from syncd.mirror.load import load_homes
from syncd.mirror.lookup import find, naming, read_facts
from syncd.mirror.org import read_all, read_org
from syncd.mirror.proof import (
    load_proofs,
    made_in,
    months_of,
    save_proof,
    versions_of,
)
from syncd.mirror.refs import among, asking_for, is_the_one, the_one
from syncd.model.entities import ENTITY_TYPES, User
from syncd.model.ids import salesforce_id
from syncd.model.membership import Base
from syncd.model.outcome import PollOutcome
from syncd.model.policy import Policy
from syncd.model.record import Quarantined, Record, RecordRef
from syncd.model.view import HomeRecords, OrgContext
from syncd.ports.mirror import CommitResult, DirtyHome, MirrorPage, Proof, SnapshotDoubt

_REF: Final = ("system", "object", "id")
_LOCK_KEY: Final = 7_396_124_503  # any number that nobody else takes
_PART: Final = "the mirror"

_CURSORS: Final = sa.select(CURSORS.c.object, CURSORS.c.scope, CURSORS.c.cursor).where(
    CURSORS.c.system == sa.bindparam("of_system")
)
_POLLS: Final = sa.select(POLLS)
_MARK: Final = sa.select(sa.func.max(DIRTY.c.mark))
_DIRTY: Final = (
    sa.select(DIRTY)
    .order_by(DIRTY.c.mark, DIRTY.c.home)
    .limit(sa.bindparam("at_most", type_=sa.Integer))
)
_CLEAN: Final = sa.delete(DIRTY).where(
    DIRTY.c.home == sa.bindparam("judged"), DIRTY.c.mark == sa.bindparam("as_of")
)
_FILED: Final = (
    sa.select(FILING)
    .join(RECORDS, sa.and_(*(FILING.c[name] == RECORDS.c[name] for name in _REF)))
    .where(among(FILING), RECORDS.c.deleted == sa.false())
)
_ONE: Final = sa.select(RECORDS).where(is_the_one(RECORDS))
_HOME: Final = sa.select(FILING.c.home, FILING.c.why).where(is_the_one(FILING))
_LIVE_COUNTS: Final = (
    sa.select(RECORDS.c.system, RECORDS.c.object, sa.func.count())
    .where(RECORDS.c.deleted == sa.false())
    .group_by(RECORDS.c.system, RECORDS.c.object)
)


class SqlMirror:
    """See :class:`syncd.ports.mirror.Mirror`."""

    def __init__(self, engine: sa.Engine, *, free_mail: frozenset[str]) -> None:
        """``free_mail`` are domains that stand for nobody."""
        self._engine = engine
        self._free_mail = free_mail

    # --- reading pages in ------------------------------------------------------

    def cursors(
        self, system: str
    ) -> Mapping[tuple[str, str], Mapping[str, Any] | None]:
        """What the last committed page carried, by object and scope."""
        with self._read() as connection:
            rows = connection.execute(_CURSORS, {"of_system": system})
            return {(row.object, row.scope): json.loads(row.cursor) for row in rows}

    def commit(self, page: MirrorPage, *, now: datetime) -> CommitResult:
        """Store a page: records, filing, dirty homes and cursor in one transaction."""
        with self._write() as connection:
            clerk = Clerk(connection, free_mail=self._free_mail)
            taken = take_in(connection, page, clerk=clerk, now=now)
            touched = clerk.touched
            if (page.system, page.object) in GUESTS:
                touched = touched | host_homes(connection, touched)
            dirtied = _mark(connection, touched)
        return msgspec.structs.replace(taken, dirtied=dirtied)

    def says_nothing_new(self, page: MirrorPage) -> bool:
        """Whether committing a page would move no more than its cursor."""
        if not is_whole(page):
            return False
        with self._read() as connection:
            return says_nothing_new(connection, page)

    # --- polls, quarantine, guards ------------------------------------------------

    def save_poll(
        self,
        outcome: PollOutcome,
        *,
        cursors: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    ) -> None:
        """Remember how a connector's poll ended, in one transaction with cursors."""
        body = msgspec.json.encode(outcome).decode()
        with writing(self._engine, _PART) as connection:
            move_cursors(connection, outcome.system, cursors or {})
            upsert(connection, POLLS, [{"system": outcome.system, "outcome": body}])

    def polls(self) -> Mapping[str, PollOutcome]:
        """The last poll of each system."""
        with self._read() as connection:
            return {
                row.system: msgspec.json.decode(row.outcome, type=PollOutcome)
                for row in connection.execute(_POLLS)
            }

    def save_fact(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Remember something about the org: its ids, links, unmapped fields."""
        self.save_facts({name: value})

    def save_facts(self, facts: Mapping[str, Any]) -> None:
        """Remember several at once."""
        rows = [{"name": n, "value": _encoded(value)} for n, value in facts.items()]
        if rows:
            with writing(self._engine, _PART) as connection:
                upsert(connection, FACTS, rows)

    def facts(self) -> Mapping[str, Any]:
        """Everything remembered about the org."""
        with self._read() as connection:
            return read_facts(connection)

    def quarantined(self) -> Sequence[tuple[Quarantined, datetime]]:
        """Records that could not be read, newest first."""
        query = sa.select(QUARANTINE).order_by(QUARANTINE.c.seen_at.desc())
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            (
                Quarantined(
                    ref=RecordRef(r.system, r.object, r.id),
                    reason=r.reason,
                    path=r.path,
                ),
                r.seen_at,
            )
            for r in rows
        ]

    def doubts(self) -> Sequence[SnapshotDoubt]:
        """Snapshots that were not believed, and fields that can no longer be read."""
        with self._read() as connection:
            return read_doubts(connection)

    def clear_doubts(self, ids: Collection[str]) -> Sequence[SnapshotDoubt]:
        """Believe these: what was doubted is true; those that were cleared."""
        with self._write() as connection:
            return clear(connection, ids)

    def note_unmapped(self, system: str, names: Collection[str]) -> None:
        """Remember which mapped fields (``system.Object.field``) a system lacks."""
        with self._read() as connection:
            known = unmapped_of(connection, system)
        if known != set(names):
            with self._write() as connection:
                note_unmapped(connection, system, names)

    # --- homes ----------------------------------------------------------------------

    def mark_all_dirty(self) -> int:
        """A full pass: every home is to be reconciled; returns how many."""
        return self.mark_dirty(self.homes())

    def mark_dirty(self, homes: Iterable[str]) -> int:
        """These homes are to be reconciled; returns how many."""
        named = {home for home in homes if home}
        if named:
            with self._write() as connection:
                _mark(connection, named)
        return len(named)

    def dirty(self, limit: int) -> Sequence[DirtyHome]:
        """Homes to reconcile, longest waiting first."""
        with self._read() as connection:
            rows = connection.execute(_DIRTY, {"at_most": limit}).all()
        return [DirtyHome(home=row.home, mark=row.mark) for row in rows]

    def clear_dirty(self, homes: Sequence[DirtyHome]) -> None:
        """Reconciled; a home dirtied again since stays dirty."""
        if homes:
            rows = [{"judged": one.home, "as_of": one.mark} for one in homes]
            with writing(self._engine, _PART) as connection:
                connection.execute(_CLEAN, rows)

    def homes(
        self,
        *,
        opportunities: Sequence[str] = (),
        accounts: Sequence[str] = (),
        owners: Sequence[str] = (),
    ) -> Sequence[str]:
        """Homes in a scope, sorted; no argument means all. Owners are e-mails."""
        query = sa.select(FILING.c.home).where(FILING.c.home != "").distinct()
        wanted: list[sa.ColumnElement[bool]] = []
        ids = [salesforce_id(one) or one for one in (*opportunities, *accounts)]
        if ids:
            wanted.append(FILING.c.id.in_(ids))
        if owners:
            wanted.append(FILING.c.id.in_(self._owned(owners)))
        if wanted:
            query = query.where(sa.or_(*wanted))
        with self._read() as connection:
            return sorted(connection.scalars(query).all())

    def _owned(self, owners: Sequence[str]) -> sa.Select[tuple[str]]:
        """Ids of accounts, deals and activities owned by people with these e-mails."""
        users = {
            user_id
            for user_id, email in self._users()
            if email.casefold() in {owner.casefold() for owner in owners}
        }
        needles = [RECORDS.c.fields.like(f'%"owner_id":"{one}"%') for one in users]
        return sa.select(RECORDS.c.id).where(
            RECORDS.c.system == "salesforce", sa.or_(sa.false(), *needles)
        )

    def _users(self) -> Iterator[tuple[str, str]]:
        query = sa.select(RECORDS.c.fields).where(
            RECORDS.c.system == "salesforce", RECORDS.c.object == "User"
        )
        with self._read() as connection:
            for body in connection.scalars(query):
                user = json.loads(body)
                yield user["id"], user.get("email", "")

    def load(
        self, homes: Sequence[str], *, since: datetime, max_records: int = 20_000
    ) -> Iterator[Sequence[HomeRecords]]:
        """Views' records in batches cut by records, homes in the order given."""
        with self._read() as connection:
            yield from load_homes(
                connection, homes, since=since, max_records=max_records
            )

    def org(self, policy: Policy) -> OrgContext:
        """What is the same for every account."""
        with self._read() as connection:
            return read_org(connection, policy=policy, facts=read_facts(connection))

    def users(self) -> Sequence[User]:
        """Salesforce's users."""
        with self._read() as connection:
            return tuple(read_all(connection, "salesforce", "User", User).values())

    def move_bases(self, moves: Sequence[tuple[Base, Base | None]]) -> None:
        """Remember what both sides of these opportunities showed, if none did since."""
        if moves:
            with self._write() as connection:
                save_bases(connection, moves)

    # --- single records ---------------------------------------------------------------

    def get(self, ref: RecordRef) -> Record | None:
        """One record, deleted ones included."""
        with self._read() as connection:
            row = connection.execute(_ONE, the_one(ref)).one_or_none()
            if row is None:
                return None
            # Callers decode it when this is long over: damage is told here.
            # One that was gone before the first poll has no fields of its kind.
            kind = dict if row.deleted else ENTITY_TYPES[(row.system, row.object)]
            msgspec.json.decode(row.fields, type=kind)
        return Record(
            ref=ref,
            version=row.version,
            valid_from=row.valid_from,
            fields=row.fields.encode(),
            deleted=row.deleted,
            happened_at=row.happened_at,
            is_open=row.is_open,
        )

    def find(self, record_id: str) -> Sequence[RecordRef]:
        """Records with this id in any system; 15- and 18-character ids are equal."""
        with self._read() as connection:
            return find(connection, record_id)

    def naming(self, ids: Sequence[str]) -> Sequence[RecordRef]:
        """Salesforce records that name one of these Salesforce records, in order."""
        with self._read() as connection:
            return naming(connection, ids)

    def home_of(self, ref: RecordRef) -> tuple[str, str] | None:
        """The home of a record, and why it is filed there."""
        with self._read() as connection:
            row = connection.execute(_HOME, the_one(ref)).one_or_none()
        return None if row is None else (row.home, row.why)

    def homes_of(self, refs: Collection[RecordRef]) -> Mapping[RecordRef, str]:
        """Homes of those of these records that are live."""
        with self._read() as connection:
            return {
                RecordRef(row.system, row.object, row.id): row.home
                for asked in asking_for(refs)
                for row in connection.execute(_FILED, asked)
            }

    def live_counts(self) -> Mapping[tuple[str, str], int]:
        """Live records by (system, object)."""
        with self._read() as connection:
            rows = connection.execute(_LIVE_COUNTS).all()
        return {(system, name): count for system, name, count in rows}

    # --- proofs -----------------------------------------------------------------------

    def months(
        self,
        system: str,
        object_name: str,
        *,
        start: datetime | None,
        end: datetime,
    ) -> Mapping[str, int]:
        """Live records made in a span, by month of their making."""
        span = made_in(system, object_name, start=start, end=end)
        with self._read() as connection:
            return months_of(connection, span)

    def versions(
        self,
        system: str,
        object_name: str,
        *,
        start: datetime | None,
        end: datetime,
    ) -> Mapping[str, datetime | None]:
        """Id and the vendor's instant of each live record made in a span."""
        span = made_in(system, object_name, start=start, end=end)
        with self._read() as connection:
            return versions_of(connection, span)

    def save_proof(self, proof: Proof) -> None:
        """Remember the last proof of an object."""
        with self._write() as connection:
            save_proof(connection, proof)

    def proofs(self) -> Sequence[Proof]:
        """The last proof of each object."""
        with self._read() as connection:
            return load_proofs(connection)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """One transaction at a time, as SQLite has it anyway.

        Two at once would each file without the other's keys, and could give two
        dirtyings the same mark.
        """
        with writing(self._engine, _PART) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_KEY)))
            yield connection

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)


def _encoded(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return msgspec.json.encode(value, order="deterministic").decode()


def _mark(connection: sa.Connection, homes: Iterable[str]) -> int:
    named = sorted(home for home in homes if home)
    if named:
        mark = (connection.scalar(_MARK) or 0) + 1
        upsert(connection, DIRTY, [{"home": home, "mark": mark} for home in named])
    return len(named)
