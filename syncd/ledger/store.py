"""The ledger on SQLAlchemy; see :class:`syncd.ports.stores.Ledger`."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, upsert
from syncd.db.tables import LEDGER, RUNS
from syncd.errors import GuardError, Problem
from syncd.model.outcome import ItemOutcome, RunOutcome
from syncd.model.plan import Change, effect_of
from syncd.model.tombstone import PastWrite
from syncd.ports.stores import IntentState, LedgerEntry

_LOCK_KEY: Final = 7_396_124_502  # any number that nobody else takes
_AGAIN: Final = ("failed", "refused")


class SqlLedger:
    """Intents are committed before anything is sent; outcomes after."""

    def __init__(self, engine: sa.Engine, *, lock_path: Path | None) -> None:
        """``lock_path`` is the writers' lock file on SQLite, None on PostgreSQL."""
        self._engine = engine
        self._lock_path = lock_path

    def open_run(self, run: RunOutcome) -> None:
        """A run begins."""
        self._save_run(run)

    def close_run(self, run: RunOutcome) -> None:
        """A run ended, with all its items."""
        self._save_run(run)

    def _save_run(self, run: RunOutcome) -> None:
        row = {
            "run_id": run.run_id,
            "started_at": run.started_at,
            "body": msgspec.json.encode(run).decode(),
        }
        with self._engine.begin() as connection:
            upsert(connection, RUNS, [row])

    def runs(self, limit: int = 50) -> Sequence[RunOutcome]:
        """Runs, newest first."""
        query = (
            sa.select(RUNS.c.body)
            .order_by(RUNS.c.started_at.desc(), RUNS.c.run_id)
            .limit(limit)
        )
        with self._read() as connection:
            bodies = connection.scalars(query).all()
        return [msgspec.json.decode(body, type=RunOutcome) for body in bodies]

    def run(self, run_id: str) -> RunOutcome | None:
        """One run with its items."""
        query = sa.select(RUNS.c.body).where(RUNS.c.run_id == run_id)
        with self._read() as connection:
            body = connection.scalar(query)
        return None if body is None else msgspec.json.decode(body, type=RunOutcome)

    def intend(
        self,
        changes: Sequence[Change],
        *,
        run_id: str,
        plan_id: str,
        now: datetime,
        before: Mapping[str, Mapping[str, Any]],
    ) -> Sequence[IntentState]:
        """Commit intents durably before anything is sent; in the order given."""
        with self._engine.begin() as connection:
            known = self._known(connection, [change.key for change in changes])
            return [
                self._intend_one(
                    connection,
                    change,
                    known.get(change.key),
                    values={
                        "run_id": run_id,
                        "plan_id": plan_id,
                        "intended_at": now,
                        "before": _json(before.get(change.key, {})),
                    },
                )
                for change in changes
            ]

    def _intend_one(
        self,
        connection: sa.Connection,
        change: Change,
        known: sa.RowMapping | None,
        *,
        values: Mapping[str, Any],
    ) -> IntentState:
        if known is not None and known["state"] not in _AGAIN:
            return IntentState(
                key=change.key,
                state=known["state"],
                record_id=known["record_id"],
                intended_at=known["intended_at"],
            )
        row = {
            **values,
            "key": change.key,
            "attempt": 1 if known is None else known["attempt"] + 1,
            "change_id": change.id,
            "effect": effect_of(change),
            "state": "open",
            "change": _json(change),
            "detail": "",
            "record_id": change.record_id,
            "settled_at": None,
        }
        connection.execute(sa.insert(LEDGER).values(**row))
        return IntentState(
            key=change.key, state="new", intended_at=values["intended_at"]
        )

    def settle(
        self, outcomes: Sequence[tuple[str, str, ItemOutcome]], *, now: datetime
    ) -> None:
        """Record outcomes as (key, new state, item)."""
        with self._engine.begin() as connection:
            for key, state, item in outcomes:
                values: dict[str, Any] = {
                    "state": state,
                    "detail": item.detail,
                    "settled_at": None if state == "open" else now,
                }
                if item.record_id:
                    values["record_id"] = item.record_id
                if item.version:
                    values["written_version"] = item.version
                last = (
                    sa.select(sa.func.max(LEDGER.c.attempt))
                    .where(LEDGER.c.key == key)
                    .scalar_subquery()
                )
                connection.execute(
                    sa.update(LEDGER)
                    .where(LEDGER.c.key == key, LEDGER.c.attempt == last)
                    .values(**values)
                )

    def open_intents(self) -> Sequence[LedgerEntry]:
        """Intents without outcome, oldest first."""
        return self._entries(LEDGER.c.state == "open")

    def entries(self, run_id: str) -> Sequence[LedgerEntry]:
        """Every write of a run, in the order written."""
        return self._entries(LEDGER.c.run_id == run_id)

    def entry_of(self, change_id: str) -> LedgerEntry | None:
        """The write of one change, for ``explain``."""
        found = self._entries(LEDGER.c.change_id == change_id)
        return found[-1] if found else None

    def past(self, effects: Sequence[str]) -> Mapping[str, Sequence[PastWrite]]:
        """Writes of these effects that happened or were refused, oldest first."""
        found: dict[str, list[PastWrite]] = defaultdict(list)
        settled = LEDGER.c.state.in_(("done", "refused"))
        with self._read() as connection:
            for some in chunks(list(effects)):
                query = sa.select(LEDGER).where(LEDGER.c.effect.in_(some), settled)
                for row in connection.execute(query.order_by(LEDGER.c.sequence)):
                    found[row.effect].append(_past(row))
        return found

    def made(self, system: str, object_name: str, ids: Sequence[str]) -> frozenset[str]:
        """Those of these records that a write of ours created."""
        found: set[str] = set()
        with self._read() as connection:
            for some in chunks(ids):
                query = sa.select(LEDGER.c.record_id, LEDGER.c.change).where(
                    LEDGER.c.record_id.in_(some),
                    LEDGER.c.state == "done",
                    LEDGER.c.effect.startswith(
                        f"{system}|{object_name}|", autoescape=True
                    ),
                )
                for row in connection.execute(query):
                    change = msgspec.json.decode(row.change, type=Change)
                    if change.operation == "create":
                        found.add(row.record_id)
        return frozenset(found)

    @contextmanager
    def writer_lock(self) -> Iterator[None]:
        """Held while changes are written: one writer per store.

        Raises:
            GuardError: Another process is writing.
        """
        if self._lock_path is None:
            with self._advisory_lock():
                yield
            return
        import fcntl  # noqa: PLC0415 - not on every system, PostgreSQL needs none

        with self._lock_path.open("a+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                holder = f"pid {file.read().strip()}"
                raise _taken(holder) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    @contextmanager
    def _advisory_lock(self) -> Iterator[None]:
        with self._engine.connect() as connection:
            got = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK_KEY)))
            if not got:
                holder = "another session"
                raise _taken(holder)
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK_KEY)))

    def _known(
        self, connection: sa.Connection, keys: Sequence[str]
    ) -> dict[str, sa.RowMapping]:
        found: dict[str, sa.RowMapping] = {}
        for some in chunks(keys):
            query = sa.select(LEDGER).where(LEDGER.c.key.in_(some))
            rows = connection.execute(query.order_by(LEDGER.c.attempt)).mappings()
            found.update((row["key"], row) for row in rows)
        return found

    def _entries(self, where: sa.ColumnElement[bool]) -> Sequence[LedgerEntry]:
        query = sa.select(LEDGER).where(where).order_by(LEDGER.c.sequence)
        with self._read() as connection:
            rows = connection.execute(query).all()
        return [
            LedgerEntry(
                run_id=row.run_id,
                plan_id=row.plan_id,
                change=msgspec.json.decode(row.change, type=Change),
                state=row.state,
                intended_at=row.intended_at,
                settled_at=row.settled_at,
                record_id=row.record_id,
                before=msgspec.json.decode(row.before),
                detail=row.detail,
            )
            for row in rows
        ]

    def _read(self) -> sa.Connection:
        return self._engine.connect().execution_options(reading=True)


def _past(row: sa.Row[Any]) -> PastWrite:
    change = msgspec.json.decode(row.change, type=Change)
    return PastWrite(
        key=row.key,
        operation=change.operation,
        record_id=row.record_id,
        after=change.after,
        state=row.state,
        settled_at=row.settled_at,
        written_version=row.written_version,
        takes_back=change.takes_back,
        detail=row.detail,
    )


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return msgspec.json.encode(value, order="deterministic").decode()


def _taken(holder: str) -> GuardError:
    return GuardError(
        Problem(
            where="the store",
            what=f"another process is writing changes ({holder})",
            remedy="wait until it has ended",
        )
    )
