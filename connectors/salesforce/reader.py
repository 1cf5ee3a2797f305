"""Reading: pages of one pass, asked ahead for many objects where that saves calls.

Source: SOQL and SOSL Reference; REST API Developer Guide, "Query" and "QueryAll".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from connectors.salesforce.bulk import Bulk
from connectors.salesforce.client import SYSTEM, Client
from connectors.salesforce.passes import (
    COUNTED,
    Pass,
    count,
    cursor_of,
    query,
    stamp_of,
    start,
)
from connectors.salesforce.queries import Found, Queries
from connectors.salesforce.rows import raw_records
from syncd.errors import (
    AuthError,
    ConnectorError,
    CursorError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.instants import parse_instant
from syncd.kit.paging import Pages
from syncd.ports.connector import Page, ReadRequest

_LOCATOR_TRIES: Final = 3
# A job takes some five calls (made, looked at, fetched) and its place in a queue;
# below five pages of 2,000 rows it saves nothing.
_MANY: Final = 10_000
_TOO_MUCH: Final = frozenset({"QUERY_TIMEOUT", "OPERATION_TOO_LARGE"})


@dataclass(frozen=True, kw_only=True)
class _Ahead:
    """A pass, with what was asked ahead of it."""

    one: Pass
    first: Found | None = None
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Rows of a pass; ``ordered`` rows say where to go on behind them."""

    rows: Sequence[Any]
    total: int
    last: bool
    ordered: bool = True


class Reader:
    """Pages of one object at a time."""

    def __init__(self, client: Client, queries: Queries, bulk: Bulk) -> None:
        """Reads through this client; ``bulk`` takes what is too much for pages."""
        self._client = client
        self._queries = queries
        self._bulk = bulk
        self._ahead: dict[str, _Ahead] = {}

    def read_ahead(self, requests: Sequence[ReadRequest]) -> None:
        """First pages and counts of these requests, five queries to a call.

        What did not come well is asked again, alone, when it is read: that says what
        is wrong.

        Raises:
            RemoteError: A whole call failed, as a single query would have.
        """
        now = self._server_now()
        passes = [start(request, server_now=now) for request in requests]
        counted = [one for one in passes if one.request.object in COUNTED]
        # Counted before it is listed: see ``_read_counted``.
        asks = [count(one) for one in counted]
        asks += [query(one, one.after) for one in passes]
        try:
            found = self._queries.together(asks)
        except (ConnectorError, SkipRecordError):
            # No composites here: every object is asked by itself.
            found = [None] * len(asks)
        counts = dict(
            zip(
                (one.request.object for one in counted),
                found[: len(counted)],
                strict=True,
            )
        )
        self._ahead = {}
        for one, first in zip(passes, found[len(counted) :], strict=True):
            total = counts.get(one.request.object)
            self._ahead[one.request.object] = _Ahead(
                one=one, first=first, count=None if total is None else total.total
            )

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages since the cursor, or everything; see ``Connector.read``."""
        ahead = self._ahead.pop(request.object, None)
        if ahead is None or ahead.one.request != request:
            ahead = _Ahead(one=start(request, server_now=self._server_now()))
        if request.object in COUNTED:
            yield from self._read_counted(ahead)
        else:
            yield from self._pages(ahead.one, ahead.first)

    def _read_counted(self, ahead: _Ahead) -> Iterator[Page]:
        """Roles deleted directly leave no trace, so their number is watched.

        Counted before they are listed: one that goes between the two is in the count,
        so the next pass misses it.

        Source: object reference, OpportunityContactRole (IsDeleted).
        """
        one = ahead.one
        total = self._count(one) if ahead.count is None else ahead.count
        cursor = one.request.cursor or {}
        since = str(cursor.get("at", ""))
        created = 0
        for page in self._pages(one, ahead.first):
            created += sum(
                stamp_of(record.fields, "CreatedDate") > since
                for record in page.records
            )
            if not page.last:
                yield page
                continue
            known = cursor.get("count")
            if one.snapshot or known is None or total == known + created:
                yield _counted(page, total)
                return
            yield msgspec.structs.replace(page, cursor=None, last=False, snapshot=False)
            request = ReadRequest(
                object=one.request.object, fields=one.request.fields, full=True
            )
            # Up to the same instant as the count, or the two would never agree.
            full = start(request, server_now=self._server_now())
            for listed in self._pages(replace(full, upper=one.upper)):
                yield _counted(listed, total) if listed.last else listed

    def _count(self, one: Pass) -> int:
        return self._queries.first(count(one)).total

    def _pages(self, one: Pass, first: Found | None = None) -> Iterator[Page]:
        starts = one.snapshot
        for part in self._parts(one, first):
            name = one.request.object
            records, bad = raw_records(name, part.rows, stamp=one.stamp)
            cursor: Mapping[str, Any] | None = None
            if part.last:
                cursor = {"at": one.upper}
            elif part.ordered and part.rows:
                cursor = cursor_of(one, part.rows[-1])
            yield Page(
                object=name,
                records=records,
                quarantined=bad,
                cursor=cursor,
                last=part.last,
                snapshot=one.snapshot and part.last,
                starts_snapshot=starts,
                total=part.total,
                as_of=parse_instant(one.upper),
            )
            starts = False

    def _parts(self, one: Pass, first: Found | None) -> Iterator[_Part]:
        """Rows by pages, or by a job where there are many or too many to ask for."""
        error: RemoteError | None = None
        try:
            found = first or self._queries.first(query(one, one.after))
        except RemoteError as refused:
            if not (one.from_the_start and refused.code in _TOO_MUCH):
                raise
            found, error = Found(rows=(), total=_MANY + 1), refused
        if one.from_the_start and found.total > _MANY:
            job = self._bulk.job(one)
            if job is not None:
                for rows, last in job.parts():
                    yield _Part(rows=rows, total=job.total, last=last, ordered=False)
                return
        if error is not None:
            raise error
        yield from self._by_pages(one, found)

    def _by_pages(self, one: Pass, found: Found) -> Iterator[_Part]:
        """Rows page by page; a dead locator starts over behind the last row.

        A locator dies with its session and when ten others are opened; the keyset
        does not.
        """
        tries = _LOCATOR_TRIES
        after, pages = one.after, Pages(SYSTEM)
        while True:
            pages.take(found.rows, key="Id")
            yield _Part(rows=found.rows, total=found.total, last=found.more is None)
            if found.more is None:
                return
            if found.rows:
                last_row = found.rows[-1]
                after = (stamp_of(last_row, one.stamp), str(last_row["Id"]))
                tries = _LOCATOR_TRIES
            try:
                found = self._queries.more(found.more)
            except (CursorError, AuthError):
                # A session that ended takes its locators along, and says so with the
                # words of a refused token. If it is one, the new query says so too.
                tries -= 1
                if not tries:
                    code = "INVALID_QUERY_LOCATOR"
                    raise RetryableError(system=SYSTEM, code=code) from None
                found = self._queries.first(query(one, after))

    def _server_now(self) -> datetime:
        if self._client.server_at is None:
            self._client.send("GET", "/services/data/")
        return self._client.server_at or self._client.now()


def _counted(page: Page, total: int) -> Page:
    return msgspec.structs.replace(page, cursor={**(page.cursor or {}), "count": total})
