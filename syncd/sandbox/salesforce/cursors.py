"""Pages of a query's answer: a cursor remembers which rows, not their values.

Source: REST API Developer Guide (Query); Limits Quick Reference (two days);
Integration Patterns (ten cursors of one user).
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.soql import Result, Row, Source

_CURSORS: Final = 10
_LIFE: Final = timedelta(days=2)
_LONG_TEXTS: Final = 2
_CAPPED: Final = 200


@dataclass(frozen=True, kw_only=True)
class _Cursor:
    session: str
    result: Result
    ids: tuple[str, ...]
    size: int
    until: datetime


class Cursors:
    """The open cursors of one user."""

    def __init__(self, source: Source) -> None:
        """None is open."""
        self._source = source
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._number = 0

    def clear(self) -> None:
        """Close all."""
        self._open.clear()

    def first(self, result: Result, *, session: str, size: int) -> dict[str, Any]:
        """The answer's first page; the eleventh open cursor closes the oldest.

        Two long text fields of the org's own in the query make pages shorter.
        """
        rows = result.rows
        if result.long_texts >= _LONG_TEXTS:
            size = min(size, _CAPPED)
        if len(rows) <= size or result.is_grouped:
            total = len(rows) if result.count is None else result.count
            records = result.show(rows)
            return {"totalSize": total, "done": True, "records": records}
        self._number += 1
        key = f"01g{self._number:012d}AAA"
        cursor = _Cursor(
            session=session,
            result=result,
            ids=tuple(str(row["Id"]) for row in rows),
            size=size,
            until=self._source.now() + _LIFE,
        )
        self._open[key] = cursor
        while len(self._open) > _CURSORS:
            self._open.popitem(last=False)
        return self._page(cursor, 0, key)

    def next(self, locator: str, *, session: str) -> dict[str, Any]:
        """The page at a locator, ``<cursor>-<start>``.

        Raises:
            RefusalError: The cursor is closed or two days old, or belongs to another
                session.
        """
        key, _, start = locator.partition("-")
        cursor = self._open.get(key)
        if cursor is None or cursor.until < self._source.now():
            raise RefusalError("INVALID_QUERY_LOCATOR", "invalid query locator")
        if cursor.session != session:
            raise RefusalError(
                "INVALID_SESSION_ID", "Session expired or invalid", status=401
            )
        return self._page(cursor, int(start), key)

    def _page(self, cursor: _Cursor, start: int, key: str) -> dict[str, Any]:
        """Rows as they are by now; those that vanished leave a gap."""
        end, total = start + cursor.size, len(cursor.ids)
        rows: list[Row] = []
        for record_id in cursor.ids[start:end]:
            found = self._source.parent(cursor.result.object, record_id)
            rows += [] if found is None else [found]
        body: dict[str, Any] = {"totalSize": total, "done": end >= total}
        if end < total:
            body["nextRecordsUrl"] = f"/services/data/v62.0/query/{key}-{end}"
        return {**body, "records": cursor.result.show(rows)}
