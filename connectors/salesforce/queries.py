"""Queries, by the shortest way that takes them: GET, or a part of a composite.

Source: REST API Developer Guide, "Query", "QueryAll", "Composite".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from connectors.salesforce.client import SYSTEM, Client, part_error
from connectors.salesforce.composite import OK, QUERIES, Answer, Ask, ask_all
from syncd.errors import RetryableError
from syncd.kit.paging import Pages
from syncd.kit.retry import retrying


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """A SOQL text, and whether deleted and archived rows answer it too."""

    soql: str
    everything: bool = True


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page of an answer; ``total`` counts the rows of all pages."""

    rows: Sequence[Any]
    total: int
    more: str | None = None


class Queries:
    """Asks one org."""

    def __init__(self, client: Client) -> None:
        """Asks through this client."""
        self._client = client

    def fits(self, query: Query) -> bool:
        """Whether a query can be asked by GET; addresses have a limit."""
        return self._client.fits(self._path(query), {"q": query.soql})

    def first(self, query: Query) -> Found:
        """The first page of an answer.

        Raises:
            RemoteError: See syncd.errors; the class says what to do next.
        """
        if self.fits(query):
            path = self._path(query)
            return _found(self._client.get(path, params={"q": query.soql}))
        # The address of a part stands in the body, where its length does not matter.
        return retrying(lambda: self._alone(query))

    def more(self, path: str) -> Found:
        """The page behind a locator.

        Raises:
            CursorError: The locator is dead.
            RemoteError: As ``first``.
        """
        return _found(self._client.get(path))

    def every(self, query: Query) -> Iterator[Any]:
        """Every row of an answer.

        Raises:
            RemoteError: As ``first``.
        """
        found, pages = self.first(query), Pages(SYSTEM)
        pages.take(found.rows, key="Id")
        yield from found.rows
        while found.more is not None:
            found = self.more(found.more)
            pages.take(found.rows, key="Id")
            yield from found.rows

    def together(self, queries: Sequence[Query]) -> Sequence[Found | None]:
        """First pages in as few calls as can be; None where one did not come well.

        Whoever needs such a one asks ``first``, which says what is wrong.
        """
        asks = [self._ask(query) for query in queries]
        return [_good(answer) for answer in ask_all(self._client, asks, most=QUERIES)]

    def _alone(self, query: Query) -> Found:
        [answer] = ask_all(self._client, [self._ask(query)], most=1)
        if answer.status != OK:
            raise part_error(answer.status, answer.body)
        return _found(answer.body)

    def _ask(self, query: Query) -> Ask:
        return Ask(path=self._path(query), params={"q": query.soql})

    def _path(self, query: Query) -> str:
        return f"{self._client.root}/{'queryAll' if query.everything else 'query'}"


def _good(answer: Answer) -> Found | None:
    if answer.status != OK:
        return None
    try:
        return _found(answer.body)
    except RetryableError:
        return None


def _found(body: object) -> Found:
    """One page, checked.

    Raises:
        RetryableError: It is not what a page should be.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("records"), list):
        raise RetryableError(system=SYSTEM, code="malformed_page")
    more = None if body.get("done") else body.get("nextRecordsUrl")
    if not isinstance(more, str) and not body.get("done"):
        raise RetryableError(system=SYSTEM, code="page_without_next")
    total = body.get("totalSize")
    return Found(
        rows=body["records"], total=total if isinstance(total, int) else 0, more=more
    )
