"""Engines: SQLite tuned for one careful writer, PostgreSQL as it is."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from threading import RLock
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from syncd.db.damage import (
    refuse_damaged,
    store_error,
    tell_as_store_error,
    telling_damage,
)
from syncd.errors import Problem, StoreError

_SECONDS_FOR_A_LOCK: Final = 30
_ROWS_AT_ONCE: Final = 500
_STATEMENTS: Final = 512  # a cycle asks more than the 128 that the driver would keep


def open_engine(url: str) -> sa.Engine:
    """An engine for the store's address.

    Whatever the database refuses later (damaged, full, read-only, gone) is told as a
    StoreError too, by whoever used the engine.

    SQLite: WAL, foreign keys, waits up to 30 s for another writer, and every commit
    reaches the disk before it returns (``synchronous=FULL``), because the ledger's
    intents must survive a power cut.

    Raises:
        StoreError: The address cannot be used.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            path = Path(parsed.database)
            path.parent.mkdir(parents=True, exist_ok=True)
            refuse_damaged(path)
        engine = sa.create_engine(
            parsed,
            connect_args={
                "timeout": _SECONDS_FOR_A_LOCK,
                "cached_statements": _STATEMENTS,
            },
            execution_options={"queue": RLock()},
        )
        sa.event.listen(engine, "connect", _tune_sqlite)
        # Not by an event of the engine: with one, each statement looks for more.
        engine.dialect.do_begin = _begin_immediate  # type: ignore[method-assign]
        sa.event.listen(engine, "handle_error", tell_as_store_error)
        return engine
    try:
        engine = sa.create_engine(parsed, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StoreError(
            Problem(
                where="store.url",
                what=f"the driver {error.name} is not installed",
                remedy="pip install 'syncd[postgresql]'",
            )
        ) from None
    sa.event.listen(engine, "handle_error", tell_as_store_error)
    return engine


def _tune_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # We begin transactions ourselves: the driver would begin a deferred one, which
    # fails with "database is locked" when two readers become writers.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cell_size_check=ON",  # damage is noticed where it is first read
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(dbapi_connection: sa.PoolProxiedConnection) -> None:
    driver: Any = dbapi_connection.driver_connection
    if not driver.in_transaction:  # as it is where ``reading`` has begun one
        driver.execute("BEGIN IMMEDIATE")


def _begin_reading(connection: sa.Connection) -> None:
    """Begin a transaction that keeps nobody from writing; what is read is one state."""
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN")
    except sqlite3.DatabaseError as error:
        raise store_error(connection.engine.url, error) or error from None


@contextmanager
def reading(engine: sa.Engine, part: str) -> Iterator[sa.Connection]:
    """A connection that only reads; rows are to be decoded within.

    ``part`` names what of the store is read, for the error.

    Raises:
        StoreError: A row cannot be decoded, or the database refuses.
    """
    with (
        telling_damage(engine, part),
        engine.connect() as connection,
        _given_up_on_error(connection),
    ):
        _begin_reading(connection)
        yield connection


@contextmanager
def writing(engine: sa.Engine, part: str) -> Iterator[sa.Connection]:
    """A transaction, committed at the end; see ``reading``.

    On SQLite one thread of a process after the other: SQLite lets nobody queue, and of
    two that write page after page one might wait beyond its time.
    """
    queue = engine.get_execution_options().get("queue", nullcontext())
    with (
        queue,
        telling_damage(engine, part),
        engine.begin() as connection,
        _given_up_on_error(connection),
    ):
        yield connection


@contextmanager
def _given_up_on_error(connection: sa.Connection) -> Iterator[None]:
    """A connection with rows left unread is not used again.

    On SQLite a statement that is not at its end keeps a read transaction open, beyond
    a rollback, and the next one to write there would be refused at once.
    """
    try:
        yield
    except BaseException:
        with suppress(StoreError, sa.exc.SQLAlchemyError):
            connection.rollback()
        connection.invalidate()
        raise


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Iterable[str] | None = None,
) -> None:
    """Insert rows or, where the primary key is taken, update them.

    ``update`` names the columns to change; None = all that are not in the key.
    """
    if not rows:
        return
    changed = None if update is None else tuple(update)
    dialect = connection.dialect.name
    statement = _upsert_of(table, tuple(rows[0]), changed, dialect=dialect)
    connection.execute(statement, list(rows))


@cache
def _upsert_of(
    table: sa.Table,
    names: tuple[str, ...],
    update: tuple[str, ...] | None,
    *,
    dialect: str,
) -> sa.Insert:
    """The statement, built once: a quiet poll would spend its time building them."""
    keys = [column.name for column in table.primary_key]
    others = tuple(name for name in names if name not in keys)
    changed = others if update is None else update
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not changed:
        return cast("sa.Insert", insert.on_conflict_do_nothing(index_elements=keys))
    return cast(
        "sa.Insert",
        insert.on_conflict_do_update(
            index_elements=keys,
            set_={name: getattr(insert.excluded, name) for name in changed},
        ),
    )


def in_parts(result: sa.Result[Any]) -> Iterator[Any]:
    """The rows, fetched some at a time.

    One at a time costs more than reading them, and all at once are held twice.
    """
    return chain.from_iterable(result.partitions(_ROWS_AT_ONCE))


def chunks(items: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    """Pieces small enough for a statement's parameters."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
