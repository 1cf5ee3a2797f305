"""What the org has of a span of time, counted or listed, to hold against a mirror.

Source: SOQL and SOSL Reference, "COUNT()"; REST API Developer Guide, "QueryAll".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from connectors.salesforce.client import SYSTEM, Client
from syncd.errors import RetryableError
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.ports.connector import Span

_UNDELETED: Final = frozenset({"User"})  # never deleted, so it has no such field


class Prover:
    """Counts and lists live records, archived activities included."""

    def __init__(self, client: Client) -> None:
        """Reads through this client."""
        self._client = client

    def count(self, span: Span) -> int:
        """How many records there are; one call."""
        body = self._client.get(
            f"{self._client.root}/{_resource(span)}",
            params={"q": f"SELECT COUNT() FROM {span.object} WHERE {_where(span)}"},
        )
        return int(body["totalSize"])

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """Id and SystemModstamp of each record, a page of 2,000 at a time."""
        query = f"SELECT Id, SystemModstamp FROM {span.object} WHERE {_where(span)}"
        body = self._client.get(
            f"{self._client.root}/{_resource(span)}",
            params={"q": f"{query} ORDER BY Id"},
        )
        while True:
            try:
                yield {
                    salesforce_id(row["Id"]) or "": parse_instant(row["SystemModstamp"])
                    for row in body["records"]
                }
                if body["done"]:
                    return
                following = str(body["nextRecordsUrl"])
            except (KeyError, TypeError, ValueError):
                raise RetryableError(system=SYSTEM, code="malformed_page") from None
            body = self._client.get(following)


def _resource(span: Span) -> str:
    return "query" if span.object in _UNDELETED else "queryAll"


def _where(span: Span) -> str:
    """The span's instants are ours; no text of anybody else's gets in here."""
    parts = [f"CreatedDate < {iso_z(span.end)}"]
    if span.start is not None:
        parts.append(f"CreatedDate >= {iso_z(span.start)}")
    if span.object not in _UNDELETED:
        parts.append("IsDeleted = false")
    return " AND ".join(parts)
