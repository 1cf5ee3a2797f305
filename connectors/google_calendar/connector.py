"""The Google Calendar connector: sync tokens, and a full list when one dies.

Source: Google Calendar API, "Synchronize resources efficiently", "Handle API errors".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import requests

from connectors.google_calendar.login import SYSTEM, Tokens
from syncd.errors import (
    AuthError,
    ConnectorError,
    CursorError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of, iso_z
from syncd.kit.paging import Pages
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying
from syncd.kit.retry_after import retry_after_s
from syncd.model.record import Quarantined, RawRecord, RecordRef
from syncd.ports.connector import (
    CheckItem,
    ConnectorContext,
    FieldInfo,
    Level,
    OrgIdentity,
    Page,
    ReadRequest,
)

_BUSY: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "backendError"})
_NO_CALENDAR: Final = frozenset({"notFound", "forbidden", "insufficientPermissions"})


class GoogleCalendarConnector:
    """See :class:`syncd.ports.connector.Connector`."""

    system = SYSTEM

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self._base = f"{context.settings['base_url']}/calendar/v3"
        self._session = context.session
        self._tokens = Tokens(context)
        self._users: tuple[str, ...] = tuple(context.settings["users"])
        self._now = context.now
        self._server_at: datetime | None = None

    def objects(self) -> tuple[str, ...]:
        """Events only."""
        return ("Event",)

    def check(self) -> Sequence[CheckItem]:
        """Whether the configured owners' calendars can be read."""
        items = []
        for user in self._users:
            try:
                self._get(user, f"/calendars/{quote(user)}/events", {"maxResults": "1"})
            except RemoteError as error:
                refused = isinstance(error, AuthError)
                items.append(
                    CheckItem(
                        system=SYSTEM,
                        name="calendar",
                        level=Level.PROBLEM,
                        says=f"the calendar of {user} cannot be read: {error.code}",
                        remedy="see docs/connectors/google_calendar.md",
                        needs_credentials=refused,
                    )
                )
        if not items:
            says = f"{len(self._users) or 'all'} calendar owner(s), key file is valid"
            items.append(
                CheckItem(system=SYSTEM, name="credentials", level=Level.OK, says=says)
            )
        return items

    def identity(self) -> OrgIdentity:
        """The service account's project stands for the organisation."""
        return OrgIdentity(org_id=self._tokens.project, server_at=self._server_at)

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """Calendars have no such metadata."""
        return None

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """One owner's events: changes since the sync token, or everything."""
        (user,) = request.scopes
        token = (request.cursor or {}).get("token")
        try:
            if token and not request.full:
                try:
                    yield from self._pages(user, {"syncToken": str(token)}, request)
                except CursorError:
                    # The token is dead: list anew, so that what is gone is noticed.
                    token = None
                else:
                    return
            since = iso_z((request.since or self._now()).replace(microsecond=0))
            yield from self._pages(user, {"timeMin": since}, request, snapshot=True)
        except (AuthError, SkipRecordError, ConnectorError) as error:
            if isinstance(error, ConnectorError) and error.code not in _NO_CALENDAR:
                raise
            says = f"no calendar that we may read ({error.code})"
            yield Page(object="Event", scope=user, last=True, skipped_scope=says)

    def _pages(
        self,
        user: str,
        start: Mapping[str, str],
        request: ReadRequest,
        *,
        snapshot: bool = False,
    ) -> Iterator[Page]:
        """Pages of one pass; only the last one brings the next sync token."""
        params = {"maxResults": "2500", "singleEvents": "true", **start}
        first, pages = True, Pages(SYSTEM)
        while True:
            body = self._get(user, f"/calendars/{quote(user)}/events", params)
            next_page = body.get("nextPageToken")
            items = body.get("items")
            if not isinstance(items, list):
                # An answer without a list must not look like an empty calendar.
                raise RetryableError(system=SYSTEM, code="malformed_page")
            pages.take(items, key="id")
            records, bad = _records(user, items)
            last = next_page is None
            token = body.get("nextSyncToken")
            yield Page(
                object="Event",
                scope=user,
                records=records,
                quarantined=bad,
                cursor={"token": token} if last and token else None,
                last=last,
                snapshot=snapshot and last,
                starts_snapshot=snapshot and first,
                as_of=self._server_at,
            )
            if next_page is None:
                return
            params, first = {**params, "pageToken": str(next_page)}, False

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some events."""
        found: dict[RecordRef, RawRecord | None] = {}
        for ref in refs:
            user, _, event = ref.id.partition("/")
            try:
                path = f"/calendars/{quote(user)}/events/{quote(event)}"
                records, _bad = _records(user, [self._get(user, path, {})])
            except SkipRecordError:
                records = ()
            found[ref] = records[0] if records and not records[0].deleted else None
        return found

    def link(self, ref: RecordRef) -> str:
        """Events carry their own address; there is none by id."""
        return ""

    def close(self) -> None:
        """Nothing is held but the session, which its owner closes."""

    def _get(self, user: str, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        return retrying(lambda: self._get_once(user, path, params))

    def _get_once(
        self, user: str, path: str, params: Mapping[str, str]
    ) -> dict[str, Any]:
        response = self._send(user, path, params)
        if response.status_code == requests.codes.unauthorized:
            response = self._send(user, path, params, anew=True)
        self._server_at = date_of(response.headers) or self._server_at
        if not is_success(response):
            raise self._error(response)
        try:
            body = read_json(response.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise RetryableError(system=SYSTEM, code="malformed_page")
        return body

    def _send(
        self, user: str, path: str, params: Mapping[str, str], *, anew: bool = False
    ) -> requests.Response:
        return self._session.get(
            f"{self._base}{path}",
            params=dict(params),
            headers=self._tokens.header(user, anew=anew),
            allow_redirects=False,
        )

    def _error(self, response: requests.Response) -> RemoteError:
        """403 is many things: the reason decides."""
        reason = _reason(response)
        status = response.status_code
        if reason in _BUSY:
            # Not promised by Google; where it comes, it counts.
            wait_s = retry_after_s(response.headers, now=self._now())
            return RetryableError(
                system=SYSTEM, code=reason, status=status, retry_after_s=wait_s
            )
        if status == requests.codes.gone and reason != "deleted":
            return CursorError(system=SYSTEM, code=reason or "http_410", status=status)
        if status == requests.codes.forbidden:
            return ConnectorError(system=SYSTEM, code=reason, status=status)
        return error_of(
            response, system=SYSTEM, now=self._now(), is_write=False, code=reason
        )


def _reason(response: requests.Response) -> str:
    try:
        error = json.loads(response.content)["error"]
        return str(error["errors"][0]["reason"])[:64]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _records(
    user: str, items: Sequence[Any]
) -> tuple[tuple[RawRecord, ...], tuple[Quarantined, ...]]:
    good: list[RawRecord] = []
    bad: list[Quarantined] = []
    for item in items:
        try:
            good.append(
                RawRecord(
                    ref=RecordRef(SYSTEM, "Event", f"{user}/{item['id']}"),
                    version=str(item.get("etag", "")),
                    # A cancelled event may be a bare id: nothing else can be said.
                    fields={**item, "calendar": user},
                    deleted=item.get("status") == "cancelled",
                )
            )
        except (KeyError, TypeError, AttributeError) as error:
            ref = RecordRef(SYSTEM, "Event", f"{user}/?")
            reason = f"not an event ({type(error).__name__})"
            bad.append(Quarantined(ref=ref, reason=reason))
    return tuple(good), tuple(bad)


def build(context: ConnectorContext) -> GoogleCalendarConnector:
    """The connector of these settings."""
    return GoogleCalendarConnector(context)
