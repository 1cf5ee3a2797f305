"""How an event's dates hang together.

Source: Object Reference, "Event" (StartDateTime, EndDateTime, DurationInMinutes,
ActivityDate, ActivityDateTime, EndDate, IsAllDayEvent).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.kit.instants import parse_instant
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.salesforce.write import Behaviour, Write

_DATES: Final = (
    "StartDateTime",
    "ActivityDateTime",
    "ActivityDate",
    "EndDateTime",
    "DurationInMinutes",
    "IsAllDayEvent",
)
_LONGEST: Final = timedelta(days=14)


class Events(Behaviour):
    """Dates are given once and agree; the others follow from them."""

    objects = frozenset({"Event"})

    def check(self, write: Write) -> None:
        """Refuse dates that are missing or contradict each other, and settle them."""
        if not (write.creating or any(name in write.fields for name in _DATES)):
            return
        given, row = write.fields, write.row
        start = _start(given, row)
        end = _end(given, row, write.before, start)
        if end < start or end - start > _LONGEST:
            message = "an event ends after it starts and lasts at most 14 days"
            raise _contradiction(message, "DurationInMinutes", "EndDateTime")
        row["StartDateTime"], row["EndDateTime"] = stamp(start), stamp(end)

    def derive(self, write: Write) -> None:
        """The fields that only say otherwise when the event is."""
        row = write.row
        if not row.get("StartDateTime") or not row.get("EndDateTime"):
            return
        start, end = (parse_instant(row[k]) for k in ("StartDateTime", "EndDateTime"))
        row["EndDate"] = end.date().isoformat()
        if write.loaded:
            return
        length = end - start + timedelta(days=1 if row.get("IsAllDayEvent") else 0)
        row["DurationInMinutes"] = int(length.total_seconds()) // 60
        timed = not row.get("IsAllDayEvent")
        row["ActivityDateTime"] = row["StartDateTime"] if timed else None
        row["ActivityDate"] = None if timed else start.date().isoformat()


def _start(given: Mapping[str, Any], row: Mapping[str, Any]) -> datetime:
    """The start that the given fields agree on, else the former one."""
    whole_day = bool(row.get("IsAllDayEvent"))
    second = "ActivityDate" if whole_day else "ActivityDateTime"
    named = {n: _at(given[n]) for n in ("StartDateTime", second) if given.get(n)}
    if len(set(named.values())) > 1:
        raise _contradiction("the start and the due date must match", *named)
    start = next(iter(named.values()), None)
    if start is None and row.get("StartDateTime"):
        start = _at(row["StartDateTime"])
    if start is None:
        missing = ["DurationInMinutes", second]
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise RefusalError("REQUIRED_FIELD_MISSING", message, fields=missing)
    return start.replace(hour=0, minute=0, second=0) if whole_day else start


def _end(
    given: Mapping[str, Any],
    row: Mapping[str, Any],
    before: Mapping[str, Any],
    start: datetime,
) -> datetime:
    """The end that the given fields agree on, else after the former length."""
    whole_day = bool(row.get("IsAllDayEvent"))
    minutes, until = given.get("DurationInMinutes"), given.get("EndDateTime")
    ends = []
    if minutes is not None:
        length = timedelta(minutes=int(minutes))
        ends.append(start + length - timedelta(days=1 if whole_day else 0))
    if until is not None:
        end = _at(until)
        ends.append(end.replace(hour=0, minute=0, second=0) if whole_day else end)
    if len(set(ends)) > 1:
        message = "the duration does not fit the end"
        raise _contradiction(message, "DurationInMinutes", "EndDateTime")
    if ends:
        return ends[0]
    if whole_day and not before.get("IsAllDayEvent"):
        return start
    if before.get("EndDateTime") and before.get("StartDateTime"):
        return start + (_at(before["EndDateTime"]) - _at(before["StartDateTime"]))
    missing = ["DurationInMinutes"]
    message = "Required fields are missing: [DurationInMinutes]"
    raise RefusalError("REQUIRED_FIELD_MISSING", message, fields=missing)


def _at(value: object) -> datetime:
    text = str(value)
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z")
    except ValueError:
        message = f"Cannot deserialize instance of datetime from value {text}"
        raise RefusalError("JSON_PARSER_ERROR", message) from None


def _contradiction(message: str, *fields: str) -> RefusalError:
    return RefusalError("FIELD_INTEGRITY_EXCEPTION", message, fields=fields)
