"""E-mails and moments: lists bounded in time, along a cursor.

Source: Chorus OpenAPI 26.33, ``/api/v1/emails``, ``/api/v1/moments``.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from syncd.sandbox.chorus.errors import RefusalError, document
from syncd.sandbox.http import Response

_DEFAULT_PAGE: Final = 20
_LARGEST_PAGE: Final = 100


class Feed:
    """Documents of one type, in the order of their instants."""

    def __init__(self, kind: str, *, stamp: str, bound: str, needed: bool) -> None:
        """An empty feed.

        Args:
            kind: Type of its documents.
            stamp: The attribute with a document's instant.
            bound: The filter that bounds it, ``from:to``.
            needed: Whether a list without that filter is refused.
        """
        self._kind = kind
        self._stamp = stamp
        self._bound = bound
        self._needed = needed
        self._rows: list[dict[str, Any]] = []

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add ``{"id": …, attributes…}``."""
        self._rows.extend(dict(row) for row in rows)

    def page(self, param: Mapping[str, str]) -> Response:
        """One page; the next one's cursor stands in ``meta.page.cursor``.

        Raises:
            RefusalError: 400 for a filter, size or cursor that does not do.
        """
        size, start = self._size(param), self._start(param)
        low, high = self._bounds(param)
        found = [
            row
            for row in sorted(self._rows, key=self._at)
            if (low is None or self._at(row) >= low)
            and (high is None or self._at(row) <= high)
        ]
        page = {"cursor": _cursor(start + size)} if start + size < len(found) else {}
        data = [
            {
                "id": str(row["id"]),
                "type": self._kind,
                "attributes": {k: v for k, v in row.items() if k != "id"},
            }
            for row in found[start : start + size]
        ]
        return document({"data": data, "meta": {"page": page}})

    def _at(self, row: Mapping[str, Any]) -> datetime:
        return _instant(str(row[self._stamp]))

    def _bounds(
        self, param: Mapping[str, str]
    ) -> tuple[datetime | None, datetime | None]:
        text = param.get(self._bound)
        if text is None:
            if self._needed:
                message = f"{self._bound} is required"
                raise RefusalError(400, message, parameter=self._bound)
            return None, None
        # Instants have colons too: the one that parts the two leaves two of them.
        for place, sign in enumerate(text):
            if sign == ":":
                try:
                    return _bound(text[:place]), _bound(text[place + 1 :])
                except ValueError:
                    continue
        raise RefusalError(400, "not of the form from:to", parameter=self._bound)

    def _size(self, param: Mapping[str, str]) -> int:
        text = param.get("page[size]", str(_DEFAULT_PAGE))
        if not text.isdigit() or not 1 <= int(text) <= _LARGEST_PAGE:
            message = f"between 1 and {_LARGEST_PAGE}"
            raise RefusalError(400, message, parameter="page[size]")
        return int(text)

    def _start(self, param: Mapping[str, str]) -> int:
        if "page[after]" not in param:
            return 0
        try:
            text = base64.urlsafe_b64decode(param["page[after]"]).decode()
            return int(text.removeprefix("after:"))
        except ValueError as error:
            message = "not a cursor"
            raise RefusalError(400, message, parameter="page[after]") from error


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _bound(text: str) -> datetime | None:
    return None if text == "*" else _instant(text)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
