"""What one pass over an object asks: keyset on (SystemModstamp, Id), bounded above.

Source: SOQL and SOSL Reference; object reference, "System Fields".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.salesforce.queries import Query
from syncd.kit.instants import iso_z, parse_instant
from syncd.ports.connector import ReadRequest

# A long transaction commits rows whose stamp lies behind what was already read.
_OVERLAP: Final = timedelta(minutes=10)
_BEHIND: Final = timedelta(seconds=5)

NO_DELETED: Final = frozenset({"User", "OpportunityStage", "TaskStatus"})
COUNTED: Final = frozenset({"OpportunityContactRole"})
_SMALL: Final = frozenset({"OpportunityStage", "TaskStatus"})
_BY_CREATION: Final = frozenset({"OpportunityHistory", "OpportunityFieldHistory"})
OPTIONAL: Final = frozenset({"OpportunityFieldHistory"})
"""Objects that an org need not have, or show us: what they tell is then not known."""
_TRACKED: Final = ("Owner", "OwnerId", "Account", "AccountId", "StageName", "CloseDate")
_ONLY: Final = {
    # Other tracked fields are many and tell nothing that is asked here.
    "OpportunityFieldHistory": f"Field IN ({', '.join(f'{one!r}' for one in _TRACKED)})"
}
PROVABLE: Final = frozenset(
    {
        "User",
        "Account",
        "Contact",
        "Lead",
        "Opportunity",
        "OpportunityContactRole",
        "Case",
        "Task",
        "Event",
    }
)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over an object: where it goes on, and up to when.

    Attributes:
        stamp: The field that orders it.
        after: Stamp and id of the last row read; an empty id includes the stamp.
        upper: The server's instant up to which rows are asked for.
        snapshot: Everything there is, so that what is not seen is gone.
    """

    request: ReadRequest
    stamp: str
    after: tuple[str, str] | None
    upper: str
    snapshot: bool

    @property
    def everything(self) -> bool:
        """Whether the object has deleted or archived rows to ask for."""
        return self.request.object not in NO_DELETED | _BY_CREATION

    @property
    def from_the_start(self) -> bool:
        """A first or full load, which resumes nothing."""
        return self.request.object not in _SMALL and self.after is None


def start(request: ReadRequest, *, server_now: datetime) -> Pass:
    """The pass that a request asks for.

    Args:
        request: Whose cursor is as ``cursor_of`` left it.
        server_now: The server's clock; never ours.
    """
    cursor = {} if is_ahead(request, server_now) else request.cursor or {}
    snapshot = request.object in _SMALL or (
        (request.full or not cursor) and request.since is None
    )
    going_on = "upper" in cursor and not request.full
    upper = cursor["upper"] if going_on else iso_z(server_now - _BEHIND)
    after: tuple[str, str] | None = None
    if not (request.full or snapshot) and "at" in cursor:
        at = str(cursor["at"])
        if going_on:
            after = (at, str(cursor["id"]))
        else:
            after = (iso_z(parse_instant(at) - _OVERLAP), "")
    stamp = "CreatedDate" if request.object in _BY_CREATION else "SystemModstamp"
    return Pass(
        request=request, stamp=stamp, after=after, upper=upper, snapshot=snapshot
    )


def is_ahead(request: ReadRequest, server_now: datetime) -> bool:
    """Whether a cursor lies in the server's future: its clock was ahead, and is not.

    What was changed meanwhile may lie before the cursor: everything is read anew.
    """
    at = (request.cursor or {}).get("at")
    return bool(at) and parse_instant(str(at)) > server_now + _OVERLAP


def query(
    one: Pass, after: tuple[str, str] | None = None, *, ordered: bool = True
) -> Query:
    """The query of one pass; every value in it is an instant or an id of our own."""
    where = [f"{one.stamp} <= {one.upper}"]
    if one.snapshot:
        # A list goes as far as the count that it is held against, or what was made
        # since, and is gone by the next pass, would never be missed.
        is_counted = one.request.object in COUNTED
        where = [f"CreatedDate <= {one.upper}"] if is_counted else []
    if after is not None:
        at, record_id = after
        tie = f" OR ({one.stamp} = {at} AND Id > '{record_id}')" if record_id else ""
        operator = ">" if record_id else ">="
        where.append(f"({one.stamp} {operator} {at}{tie})")
    if one.request.since is not None:
        where += _window(one.request.object, one.request.since)
    if one.request.object in _ONLY:
        where.append(_ONLY[one.request.object])
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    order = f" ORDER BY {one.stamp}, Id" if ordered else ""
    return Query(
        soql=f"SELECT {', '.join(columns(one))} FROM {one.request.object}"
        f"{condition}{order}",
        everything=one.everything,
    )


def columns(one: Pass) -> list[str]:
    """Fields that a pass asks for."""
    fields = {"Id", one.stamp, *one.request.fields}
    if one.everything:
        fields.add("IsDeleted")
    if one.request.object in PROVABLE:
        fields.add("CreatedDate")
    return sorted(fields)


def count(one: Pass) -> Query:
    """How many rows there are that are no younger than what the pass reads."""
    soql = f"SELECT COUNT() FROM {one.request.object} WHERE CreatedDate <= {one.upper}"
    return Query(soql=soql, everything=False)


def _window(object_name: str, since: datetime) -> list[str]:
    """Activities of the window, and open tasks of any age."""
    at, day = iso_z(since.replace(microsecond=0)), since.date().isoformat()
    if object_name == "Task":
        undated = f"(ActivityDate = null AND CreatedDate >= {at})"
        return [f"(IsClosed = false OR ActivityDate >= {day} OR {undated})"]
    if object_name == "Event":
        return [f"(StartDateTime >= {at} OR ActivityDate >= {day})"]
    return []


def cursor_of(one: Pass, last_row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Where a pass goes on behind a row; None where it must start over.

    A snapshot counts only when it is complete.
    """
    if one.snapshot:
        return None
    at = stamp_of(last_row, one.stamp)
    return {"at": at, "id": last_row["Id"], "upper": one.upper}


def stamp_of(row: Mapping[str, Any], field: str) -> str:
    """A row's stamp as a query wants it; empty when it has none."""
    try:
        return iso_z(parse_instant(row[field]))
    except (KeyError, ValueError, TypeError):
        return ""
