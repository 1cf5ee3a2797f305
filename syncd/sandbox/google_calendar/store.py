"""Calendars and their events in memory, with versions and a sequence of changes."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.google_calendar.recurrence import (
    Event,
    instant_of,
    occurrences,
)

_HORIZON: Final = timedelta(days=400)


@dataclass(kw_only=True)
class Row:
    """One event of one calendar.

    Attributes:
        seq: Number of its last change, over all calendars.
        former: Earlier versions of a series, by the change that replaced them.
    """

    event: Event
    seq: int
    former: list[tuple[int, Event]] = field(default_factory=list)


@dataclass(kw_only=True)
class Calendar:
    """One person's calendar.

    Attributes:
        roles: What others may see of it.
        listed: When it last changed in a user's list, by number of the change.
    """

    address: str
    time_zone: str = "UTC"
    suspended: bool = False
    dropped: bool = False
    roles: dict[str, str] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

    def role_of(self, user: str) -> str | None:
        """``owner`` of one's own; else as shared; None = unseen."""
        return "owner" if user == self.address else self.roles.get(user)


class Store:
    """All calendars, and the counter of changes."""

    def __init__(self) -> None:
        """No calendar."""
        self.calendars: dict[str, Calendar] = {}
        self.seq = 0

    def calendar(self, address: str) -> Calendar:
        """That person's calendar, made when new."""
        address = address.casefold()
        return self.calendars.setdefault(address, Calendar(address=address))

    def relist(self, calendar: Calendar, users: Iterable[str]) -> None:
        """Note that a calendar has come to, gone from or changed in users' lists."""
        self.seq += 1
        calendar.listed.update(dict.fromkeys(users, self.seq))

    def put(self, calendar: Calendar, event: Mapping[str, Any], now: datetime) -> Event:
        """Store an event as its new version: etag, ``updated`` and self flags set."""
        self.seq += 1
        stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        number = str(event.get("id") or secrets.token_hex(13))
        known = calendar.rows.get(number)
        stored = {
            "kind": "calendar#event",
            "status": "confirmed",
            "eventType": "default",
            "created": stamp,
            "iCalUID": f"{event.get('recurringEventId', number)}@google.com",
            **_with_self(event, calendar.address),
            "id": number,
            "htmlLink": _page_of(number, calendar.address),
            "updated": stamp,
            "etag": f'"{self.seq:016d}"',
        }
        row = Row(event=stored, seq=self.seq)
        if known is not None:
            row.former = known.former
            if "recurrence" in known.event:
                row.former.append((self.seq, known.event))
        calendar.rows[number] = row
        return stored

    def find(self, calendar: Calendar, number: str, now: datetime) -> Event | None:
        """An event or one occurrence of a series by id; cancelled ones too."""
        if number in calendar.rows:
            return calendar.rows[number].event
        master = calendar.rows.get(number.rpartition("_")[0])
        if master is None or master.event["status"] == "cancelled":
            return None
        every = occurrences(master.event, until=now + _HORIZON)
        return next((one for one in every if one["id"] == number), None)


def _page_of(number: str, address: str) -> str:
    """Where a person looks at an event; read-only, like the rest of what is set."""
    key = base64.urlsafe_b64encode(f"{number} {address}".encode()).decode()
    return f"https://www.google.com/calendar/event?eid={key.rstrip('=')}"


def expanded(calendar: Calendar, series: Event, now: datetime) -> list[Event]:
    """A series' occurrences up to 400 days ahead, without its exceptions."""
    if series["status"] == "cancelled":
        return []
    exceptions = calendar.rows
    every = occurrences(series, until=now + _HORIZON)
    return [one for one in every if one["id"] not in exceptions]


def vanished(calendar: Calendar, row: Row, since: int, now: datetime) -> list[Event]:
    """Bare cancellations of occurrences that a series had at change ``since``."""
    before = next((event for seq, event in row.former if seq > since), None)
    if before is None or before["status"] == "cancelled":
        return []
    here = {one["id"] for one in expanded(calendar, row.event, now)}
    return [
        bare(one) for one in expanded(calendar, before, now) if one["id"] not in here
    ]


def bare(event: Event) -> Event:
    """What a delta shows of a deleted event."""
    names = ("kind", "etag", "id", "recurringEventId", "originalStartTime")
    return {k: event[k] for k in names if k in event} | {"status": "cancelled"}


def is_within(event: Event, low: datetime | None, high: datetime | None) -> bool:
    """Whether it ends after ``low`` and starts before ``high``."""
    if "start" not in event:
        return low is None and high is None
    return (low is None or instant_of(event["end"]) > low) and (
        high is None or instant_of(event["start"]) < high
    )


def _with_self(event: Mapping[str, Any], address: str) -> Event:
    """This copy's self flags: attendees', organizer's and creator's."""

    def flagged(person: Mapping[str, Any]) -> dict[str, Any]:
        plain = {k: v for k, v in person.items() if k != "self"}
        mine = str(person.get("email", "")).casefold() == address
        return plain | {"self": True} if mine else plain

    out = dict(event)
    out.setdefault("organizer", {"email": address})
    for role in ("organizer", "creator"):
        if role in out:
            out[role] = flagged(out[role])
    if "attendees" in out:
        out["attendees"] = [flagged(one) for one in out["attendees"]]
    return out
