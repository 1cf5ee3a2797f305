"""What happens to records outside the REST calls: bin, merge, conversion, archive.

Source: Object Reference (MasterRecordId, Archived Activities, Lead).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import Tables

_ARCHIVED_AFTER: Final = timedelta(days=365)
_MERGED: Final = frozenset({"Account", "Contact", "Lead", "Case"})


def undelete(tables: Tables, name: str, record_id: str, *, user: str) -> None:
    """Take a row out of the recycle bin; its id stays."""
    row = tables.stored(name)[record_id]
    row["IsDeleted"] = False
    tables.touch(row, user=user)


def purge(tables: Tables, name: str, record_id: str) -> None:
    """Let a row vanish from every query."""
    del tables.stored(name)[record_id]


def merge(
    tables: Tables, name: str, winner: str, losers: Sequence[str], *, user: str
) -> None:
    """Merge rows into one: losers are deleted, what pointed at them moves.

    The moved rows keep their stamps: whether they move is not documented, and this is
    the harder case for a poller.

    Raises:
        RefusalError: Rows of this object cannot be merged.
    """
    if name not in _MERGED:
        raise RefusalError("INVALID_TYPE", f"{name} cannot be merged")
    for loser in losers:
        row = tables.find(name, loser)
        _repoint(tables, name, row["Id"], tables.find(name, winner)["Id"])
        row.update(IsDeleted=True, MasterRecordId=winner)
        tables.touch(row, user=user)
    tables.touch(tables.find(name, winner), user=user)


def convert_lead(
    tables: Tables, lead_id: str, contact_id: str, opportunity_id: str, *, user: str
) -> None:
    """Mark a lead as converted; its activities become the contact's.

    Args:
        tables: The org's rows.
        lead_id: A lead that is not converted yet.
        contact_id: An existing contact, whose account is the lead's from now on.
        opportunity_id: May be empty.
        user: Who does it.
    """
    lead = tables.find("Lead", lead_id)
    contact = tables.find("Contact", contact_id)
    lead.update(
        IsConverted=True,
        ConvertedDate=tables.now().date().isoformat(),
        ConvertedAccountId=contact.get("AccountId"),
        ConvertedContactId=contact["Id"],
        ConvertedOpportunityId=opportunity_id or None,
    )
    tables.touch(lead, user=user)
    moved = _repoint(tables, "Lead", lead["Id"], contact["Id"])
    for activity in moved:
        activity["WhatId"] = activity.get("WhatId") or opportunity_id or None
        tables.touch(activity, user=user)


def archive(tables: Tables) -> int:
    """Run the archiver over the activities; how many rows it took.

    It takes events a year old, and closed tasks whose due date (or, without one, whose
    creation) is a year back; open tasks never.
    """
    limit = tables.now() - _ARCHIVED_AFTER
    taken = 0
    for name in ("Task", "Event"):
        for row in tables.stored(name).values():
            open_task = name == "Task" and not row.get("IsClosed")
            at = row.get("ActivityDate") or row.get("StartDateTime")
            at = str(at or row["CreatedDate"])[:10]
            if not open_task and not row["IsArchived"] and at <= f"{limit:%Y-%m-%d}":
                row["IsArchived"] = True
                taken += 1
    return taken


def _repoint(tables: Tables, name: str, old: str, new: str) -> Sequence[dict[str, Any]]:
    """Let every reference to one row name the other; the changed rows."""
    changed: list[dict[str, Any]] = []
    for kind in tables.schema.values():
        fields = [f.name for f in kind.fields.values() if name in f.to]
        for row in tables.stored(kind.name).values():
            pointing = [f for f in fields if row.get(f) == old and row["Id"] != old]
            row.update(dict.fromkeys(pointing, new))
            if pointing:
                changed.append(row)
    return changed
