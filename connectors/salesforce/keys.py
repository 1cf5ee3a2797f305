"""How a created activity is known again: a key on the record, whoever asks later.

With an External-ID field the server itself knows it: the create is an upsert, and the
same create twice is one record. Without one, a task carries the key in ``CallObject``
where that is empty; other activities carry it in a line of their notes.

Source: REST API Developer Guide, "Insert or Update (Upsert) a Record Using an External
ID"; object reference, Task and Event (Description cannot be filtered).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from connectors.salesforce.soql import quoted
from syncd.kit.instants import iso_z, parse_instant
from syncd.ports.connector import Current, Write

ACTIVITIES: Final = frozenset({"Task", "Event"})
# Notes cannot be filtered: what we sent in these narrows the search.
_SENT: Final = ("OwnerId", "StartDateTime", "ActivityDate", "CallObject")


class Keys:
    """Where this org's activities carry our keys."""

    def __init__(self, field: str) -> None:
        """``field`` is the External-ID field of Activity; empty if there is none."""
        self.field = field

    def upserts(self, write: Write) -> bool:
        """Whether a create goes out as an upsert by its key."""
        return (
            bool(self.field and write.marker)
            and write.operation == "create"
            and write.object in ACTIVITIES
        )

    def value(self, write: Write) -> str:
        """The key with its kind: whether tasks and events share values is not known."""
        return f"{write.object.lower()}:{write.marker}"

    def marked(self, write: Write) -> Mapping[str, Any]:
        """The fields of a create, with its key."""
        fields = dict(write.fields)
        if not write.marker or write.object not in ACTIVITIES:
            return fields
        if self.field:
            fields[self.field] = self.value(write)
        elif self._in_notes(write):
            text = fields.get("Description")
            fields["Description"] = (
                f"{text}\n\n{_line(write)}" if text else _line(write)
            )
        else:
            fields["CallObject"] = write.marker
        return fields

    def where(self, write: Write) -> str | None:
        """A condition that finds what a create made; None where none narrows enough."""
        if self.field:
            return quoted(f"{self.field} = {{}}", self.value(write))
        if not self._in_notes(write):
            return quoted("CallObject = {}", write.marker)
        sent = {name: write.fields[name] for name in _SENT if write.fields.get(name)}
        if not sent.keys() - {"OwnerId"}:
            return None
        return " AND ".join(_equals(name, str(value)) for name, value in sent.items())

    def is_ours(self, write: Write, found: Current) -> bool:
        """Whether a record that ``where`` found carries the key of this create."""
        if not self._in_notes(write):
            return True
        return _line(write) in str(found.fields.get("Description") or "").splitlines()

    def _in_notes(self, write: Write) -> bool:
        taken = write.object != "Task" or bool(write.fields.get("CallObject"))
        return not self.field and taken


def _equals(name: str, value: str) -> str:
    if name == "StartDateTime":
        return f"{name} = {iso_z(parse_instant(value))}"
    if name == "ActivityDate":
        return f"{name} = {date.fromisoformat(value).isoformat()}"
    return quoted(f"{name} = {{}}", value)


def _line(write: Write) -> str:
    return f"[syncd:{write.marker}]"
