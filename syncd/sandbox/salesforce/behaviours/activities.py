"""What tasks and events have in common: person, subject matter, account.

Source: Object Reference, "Task" and "Event" (WhoId, WhatId, AccountId, IsPrivate).
"""

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write


class Activities(Behaviour):
    """Refuses impossible relations, works out the account, takes out of the archive."""

    objects = frozenset({"Task", "Event"})

    def __init__(self, tables: Tables) -> None:
        """Looks up related rows in these tables."""
        self._tables = tables

    def check(self, write: Write) -> None:
        """A lead excludes a subject matter, privacy every relation."""
        row = write.row
        if is_lead(row.get("WhoId")) and row.get("WhatId"):
            message = "a task or event of a lead cannot be related to another record"
            raise RefusalError(
                "FIELD_INTEGRITY_EXCEPTION", message, fields=["WhoId", "WhatId"]
            )
        if row.get("IsPrivate") and (row.get("WhoId") or row.get("WhatId")):
            message = "private events cannot be related"
            raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message)

    def derive(self, write: Write) -> None:
        """The account; another WhatId takes an archived row back until the next run."""
        write.row["AccountId"] = self._account_of(write.row)
        if not write.creating and write.changes("WhatId"):
            write.row["IsArchived"] = False

    def _account_of(self, row: Mapping[str, Any]) -> str | None:
        what, who = str(row.get("WhatId") or ""), str(row.get("WhoId") or "")
        if self._tables.parent("Account", what) is not None:
            return what
        for name, record_id in (("Opportunity", what), ("Contact", who)):
            found = self._tables.parent(name, record_id)
            if found is not None:
                account = found.get("AccountId")
                return None if account is None else str(account)
        return None


def is_lead(record_id: object) -> bool:
    """Whether an id is a lead's."""
    return str(record_id or "").startswith(PREFIXES["Lead"])
