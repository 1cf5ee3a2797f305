"""One service per store: the second one is refused with the first one's pid.

On SQLite a locked file beside the database, which the system releases when the
process ends, however it ends; on PostgreSQL a session's advisory lock, and the holder's
name in ``application_name``.
"""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from syncd.errors import GuardError, Problem

_LOCK_KEY: Final = 7_396_124_501  # any number that nobody else takes


@contextmanager
def only_service(store_url: str) -> Iterator[None]:
    """Hold this while the service runs.

    Raises:
        GuardError: Another service holds it; the message names its pid.
    """
    url = sa.make_url(store_url)
    if url.get_backend_name() == "sqlite":
        with _file_lock(Path(f"{url.database}.service")):
            yield
    else:
        with _advisory_lock(url):
            yield


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("a+", encoding="ascii") as file:
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
def _advisory_lock(url: sa.URL) -> Iterator[None]:
    name = f"syncd service {socket.gethostname()}:{os.getpid()}"
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.NullPool,
        connect_args={"application_name": name[:63]},
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        got = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK_KEY)))
        if not got:
            raise _taken(_advisory_holder(connection))
        yield


def _advisory_holder(connection: sa.Connection) -> str:
    holder = connection.scalar(
        sa.text(
            "SELECT application_name FROM pg_stat_activity"
            " WHERE application_name LIKE 'syncd service %' AND pid IN"
            " (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
        )
    )
    host, _, pid = (
        str(holder or "unknown").removeprefix("syncd service ").partition(":")
    )
    return f"pid {pid} on {host}"


def _taken(holder: str) -> GuardError:
    return GuardError(
        Problem(
            where="syncd run",
            what=f"another service works on this store ({holder})",
            remedy="stop it first, or give this one a store of its own",
        )
    )
