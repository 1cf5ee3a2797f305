"""insert, patch, update, delete: versions, ids that stay taken, copies of guests.

Source: Google Calendar API v3 reference; guides "Get specific versions of resources"
and "Extended properties".
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.google_calendar.errors import RefusalError, bad_request, not_found
from syncd.sandbox.google_calendar.recurrence import Event
from syncd.sandbox.google_calendar.store import Calendar, Store, bare

_ID: Final = re.compile(r"[a-v0-9]{5,1024}")
_LONGEST_KEY: Final = 44
_LONGEST_VALUE: Final = 1024
_KEPT: Final = frozenset(
    {"id", "iCalUID", "created", "organizer", "creator"}
    | {"recurringEventId", "originalStartTime"}
)
_HIDDEN: Final = frozenset({"private", "confidential"})
_SEES_ALL: Final = frozenset({"owner", "writer"})
_WRITES: Final = frozenset({*_SEES_ALL, "writerWithoutPrivateAccess"})
# A guest may change these on the own copy.
_OWN: Final = frozenset({"reminders", "colorId", "transparency", "visibility"})


class Writer:
    """Changes events as the API does; ``writes`` counts them per calendar and id."""

    def __init__(self, store: Store) -> None:
        """Over these calendars."""
        self._store = store
        self.writes: Counter[tuple[str, str]] = Counter()
        self.mails: Counter[str] = Counter()

    def insert(
        self, calendar: Calendar, body: Event, param: Mapping[str, str], now: datetime
    ) -> Event:
        """A new event. Ids stay taken after a deletion.

        Raises:
            RefusalError: 400 for an impossible id or no time; 409 for a taken id.
        """
        number = body.get("id")
        if number is not None and not _ID.fullmatch(str(number)):
            raise RefusalError(400, "invalid", "Invalid resource id value.")
        if number in calendar.rows:
            message = "The requested identifier already exists."
            raise RefusalError(409, "duplicate", message)
        if "start" not in body or "end" not in body:
            raise RefusalError(400, "required", "Missing start or end time.")
        return self._store_all(calendar, _cleaned(body, {}, param), param, now)

    def change(
        self,
        calendar: Calendar,
        before: Event,
        body: Event,
        param: Mapping[str, str],
        now: datetime,
    ) -> Event:
        """Patch: fields given replace, arrays whole; null clears; properties merge."""
        _refuse_guest(before, body)
        after = {**before, **_merged(before, _cleaned(body, before, param))}
        after = {k: v for k, v in after.items() if v is not None}
        return self._store_all(calendar, after, param, now)

    def replace(
        self,
        calendar: Calendar,
        before: Event,
        body: Event,
        param: Mapping[str, str],
        now: datetime,
    ) -> Event:
        """Update: what is not sent is gone, but what the service keeps itself."""
        changed = {k: v for k, v in body.items() if before.get(k) != v}
        _refuse_guest(before, changed)
        after = {k: before[k] for k in _KEPT if k in before}
        after |= {
            k: v for k, v in _cleaned(body, before, param).items() if k not in _KEPT
        }
        return self._store_all(calendar, after, param, now)

    def delete(
        self, calendar: Calendar, event: Event, param: Mapping[str, str], now: datetime
    ) -> None:
        """Cancel. An organizer's deletion takes the guests' copies along.

        Raises:
            RefusalError: 410 the second time.
        """
        if event["status"] == "cancelled":
            raise RefusalError(410, "deleted", "Resource has been deleted")
        self._count(calendar, event, param)
        self.cancel(calendar, event, now)

    def cancel(self, calendar: Calendar, event: Event, now: datetime) -> None:
        """Cancel without counting it as a write through the API."""
        holders = [calendar]
        if event.get("organizer", {}).get("self"):
            holders = [*self._guests(event), calendar]
        for holder in holders:
            copy = self._store.find(holder, event["id"], now)
            exceptions = [
                row.event
                for row in holder.rows.values()
                if row.event.get("recurringEventId") == event["id"]
            ]
            for one in [copy, *exceptions] if copy is not None else exceptions:
                self._store.put(holder, {**one, "status": "cancelled"}, now)

    def share(self, event: Event, now: datetime) -> None:
        """Lay the organizer's event over each guest's copy; what is theirs stays."""
        for guest in self._guests(event):
            known = guest.rows.get(event["id"])
            mine = known.event if known is not None else {}
            own = {k: mine[k] for k in _OWN if k in mine}
            private = mine.get("extendedProperties", {}).get("private")
            properties = dict(event.get("extendedProperties", {}))
            properties.pop("private", None)
            if private:
                properties["private"] = private
            copy = {**event, **own, "extendedProperties": properties}
            self._store.put(guest, copy, now)

    def _store_all(
        self, calendar: Calendar, event: Event, param: Mapping[str, str], now: datetime
    ) -> Event:
        stored = self._store.put(calendar, event, now)
        self._count(calendar, stored, param)
        if stored["organizer"].get("self"):
            self.share(stored, now)
        return stored

    def _count(
        self, calendar: Calendar, event: Event, param: Mapping[str, str]
    ) -> None:
        self.writes[(calendar.address, str(event["id"]))] += 1
        self.mails[param.get("sendUpdates", "none")] += 1

    def _guests(self, event: Event) -> list[Calendar]:
        addresses = [
            str(one.get("email", "")).casefold() for one in event.get("attendees", ())
        ]
        organizer = str(event.get("organizer", {}).get("email", "")).casefold()
        return [
            self._store.calendars[address]
            for address in addresses
            if address in self._store.calendars and address != organizer
        ]


def require_version(event: Event, if_match: str | None) -> None:
    """Refuse with 412 when the caller holds another version."""
    if if_match is not None and if_match not in {event["etag"], "*"}:
        raise RefusalError(412, "conditionNotMet", "Precondition Failed")


def require_role(event: Event | None, role: str | None) -> None:
    """Refuse readers, and those who may not see what they would change.

    Raises:
        RefusalError: 403.
    """
    is_private = event is not None and event.get("visibility") in _HIDDEN
    if role not in (_SEES_ALL if is_private else _WRITES):
        raise RefusalError(403, "forbidden", "Forbidden", domain="calendar")


def with_guests(event: Event, most: int | None) -> Event:
    """The event; with too many guests, only the reader's own entry is left."""
    guests = event.get("attendees", [])
    if most is None or len(guests) <= most:
        return event
    mine = [one for one in guests if one.get("self")]
    return {**event, "attendees": mine, "attendeesOmitted": True}


