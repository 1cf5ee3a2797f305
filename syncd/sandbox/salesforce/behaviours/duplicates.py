"""Duplicate rules and assignment rules of an org.

Source: REST API Developer Guide, "Duplicate Rule Header", "Assignment Rule Header".
"""

from collections.abc import Callable, Mapping
from typing import Final

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write


def _person(row: Row) -> str:
    return str(row.get("Email") or "").casefold()


def _company(row: Row) -> str:
    return " ".join(str(row.get("Name") or "").casefold().split())


_ALIKE: Final[Mapping[str, Callable[[Row], str]]] = {
    "Account": _company,
    "Contact": _person,
    "Lead": _person,
}
"""What makes two rows duplicates: the same non-empty text."""


class DuplicateRules(Behaviour):
    """An alerting rule can be overruled by a header, a blocking one cannot."""

    objects = frozenset(_ALIKE)

    def __init__(self, tables: Tables, settings: OrgSettings) -> None:
        """Compares with the rows of these tables."""
        self._tables = tables
        self._settings = settings

    def check(self, write: Write) -> None:
        """Refuse a row that is like another live one."""
        rule = self._settings.duplicate_rules.get(write.object)
        overruled = rule == "alert" and write.options.allow_duplicates
        mine = _ALIKE[write.object](write.row)
        if rule is None or overruled or not mine:
            return
        for other in self._tables.rows(write.object, with_deleted=False):
            same = _ALIKE[write.object](other) == mine
            if same and other["Id"] != write.before.get("Id"):
                raise RefusalError("DUPLICATES_DETECTED", "Use one of these records?")


class AssignmentRules(Behaviour):
    """An active rule chooses the owner unless the caller says no."""

    objects = frozenset({"Account", "Case", "Lead"})

    def __init__(self, settings: OrgSettings) -> None:
        """Assigns as these settings say."""
        self._settings = settings

    def prepare(self, write: Write) -> None:
        """Put the rule's owner in the place of a given one."""
        owner = self._settings.assignment_rules.get(write.object)
        if owner is not None and write.options.assign:
            write.fields["OwnerId"] = owner
