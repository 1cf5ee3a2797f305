"""events.list: full and incremental, in pages.

Source: Google Calendar API v3, events.list; guide "Synchronize resources efficiently".
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.google_calendar.errors import (
    RefusalError,
    bad_request,
    full_sync_required,
)
from syncd.sandbox.google_calendar.recurrence import Event, instant_of
from syncd.sandbox.google_calendar.store import (
    Calendar,
    Row,
    Store,
    bare,
    expanded,
    is_within,
    vanished,
)

_DEFAULT_PAGE: Final = 250
_LARGEST_PAGE: Final = 2500
_TOKEN_LIFE: Final = timedelta(days=28)
_NOT_WITH_TOKEN: Final = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "sharedExtendedProperty",
    "q",
    "timeMin",
    "timeMax",
    "updatedMin",
)
# May differ between the first listing and its deltas.
_UNBOUND: Final = frozenset(
    {*_NOT_WITH_TOKEN, "pageToken", "syncToken", "maxResults", "showDeleted"}
    | {"fields", "alt", "prettyPrint", "quotaUser"}
)

Signature = frozenset[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """What a sync token stands for."""

    calendar: str
    signature: Signature
    seq: int
    made_at: datetime


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """What a page token stands for: items still to come, and the final token.

    A list of one series' occurrences ends without a token.
    """

    calendar: str
    items: tuple[Event, ...]
    sync_token: str | None


class Listing:
    """Answers lists and remembers the tokens it gave.

    Attributes:
        page_sizes: Sizes of the next pages, 0 among them.
        repeats: The last item of a page comes again on the next one.
    """

    def __init__(self, store: Store) -> None:
        """Over these calendars."""
        self._store = store
        self._marks: dict[str, _Mark] = {}
        self._rests: dict[str, _Rest] = {}
        self.page_sizes: list[int] = []
        self.repeats = False

    def kill_sync_tokens(self, calendar: str | None = None) -> None:
        """Let sync tokens die: one calendar's, or all."""
        self._marks = {
            token: mark
            for token, mark in self._marks.items()
            if calendar is not None and mark.calendar != calendar
        }

    def kill_page_tokens(self) -> None:
        """Let page tokens die."""
        self._rests.clear()

    def page(
        self, calendar: Calendar, params: list[tuple[str, str]], now: datetime
    ) -> dict[str, Any]:
        """Items with either a page token or, at the end, a sync token.

        Raises:
            RefusalError: 400 for parameters that do not go together; 410 for tokens
                that have died.
        """
        param = dict(params)
        if "pageToken" in param:
            rest = self._rest(calendar, param)
        else:
            rest = self._first(calendar, params, now)
        return self._cut(rest, param)

    def instances(
        self, calendar: Calendar, series: Event, param: Mapping[str, str], now: datetime
    ) -> dict[str, Any]:
        """A series' occurrences and exceptions, by start, in pages of their own.

        Raises:
            RefusalError: 400 for parameters that cannot do.
        """
        if "pageToken" in param:
            return self._cut(self._rest(calendar, param), param)
        found = expanded(calendar, series, now)
        for row in calendar.rows.values():
            is_live = row.event["status"] != "cancelled"
            shows = is_live or param.get("showDeleted") == "true"
            if row.event.get("recurringEventId") == series["id"] and shows:
                found.append(row.event)
        low, high = _bound(param, "timeMin"), _bound(param, "timeMax")
        first = _bound(param, "originalStart")
        kept = [
            one
            for one in found
            if is_within(one, low, high)
            and (first is None or instant_of(one["originalStartTime"]) == first)
        ]
        kept.sort(key=lambda one: instant_of(one["originalStartTime"]))
        rest = _Rest(calendar=calendar.address, items=tuple(kept), sync_token=None)
        return self._cut(rest, param)

    def _rest(self, calendar: Calendar, param: Mapping[str, str]) -> _Rest:
        rest = self._rests.get(param["pageToken"])
        if rest is None or rest.calendar != calendar.address:
            raise bad_request("Invalid page token")
        return rest

    def _cut(self, rest: _Rest, param: Mapping[str, str]) -> dict[str, Any]:
        size = min(int(param.get("maxResults", _DEFAULT_PAGE)), _LARGEST_PAGE)
        if self.page_sizes:
            size = min(size, self.page_sizes.pop(0))
        items, left = list(rest.items[:size]), rest.items[size:]
        if not left:
            ends = {} if rest.sync_token is None else {"nextSyncToken": rest.sync_token}
            return {"items": items, **ends}
        if self.repeats and len(items) > 1:
            left = (items[-1], *left)
        token = secrets.token_urlsafe(12)
        self._rests[token] = _Rest(
            calendar=rest.calendar, items=left, sync_token=rest.sync_token
        )
        return {"items": items, "nextPageToken": token}

    def _first(
        self, calendar: Calendar, params: list[tuple[str, str]], now: datetime
    ) -> _Rest:
        param = dict(params)
        signature = frozenset(one for one in params if one[0] not in _UNBOUND)
        if "syncToken" in param:
            mark = self._mark(calendar, param, signature, now)
            items = self._delta(calendar, mark.seq, param, now)
        else:
            items = self._full(calendar, params, now)
        token = secrets.token_urlsafe(12)
        self._marks[token] = _Mark(
            calendar=calendar.address,
            signature=signature,
            seq=self._store.seq,
            made_at=now,
        )
        return _Rest(calendar=calendar.address, items=tuple(items), sync_token=token)

    def _mark(
        self,
        calendar: Calendar,
        param: Mapping[str, str],
        signature: Signature,
        now: datetime,
    ) -> _Mark:
        barred = [name for name in _NOT_WITH_TOKEN if name in param]
        if barred or param.get("showDeleted") == "false":
            raise bad_request("Sync token cannot be used with other query restrictions")
        mark = self._marks.get(param["syncToken"])
        if mark is None or now - mark.made_at > _TOKEN_LIFE:
            raise full_sync_required()
        if mark.calendar != calendar.address or mark.signature != signature:
            raise bad_request("The sync token belongs to another query")
        return mark

    def _delta(
        self, calendar: Calendar, since: int, param: Mapping[str, str], now: datetime
    ) -> list[Event]:
        single = param.get("singleEvents") == "true"
        changed = sorted(
            (row for row in calendar.rows.values() if row.seq > since),
            key=lambda row: row.seq,
        )
        items: list[Event] = []
        for row in changed:
            if single and "recurrence" in row.event:
                items += expanded(calendar, row.event, now)
                items += vanished(calendar, row, since, now)
            elif row.event["status"] == "cancelled":
                items.append(bare(row.event))
            else:
                items.append(row.event)
        return items

    def _full(
        self, calendar: Calendar, params: list[tuple[str, str]], now: datetime
    ) -> list[Event]:
        param = dict(params)
        single = param.get("singleEvents") == "true"
        order = param.get("orderBy", "id")
        if order == "startTime" and not single:
            raise bad_request("orderBy startTime needs singleEvents")
        changed_since = _bound(param, "updatedMin")
        if changed_since is not None and now - changed_since > _TOKEN_LIFE:
            message = "The requested minimum modification time lies too far back."
            raise RefusalError(410, "updatedMinTooLongAgo", message, domain="calendar")
        found: list[Event] = []
        for row in calendar.rows.values():
            if single and "recurrence" in row.event:
                found += expanded(calendar, row.event, now)
            elif _is_live(row, param, single=single):
                found.append(row.event)
        low, high = _bound(param, "timeMin"), _bound(param, "timeMax")
        if low is not None and high is not None and low >= high:
            raise RefusalError(400, "timeRangeEmpty", "The time range is empty.")
        kept = [
            one
            for one in found
            # A series has no end of its own here: it always meets a time range.
            if ("recurrence" in one or is_within(one, low, high))
            and _passes(one, params, changed_since)
        ]
        return sorted(kept, key=lambda one: _place(one, order))


