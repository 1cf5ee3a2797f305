"""What the org has of a span of time, counted or listed, to hold against a mirror.

Source: SOQL and SOSL Reference, "COUNT()"; REST API Developer Guide, "QueryAll".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.salesforce.client import SYSTEM
from connectors.salesforce.passes import NO_DELETED
from connectors.salesforce.queries import Found, Queries, Query
from syncd.errors import RetryableError
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.ports.connector import Span


class Prover:
    """Counts and lists live records, archived activities included."""

    def __init__(self, queries: Queries) -> None:
        """Asks through ``queries``."""
        self._queries = queries

    def count(self, span: Span) -> int:
        """How many records there are; one call."""
        return self._queries.first(_query("COUNT()", span)).total

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """Id and SystemModstamp of each record, a page of 2,000 at a time.

        Raises:
            RetryableError: A row without them.
            CursorError: The locator died; the next proof starts over.
        """
        found = self._queries.first(
            _query("Id, SystemModstamp", span, order=" ORDER BY Id")
        )
        yield _stamps(found)
        while found.more is not None:
            found = self._queries.more(found.more)
            yield _stamps(found)


def _stamps(found: Found) -> dict[str, datetime]:
    try:
        return {
            str(salesforce_id(row["Id"])): parse_instant(row["SystemModstamp"])
            for row in found.rows
        }
    except (KeyError, TypeError, ValueError):
        raise RetryableError(system=SYSTEM, code="malformed_page") from None


def _query(what: str, span: Span, *, order: str = "") -> Query:
    """The span's instants are ours; no text of anybody else's gets in here."""
    everything = span.object not in NO_DELETED
    parts = [f"CreatedDate < {iso_z(span.end)}"]
    if span.start is not None:
        parts.append(f"CreatedDate >= {iso_z(span.start)}")
    if everything:
        parts.append("IsDeleted = false")
    return Query(
        soql=f"SELECT {what} FROM {span.object} WHERE {' AND '.join(parts)}{order}",
        everything=everything,
    )
