"""Fields that come from other objects' rows; no stamp moves with them.

Source: Object Reference, "Opportunity" (ContactId, HasOpenActivity, HasOverdueTask,
LastActivityDate) and "System Fields"; Salesforce Help, "Considerations for Enabling
Shared Activities" (the last activity of people is that of primary ones).
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from syncd.sandbox.salesforce.soql import Row

_SOURCES: Final = frozenset({"Task", "Event", "OpportunityContactRole"})
_WHOSE: Final = {
    "Account": "AccountId",
    "Contact": "WhoId",
    "Lead": "WhoId",
    "Opportunity": "WhatId",
}
"""Objects with such fields, and how activities name their rows."""

Rows = dict[str, dict[str, dict[str, Any]]]


class DerivedFields:
    """Brings them up to date when they are looked at, not when they change.

    Some of them depend on the present day, so no write could keep them right.
    """

    def __init__(self) -> None:
        """Nothing is up to date."""
        self._known_on = ""

    def may_change(self, name: str) -> None:
        """Note that rows of an object may be other ones now."""
        if name in _SOURCES:
            self._known_on = ""

    def forget(self) -> None:
        """Note that any row may be another one now."""
        self._known_on = ""

    def refresh(self, name: str, rows: Rows, today: str) -> None:
        """Work the fields out anew if they are asked for and may be out of date."""
        if name not in _WHOSE or self._known_on == today:
            return
        self._clear(rows)
        for activity in _live(rows["Task"].values()):
            self._count_task(activity, rows, today)
        for activity in _live(rows["Event"].values()):
            self._count_event(activity, rows, today)
        for role in _live(rows["OpportunityContactRole"].values()):
            deal = rows["Opportunity"].get(role["OpportunityId"])
            if role.get("IsPrimary") and deal is not None:
                deal["ContactId"] = role["ContactId"]
        self._known_on = today

    def _clear(self, rows: Rows) -> None:
        for kind in _WHOSE:
            for row in rows[kind].values():
                row["LastActivityDate"] = None
        for row in rows["Opportunity"].values():
            row.update(HasOpenActivity=False, HasOverdueTask=False, ContactId=None)

    def _count_task(self, task: Row, rows: Rows, today: str) -> None:
        due = task.get("ActivityDate")
        if task.get("IsClosed"):
            _note_activity(task, str(due or ""), rows)
            return
        deal = rows["Opportunity"].get(str(task.get("WhatId")))
        if deal is not None:
            deal["HasOpenActivity"] = True
            deal["HasOverdueTask"] |= bool(due and due < today)

    def _count_event(self, event: Row, rows: Rows, today: str) -> None:
        starts = str(event.get("ActivityDate") or event.get("StartDateTime") or "")
        _note_activity(event, starts[:10], rows)
        deal = rows["Opportunity"].get(str(event.get("WhatId")))
        if deal is not None:
            deal["HasOpenActivity"] |= starts[:10] >= today


def _live(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if not row.get("IsDeleted"))


def _note_activity(activity: Row, day: str, rows: Rows) -> None:
    for kind, field in _WHOSE.items():
        row = rows[kind].get(str(activity.get(field)))
        if row is not None and day and day > (row["LastActivityDate"] or ""):
            row["LastActivityDate"] = day
