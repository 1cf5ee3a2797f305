"""Reading: keyset pages on (SystemModstamp, Id), bounded by the server's own clock.

Source: SOQL and SOSL Reference; REST API Developer Guide, "Query" and "QueryAll".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.salesforce.client import SYSTEM, Client
from syncd.errors import CursorError, RetryableError
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.model.record import Quarantined, RawRecord, RecordRef
from syncd.ports.connector import Page, ReadRequest

# A long transaction commits rows whose stamp lies behind what was already read.
_OVERLAP: Final = timedelta(minutes=10)
_BEHIND: Final = timedelta(seconds=5)
_LOCATOR_TRIES: Final = 3

NO_DELETED: Final = frozenset({"User", "OpportunityStage", "TaskStatus"})
SMALL: Final = frozenset({"OpportunityStage", "TaskStatus"})
_BY_CREATION: Final = frozenset({"OpportunityHistory"})
_COUNTED: Final = frozenset({"OpportunityContactRole"})


@dataclass(frozen=True, kw_only=True)
class _Pass:
    """One pass over an object: where it goes on, and up to when."""

    request: ReadRequest
    stamp: str
    after: tuple[str, str] | None
    upper: str
    snapshot: bool


class Reader:
    """Pages of one object at a time."""

    def __init__(self, client: Client) -> None:
        """Reads through this client."""
        self._client = client

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages since the cursor, or everything; see ``Connector.read``."""
        cursor = request.cursor or {}
        if request.object in _COUNTED and not request.full:
            yield from self._read_counted(request, cursor)
            return
        yield from self._pages(self._start(request, cursor))

    def _read_counted(
        self, request: ReadRequest, cursor: Mapping[str, Any]
    ) -> Iterator[Page]:
        """Roles deleted directly leave no trace, so their number is watched.

        Source: object reference, OpportunityContactRole (IsDeleted).
        """
        created = 0
        for page in self._pages(self._start(request, cursor)):
            since = str(cursor.get("at", ""))
            created += sum(
                _stamp(record.fields, "CreatedDate") > since for record in page.records
            )
            if not page.last:
                yield page
                continue
            count = self._count(request.object)
            known = cursor.get("count")
            if known is None or count == known + created:
                yield _with_count(page, count)
                return
            yield _with_count(page, known, last=False)
            full = ReadRequest(object=request.object, fields=request.fields, full=True)
            for listed in self._pages(self._start(full, {})):
                yield _with_count(listed, count) if listed.last else listed

    def _start(self, request: ReadRequest, cursor: Mapping[str, Any]) -> _Pass:
        stamp = "CreatedDate" if request.object in _BY_CREATION else "SystemModstamp"
        snapshot = request.object in SMALL or (
            (request.full or not cursor) and request.since is None
        )
        going_on = "upper" in cursor and not request.full
        upper = cursor["upper"] if going_on else iso_z(self._server_now() - _BEHIND)
        after: tuple[str, str] | None = None
        if not (request.full or snapshot) and "at" in cursor:
            at = str(cursor["at"])
            if going_on:
                after = (at, str(cursor["id"]))
            else:
                after = (iso_z(parse_instant(at) - _OVERLAP), "")
        return _Pass(
            request=request, stamp=stamp, after=after, upper=upper, snapshot=snapshot
        )

    def _pages(self, one: _Pass) -> Iterator[Page]:
        first = True
        for body in self._bodies(one):
            records, bad = _records(one, body)
            last = bool(body["done"])
            yield Page(
                object=one.request.object,
                records=records,
                quarantined=bad,
                cursor=_cursor(one, body, last=last),
                last=last,
                snapshot=one.snapshot and last,
                starts_snapshot=one.snapshot and first,
                total=int(body.get("totalSize", 0)),
                as_of=parse_instant(one.upper),
            )
            first = False

    def _bodies(self, one: _Pass) -> Iterator[Mapping[str, Any]]:
        """Answers of one query; a dead locator starts over behind the last row.

        A locator dies with its session and when ten others are opened; the keyset
        does not.
        """
        after = one.after
        for _ in range(_LOCATOR_TRIES):
            try:
                for body in self._answers(one, after):
                    rows = body["records"]
                    if rows:
                        after = (_stamp(rows[-1], one.stamp), str(rows[-1]["Id"]))
                    yield body
            except CursorError:
                continue
            return
        raise RetryableError(system=SYSTEM, code="INVALID_QUERY_LOCATOR")

    def _answers(
        self, one: _Pass, after: tuple[str, str] | None
    ) -> Iterator[Mapping[str, Any]]:
        plain = one.request.object in NO_DELETED or one.request.object in _BY_CREATION
        resource = "query" if plain else "queryAll"
        path = f"{self._client.root}/{resource}"
        body = self._answer(path, params={"q": soql(one, after)})
        yield body
        while not body["done"]:
            body = self._answer(str(body["nextRecordsUrl"]))
            yield body

    def _answer(self, path: str, **kwargs: Any) -> Mapping[str, Any]:  # noqa: ANN401
        body = self._client.get(path, **kwargs)
        if not isinstance(body, dict) or not isinstance(body.get("records"), list):
            raise RetryableError(system=SYSTEM, code="malformed_page")
        if not body.get("done") and "nextRecordsUrl" not in body:
            raise RetryableError(system=SYSTEM, code="page_without_next")
        return body

    def _count(self, object_name: str) -> int:
        path = f"{self._client.root}/query"
        query = f"SELECT COUNT() FROM {object_name}"
        return int(self._client.get(path, params={"q": query})["totalSize"])

    def _server_now(self) -> datetime:
        if self._client.server_at is None:
            self._client.send("GET", "/services/data/")
        return self._client.server_at or self._client.now()


