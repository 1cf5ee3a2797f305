"""What people and operators do behind a caller's back.

Each hook takes ``control(action, body)``'s body:

- ``edit`` (``calendar``, ``id``, ``fields``), ``insert`` (``calendar``, ``event``),
  ``cancel`` (``calendar``, ``id``): they reach the guests' copies when the calendar is
  the organizer's;
- ``drop``, ``suspend`` (``calendar``, ``on``), ``share`` (``calendar``, ``with``,
  ``role``; null takes it away);
- ``kill_sync_tokens`` (``calendar`` or all), ``kill_list_tokens``,
  ``kill_page_tokens``, ``page_sizes`` (``sizes`` of the next pages, 0 among them),
  ``repeat_items`` (``on``), ``late_events`` (``seconds`` until a new event is found);
- ``expire_tokens``, ``consent`` (``calendar``, ``scopes``, ``testing``; answers a
  refresh token with its client), ``revoke`` (``calendar``);
- ``budget`` (``per_user_a_minute``, ``per_project_a_minute``, ``status``,
  ``retry_after_s``), ``usage_limits`` (``on``: for writes);
- ``mails``: writes by their ``sendUpdates``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.calendar_list import CalendarList
from syncd.sandbox.google_calendar.listing import Listing
from syncd.sandbox.google_calendar.quotas import Quotas
from syncd.sandbox.google_calendar.recurrence import Event
from syncd.sandbox.google_calendar.store import Calendar, Store
from syncd.sandbox.google_calendar.tokens import Tokens, short
from syncd.sandbox.google_calendar.writing import Writer

Body = Mapping[str, Any]
Hook = Callable[["Operator", Body], dict[str, Any] | None]


class Operator:
    """Has the run of the whole service.

    Attributes:
        late_by: How long a new event cannot be found by its id.
    """

    def __init__(
        self,
        clock: SandboxClock,
        store: Store,
        writer: Writer,
        listing: Listing,
        calendar_list: CalendarList,
        tokens: Tokens,
        quotas: Quotas,
    ) -> None:
        """Over these parts."""
        self._clock = clock
        self._store = store
        self._writer = writer
        self._listing = listing
        self._calendar_list = calendar_list
        self._tokens = tokens
        self._quotas = quotas
        self.late_by = timedelta(0)

    def act(self, action: str, body: Body) -> dict[str, Any]:
        """Do one thing.

        Raises:
            KeyError: An unknown action, calendar or event.
        """
        return _HOOKS[action](self, body) or {}

    # --- events -----------------------------------------------------------------------

    def edit(self, body: Body) -> dict[str, Any]:
        """Change an event."""
        calendar, event = self._calendar(body), self._event(body)
        changed = {**event, **body["fields"]}
        return self._shared(self._store.put(calendar, changed, self._now()))

    def insert(self, body: Body) -> dict[str, Any]:
        """Make an event."""
        calendar = self._calendar(body)
        return self._shared(self._store.put(calendar, body["event"], self._now()))

    def cancel(self, body: Body) -> dict[str, Any]:
        """Cancel an event."""
        event = self._event(body)
        self._writer.cancel(self._calendar(body), event, self._now())
        return {"id": event["id"]}

    def _shared(self, event: Event) -> dict[str, Any]:
        if event["organizer"].get("self"):
            self._writer.share(event, self._now())
        return {"id": event["id"]}

    def _event(self, body: Body) -> Event:
        calendar, number = self._calendar(body), str(body["id"])
        found = self._store.find(calendar, number, self._now())
        if found is None:
            raise KeyError(number)
        return found

    # --- calendars --------------------------------------------------------------------

    def drop(self, body: Body) -> None:
        """Take a calendar away, or give it back."""
        calendar = self._calendar(body)
        calendar.dropped = bool(body.get("on", True))
        self._store.relist(calendar, {calendar.address, *calendar.roles})

    def suspend(self, body: Body) -> None:
        """Shut a user out, or in."""
        self._calendar(body).suspended = bool(body.get("on", True))

    def share(self, body: Body) -> None:
        """Change what somebody may see of a calendar; it ends its sync tokens."""
        calendar, user = self._calendar(body), str(body["with"]).casefold()
        if body["role"] is None:
            calendar.roles.pop(user, None)
        else:
            calendar.roles[user] = str(body["role"])
        self._store.relist(calendar, {user})
        self._listing.kill_sync_tokens(calendar.address)

    def _calendar(self, body: Body) -> Calendar:
        return self._store.calendars[str(body["calendar"]).casefold()]

    # --- lists ------------------------------------------------------------------------

    def kill_sync_tokens(self, body: Body) -> None:
        """Let sync tokens of events die."""
        self._listing.kill_sync_tokens(body.get("calendar"))

    def kill_list_tokens(self, body: Body) -> None:
        """Let sync tokens of calendar lists die."""
        self._calendar_list.kill_sync_tokens()

    def kill_page_tokens(self, body: Body) -> None:
        """Let page tokens die."""
        self._listing.kill_page_tokens()

    def page_sizes(self, body: Body) -> None:
        """Sizes of the next pages."""
        self._listing.page_sizes = list(body["sizes"])

    def repeat_items(self, body: Body) -> None:
        """Let the last item of a page come again."""
        self._listing.repeats = bool(body.get("on", True))

    def late_events(self, body: Body) -> None:
        """Let new events be unknown by their id for a while."""
        self.late_by = timedelta(seconds=float(body["seconds"]))

    # --- tokens and quotas ------------------------------------------------------------

    def expire_tokens(self, body: Body) -> None:
        """End every access token."""
        self._tokens.expire_all()

    def consent(self, body: Body) -> dict[str, str]:
        """A user consents in the browser."""
        scopes, user = short(body["scopes"]), self._calendar(body).address
        testing = bool(body.get("testing"))
        return self._tokens.consents.give(user, scopes, self._now(), testing=testing)

    def revoke(self, body: Body) -> None:
        """A user takes every consent back."""
        self._tokens.consents.revoke(self._calendar(body).address)

    def budget(self, body: Body) -> None:
        """Other quotas, and how their refusals look."""
        quotas = self._quotas
        quotas.per_user = int(body.get("per_user_a_minute", quotas.per_user))
        quotas.per_project = int(body.get("per_project_a_minute", quotas.per_project))
        quotas.status = int(body.get("status", 403))
        quotas.retry_after_s = body.get("retry_after_s")

    def usage_limits(self, body: Body) -> None:
        """Refuse writes for having been too many."""
        self._quotas.writes_exhausted = bool(body.get("on", True))

    def mails(self, body: Body) -> dict[str, Any]:
        """What guests would have been told."""
        return {"mails": dict(self._writer.mails)}

    def _now(self) -> datetime:
        return self._clock.now("google_calendar")


_HOOKS: Final[Mapping[str, Hook]] = {
    name: getattr(Operator, name)
    for name in (
        *("edit", "insert", "cancel", "drop", "suspend", "share"),
        *("kill_sync_tokens", "kill_list_tokens", "kill_page_tokens"),
        *("page_sizes", "repeat_items", "late_events"),
        *("expire_tokens", "consent", "revoke", "budget", "usage_limits", "mails"),
    )
}
