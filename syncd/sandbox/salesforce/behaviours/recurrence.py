"""When a series takes place: daily, on weekdays, weekly.

Source: Object Reference, "Recurring Tasks" and "Event" (RecurrenceType,
Recurrence2PatternText); RFC 5545 section 3.3.10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count, islice, takewhile
from typing import Any, Final

from syncd.kit.instants import parse_instant
from syncd.sandbox.salesforce.errors import RefusalError

_MOST: Final = 100
_SATURDAY: Final = 5
_STEPS: Final = {"DAILY": 1, "RecursDaily": 1, "WEEKLY": 7, "RecursWeekly": 7}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A series' rule.

    Attributes:
        days: From one occurrence to the next.
        weekdays: None on Saturdays and Sundays.
        times: How many; None where ``until`` ends it.
        until: Last day.
    """

    days: int
    weekdays: bool = False
    times: int | None = None
    until: date | None = None

    def starts(self, first: datetime) -> list[datetime]:
        """Starts of the occurrences, at most a hundred."""
        every = (first + timedelta(days=self.days * number) for number in count())
        wanted = (
            at for at in every if not (self.weekdays and at.weekday() >= _SATURDAY)
        )
        until = self.until or date.max
        limited = islice(wanted, self.times or _MOST)
        return list(takewhile(lambda at: at.date() <= until, limited))


def classic_rule(row: Mapping[str, Any]) -> Rule:
    """The rule in the ``Recurrence…`` fields of a task or event.

    Raises:
        RefusalError: A kind of series that is not shown here, or one without an end.
    """
    kind, ends = str(row.get("RecurrenceType")), row.get("RecurrenceEndDateOnly")
    if ends is None:
        raise _refused("a series needs its last day", "RecurrenceEndDateOnly")
    until, interval = date.fromisoformat(ends), int(row.get("RecurrenceInterval") or 1)
    if kind == "RecursEveryWeekday":
        return Rule(days=1, weekdays=True, until=until)
    if kind not in _STEPS:
        raise _refused("only daily and weekly series are shown", "RecurrenceType")
    return Rule(days=_STEPS[kind] * interval, until=until)


def pattern_rule(text: str) -> Rule:
    """The rule in ``Recurrence2PatternText``.

    Raises:
        RefusalError: A pattern that is not shown here.
    """
    name = "Recurrence2PatternText"
    pairs = [part.partition("=") for part in text.removeprefix("RRULE:").split(";")]
    fields = {key: value for key, _, value in pairs}
    if fields.get("FREQ") not in _STEPS or set(fields) - {
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
    }:
        raise _refused("only daily and weekly patterns are shown", name)
    until = fields.get("UNTIL")
    return Rule(
        days=_STEPS[fields["FREQ"]] * int(fields.get("INTERVAL", 1)),
        times=int(fields["COUNT"]) if "COUNT" in fields else None,
        until=parse_instant(until).date() if until else None,
    )


def _refused(message: str, field: str) -> RefusalError:
    return RefusalError("FIELD_INTEGRITY_EXCEPTION", message, fields=[field])
