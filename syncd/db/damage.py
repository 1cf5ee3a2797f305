"""A store that cannot be used: seen before it is opened, or told while it is.

Sources: SQLite, "Database File Format" (1.3) and "Result and Error Codes"; PostgreSQL
manual, "Error Codes".
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.tables import UnreadableError
from syncd.errors import Problem, StoreError

_RESTORE: Final = "restore a backup, or move it away and run `syncd sync --full`"
_AGAIN: Final = "what was committed is kept: run the same again"
_REFUSALS: Final[tuple[tuple[str, str, str], ...]] = (
    ("malformed", "is damaged", _RESTORE),
    ("not a database", "is damaged", _RESTORE),
    ("could not decode", "is damaged", _RESTORE),
    ("invalid page", "is damaged", _RESTORE),
    ("no such table", "is damaged: a table is missing", _RESTORE),
    ("disk i/o error", "its disk cannot be read or written", f"check it; {_AGAIN}"),
    ("disk is full", "its disk is full", f"free space; {_AGAIN}"),
    ("no space left", "its disk is full", f"free space; {_AGAIN}"),
    ("readonly", "may only be read", "let this user write to the file and its folder"),
    ("is locked", "another process held it for too long", f"end it; {_AGAIN}"),
    (
        "unable to open",
        "cannot be reached or opened",
        "check that it is a file, and its rights",
    ),
)
"""What a message has in it, what that means, what to do."""
_ASKED_WRONGLY: Final = (
    sa.exc.IntegrityError,
    sa.exc.ProgrammingError,
    sa.exc.DataError,
)
_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_BIGGEST_PAGE: Final = 65_536  # written as 1, for want of room


def tell_as_store_error(context: sa.engine.ExceptionContext) -> None:
    """Tell what the database refuses in our words; what we asked wrongly stays as is.

    Raises:
        StoreError: Instead of the driver's error, whose text may quote values.
    """
    error = context.sqlalchemy_exception
    if not isinstance(error, sa.exc.DatabaseError) or isinstance(error, _ASKED_WRONGLY):
        return
    if context.engine is None:
        return
    told = store_error(context.engine.url, context.original_exception)
    if told is not None:
        raise told from None


@contextmanager
def telling_damage(engine: sa.Engine, part: str) -> Iterator[None]:
    """Tell a value that cannot be decoded as what it is: damage within a sound page.

    ``part`` says which part of the store is read within.

    Raises:
        StoreError: Instead of the decoder's error, which is told nobody.
    """
    try:
        yield
    except (msgspec.DecodeError, json.JSONDecodeError, UnreadableError):
        what = f"is damaged: a row of {part} cannot be read"
        problem = Problem(where=_where(engine.url), what=what, remedy=_RESTORE)
        raise StoreError(problem) from None


def store_error(
    url: sa.URL, error: BaseException, *, remedy: str = ""
) -> StoreError | None:
    """What is wrong with the store at this address; None = it may be our own fault.

    ``remedy`` replaces the usual one.
    """
    where = _where(url)
    text = str(error).casefold()
    for sign, what, usual in _REFUSALS:
        if sign in text:
            return StoreError(Problem(where=where, what=what, remedy=remedy or usual))
    if _is_file(url):
        return None
    return StoreError(
        Problem(
            where=where,
            what="cannot be reached, or broke off",
            remedy=f"check address, rights and server; {_AGAIN}",
        )
    )


def _where(url: sa.URL) -> str:
    return str(url.database) if _is_file(url) else url.render_as_string()


def _is_file(url: sa.URL) -> bool:
    return url.get_backend_name() == "sqlite"


def refuse_damaged(path: Path, *, remedy: str = _RESTORE) -> None:
    """Refuse a SQLite file that has lost its beginning or its end.

    A file of no bytes would be taken for a new store, and one that was cut off would
    be written to before the loss is noticed. With pages waiting in the write-ahead log
    the file may rightly be short.

    Raises:
        StoreError: It is empty although changes were written from it, or cut off.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header:
        if path.with_name(f"{path.name}.writer").exists():
            raise _damaged(path, "is empty, but changes were written from it", remedy)
        return
    if header[: len(_MAGIC)] != _MAGIC or len(header) < _HEADER:
        raise _damaged(path, "is damaged: its beginning is lost", remedy)
    # In this order: another process may be moving pages from the log to the file.
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return
    page, pages = int.from_bytes(header[16:18]), int.from_bytes(header[28:32])
    if path.stat().st_size < pages * (_BIGGEST_PAGE if page == 1 else page):
        raise _damaged(path, "is damaged: its end is lost", remedy)


def refuse_damaged_pages(engine: sa.Engine, *, remedy: str = _RESTORE) -> None:
    """Read a SQLite file through before anything is written on its word.

    Damage within it shows only where it is read: a ledger may look whole while the
    rest is not. Takes about a second for 300 MB. PostgreSQL looks after itself.

    Raises:
        StoreError: A page of it is damaged.
    """
    if engine.dialect.name != "sqlite":
        return
    path = Path(str(engine.url.database))
    try:
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA quick_check(1)")
            [(found,)] = cursor.fetchall()
    except sqlite3.DatabaseError as error:
        raise store_error(engine.url, error, remedy=remedy) or error from None
    if found != "ok":
        raise _damaged(path, "is damaged", remedy)


def _damaged(path: Path, what: str, remedy: str) -> StoreError:
    return StoreError(Problem(where=str(path), what=what, remedy=remedy))
