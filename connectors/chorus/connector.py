"""The Chorus connector: a rolling window, because records are filled in late.

Source: Chorus API (OpenAPI document), engagements and conversations.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import requests

from syncd import clock
from syncd.errors import (
    AuthError,
    ConnectorError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of, iso_z, parse_instant
from syncd.kit.paging import Pages
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying
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

SYSTEM: Final = "chorus"
_MOST_PAGES: Final = 10_000
_ID: Final = re.compile(r"[0-9A-Za-z]{1,64}")
_DONE: Final = frozenset({"done"})


class ChorusConnector:
    """See :class:`syncd.ports.connector.Connector`."""

    system = SYSTEM

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self._base = str(context.settings["base_url"])
        self._token = str(context.settings["token"])
        self._rescan = timedelta(hours=int(context.settings["rescan_hours"]))
        pace = int(context.settings["requests_per_minute"])
        self._gap_s = 60 / pace if pace else 0.0
        self._session = context.session
        self._now = context.now
        self._server_at: datetime | None = None
        self._last_s = 0.0

    def objects(self) -> tuple[str, ...]:
        """People before engagements."""
        return ("user", "engagement")

    def check(self) -> Sequence[CheckItem]:
        """Whether the token is accepted."""
        try:
            self._get("/api/v1/users/me")
        except RemoteError as error:
            refused = isinstance(error, AuthError)
            return [
                CheckItem(
                    system=SYSTEM,
                    name="credentials",
                    level=Level.PROBLEM,
                    says=str(error),
                    remedy="make a token in Chorus and set [chorus] token",
                    needs_credentials=refused,
                )
            ]
        return [
            CheckItem(
                system=SYSTEM, name="credentials", level=Level.OK, says="accepted"
            )
        ]

    def identity(self) -> OrgIdentity:
        """The user whose token we hold; Chorus names no organisation."""
        body = self._get("/api/v1/users/me")
        found = body.get("data", body) if isinstance(body, dict) else {}
        data: dict[str, Any] = found if isinstance(found, dict) else {}
        inner = data.get("attributes")
        email = (inner if isinstance(inner, dict) else data).get("email", "")
        return OrgIdentity(
            org_id=str(email).rpartition("@")[2],
            user_id=str(data.get("id", "")),
            server_at=self._server_at,
        )

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """Chorus has no such metadata."""
        return None

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Users as a list; engagements of the window, with their conversations."""
        if request.object == "user":
            yield self._users()
        else:
            yield from self._engagements(request)

    def _users(self) -> Page:
        body = self._get("/v3/users")
        rows = body.get("users") if isinstance(body, dict) else body
        if not isinstance(rows, list):
            raise RetryableError(system=SYSTEM, code="malformed_page")
        records = tuple(
            _record("user", str(row["id"]), row)
            for row in rows
            if isinstance(row, dict) and "id" in row
        )
        if not records:
            # Whose token we hold is one of them.
            raise RetryableError(system=SYSTEM, code="malformed_page")
        return Page(
            object="user",
            records=records,
            cursor={"at": iso_z(self._present())},
            last=True,
            snapshot=True,
            starts_snapshot=True,
            as_of=self._server_at,
        )

    def _engagements(self, request: ReadRequest) -> Iterator[Page]:
        """The window is read newest first, so the cursor moves with its last page.

        What was seen before and is missing now may be private or retired; it is
        kept: absence proves nothing here.
        """
        cursor = request.cursor or {}
        known: dict[str, str] = dict(cursor.get("known", {}))
        now = self._present()
        begin = request.since or now - self._rescan
        if request.cursor and not request.full:
            begin = min(parse_instant(str(cursor["at"])), now) - self._rescan
        else:
            known = {}
        seen: dict[str, str] = {}
        keys: set[str] = set()
        pages = Pages(SYSTEM)
        key = ""
        for _ in range(_MOST_PAGES):
            params = {"min_date": iso_z(begin), "max_date": iso_z(now)}
            if key:
                params["continuation_key"] = key
            body = self._get("/v3/engagements", params)
            rows = body.get("engagements") if isinstance(body, dict) else None
            if not isinstance(body, dict) or not isinstance(rows, list):
                raise RetryableError(system=SYSTEM, code="malformed_page")
            key = str(body.get("continuation_key") or "")
            if key not in keys:
                pages.take(rows, key="engagement_id")
            # A key may come with an empty list, and may repeat for ever.
            last = not rows or not key or key in keys
            keys.add(key)
            records, bad = self._with_conversations(rows, known, seen)
            done = {"at": iso_z(now), "known": seen} if last else None
            yield Page(
                object="engagement",
                records=records,
                quarantined=bad,
                cursor=done,
                last=last,
                as_of=now if last else None,
            )
            if last:
                return
        raise ConnectorError(system=SYSTEM, code="page_repeats")

    def _with_conversations(
        self, rows: Sequence[Any], known: Mapping[str, str], seen: dict[str, str]
    ) -> tuple[tuple[RawRecord, ...], tuple[Quarantined, ...]]:
        """New and changed engagements; the others cost no further call."""
        good: list[RawRecord] = []
        bad: list[Quarantined] = []
        for row in rows:
            try:
                engagement_id = _plain(row["engagement_id"])
                version = _hash(row)
            except (KeyError, TypeError, ValueError) as error:
                ref = RecordRef(SYSTEM, "engagement", "?")
                reason = f"not an engagement ({type(error).__name__})"
                bad.append(Quarantined(ref=ref, reason=reason))
                continue
            if row.get("processing_state") in _DONE:
                seen[engagement_id] = version[:16]
                if known.get(engagement_id) == version[:16]:
                    continue
            fields = {
                "engagement": row,
                "conversation": self._conversation(engagement_id),
            }
            good.append(_record("engagement", engagement_id, fields))
        return tuple(good), tuple(bad)

    def _conversation(self, engagement_id: str) -> Mapping[str, Any] | None:
        """What the conversation adds; None when it is hidden or not there yet."""
        params = {
            "include_meeting_metadata": "true",
            "skip_summary_generation": "true",
        }
        try:
            body = self._get(f"/api/v1/conversations/{engagement_id}", params)
        except SkipRecordError:
            return None
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict):
            return None
        attributes = data.get("attributes")
        inner = attributes if isinstance(attributes, dict) else {}
        return {**inner, "id": data.get("id")}

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some engagements."""
        found: dict[RecordRef, RawRecord | None] = dict.fromkeys(refs)
        for ref in refs:
            params = {"engagement_id": ref.id}
            for row in self._get("/v3/engagements", params).get("engagements", []):
                if str(row.get("engagement_id")) == ref.id:
                    fields_now = {
                        "engagement": row,
                        "conversation": self._conversation(ref.id),
                    }
                    found[ref] = _record("engagement", ref.id, fields_now)
        return found

    def link(self, ref: RecordRef) -> str:
        """The recording's page."""
        if ref.object != "engagement":
            return ""
        return f"{self._base}/meeting/{ref.id}"

    def close(self) -> None:
        """Nothing is held but the session, which its owner closes."""

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401
        return retrying(lambda: self._get_once(path, params), cap_s=600, total_s=1200)

    def _get_once(self, path: str, params: Mapping[str, str] | None) -> Any:  # noqa: ANN401
        self._keep_pace()
        style = "application/vnd.api+json" if path.startswith("/api/") else ""
        response = self._session.get(
            f"{self._base}{path}",
            params=dict(params or {}),
            headers={
                "Authorization": self._token,
                "Accept": style or "application/json",
            },
            allow_redirects=False,
        )
        self._server_at = date_of(response.headers) or self._server_at
        if response.status_code == requests.codes.forbidden:
            raise AuthError(system=SYSTEM, code="token_refused", status=403)
        if not is_success(response):
            error = error_of(response, system=SYSTEM, now=self._now(), is_write=False)
            raise _patient(error)
        try:
            return read_json(response.content)
        except ValueError:
            raise RetryableError(system=SYSTEM, code="malformed_page") from None

    def _keep_pace(self) -> None:
        """Chorus publishes no limit, so we keep our own pace."""
        wait_s = self._last_s + self._gap_s - clock.monotonic_s()
        if self._gap_s and wait_s > 0:
            clock.sleep_s(wait_s)
        self._last_s = clock.monotonic_s()

    def _present(self) -> datetime:
        return (self._server_at or self._now()).astimezone(UTC)


def _patient(error: RemoteError) -> RemoteError:
    """A 429 without a hint: a minute is what clients have found to help."""
    too_many = error.status == requests.codes.too_many_requests
    if too_many and isinstance(error, RetryableError) and error.retry_after_s is None:
        error.retry_after_s = 60.0
    return error


def _plain(value: object) -> str:
    """An id that may stand in an address.

    Raises:
        ValueError: It has something in it that would lead elsewhere.
    """
    text = str(value)
    if not _ID.fullmatch(text):
        message = "an id was expected"
        raise ValueError(message)
    return text


def _hash(value: object) -> str:
    body = msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(body).hexdigest()


def _record(name: str, record_id: str, fields: Mapping[str, Any]) -> RawRecord:
    return RawRecord(
        ref=RecordRef(SYSTEM, name, record_id), version=_hash(fields), fields=fields
    )


def build(context: ConnectorContext) -> ChorusConnector:
    """The connector of these settings."""
    return ChorusConnector(context)
