"""Recurring tasks and events: the parent of a series and its occurrences.

Source: Object Reference, "Event" (IsRecurrence, IsRecurrence2, IsRecurrence2Exception,
GroupEventType) and "Recurring Tasks".
"""

from datetime import datetime, timedelta
from typing import Any, Final

from syncd.kit.instants import parse_instant
from syncd.sandbox.salesforce.behaviours.recurrence import (
    Rule,
    classic_rule,
    pattern_rule,
)
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.table import Tables, stamp
from syncd.sandbox.salesforce.write import Behaviour, Write

_TIMES: Final = (
    "StartDateTime",
    "EndDateTime",
    "ActivityDateTime",
    "ActivityDate",
    "DurationInMinutes",
    "EndDate",
)
_PATTERN: Final = frozenset(
    {
        "RecurrenceType",
        "RecurrenceInterval",
        "RecurrenceEndDateOnly",
        "RecurrenceStartDateTime",
        "RecurrenceStartDateOnly",
        "Recurrence2PatternText",
        "Recurrence2PatternStartDate",
        "IsRecurrence",
        "GroupEventType",
    }
)
_OF_THE_PARENT: Final = _PATTERN | {"Id", "WhoCount", "WhatCount"}


class Series(Behaviour):
    """Makes the occurrences of a series, and keeps them and their parent together."""

    objects = frozenset({"Task", "Event"})

    def __init__(self, tables: Tables) -> None:
        """Makes rows in these tables."""
        self._tables = tables

    def prepare(self, write: Write) -> None:
        """A series starts when its first occurrence does."""
        fields = write.fields
        if write.object == "Event" and fields.get("RecurrenceStartDateTime"):
            fields["StartDateTime"] = fields["RecurrenceStartDateTime"]
        if write.object == "Task" and write.creating and fields.get("IsRecurrence"):
            if "ActivityDate" in fields:
                message = "Unable to create/update fields: ActivityDate."
                raise RefusalError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=["ActivityDate"]
                )
            if not fields.get("RecurrenceStartDateOnly"):
                missing = ["RecurrenceStartDateOnly"]
                message = "Required fields are missing: [RecurrenceStartDateOnly]"
                raise RefusalError("REQUIRED_FIELD_MISSING", message, fields=missing)

    def check(self, write: Write) -> None:
        """Refuse a rule that cannot be followed."""
        write.side["rule"] = _rule(write.row)

    def derive(self, write: Write) -> None:
        """Flags of Lightning series; a past occurrence edited alone is an exception."""
        row = write.row
        if row.get("Recurrence2PatternText"):
            row.update(IsRecurrence2=True, GroupEventType="3")
            row["Recurrence2PatternStartDate"] = row["StartDateTime"]
        elif write.fields and _is_occurrence(write.before) and self._is_past(write):
            row["IsRecurrence2Exception"] = True

    def _is_past(self, write: Write) -> bool:
        return str(write.before["StartDateTime"]) < self._tables.stamp()

    def follow(self, write: Write) -> None:
        """Make occurrences, or let an edit of one row reach the others."""
        row = write.row
        if write.creating:
            self._make(write)
        elif row.get("IsRecurrence"):
            if _PATTERN & set(write.fields) or set(_TIMES) & set(write.fields):
                for one in self._occurrences(write.object, row["Id"]):
                    self._tables.delete(write.object, one["Id"], user=write.user)
                self._make(write)
            else:
                self._spread(write, row["Id"])
        elif row.get("Recurrence2PatternText"):
            self._spread(write, row["Id"])
        elif _is_occurrence(write.before) and not self._is_past(write):
            self._spread(write, str(row["RecurrenceActivityId"]))

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Occurrences go with their parent."""
        if _rule(row) is not None:
            for one in self._occurrences(name, row["Id"]):
                self._tables.delete(name, one["Id"], user=user)

    def _make(self, write: Write) -> None:
        rule: Rule | None = write.side["rule"]
        if rule is None:
            return
        parent = write.row
        own = {"RecurrenceActivityId": parent["Id"]}
        fields = self._tables.schema[write.object].fields
        keys = {name for name, one in fields.items() if one.external_id}
        left = {*_OF_THE_PARENT, *_TIMES, *keys}
        same = {k: v for k, v in parent.items() if k not in left}
        for start in rule.starts(_start(parent)):
            made = {**same, **own, **_times(parent, start)}
            self._tables.load(write.object, [made])

    def _spread(self, write: Write, series: str) -> None:
        """Let the rows of a series change as one of them did; times move along."""
        changed = {
            k: v
            for k, v in write.row.items()
            if k in write.fields and k not in {*_TIMES, *_PATTERN}
        }
        moved = bool(set(_TIMES) & set(write.fields))
        for one in self._others(write, series):
            one.update(changed)
            if moved:
                by = _start(write.row) - _start(write.before)
                one.update(_times(write.row, _start(one) + by))
            self._tables.touch(one, user=write.user)

    def _others(self, write: Write, series: str) -> list[dict[str, Any]]:
        parent = self._tables.stored(write.object)[series]
        both = [parent, *self._occurrences(write.object, series)]
        if parent.get("IsRecurrence"):
            both = [one for one in both if _begins(one) >= self._tables.stamp()]
        return [
            one
            for one in both
            if one["Id"] != write.row["Id"] and not one.get("IsRecurrence2Exception")
        ]

    def _occurrences(self, name: str, series: str) -> list[dict[str, Any]]:
        rows = self._tables.stored(name).values()
        return [
            one
            for one in rows
            if one.get("RecurrenceActivityId") == series and not one["IsDeleted"]
        ]


def _rule(row: Row) -> Rule | None:
    if row.get("IsRecurrence"):
        return classic_rule(row)
    if row.get("Recurrence2PatternText"):
        return pattern_rule(row["Recurrence2PatternText"])
    return None


def _is_occurrence(row: Row) -> bool:
    """Whether a row is one of a Lightning series."""
    return bool(row.get("IsRecurrence2") and row.get("RecurrenceActivityId"))


def _begins(row: Row) -> str:
    return str(row.get("StartDateTime") or row.get("ActivityDate") or "")


def _start(row: Row) -> datetime:
    text = str(row.get("StartDateTime") or row.get("RecurrenceStartDateOnly"))
    return parse_instant(text if "T" in text else f"{text}T00:00:00Z")


def _times(parent: Row, start: datetime) -> dict[str, Any]:
    """Dates of an occurrence that begins then and is as long as its parent."""
    if not parent.get("StartDateTime"):
        return {"ActivityDate": start.date().isoformat()}
    length = parse_instant(parent["EndDateTime"]) - _start(parent)
    whole_day = bool(parent.get("IsAllDayEvent"))
    minutes = length + timedelta(days=1 if whole_day else 0)
    return {
        "StartDateTime": stamp(start),
        "EndDateTime": stamp(start + length),
        "DurationInMinutes": int(minutes.total_seconds()) // 60,
        "ActivityDateTime": None if whole_day else stamp(start),
        "ActivityDate": start.date().isoformat() if whole_day else None,
    }