def _is_live(row: Row, param: Mapping[str, str], *, single: bool) -> bool:
    """Cancelled occurrences of living series show when series are not expanded."""
    if row.event["status"] != "cancelled" or "updatedMin" in param:
        return True
    shows_deleted = param.get("showDeleted") == "true"
    return shows_deleted or (not single and "recurringEventId" in row.event)


def _passes(
    event: Event, params: list[tuple[str, str]], changed_since: datetime | None
) -> bool:
    param = dict(params)
    kinds = {value for name, value in params if name == "eventTypes"}
    text = f"{event.get('summary', '')} {event.get('description', '')}".casefold()
    return all(
        (
            not kinds or event.get("eventType") in kinds,
            "iCalUID" not in param or event.get("iCalUID") == param["iCalUID"],
            param.get("q", "").casefold() in text,
            changed_since is None
            or datetime.fromisoformat(event["updated"]) >= changed_since,
            _has_property(event, "private", param.get("privateExtendedProperty")),
            _has_property(event, "shared", param.get("sharedExtendedProperty")),
        )
    )


def _has_property(event: Event, side: str, wanted: str | None) -> bool:
    if wanted is None:
        return True
    name, _, value = wanted.partition("=")
    held = event.get("extendedProperties", {}).get(side, {})
    return bool(held.get(name) == value)


def _place(event: Event, order: str) -> str:
    if order == "startTime":
        return instant_of(event["start"]).isoformat()
    return str(event[order if order == "updated" else "id"])


def _bound(param: Mapping[str, str], name: str) -> datetime | None:
    if name not in param:
        return None
    try:
        at = datetime.fromisoformat(param[name])
    except ValueError as error:
        raise bad_request(f"{name} is no time") from error
    if at.tzinfo is None:
        raise bad_request(f"{name} needs an offset")
    return at
