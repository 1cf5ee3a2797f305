"""Fields that come from other objects' rows; no stamp moves with them.

Source: Object Reference, "Opportunity" (ContactId, HasOpenActivity, HasOverdueTask,
LastActivityDate) and "System Fields"; Salesforce Help, "Considerations for Enabling
Shared Activities" (the last activity of people is that of primary ones).
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from syncd.sandbox.salesforce.soql import Row

_LINKS: Final = {
    "Task": ("WhatId", "WhoId", "AccountId"),
    "Event": ("WhatId", "WhoId", "AccountId"),
    "OpportunityContactRole": ("OpportunityId",),
}
"""What such fields come from, and how its rows name those that have them."""
WHOSE: Final = {
    "Account": "AccountId",
    "Contact": "WhoId",
    "Lead": "WhoId",
    "Opportunity": "WhatId",
}
"""Who has such fields, and how an activity names whom it counts for."""

Rows = dict[str, dict[str, dict[str, Any]]]


class DerivedFields:
    """Brings them up to date when they are looked at, not when they change.

    Some of them depend on the present day, so no write could keep them right.
    """

    def __init__(self) -> None:
        """Nothing is up to date."""
        self._known_on = ""
        self._changed: set[str] = set()
        self._sources: dict[str, set[tuple[str, str]]] = defaultdict(set)

    def written(self, name: str, *versions: Row) -> None:
        """Note a write of a row that such fields come from: before and after."""
        for row in versions:
            for link in _LINKS.get(name, ()):
                parent = row.get(link)
                if parent:
                    self._changed.add(parent)
                    self._sources[parent].add((name, row["Id"]))

    def lent(self, name: str) -> None:
        """Note that rows of an object may change without anybody telling."""
        if name in _LINKS:
            self.forget()

    def forget(self) -> None:
        """Note that any row may be another one now."""
        self._known_on = ""

    def refresh(self, rows: Rows, today: str) -> None:
        """Work the fields out anew if they may be out of date."""
        if self._known_on == today and not self._changed:
            return
        if self._known_on != today:
            self._look_at_everything(rows)
        for kind in WHOSE:
            for record_id in self._changed & rows[kind].keys():
                self._work_out(kind, rows[kind][record_id], rows, today)
        self._changed.clear()
        self._known_on = today

    def _look_at_everything(self, rows: Rows) -> None:
        self._sources.clear()
        for name in _LINKS:
            for row in rows[name].values():
                self.written(name, row)
        self._changed.update(*(rows[kind] for kind in WHOSE))

    def _work_out(self, kind: str, row: dict[str, Any], rows: Rows, today: str) -> None:
        sources = list(self._live(row["Id"], WHOSE[kind], rows))
        row["LastActivityDate"] = max(
            filter(None, map(_counts_on, sources)), default=None
        )
        if kind != "Opportunity":
            return
        row["HasOpenActivity"] = any(_is_open(one, today) for one in sources)
        row["HasOverdueTask"] = any(_is_overdue(one, today) for one in sources)
        roles = self._live(row["Id"], "OpportunityId", rows)
        primary = (one["ContactId"] for one in roles if one["IsPrimary"])
        row["ContactId"] = next(primary, None)

    def _live(self, parent: str, link: str, rows: Rows) -> Iterator[Row]:
        """Rows that name it so, deleted ones left out."""
        for name, record_id in self._sources.get(parent, ()):
            row = rows[name].get(record_id)
            if row and row.get(link) == parent and not row.get("IsDeleted"):
                yield row


def _counts_on(activity: Row) -> str | None:
    """The day on which it was somebody's last activity; an open task has none."""
    if "IsClosed" in activity and not activity["IsClosed"]:
        return None
    return _day(activity) or None


def _is_open(activity: Row, today: str) -> bool:
    """A task that is not closed, an event that is still to come."""
    if "IsClosed" in activity:
        return not activity["IsClosed"]
    return _day(activity) >= today


def _is_overdue(activity: Row, today: str) -> bool:
    is_open = "IsClosed" in activity and not activity["IsClosed"]
    return is_open and "" < _day(activity) < today


def _day(activity: Row) -> str:
    return str(activity.get("ActivityDate") or activity.get("StartDateTime") or "")[:10]