def visible(event: Event, role: str | None) -> Event:
    """What a reader of that role sees.

    Raises:
        RefusalError: 404 without any role.
    """
    if role is None:
        raise not_found()
    hidden = event.get("visibility") in _HIDDEN
    if role in _SEES_ALL or (role != "freeBusyReader" and not hidden):
        return event
    times = {k: event[k] for k in ("start", "end", "updated", "iCalUID") if k in event}
    return bare(event) | times | {"status": event["status"], "visibility": "private"}


def _refuse_guest(event: Event, changes: Event) -> None:
    """Shared fields belong to the organizer; one's own answer does not count."""
    mine = event.get("organizer", {}).get("self") or event.get("guestsCanModify")
    shared = set(changes) - _OWN - {"id", "etag", "extendedProperties"}
    answers = set(changes) == {"attendees"} and _is_rsvp(event, changes)
    if mine or not shared or answers:
        return
    message = "Shared properties can only be changed by the organizer of the event."
    raise RefusalError(403, "forbiddenForNonOrganizer", message, domain="calendar")


def _is_rsvp(event: Event, changes: Event) -> bool:
    def others(attendees: list[Event]) -> list[Event]:
        return [one for one in attendees if not one.get("self")]

    return others(event.get("attendees", [])) == others(changes["attendees"])


def _cleaned(body: Event, before: Event, param: Mapping[str, str]) -> Event:
    """Without what the service passes over in silence."""
    kept = {
        k: v
        for k, v in body.items()
        if k not in {"etag", "updated", "created", "kind", "htmlLink"}
    }
    if body.get("eventType", "default") != before.get("eventType", "default"):
        raise bad_request("eventType cannot be changed")
    if param.get("conferenceDataVersion") != "1":
        kept.pop("conferenceData", None)
        if "conferenceData" in before:
            kept["conferenceData"] = before["conferenceData"]
    if kept.get("extendedProperties"):
        kept["extendedProperties"] = {
            side: {
                name: None if value is None else str(value)[:_LONGEST_VALUE]
                for name, value in held.items()
                if len(name) <= _LONGEST_KEY
            }
            for side, held in kept["extendedProperties"].items()
        }
    return kept


def _merged(before: Event, body: Event) -> dict[str, Any]:
    """A patch with its extended properties merged into those that are there."""
    given = body.get("extendedProperties")
    if not given:
        return body
    properties = dict(before.get("extendedProperties", {}))
    for side, held in given.items():
        both = {**properties.get(side, {}), **held}
        properties[side] = {k: v for k, v in both.items() if v is not None}
    return {**body, "extendedProperties": properties}
