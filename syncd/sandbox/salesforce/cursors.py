"""Pages of a query's answer: locators bound to the session, ten at most.

Source: REST API Developer Guide (Query); Integration Patterns (cursor limit).
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from syncd.sandbox.salesforce.errors import RefusalError

_CURSORS: Final = 10


@dataclass(frozen=True, kw_only=True)
class _Cursor:
    session: str
    records: list[dict[str, Any]]
    size: int


class Cursors:
    """The open cursors of one user."""

    def __init__(self) -> None:
        """None is open."""
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._number = 0

    def clear(self) -> None:
        """Close all."""
        self._open.clear()

    def first(
        self, records: list[dict[str, Any]], *, session: str, size: int
    ) -> dict[str, Any]:
        """The answer's first page; the eleventh open cursor closes the oldest."""
        cursor = _Cursor(session=session, records=records, size=size)
        if len(records) <= size:
            return _page(cursor, 0, "")
        self._number += 1
        key = f"01g{self._number:012d}AAA"
        self._open[key] = cursor
        while len(self._open) > _CURSORS:
            self._open.popitem(last=False)
        return _page(cursor, 0, key)

    def next(self, locator: str, *, session: str) -> dict[str, Any]:
        """The page at a locator, ``<cursor>-<start>``.

        Raises:
            RefusalError: The cursor is closed, or belongs to another session.
        """
        key, _, start = locator.partition("-")
        cursor = self._open.get(key)
        if cursor is None:
            raise RefusalError("INVALID_QUERY_LOCATOR", "invalid query locator")
        if cursor.session != session:
            raise RefusalError(
                "INVALID_SESSION_ID", "Session expired or invalid", status=401
            )
        return _page(cursor, int(start), key)


def _page(cursor: _Cursor, start: int, key: str) -> dict[str, Any]:
    end = start + cursor.size
    total = len(cursor.records)
    body: dict[str, Any] = {"totalSize": total, "done": end >= total}
    if end < total:
        body["nextRecordsUrl"] = f"/services/data/v62.0/query/{key}-{end}"
    return {**body, "records": cursor.records[start:end]}
