"""Occurrences of a series: daily and weekly rules, COUNT, UNTIL, BYDAY, EXDATE.

Source: RFC 5545 section 3.3.10; Google Calendar guide, "Recurring events".
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

Event = dict[str, Any]

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MOST: Final = 1000


def instant_of(when: Mapping[str, Any]) -> datetime:
    """A start or end as an instant; a date is its midnight in UTC."""
    if "date" in when:
        return datetime.fromisoformat(when["date"]).replace(tzinfo=UTC)
    at = datetime.fromisoformat(when["dateTime"])
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(when.get("timeZone", "UTC")))
    return at.astimezone(UTC)


def occurrence_id(series_id: str, start: Mapping[str, Any]) -> str:
    """Id of the occurrence that the series puts at ``start``."""
    form = "%Y%m%d" if "date" in start else "%Y%m%dT%H%M%SZ"
    return f"{series_id}_{instant_of(start).strftime(form)}"


def occurrences(series: Event, *, until: datetime) -> Iterator[Event]:
    """A series' occurrences up to ``until``, as the rule has them, exceptions not.

    They keep local time over a change to or from summer time.

    Args:
        series: The master; without RRULE it has none.
        until: None starts after this instant.
    """
    rule = _part(series, "RRULE")
    if not rule:
        return
    fields = dict(one.split("=", 1) for one in rule.split(";"))
    start, end = series["start"], series["end"]
    length = instant_of(end) - instant_of(start)
    excluded = {text for text in _part(series, "EXDATE").split(",") if text}
    ends = min(until, _until(fields)) if "UNTIL" in fields else until
    most = int(fields.get("COUNT", _MOST))
    for day in islice(_days(_local(start).date(), fields), most):
        begins = _moved(start, day)
        if instant_of(begins) > ends:
            return
        number = occurrence_id(series["id"], begins)
        if number.rpartition("_")[2] in excluded:
            continue
        yield {
            **{k: v for k, v in series.items() if k != "recurrence"},
            "id": number,
            "recurringEventId": series["id"],
            "originalStartTime": begins,
            "start": begins,
            "end": _later(begins, length),
        }


def _part(series: Event, name: str) -> str:
    for line in series.get("recurrence", ()):
        head, _, value = line.partition(":")
        if head.partition(";")[0] == name:
            return str(value)
    return ""


def _until(fields: Mapping[str, str]) -> datetime:
    text = fields["UNTIL"]
    form = "%Y%m%dT%H%M%SZ" if "T" in text else "%Y%m%d"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _local(when: Mapping[str, Any]) -> datetime:
    if "date" in when:
        return datetime.fromisoformat(when["date"]).replace(tzinfo=UTC)
    zone = when.get("timeZone")
    at = instant_of(when)
    return at.astimezone(ZoneInfo(zone)) if zone else at


def _days(first: date, fields: Mapping[str, str]) -> Iterator[date]:
    every = int(fields.get("INTERVAL", "1"))
    if fields["FREQ"] == "DAILY":
        day = first
        while True:
            yield day
            day += timedelta(days=every)
    names = fields.get("BYDAY", _DAYS[first.weekday()]).split(",")
    wanted = sorted(_DAYS.index(name) for name in names)
    week = first - timedelta(days=first.weekday())
    while True:
        days = (week + timedelta(days=number) for number in wanted)
        yield from (day for day in days if day >= first)
        week += timedelta(weeks=every)


def _moved(start: Mapping[str, Any], day: date) -> Event:
    """The series' start on another day, at the same local time."""
    if "date" in start:
        return {"date": day.isoformat()}
    local = _local(start)
    at = datetime.combine(day, local.time(), local.tzinfo)
    return {**start, "dateTime": at.isoformat()}


def _later(begins: Mapping[str, Any], length: timedelta) -> Event:
    if "date" in begins:
        return {"date": (date.fromisoformat(begins["date"]) + length).isoformat()}
    at = instant_of(begins) + length
    return {**begins, "dateTime": at.astimezone(_local(begins).tzinfo).isoformat()}
