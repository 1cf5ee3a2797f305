"""Who may own a record: active users, and queues where they are set up for it.

Source: Object Reference, "Group" and "QueueSobject"; integrations' published errors.
"""

from typing import Final

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write

OWNED: Final = frozenset(
    {"Account", "Case", "Contact", "Event", "Lead", "Opportunity", "Task"}
)


class Owners(Behaviour):
    """Refuses owners that are inactive, and queues that may not own the object."""

    objects = OWNED

    def __init__(self, tables: Tables, settings: OrgSettings) -> None:
        """Looks owners up in these tables."""
        self._tables = tables
        self._settings = settings

    def check(self, write: Write) -> None:
        """Assigning to an inactive user fails; editing their rows may."""
        owner = str(write.row.get("OwnerId"))
        assigned = "OwnerId" in write.fields
        if assigned and owner.startswith(PREFIXES["Group"]):
            self._check_queue(owner, write.object)
        user = self._tables.parent("User", owner)
        if user is None or user["IsActive"]:
            return
        if assigned or not (write.creating or self._settings.inactive_owners_editable):
            kind = write.object.lower()
            message = f"operation performed with inactive user [{owner}]"
            raise RefusalError(
                "INACTIVE_OWNER_OR_USER", f"{message} as owner of {kind}"
            )

    def _check_queue(self, group: str, name: str) -> None:
        found = self._tables.parent("Group", group)
        owns = any(
            one["QueueId"] == group and one["SobjectType"] == name
            for one in self._tables.rows("QueueSobject", with_deleted=False)
        )
        if found is None or found.get("Type") != "Queue" or not owns:
            message = "Queue not associated with this SObject type"
            raise RefusalError("INVALID_OPERATION", message, fields=["OwnerId"])
