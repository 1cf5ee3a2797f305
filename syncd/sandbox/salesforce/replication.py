"""What was deleted or changed within a window, from the org's delete log and stamps.

Source: REST API Developer Guide (sObject Get Deleted, Get Updated); SOAP API Developer
Guide (getDeleted: purging of the delete log).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.kit.instants import parse_instant
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import Tables

MOST_IDS: Final = 600_000
_STAMP: Final = "%Y-%m-%dT%H:%M:00.000+0000"
"""Seconds are cut off."""
_KEPT: Final = timedelta(days=15)
_TRIMMED_AFTER: Final = timedelta(hours=2)
_ENTRIES_PER_LICENCE: Final = 5000


def deleted_between(
    tables: Tables, name: str, start: str, end: str, *, most: int = MOST_IDS
) -> dict[str, Any]:
    """The body of ``deleted``: rows in the bin, by when they went there.

    Raises:
        RefusalError: INVALID_REPLICATION_DATE for a window that is not served,
            EXCEEDED_ID_LIMIT for too many rows.
    """
    earliest = _earliest_deletion(tables)
    since, until = _window(tables, start, end, earliest=earliest)
    found = [
        {"id": row["Id"], "deletedDate": row["SystemModstamp"]}
        for row in tables.stored(name).values()
        if row.get("IsDeleted") and since <= row["SystemModstamp"] < until
    ]
    _refuse_too_many(found, most)
    return {
        "deletedRecords": found,
        "earliestDateAvailable": earliest.strftime(_STAMP),
        "latestDateCovered": until,
    }


def updated_between(
    tables: Tables, name: str, start: str, end: str, *, most: int = MOST_IDS
) -> dict[str, Any]:
    """The body of ``updated``: ids of visible rows stamped within the window.

    Raises:
        RefusalError: INVALID_REPLICATION_DATE for a window that is not served,
            EXCEEDED_ID_LIMIT for too many rows.
    """
    earliest = tables.now() - timedelta(days=30)
    since, until = _window(tables, start, end, earliest=earliest)
    rows = tables.rows(name, with_deleted=False)
    found = [row["Id"] for row in rows if since <= row["SystemModstamp"] < until]
    _refuse_too_many(found, most)
    return {"ids": found, "latestDateCovered": until}


def _earliest_deletion(tables: Tables) -> datetime:
    """How far back the delete log goes; a full one keeps two hours only."""
    entries = sum(
        bool(row.get("IsDeleted"))
        for name in tables.schema
        for row in tables.stored(name).values()
    )
    licences = sum(bool(row["IsActive"]) for row in tables.stored("User").values())
    full = entries > _ENTRIES_PER_LICENCE * max(licences, 1)
    return tables.now() - (_TRIMMED_AFTER if full else _KEPT)


def _window(
    tables: Tables, start: str, end: str, *, earliest: datetime
) -> tuple[str, str]:
    try:
        since, until = parse_instant(start), parse_instant(end)
    except ValueError:
        raise RefusalError("INVALID_REPLICATION_DATE", "not a date") from None
    if until - since <= timedelta(minutes=1) or since < earliest:
        message = "start must precede end by a minute and not be too long ago"
        raise RefusalError("INVALID_REPLICATION_DATE", message)
    until = min(until, tables.now())
    return since.strftime(_STAMP), until.strftime(_STAMP)


def _refuse_too_many(found: Sequence[object], most: int) -> None:
    if len(found) > most:
        raise RefusalError("EXCEEDED_ID_LIMIT", f"more than {most} ids")
