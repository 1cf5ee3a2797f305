"""One holder at a time, known by name, and free as soon as it has ended.

On SQLite a locked file, which the system releases when the process ends, however it
ends; on PostgreSQL a session's advisory lock, with the holder's name in
``application_name``. Source: PostgreSQL manual, "Advisory Locks" and ``pg_locks``.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from syncd.db.damage import tell_as_store_error
from syncd.errors import StoreError

StillHeld = Callable[[], bool]
_NAME_LENGTH: Final = 63  # PostgreSQL cuts an application's name there


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What is locked: a key on PostgreSQL, a file on SQLite.

    Attributes:
        key: Any number that nobody else takes.
        role: What the holder does, for those who are refused.
        path: The lock file.
    """

    key: int
    role: str
    path: Path


class TakenError(Exception):
    """Another process holds the lock; ``holder`` says who."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(holder)


@contextmanager
def holding(engine: sa.Engine, lock: Lock) -> Iterator[StillHeld]:
    """Hold a lock; yields whether it is held still.

    Raises:
        TakenError: Another process holds it.
    """
    on_sqlite = engine.dialect.name == "sqlite"
    with _file(lock) if on_sqlite else _session(engine, lock) as held:
        yield held


@contextmanager
def _file(lock: Lock) -> Iterator[StillHeld]:
    import fcntl  # noqa: PLC0415 - not on every system, PostgreSQL needs none

    with lock.path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = f"pid {file.read().strip() or 'unknown'}"
            raise TakenError(holder) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield lambda: True


@contextmanager
def _session(engine: sa.Engine, lock: Lock) -> Iterator[StillHeld]:
    """A connection of its own: pooled ones are given back with their session alive."""
    name = f"syncd {lock.role} {socket.gethostname()}:{os.getpid()}"[:_NAME_LENGTH]
    own = sa.create_engine(
        engine.url,
        poolclass=sa.pool.NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": name},
    )
    sa.event.listen(own, "handle_error", tell_as_store_error)
    with own.connect() as connection:
        got = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(lock.key)))
        if not got:
            raise TakenError(_holder(connection, lock.key))
        try:
            yield lambda: _is_alive(connection)
        finally:
            # A closed session takes a moment to end; its lock must not.
            if _is_alive(connection):
                connection.execute(sa.select(sa.func.pg_advisory_unlock(lock.key)))


def _is_alive(connection: sa.Connection) -> bool:
    """Whether the session lives; its lock ended with it otherwise."""
    if connection.invalidated:
        return False
    try:
        connection.execute(sa.select(1))
    except StoreError:
        return False
    return True


def _holder(connection: sa.Connection, key: int) -> str:
    """Host and pid of whoever holds a key: the key is split over two columns."""
    name = connection.scalar(
        sa.text(
            "SELECT application_name FROM pg_stat_activity"
            " JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted"
            " AND classid::bigint = :high AND objid::bigint = :low AND objsubid = 1"
        ),
        {"high": key >> 32, "low": key & 0xFFFF_FFFF},
    )
    return str(name or "unknown").rpartition(" ")[2]
