"""The durable-execution engine: the one module that knows DBOS.

Schedules, queues, retries and resumption come from the engine; what a job does is
ours (``syncd.service.jobs``). A job's effects are safe to repeat, because a process
killed between an effect and its checkpoint runs that job's step again: polls commit
records with their cursor, and writes go through the ledger.

Engine tables live in their own SQLite file beside the store, or in PostgreSQL in a
schema of their own.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    ScheduleInput,
    SetWorkflowID,
)

from syncd import clock
from syncd.db.damage import refuse_damaged, refuse_damaged_pages

# Raised when a workflow's steps change their order: older runs are then not resumed.
_APPLICATION_VERSION: Final = "1"
_KEEP: Final = timedelta(days=7)
_POLLS: Final = "polls"
_WRITES: Final = "writes"
_PRUNE_CRON: Final = "0 17 3 * * *"
_PROVE_CRON: Final = "0 47 2 * * *"
_UNIXEPOCH_SINCE: Final = (3, 42, 0)
_MINUTE_S: Final = 60
_MOVE_AWAY: Final = (
    "move it away, with its -wal and -shm: it holds no more than the jobs under way, "
    "which the next poll begins anew"
)

Job = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """What the engine runs; every result is a small JSON object of ids and counts.

    Attributes:
        poll: Polls one system by name; ``dirty`` says whether anything moved.
        prove: Holds the mirror against the services; ``dirty`` as for a poll.
        reconcile: Judges what is dirty and, where the mode allows, writes.
        prune: Forgets what is no longer needed, once a day.
    """

    poll: Callable[[str], Mapping[str, Any]]
    prove: Job
    reconcile: Job
    prune: Job


_running: Jobs | None = None


def _jobs() -> Jobs:
    if _running is None:
        message = "the engine was asked for work before it was started"
        raise RuntimeError(message)
    return _running


@DBOS.step(name="poll")
def _poll_step(system: str) -> dict[str, Any]:
    return dict(_jobs().poll(system))


@DBOS.step(name="prove")
def _prove_step() -> dict[str, Any]:
    return dict(_jobs().prove())


@DBOS.step(name="reconcile")
def _reconcile_step() -> dict[str, Any]:
    return dict(_jobs().reconcile())


@DBOS.step(name="forget")
def _forget_step() -> dict[str, Any]:
    return dict(_jobs().prune())


@DBOS.step(name="prune")
def _prune_step() -> int:
    before = (clock.now() - _KEEP).isoformat()
    ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    old = DBOS.list_workflows(
        status=ended, end_time=before, limit=5_000, load_input=False, load_output=False
    )
    DBOS.delete_workflows([workflow.workflow_id for workflow in old])
    return len(old)


@DBOS.workflow(name="poll")
def _poll_workflow(_scheduled_at: datetime, context: dict[str, Any]) -> None:
    _reconcile_if(dirty=_poll_step(context["system"])["dirty"])


@DBOS.workflow(name="prove")
def _prove_workflow(_scheduled_at: datetime, _context: None) -> None:
    _reconcile_if(dirty=_prove_step()["dirty"])


def _reconcile_if(*, dirty: bool) -> None:
    if dirty:
        with SetWorkflowID(f"reconcile-{DBOS.workflow_id}"):
            DBOS.enqueue_workflow(_WRITES, _reconcile_workflow)


@DBOS.workflow(name="reconcile")
def _reconcile_workflow() -> None:
    _reconcile_step()


@DBOS.workflow(name="prune")
def _prune_workflow(_scheduled_at: datetime, _context: None) -> None:
    _prune_step()
    _forget_step()


def cron_of(interval_s: int) -> str:
    """The schedule (with seconds) that comes closest to an interval from below.

    A cron expression repeats within a minute, an hour or a day, so an interval that
    divides none of them is shortened to one that does: 90 s runs every 60 s.
    """
    for unit_s, size, prefix, suffix in (
        (1, 60, "", " * * * * *"),
        (_MINUTE_S, 60, "0 ", " * * * *"),
        (_MINUTE_S * 60, 24, "0 0 ", " * * *"),
    ):
        units = interval_s // unit_s
        if units < size:
            fitting = max(n for n in range(1, units + 1) if size % n == 0)
            return f"{prefix}*/{fitting}{suffix}"
    return "0 0 0 * * *"


class Engine:
    """Runs jobs on schedule until it is stopped; one per process."""

    def __init__(
        self, *, store_url: str, jobs: Jobs, intervals_s: Mapping[str, int]
    ) -> None:
        """Prepare; nothing runs before ``start``.

        Args:
            store_url: SQLAlchemy URL of syncd's store.
            jobs: What to run.
            intervals_s: Seconds between polls, by system.

        Raises:
            StoreError: The engine's own file is damaged.
        """
        self._jobs = jobs
        self._intervals_s = intervals_s
        self._engine = _database(store_url)

    def start(self) -> None:
        """Launch, resume what a killed process left, and follow the schedules."""
        global _running  # noqa: PLW0603 - the engine is one per process
        _running = self._jobs
        config: DBOSConfig = {
            "name": "syncd",
            "system_database_engine": self._engine,
            "application_version": _APPLICATION_VERSION,
            "executor_id": "service",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "console_log_level": "WARNING",
            "scheduler_polling_interval_sec": 5.0,
            "notification_listener_polling_interval_sec": 0.2,
        }
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(_POLLS, worker_concurrency=8, polling_interval_sec=0.25)
        DBOS.register_queue(_WRITES, global_concurrency=1, polling_interval_sec=0.25)
        DBOS.apply_schedules(self._schedules())

    def poll_now(self, system: str) -> None:
        """Poll one system without waiting for its schedule."""
        DBOS.enqueue_workflow(_POLLS, _poll_workflow, clock.now(), {"system": system})

    def stop(self, *, timeout_s: int) -> None:
        """Take no new work, wait for running jobs at most this long, let go.

        A job that is still running then is resumed by the next start.
        """
        global _running  # noqa: PLW0603 - the engine is one per process
        DBOS.destroy(workflow_completion_timeout_sec=timeout_s)
        _running = None
        self._engine.dispose()

    def _schedules(self) -> list[ScheduleInput]:
        polls: list[ScheduleInput] = [
            {
                "schedule_name": f"poll-{system}",
                "workflow_fn": _poll_workflow,
                "schedule": cron_of(interval_s),
                "context": {"system": system},
                "queue_name": _POLLS,
            }
            for system, interval_s in self._intervals_s.items()
        ]
        prune: ScheduleInput = {
            "schedule_name": "prune",
            "workflow_fn": _prune_workflow,
            "schedule": _PRUNE_CRON,
            "context": None,
        }
        prove: ScheduleInput = {
            "schedule_name": "prove",
            "workflow_fn": _prove_workflow,
            "schedule": _PROVE_CRON,
            "context": None,
            "queue_name": _POLLS,
        }
        return [*polls, prune, prove]


def _database(store_url: str) -> sa.Engine:
    """The engine's own database: a file beside the store's, or the same server."""
    url = sa.make_url(store_url)
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, pool_size=10, max_overflow=10)
    own = url.set(database=f"{url.database}-engine")
    refuse_damaged(Path(str(own.database)), remedy=_MOVE_AWAY)
    engine = sa.create_engine(own)
    sa.event.listen(engine, "connect", _tune_sqlite)
    refuse_damaged_pages(engine, remedy=_MOVE_AWAY)
    return engine


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """WAL for speed, one writer at a time, and fractions of a second.

    ``unixepoch('subsec')`` gives NULL before SQLite 3.42, and the engine's tables
    refuse a NULL.
    """
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "busy_timeout=30000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    if sqlite3.sqlite_version_info < _UNIXEPOCH_SINCE:
        connection.create_function(
            "unixepoch", -1, lambda *_: clock.now().timestamp(), deterministic=False
        )
