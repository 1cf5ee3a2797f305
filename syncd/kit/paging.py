"""Notices a listing that does not come to an end."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from syncd.errors import ConnectorError

_MOST_EMPTY: Final = 1_000


class Pages:
    """Looks at each page of one pass; the same page never comes twice in one.

    Empty pages may come, some services send them while they search on, but not for
    ever. Keeps a number per page, not the rows.
    """

    def __init__(self, system: str) -> None:
        """Nothing seen."""
        self._system = system
        self._seen: set[int] = set()
        self._empty = 0

    def take(self, rows: Sequence[Any], *, key: str) -> None:
        """One more page; ``key`` names what tells its rows apart.

        Raises:
            ConnectorError: These very rows came before, or too many empty pages.
        """
        ids = tuple(_ids(rows, key))
        self._empty = 0 if ids else self._empty + 1
        if (ids and hash(ids) in self._seen) or self._empty > _MOST_EMPTY:
            raise ConnectorError(system=self._system, code="page_repeats")
        self._seen.add(hash(ids))


def _ids(rows: Iterable[Any], key: str) -> Iterable[str]:
    for row in rows:
        yield str(row.get(key, row) if isinstance(row, dict) else row)
