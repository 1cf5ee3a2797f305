"""A user's list of calendars, whole and incremental.

Source: Google Calendar API v3, calendarList.list.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncd.sandbox.google_calendar.errors import (
    RefusalError,
    bad_request,
    full_sync_required,
)
from syncd.sandbox.google_calendar.store import Calendar, Store

_RANKS: Final = (
    "freeBusyReader",
    "reader",
    "writerWithoutPrivateAccess",
    "writer",
    "owner",
)
_DEFAULT_PAGE: Final = 100
_LARGEST_PAGE: Final = 250

Entry = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """What a page token stands for."""

    entries: tuple[Entry, ...]
    sync_token: str


class CalendarList:
    """Answers lists and remembers the tokens it gave."""

    def __init__(self, store: Store) -> None:
        """Over these calendars."""
        self._store = store
        self._marks: dict[str, tuple[str, int]] = {}
        self._rests: dict[str, _Rest] = {}

    def kill_sync_tokens(self) -> None:
        """Let every sync token die."""
        self._marks.clear()

    def page(self, user: str, param: Mapping[str, str]) -> Entry:
        """Entries with a page token or, at the end, a sync token.

        Raises:
            RefusalError: 400 for parameters that do not go together; 410 for a token
                that has died.
        """
        if "pageToken" in param:
            rest = self._rests.get(param["pageToken"])
            if rest is None:
                raise bad_request("Invalid page token")
        else:
            rest = self._first(user, param)
        size = min(int(param.get("maxResults", _DEFAULT_PAGE)), _LARGEST_PAGE)
        body: Entry = {
            "kind": "calendar#calendarList",
            "items": list(rest.entries[:size]),
        }
        left = rest.entries[size:]
        if not left:
            return {**body, "nextSyncToken": rest.sync_token}
        token = secrets.token_urlsafe(12)
        self._rests[token] = _Rest(entries=left, sync_token=rest.sync_token)
        return {**body, "nextPageToken": token}

    def _first(self, user: str, param: Mapping[str, str]) -> _Rest:
        since = self._since(user, param) if "syncToken" in param else None
        lowest = param.get("minAccessRole", _RANKS[0])
        if lowest not in _RANKS:
            raise RefusalError(400, "invalidParameter", "Invalid value for role")
        shows_deleted = since is not None or param.get("showDeleted") == "true"
        entries = []
        for one in self._store.calendars.values():
            changed_at = one.listed.get(user)
            if since is not None and (changed_at is None or changed_at <= since):
                continue
            entry = _entry(one, user)
            if entry is None:
                if shows_deleted and changed_at is not None:
                    kind = "calendar#calendarListEntry"
                    entries.append({"kind": kind, "id": one.address, "deleted": True})
            elif _rank(entry["accessRole"]) >= _rank(lowest):
                entries.append(entry)
        token = secrets.token_urlsafe(12)
        self._marks[token] = (user, self._store.seq)
        return _Rest(entries=tuple(entries), sync_token=token)

    def _since(self, user: str, param: Mapping[str, str]) -> int:
        hides = "false" in {param.get("showDeleted"), param.get("showHidden")}
        if "minAccessRole" in param or hides:
            raise bad_request("Sync token cannot be used with other query restrictions")
        mark = self._marks.get(param["syncToken"])
        if mark is None:
            raise full_sync_required()
        if mark[0] != user:
            raise bad_request("The sync token belongs to another user")
        return mark[1]


def about(calendar: Calendar) -> Entry:
    """A calendar as such."""
    return {
        "kind": "calendar#calendar",
        "id": calendar.address,
        "summary": calendar.address,
        "timeZone": calendar.time_zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": ["hangoutsMeet"]},
    }


def _entry(calendar: Calendar, user: str) -> Entry | None:
    role = calendar.role_of(user)
    if calendar.dropped or role is None:
        return None
    entry = {**about(calendar), "kind": "calendar#calendarListEntry"}
    entry["accessRole"] = role
    return {**entry, "primary": True} if calendar.address == user else entry


def _rank(role: str) -> int:
    """Roles that are not known here come first."""
    return _RANKS.index(role) if role in _RANKS else 0
