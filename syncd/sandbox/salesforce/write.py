"""One write on its way into the tables, and what an org does around it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from syncd.sandbox.salesforce.soql import Row


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """What a caller's headers ask of a write.

    Attributes:
        assign: Assignment rules run; ``Sforce-Auto-Assign: FALSE`` stops them.
        allow_duplicates: ``allowSave=true`` of ``Sforce-Duplicate-Rule-Header``.
    """

    assign: bool = True
    allow_duplicates: bool = False


@dataclass(kw_only=True)
class Write:
    """An insert or update of one row.

    Attributes:
        object: Name of the row's object.
        fields: Given values; once checked, under the fields' own names.
        before: The row as it was; empty for a new one.
        row: The row as it will be.
        user: Id of who writes.
        loaded: The row is put in as it is: nobody writes it now.
        side: What a behaviour took out of ``fields`` for later, by its own name.
    """

    object: str
    fields: dict[str, Any]
    before: Row = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)
    user: str = ""
    options: WriteOptions = WriteOptions()
    loaded: bool = False
    side: dict[str, Any] = field(default_factory=dict)

    @property
    def creating(self) -> bool:
        """Whether the row is new."""
        return not self.before

    def changes(self, *names: str) -> bool:
        """Whether one of these fields gets another value."""
        return any(self.before.get(one) != self.row.get(one) for one in names)


class Behaviour:
    """One thing that an org does around the writes of some objects.

    A write passes ``prepare`` (before its fields are checked), ``check`` (which may
    refuse the row as it would be), ``derive`` (which fills in fields of the row) and,
    once the row is there, ``follow`` (which changes other rows). Only the first two may
    refuse. A loaded row passes ``derive`` and ``placed``.
    """

    objects: ClassVar[frozenset[str]]
    """Whose rows it watches."""

    def prepare(self, write: Write) -> None:
        """Add, change or take out given fields."""

    def check(self, write: Write) -> None:
        """Refuse the row as it would be."""

    def derive(self, write: Write) -> None:
        """Fill in what the org works out itself; loaded rows pass here, too."""

    def follow(self, write: Write) -> None:
        """Change other rows."""

    def placed(self, name: str, row: dict[str, Any]) -> None:
        """Complete a row that was put in as it is."""

    def moved(self, name: str, row: dict[str, Any]) -> None:
        """Complete a row whose references a merge or conversion has moved."""

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Change other rows once one has been deleted."""

    def undeleted(self, name: str, row: Row, *, user: str) -> None:
        """Change other rows once one came back from the bin."""


def options_of(headers: Mapping[str, str]) -> WriteOptions:
    """The options in a request's headers (names in lower case)."""
    assign = headers.get("sforce-auto-assign", "").strip().casefold()
    duplicates = headers.get("sforce-duplicate-rule-header", "").casefold()
    allowed = "allowsave=true" in duplicates.replace(" ", "")
    return WriteOptions(assign=assign != "false", allow_duplicates=allowed)
