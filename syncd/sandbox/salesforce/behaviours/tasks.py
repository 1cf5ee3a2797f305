"""What follows from a task's status.

Source: Object Reference, "Task" (IsClosed, CompletedDateTime, Status, ActivityDate).
"""

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write

_FIXED_IN_SERIES = ("Status", "ActivityDate")


class Tasks(Behaviour):
    """IsClosed and CompletedDateTime; the parent of a series keeps its fields."""

    objects = frozenset({"Task"})

    def __init__(self, tables: Tables) -> None:
        """Reads the org's statuses."""
        self._tables = tables

    def check(self, write: Write) -> None:
        """The parent of recurring tasks has no status and date of its own."""
        given = [name for name in _FIXED_IN_SERIES if name in write.fields]
        if write.before.get("IsRecurrence") and given:
            message = f"Unable to create/update fields: {', '.join(given)}."
            raise RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=given)

    def derive(self, write: Write) -> None:
        """Set at closing, anew at another closed status, empty while open."""
        row, before = write.row, write.before
        statuses = self._tables.held("TaskStatus").values()
        closed = {s["MasterLabel"] for s in statuses if s["IsClosed"]}
        row["IsClosed"] = row.get("Status") in closed
        row["IsHighPriority"] = row.get("Priority") == "High"
        if not row["IsClosed"]:
            row["CompletedDateTime"] = None
        elif write.loaded and row.get("CompletedDateTime"):
            return
        elif write.changes("Status") or not before.get("IsClosed"):
            row["CompletedDateTime"] = self._tables.stamp()