def soql(one: _Pass, after: tuple[str, str] | None) -> str:
    """The query of one pass; every value in it is an instant or an id of our own."""
    fields = {"Id", one.stamp, *one.request.fields}
    if one.request.object not in NO_DELETED and one.request.object not in _BY_CREATION:
        fields.add("IsDeleted")
    if one.request.object not in SMALL:
        fields.add("CreatedDate")
    where = [] if one.snapshot else [f"{one.stamp} <= {one.upper}"]
    if after is not None:
        at, record_id = after
        tie = f" OR ({one.stamp} = {at} AND Id > '{record_id}')" if record_id else ""
        operator = ">" if record_id else ">="
        where.append(f"({one.stamp} {operator} {at}{tie})")
    if one.request.since is not None:
        where += _window(one.request.object, one.request.since)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return (
        f"SELECT {', '.join(sorted(fields))} FROM {one.request.object}{condition}"
        f" ORDER BY {one.stamp}, Id"
    )


def _window(object_name: str, since: datetime) -> list[str]:
    """Activities of the window, and open tasks of any age."""
    at, day = iso_z(since.replace(microsecond=0)), since.date().isoformat()
    if object_name == "Task":
        undated = f"(ActivityDate = null AND CreatedDate >= {at})"
        return [f"(IsClosed = false OR ActivityDate >= {day} OR {undated})"]
    if object_name == "Event":
        return [f"(StartDateTime >= {at} OR ActivityDate >= {day})"]
    return []


def raw_record(
    object_name: str, row: Mapping[str, Any], *, stamp: str = "SystemModstamp"
) -> RawRecord:
    """One row of a query.

    Raises:
        KeyError: No id or no stamp.
        ValueError: One of them is malformed.
        TypeError: One of them is of another type.
    """
    record_id = salesforce_id(row["Id"])
    if record_id is None:
        message = "Id"
        raise ValueError(message)
    at = parse_instant(row[stamp])
    made = row.get("CreatedDate")
    return RawRecord(
        ref=RecordRef(SYSTEM, object_name, record_id),
        version=iso_z(at),
        valid_from=at,
        created_at=parse_instant(made) if made else None,
        fields={key: value for key, value in row.items() if key != "attributes"},
        deleted=bool(row.get("IsDeleted", False)),
    )


def _records(
    one: _Pass, body: Mapping[str, Any]
) -> tuple[tuple[RawRecord, ...], tuple[Quarantined, ...]]:
    good: list[RawRecord] = []
    bad: list[Quarantined] = []
    for row in body["records"]:
        try:
            good.append(raw_record(one.request.object, row, stamp=one.stamp))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            named = str(row.get("Id", "?"))[:18] if isinstance(row, dict) else "?"
            ref = RecordRef(SYSTEM, one.request.object, named)
            reason = f"no usable id or stamp ({type(error).__name__})"
            bad.append(Quarantined(ref=ref, reason=reason))
    return tuple(good), tuple(bad)


def _stamp(row: Mapping[str, Any], field: str) -> str:
    """A row's stamp as the query wants it; empty when it has none."""
    try:
        return iso_z(parse_instant(row[field]))
    except (KeyError, ValueError, TypeError):
        return ""


def _cursor(
    one: _Pass, body: Mapping[str, Any], *, last: bool
) -> Mapping[str, Any] | None:
    if last:
        return {"at": one.upper}
    rows = body["records"]
    if one.snapshot or not rows:
        return None  # a snapshot counts only when it is complete
    at = _stamp(rows[-1], one.stamp)
    return {"at": at, "id": rows[-1]["Id"], "upper": one.upper}


def _with_count(page: Page, count: int | None, *, last: bool = True) -> Page:
    cursor = {**(page.cursor or {}), "count": count} if last else None
    return Page(
        object=page.object,
        records=page.records,
        quarantined=page.quarantined,
        cursor=cursor,
        last=last,
        snapshot=page.snapshot and last,
        starts_snapshot=page.starts_snapshot,
        total=page.total,
        as_of=page.as_of,
    )
