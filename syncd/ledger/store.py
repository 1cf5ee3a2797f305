"""The ledger on SQLAlchemy; see :class:`syncd.ports.ledger.Ledger`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, reading, upsert, writing
from syncd.db.lists import is_one_of
from syncd.db.lock import Lock, StillHeld, TakenError, holding
from syncd.db.tables import LEDGER, RUNS
from syncd.errors import BusyError, Problem
from syncd.model.outcome import ItemOutcome, RunOutcome
from syncd.model.plan import Change, effect_of
from syncd.model.tombstone import PastWrite
from syncd.ports.ledger import IntentState, LedgerEntry

_LOCK_KEY: Final = 7_396_124_502  # any number that nobody else takes
_INTENTS: Final = 7_396_124_505
_AGAIN: Final = ("failed", "refused")
_PART: Final = "the ledger"

_RUNS: Final = (
    sa.select(RUNS.c.body)
    .order_by(RUNS.c.started_at.desc(), RUNS.c.run_id)
    .limit(sa.bindparam("at_most", type_=sa.Integer))
)
_RUN: Final = sa.select(RUNS.c.body).where(RUNS.c.run_id == sa.bindparam("of_run"))
_ENTRIES: Final = sa.select(LEDGER).order_by(LEDGER.c.sequence)
_OPEN: Final = _ENTRIES.where(LEDGER.c.state == "open")
_OF_RUN: Final = _ENTRIES.where(LEDGER.c.run_id == sa.bindparam("of_run"))
_OF_CHANGE: Final = _ENTRIES.where(LEDGER.c.change_id == sa.bindparam("of_change"))
_OPEN_EFFECTS: Final = _OPEN.where(is_one_of(LEDGER.c.effect, "effects"))
_PAST: Final = _ENTRIES.where(
    is_one_of(LEDGER.c.effect, "effects"),
    LEDGER.c.state.in_(("done", "refused", "open")),
)
_ATTEMPTS: Final = (
    sa.select(LEDGER).where(is_one_of(LEDGER.c.key, "keys")).order_by(LEDGER.c.attempt)
)
_KNOWN: Final = (
    sa.select(LEDGER.c.key, LEDGER.c.state, LEDGER.c.record_id)
    .where(is_one_of(LEDGER.c.key, "keys"))
    .order_by(LEDGER.c.attempt)
)
_INTEND: Final = sa.insert(LEDGER)
_FIRST_OPEN: Final = sa.select(sa.func.min(LEDGER.c.sequence)).where(
    LEDGER.c.state == "open"
)
_LAST: Final = sa.select(sa.func.max(LEDGER.c.sequence))
_SETTLED: Final = sa.select(
    sa.func.coalesce(_FIRST_OPEN.scalar_subquery() - 1, _LAST.scalar_subquery(), 0)
)


def _settling(*mine: sa.ColumnElement[bool]) -> sa.Update:
    """Settles the last attempt of a key, or the last one that is mine."""
    same = LEDGER.c.key == sa.bindparam("of_key")
    last = sa.select(sa.func.max(LEDGER.c.attempt)).where(same, *mine)
    known = {
        name: sa.func.coalesce(sa.bindparam(f"new_{name}", type_=sa.String), column)
        for name, column in LEDGER.c.items()
        if name in {"record_id", "written_version"}
    }
    return (
        sa.update(LEDGER)
        .where(same, LEDGER.c.attempt == last.scalar_subquery())
        .values(
            state=sa.bindparam("new_state"),
            detail=sa.bindparam("new_detail"),
            settled_at=sa.bindparam("new_settled_at"),
            **known,
        )
    )


_SETTLE_LAST: Final = _settling()
_SETTLE_MINE: Final = _settling(LEDGER.c.run_id == sa.bindparam("of_run"))


class SqlLedger:
    """Intents are committed before anything is sent; outcomes after."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keeps the ledger in the store behind this engine."""
        self._engine = engine
        path = Path(f"{engine.url.database}.writer")
        self._lock = Lock(key=_LOCK_KEY, role="writer", path=path)

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
        with writing(self._engine, _PART) as connection:
            upsert(connection, RUNS, [row])

    def runs(self, limit: int = 50) -> Sequence[RunOutcome]:
        """Runs, newest first."""
        with self._read() as connection:
            bodies = connection.scalars(_RUNS, {"at_most": limit}).all()
            return [msgspec.json.decode(body, type=RunOutcome) for body in bodies]

    def run(self, run_id: str) -> RunOutcome | None:
        """One run with its items."""
        with self._read() as connection:
            body = connection.scalar(_RUN, {"of_run": run_id})
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
        with writing(self._engine, _PART) as connection:
            if connection.dialect.name == "postgresql":
                # One at a time, as SQLite has it anyway: two would not see each other.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_INTENTS)))
            known = self._known(connection, [change.key for change in changes])
            unsettled = self._unsettled(connection, changes)
            states: list[IntentState] = []
            rows: list[dict[str, Any]] = []
            for change in changes:
                had = unsettled.get(effect_of(change), known.get(change.key))
                if had is not None and had["state"] not in _AGAIN:
                    states.append(_state(change.key, had))
                    continue
                states.append(IntentState(key=change.key, state="new"))
                rows.append(
                    {
                        **_intent(change, 1 if had is None else had["attempt"] + 1),
                        "run_id": run_id,
                        "plan_id": plan_id,
                        "intended_at": now,
                        "before": _json(before.get(change.key, {})),
                    }
                )
            if rows:
                connection.execute(_INTEND, rows)
        return states

    def known(self, keys: Sequence[str]) -> Mapping[str, IntentState]:
        """The last attempt of each of these keys; what never had one is left out."""
        found: dict[str, IntentState] = {}
        with self._read() as connection:
            for some in chunks(list(keys)):
                for one in connection.execute(_KNOWN, {"keys": some}).mappings():
                    found[one["key"]] = _state(one["key"], one)
        return found

    def settle(
        self,
        outcomes: Sequence[tuple[str, str, ItemOutcome]],
        *,
        now: datetime,
        run_id: str | None = None,
    ) -> None:
        """Record outcomes as (key, new state, item), of this run or the last one."""
        rows = [
            {
                "of_key": key,
                "of_run": run_id,
                "new_state": state,
                "new_detail": item.detail,
                "new_settled_at": None if state == "open" else now,
                "new_record_id": item.record_id or None,
                "new_written_version": item.version or None,
            }
            for key, state, item in outcomes
        ]
        if rows:
            with writing(self._engine, _PART) as connection:
                connection.execute(
                    _SETTLE_LAST if run_id is None else _SETTLE_MINE, rows
                )

    def open_intents(self) -> Sequence[LedgerEntry]:
        """Intents without outcome, oldest first."""
        return self._entries(_OPEN)

    def settled_up_to(self) -> int:
        """Sequence up to which every write has an outcome; 0 when none has."""
        with self._read() as connection:
            settled: int = connection.execute(_SETTLED).scalar_one()
            return settled

    def last_write(self) -> int:
        """Sequence of the last write, settled or not; 0 when there is none."""
        with self._read() as connection:
            return connection.scalar(_LAST) or 0

    def entries(self, run_id: str) -> Sequence[LedgerEntry]:
        """Every write of a run, in the order written."""
        return self._entries(_OF_RUN, of_run=run_id)

    def entry_of(self, change_id: str) -> LedgerEntry | None:
        """The write of one change, for ``explain``."""
        found = self._entries(_OF_CHANGE, of_change=change_id)
        return found[-1] if found else None

    def past(self, effects: Sequence[str]) -> Mapping[str, Sequence[PastWrite]]:
        """Writes of these effects, oldest first; not those that certainly failed."""
        found: dict[str, list[PastWrite]] = defaultdict(list)
        with self._read() as connection:
            for some in chunks(list(effects)):
                for row in connection.execute(_PAST, {"effects": some}):
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
    def writer_lock(self) -> Iterator[StillHeld]:
        """Held while changes are written: one writer per store.

        Yields whether it is held still: a session's lock is lost with the session.

        Raises:
            BusyError: Another process is writing; the message names it.
        """
        try:
            with holding(self._engine, self._lock) as held:
                yield held
        except TakenError as taken:
            raise BusyError(
                Problem(
                    where="the store",
                    what=f"another process is writing changes ({taken.holder})",
                    remedy="wait until it has ended",
                )
            ) from None

    def _known(
        self, connection: sa.Connection, keys: Sequence[str]
    ) -> dict[str, sa.RowMapping]:
        found: dict[str, sa.RowMapping] = {}
        for some in chunks(keys):
            rows = connection.execute(_ATTEMPTS, {"keys": some}).mappings()
            found.update((row["key"], row) for row in rows)
        return found

    def _unsettled(
        self, connection: sa.Connection, changes: Sequence[Change]
    ) -> dict[str, sa.RowMapping]:
        """Open intents with the effects of these changes, by effect."""
        found: dict[str, sa.RowMapping] = {}
        for some in chunks([effect_of(change) for change in changes]):
            rows = connection.execute(_OPEN_EFFECTS, {"effects": some}).mappings()
            found.update((row["effect"], row) for row in rows)
        return found

    def _entries(self, query: sa.Select[Any], **asked: str) -> Sequence[LedgerEntry]:
        with self._read() as connection:
            return [_entry(row) for row in connection.execute(query, asked)]

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)


def _state(key: str, row: sa.RowMapping) -> IntentState:
    return IntentState(
        key=key,
        state=row["state"],
        record_id=row["record_id"],
    )


def _entry(row: sa.Row[Any]) -> LedgerEntry:
    return LedgerEntry(
        sequence=row.sequence,
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


def _intent(change: Change, attempt: int) -> dict[str, Any]:
    return {
        "key": change.key,
        "attempt": attempt,
        "change_id": change.id,
        "effect": effect_of(change),
        "state": "open",
        "change": _json(change),
        "detail": "",
        "record_id": change.record_id,
        "settled_at": None,
    }


def _past(row: sa.Row[Any]) -> PastWrite:
    change = msgspec.json.decode(row.change, type=Change)
    return PastWrite(
        sequence=row.sequence,
        key=row.key,
        operation=change.operation,
        record_id=row.record_id,
        after=change.after,
        state=row.state,
        settled_at=row.settled_at or row.intended_at,
        written_version=row.written_version,
        takes_back=change.takes_back,
        detail=row.detail,
    )


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return msgspec.json.encode(value, order="deterministic").decode()
