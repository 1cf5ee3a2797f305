"""The simulated Google Calendar over HTTP.

Source: Google Calendar API v3 discovery document, revision 20261030.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from threading import RLock
from typing import Any, Final
from urllib.parse import unquote

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.errors import RefusalError, bad_request, not_found
from syncd.sandbox.google_calendar.listing import Listing
from syncd.sandbox.google_calendar.recurrence import Event
from syncd.sandbox.google_calendar.store import Calendar, Store
from syncd.sandbox.google_calendar.tokens import Grant, Tokens
from syncd.sandbox.google_calendar.writing import Writer, require_version, visible
from syncd.sandbox.http import Request, Response

_EVENTS: Final = re.compile(r"/calendar/v3/calendars/([^/]+)/events(?:/([^/]+))?")
_CALENDAR: Final = re.compile(r"/calendar/v3/calendars/([^/]+)")
_LIST: Final = "/calendar/v3/users/me/calendarList"
_WRITES: Final = frozenset({"calendar.events", "calendar"})


class GoogleCalendarService:
    """One Workspace domain; ``settings`` gives what syncd.toml needs to log in."""

    name = "google_calendar"

    def __init__(self, clock: SandboxClock, *, per_user_a_minute: int = 600) -> None:
        """A domain without users; loading a calendar makes its user."""
        self._clock = clock
        self._store = Store()
        self._tokens = Tokens()
        self._listing = Listing(self._store)
        self._writer = Writer(self._store)
        self._budget = per_user_a_minute
        self._over_budget_status = 403
        self._minute: Counter[tuple[str, int]] = Counter()
        self._lock = RLock()

    @property
    def writes(self) -> Counter[tuple[str, str]]:
        """Writes through the API by calendar and event id."""
        return self._writer.writes

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[google_calendar]`` with the key file's text."""
        return self._tokens.settings(base_url)

    def load(self, address: str, events: Iterable[Event]) -> None:
        """Put events on one person's calendar, which is made when new.

        Other people's copies are not made: load them on their calendars.
        """
        with self._lock:
            calendar, now = self._store.calendar(address), self._clock.now(self.name)
            for event in events:
                given = event.get("updated")
                at = datetime.fromisoformat(given) if given else now
                self._store.put(calendar, event, at)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change an event."""
        return request.method != "GET" and request.path != "/token"

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            try:
                response = self._answer(request)
            except RefusalError as refusal:
                response = refusal.response()
        now = self._clock.now(self.name)
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        return response

    def _answer(self, request: Request) -> Response:
        now = self._clock.now(self.name)
        if request.path == "/token" and request.method == "POST":
            return self._tokens.answer(request, now, exists=self._is_user)
        grant = self._tokens.grant_of(request, now)
        self._spend(grant, int(now.timestamp()) // 60)
        if request.path == _LIST and request.method == "GET":
            return Response.json(self._calendar_list(grant))
        if found := _EVENTS.fullmatch(request.path):
            calendar = self._open(unquote(found[1]), grant)
            number = unquote(found[2]) if found[2] else None
            return self._events(request, grant, calendar, number)
        if (found := _CALENDAR.fullmatch(request.path)) and request.method == "GET":
            return Response.json(_calendar(self._open(unquote(found[1]), grant)))
        raise not_found()

    def _is_user(self, address: str) -> bool:
        calendar = self._store.calendars.get(address)
        return calendar is not None and not calendar.suspended

    def _spend(self, grant: Grant, minute: int) -> None:
        """One quota for two statuses: clients must go by the reason."""
        self._minute[(grant.user, minute)] += 1
        if self._minute[(grant.user, minute)] > self._budget:
            status = self._over_budget_status
            raise RefusalError(
                status, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"
            )

    def _open(self, name: str, grant: Grant) -> Calendar:
        address = grant.user if name == "primary" else name.casefold()
        calendar = self._store.calendars.get(address)
        if calendar is None or calendar.dropped or not calendar.role_of(grant.user):
            raise not_found()
        return calendar

    # --- reading ----------------------------------------------------------------------

    def _events(
        self, request: Request, grant: Grant, calendar: Calendar, number: str | None
    ) -> Response:
        if request.method != "GET":
            return self._write(request, grant, calendar, number)
        role, now = calendar.role_of(grant.user), self._clock.now(self.name)
        if number is None:
            page = self._listing.page(calendar, request.params, now)
            page["items"] = [visible(one, role) for one in page["items"]]
            kind = {"kind": "calendar#events", "accessRole": role}
            about = _calendar(calendar)
            about.pop("id")  # a list of events names its calendar by summary only
            return Response.json({**about, **kind, **page})
        event = self._find(calendar, number)
        if request.headers.get("if-none-match") == event["etag"]:
            return Response(status=304, headers={"ETag": event["etag"]})
        return _document(visible(event, role))

    def _find(self, calendar: Calendar, number: str) -> Event:
        found = self._store.find(calendar, number, self._clock.now(self.name))
        if found is None:
            raise not_found()
        return found

    def _calendar_list(self, grant: Grant) -> dict[str, Any]:
        items = [
            {
                **_calendar(one),
                "kind": "calendar#calendarListEntry",
                "accessRole": one.role_of(grant.user),
                **({"primary": True} if one.address == grant.user else {}),
            }
            for one in self._store.calendars.values()
            if not one.dropped and one.role_of(grant.user)
        ]
        return {"kind": "calendar#calendarList", "items": items}

    # --- writing ----------------------------------------------------------------------

    def _write(
        self, request: Request, grant: Grant, calendar: Calendar, number: str | None
    ) -> Response:
        role = calendar.role_of(grant.user)
        if not grant.scopes & _WRITES:
            message = "Request had insufficient authentication scopes."
            raise RefusalError(403, "insufficientPermissions", message)
        if role not in {"owner", "writer"}:
            raise RefusalError(403, "forbidden", "Forbidden", domain="calendar")
        now, param = self._clock.now(self.name), request.param
        body = _body(request)
        if number is None:
            made = self._writer.insert(calendar, body, param, now)
            return _document(made)
        event = self._find(calendar, number)
        require_version(event, request.headers.get("if-match"))
        if request.method == "DELETE":
            self._writer.delete(calendar, event, param, now)
            return Response(status=204)
        change = self._writer.change
        if request.method == "PUT":
            change = self._writer.replace
        return _document(change(calendar, event, body, param, now))

    # --- behind syncd's back ----------------------------------------------------------

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people and operators do.

        ``edit`` (``calendar``, ``id``, ``fields``), ``insert`` (``calendar``,
        ``event``) and ``cancel`` (``calendar``, ``id``) reach the guests' copies when
        it is the organizer's · ``kill_sync_tokens`` · ``kill_page_tokens`` ·
        ``page_sizes`` (``sizes`` of the next pages, 0 among them) · ``expire_tokens``
        · ``drop`` and ``suspend`` (``calendar``, ``on``) · ``share`` (``calendar``,
        ``with``, ``role``) · ``budget`` (``per_user_a_minute``, ``status``) ·
        ``mails`` (writes by their sendUpdates).

        Raises:
            KeyError: An unknown action, calendar or event.
        """
        with self._lock:
            if action in {"edit", "insert", "cancel"}:
                return {"id": self._act(action, body)["id"]}
            if action in {"drop", "suspend", "share"}:
                self._administer(action, body)
            elif action != "mails":
                self._operate(action, body)
            return {"mails": dict(self._writer.mails)}

    def _operate(self, action: str, body: Mapping[str, Any]) -> None:
        if action == "kill_sync_tokens":
            self._listing.kill_sync_tokens(body.get("calendar"))
        elif action == "kill_page_tokens":
            self._listing.kill_page_tokens()
        elif action == "page_sizes":
            self._listing.page_sizes = list(body["sizes"])
        elif action == "expire_tokens":
            self._tokens.expire_all()
        elif action == "budget":
            self._budget = int(body["per_user_a_minute"])
            self._over_budget_status = int(body.get("status", 403))
        else:
            raise KeyError(action)

    def _act(self, action: str, body: Mapping[str, Any]) -> Event:
        now, calendar = self._clock.now(self.name), self._calendar(body)
        if action == "insert":
            event = self._store.put(calendar, body["event"], now)
        else:
            found = self._store.find(calendar, str(body["id"]), now)
            if found is None:
                raise KeyError(body["id"])
            event = found
        if action == "cancel":
            self._writer.cancel(calendar, event, now)
            return event
        if action == "edit":
            event = self._store.put(calendar, {**event, **body["fields"]}, now)
        if event["organizer"].get("self"):
            self._writer.share(event, now)
        return event

    def _administer(self, action: str, body: Mapping[str, Any]) -> None:
        calendar, on = self._calendar(body), bool(body.get("on", True))
        if action == "suspend":
            calendar.suspended = on
        elif action == "drop":
            calendar.dropped = on
        else:
            calendar.roles[str(body["with"]).casefold()] = str(body["role"])
            # A change of who may see a calendar ends its sync tokens.
            self._listing.kill_sync_tokens(calendar.address)

    def _calendar(self, body: Mapping[str, Any]) -> Calendar:
        return self._store.calendars[str(body["calendar"]).casefold()]


def _calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "kind": "calendar#calendar",
        "id": calendar.address,
        "summary": calendar.address,
        "timeZone": calendar.time_zone,
    }


def _document(event: Event) -> Response:
    return Response.json(event, headers={"ETag": event.get("etag", "")})


def _body(request: Request) -> Event:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise bad_request("Parse Error") from error
    if not isinstance(body, dict):
        raise bad_request("Parse Error")
    return body
