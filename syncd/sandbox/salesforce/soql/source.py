"""What a query is evaluated against: rows, metadata, and who asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol

from syncd.sandbox.salesforce.schema import ObjectType

Row = Mapping[str, Any]


class Source(Protocol):
    """Where rows and metadata come from."""

    @property
    def schema(self) -> Mapping[str, ObjectType]:
        """Metadata of every object by name."""
        ...

    def object_type(self, name: str) -> ObjectType:
        """Metadata of an object; refuses one that is not there."""
        ...

    def rows(self, name: str, *, with_deleted: bool) -> Iterable[Row]:
        """Visible rows."""
        ...

    def parent(self, name: str, record_id: str) -> Row | None:
        """A referenced row, hidden ones included."""
        ...

    def now(self) -> datetime:
        """The org's present."""
        ...


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How one query is asked.

    Attributes:
        with_deleted: Deleted and archived rows are wanted too (queryAll).
        zone: The running user's time zone, in which relative dates are meant.
        seed: Gives the order of rows where the query asks for none.
    """

    with_deleted: bool = False
    zone: tzinfo = UTC
    seed: int = 0
