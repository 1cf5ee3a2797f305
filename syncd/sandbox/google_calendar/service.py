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
from syncd.sandbox.google_calendar.calendar_list import CalendarList, about
from syncd.sandbox.google_calendar.errors import RefusalError, bad_request, not_found
from syncd.sandbox.google_calendar.listing import Listing
from syncd.sandbox.google_calendar.operators import Operator
from syncd.sandbox.google_calendar.partial import parse, selected
from syncd.sandbox.google_calendar.quotas import Quotas
from syncd.sandbox.google_calendar.recurrence import Event
from syncd.sandbox.google_calendar.store import Calendar, Store
from syncd.sandbox.google_calendar.tokens import Grant, Tokens, require_scope
from syncd.sandbox.google_calendar.writing import (
    Writer,
    require_role,
    require_version,
    visible,
    with_guests,
)
from syncd.sandbox.http import Request, Response

_EVENTS: Final = re.compile(
    r"/calendar/v3/calendars/([^/]+)/events(?:/([^/]+)(/instances)?)?"
)
_CALENDAR: Final = re.compile(r"/calendar/v3/calendars/([^/]+)")
_LIST: Final = "/calendar/v3/users/me/calendarList"
_ANY: Final = frozenset({"calendar", "calendar.readonly"})
READ_LIST: Final = _ANY | {"calendar.calendarlist", "calendar.calendarlist.readonly"}
READ_CALENDAR: Final = _ANY | {"calendar.calendars", "calendar.calendars.readonly"}
WRITE: Final = frozenset({"calendar", "calendar.events", "calendar.events.owned"})
READ: Final = (
    _ANY | WRITE | {"calendar.events.readonly", "calendar.events.owned.readonly"}
)


class GoogleCalendarService:
    """One Workspace domain; ``settings`` gives what syncd.toml needs to log in."""

    name = "google_calendar"

    def __init__(
        self,
        clock: SandboxClock,
        *,
        per_user_a_minute: int = 600,
        per_project_a_minute: int = 10_000,
    ) -> None:
        """A domain without users; loading a calendar makes its user."""
        self._clock = clock
        self._store = Store()
        self._tokens = Tokens()
        self._listing = Listing(self._store)
        self._calendar_list = CalendarList(self._store)
        self._writer = Writer(self._store)
        self._quotas = Quotas(
            per_user=per_user_a_minute, per_project=per_project_a_minute
        )
        self._operator = Operator(
            clock,
            self._store,
            self._writer,
            self._listing,
            self._calendar_list,
            self._tokens,
            self._quotas,
        )
        self._found_from: dict[tuple[str, str], datetime] = {}
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

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people and operators do.

        ``syncd.sandbox.google_calendar.operators`` lists them.

        Raises:
            KeyError: An unknown action, calendar or event.
        """
        with self._lock:
            return self._operator.act(action, body)

    def _answer(self, request: Request) -> Response:
        now = self._clock.now(self.name)
        if request.path == "/token" and request.method == "POST":
            return self._tokens.answer(request, now, exists=self._is_user)
        grant = self._tokens.grant_of(request, now)
        self._quotas.spend(request.param.get("quotaUser", grant.user), now)
        response = self._of_path(request, grant)
        if "fields" in request.param and response.body:
            selection = parse(request.param["fields"])
            part = selected(json.loads(response.body), selection)
            response.body = json.dumps(part, ensure_ascii=False).encode()
        return response

    def _of_path(self, request: Request, grant: Grant) -> Response:
        if request.path == _LIST and request.method == "GET":
            require_scope(grant, READ_LIST)
            return Response.json(self._calendar_list.page(grant.user, request.param))
        if found := _EVENTS.fullmatch(request.path):
            require_scope(grant, READ if request.method == "GET" else WRITE)
            calendar = self._open(unquote(found[1]), grant)
            number = unquote(found[2]) if found[2] else None
            if found[3]:
                return self._instances(request, grant, calendar, str(number))
            return self._events(request, grant, calendar, number)
        if (found := _CALENDAR.fullmatch(request.path)) and request.method == "GET":
            require_scope(grant, READ_CALENDAR)
            return Response.json(about(self._open(unquote(found[1]), grant)))
        raise not_found()

    def _is_user(self, address: str) -> bool:
        calendar = self._store.calendars.get(address)
        return calendar is not None and not calendar.suspended

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
            return self._page(request, calendar, role, page)
        event = self._find(calendar, number)
        if request.headers.get("if-none-match") == event["etag"]:
            return Response(status=304, headers={"ETag": event["etag"]})
        return _document(with_guests(visible(event, role), _most_guests(request)))

    def _instances(
        self, request: Request, grant: Grant, calendar: Calendar, number: str
    ) -> Response:
        if request.method != "GET":
            raise not_found()
        series, now = self._find(calendar, number), self._clock.now(self.name)
        page = self._listing.instances(calendar, series, request.param, now)
        return self._page(request, calendar, calendar.role_of(grant.user), page)

    def _page(
        self,
        request: Request,
        calendar: Calendar,
        role: str | None,
        page: Mapping[str, Any],
    ) -> Response:
        """A list of events, which names its calendar by summary only."""
        most = _most_guests(request)
        items = [with_guests(visible(one, role), most) for one in page["items"]]
        head = {"kind": "calendar#events", "accessRole": role}
        head |= {"summary": calendar.address, "timeZone": calendar.time_zone}
        return Response.json({**head, **page, "items": items})

    def _find(self, calendar: Calendar, number: str) -> Event:
        now = self._clock.now(self.name)
        found = self._store.find(calendar, number, now)
        found_from = self._found_from.get((calendar.address, number), now)
        if found is None or now < found_from:
            raise not_found()
        return found

    # --- writing ----------------------------------------------------------------------

    def _write(
        self, request: Request, grant: Grant, calendar: Calendar, number: str | None
    ) -> Response:
        role = calendar.role_of(grant.user)
        self._quotas.require_writes()
        now, param = self._clock.now(self.name), request.param
        body = _body(request)
        if number is None:
            require_role(None, role)
            made = self._writer.insert(calendar, body, param, now)
            place = (calendar.address, str(made["id"]))
            self._found_from[place] = now + self._operator.late_by
            return _document(made)
        event = self._find(calendar, number)
        require_role(event, role)
        require_version(event, request.headers.get("if-match"))
        if request.method == "DELETE":
            self._writer.delete(calendar, event, param, now)
            return Response(status=204)
        change = self._writer.change
        if request.method == "PUT":
            change = self._writer.replace
        return _document(change(calendar, event, body, param, now))


def _most_guests(request: Request) -> int | None:
    text = request.param.get("maxAttendees")
    return int(text) if text and text.isdigit() else None


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
