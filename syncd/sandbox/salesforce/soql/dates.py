"""Relative dates: TODAY, LAST_WEEK, LAST_N_DAYS:7 and their like.

Source: SOQL and SOSL Reference, "Filter Query Results Using Date Literals". Weeks begin
on Sunday, as in the locale of the United States; fiscal periods are not known.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAYS: Final = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_PERIODS: Final = {"LAST": -1, "THIS": 0, "NEXT": 1}
_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


@dataclass(frozen=True, kw_only=True)
class Span:
    """Days from ``first`` to before ``after``.

    Attributes:
        until_now: The last day counts up to the present second only.
    """

    first: date
    after: date
    until_now: bool = False

    def instants(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime]:
        """The same span as instants, its end excluded."""
        start = datetime.combine(self.first, time(), zone).astimezone(UTC)
        if self.until_now:
            return start, now + timedelta(seconds=1)
        return start, datetime.combine(self.after, time(), zone).astimezone(UTC)


def span(literal: str, today: date) -> Span:
    """The days that a relative date literal means, seen from today.

    Raises:
        OverflowError: The calendar does not reach so far.
        ValueError: Likewise, or no such literal.
    """
    word, _, number = literal.upper().partition(":")
    if word in _DAYS:
        return _span("DAY", _DAYS[word], _DAYS[word] + 1, today)
    word, _, fixed = word.partition("_90_")
    found = re.fullmatch(r"(LAST|THIS|NEXT|N)_(?:N_)?([A-Z]+?)(S?)(_AGO)?", word)
    if fixed:
        direction, unit, count = word, "DAY", 90
    elif found is not None:
        direction, unit = found[1], found[2]
        count = int(number) if number else 0
    else:
        raise ValueError(literal)
    if direction == "N":
        return _span(unit, -count, 1 - count, today)
    if not (number or fixed):
        return _span(unit, _PERIODS[direction], _PERIODS[direction] + 1, today)
    if direction == "NEXT":
        return _span(unit, 1, count + 1, today)
    if unit == "DAY":
        return _span(unit, -count, 1, today, until_now=True)
    return _span(unit, -count, 0, today)


def _span(
    unit: str, first: int, after: int, today: date, *, until_now: bool = False
) -> Span:
    begin, end = (_start(unit, n, today) for n in (first, after))
    return Span(first=begin, after=end, until_now=until_now)


def _start(unit: str, number: int, today: date) -> date:
    """First day of the period that is so many after the present one."""
    if unit == "DAY":
        return today + timedelta(days=number)
    if unit == "WEEK":
        sunday = today - timedelta(days=today.isoweekday() % 7)
        return sunday + timedelta(weeks=number)
    size = _MONTHS[unit]
    months = (today.year * 12 + today.month - 1) // size * size + number * size
    return date(months // 12, months % 12 + 1, 1)
