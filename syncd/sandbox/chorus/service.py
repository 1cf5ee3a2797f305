"""The simulated Chorus over HTTP: engagements, conversations and users to read.

Source: Chorus OpenAPI 26.33.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from threading import RLock
from typing import Any, Final

from syncd.sandbox.chorus.engagements import (
    PAGE_SIZE,
    Engagement,
    after_key,
    filters_of,
    key_of,
    newest_first,
    passes,
)
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response

MEDIA_TYPE: Final = "application/vnd.api+json"
_VALIDATE: Final = "/api/v1/conversations:validate"
_CONFERENCE: Final = re.compile(
    r"(go\.chorus\.ai|zoom\.us|meet\.google\.com|teams\.microsoft\.com|webex\.com)/"
)


class RefusalError(Exception):
    """One refused request."""

    def __init__(self, status: int, detail: str) -> None:
        """An empty ``detail`` gives an empty body."""
        super().__init__(detail)
        self.status = status
        self.detail = detail

    def response(self) -> Response:
        """The error document, or nothing at all."""
        if not self.detail:
            return Response(status=self.status)
        error = {"status": str(self.status), "detail": self.detail}
        return Response.json(
            {"errors": [error]}, status=self.status, content_type=MEDIA_TYPE
        )


@dataclass(kw_only=True)
class Recording:
    """One engagement, its conversation, and what becomes of both later.

    Attributes:
        conversation: None where the engagement has no conversation.
        visible_at: From when on anyone sees it; None = at once.
        later: Instants with the fields that appear then.
    """

    engagement: Engagement
    conversation: dict[str, Any] | None = None
    private: bool = False
    visible_at: datetime | None = None
    later: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)

    def fill(self, fields: Mapping[str, Any]) -> None:
        """Lay ``{"engagement": …, "conversation": …}`` over what is there."""
        self.engagement.update(fields.get("engagement") or {})
        if fields.get("conversation"):
            self.conversation = {**(self.conversation or {}), **fields["conversation"]}


class ChorusService:
    """One Chorus account; ``settings`` gives what syncd.toml needs to log in."""

    name = "chorus"

    def __init__(self, clock: SandboxClock) -> None:
        """An empty account with one token of a user who may see everything shared."""
        self.writes: Counter[tuple[str, str]] = Counter()
        self._clock = clock
        self._recordings: dict[str, Recording] = {}
        self._users: list[dict[str, Any]] = []
        self._token = secrets.token_hex(20)
        self._token_state = "active"  # noqa: S105 - a state, no token
        self._seen_users: set[int] | None = None
        self._keys: dict[str, dict[str, str]] = {}
        self._switches = {"repeat_key": False, "key_forgets_filters": False}
        self._lock = RLock()

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[chorus]`` with the token in the clear."""
        return {"base_url": base_url, "token": self._token}

    def load_users(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Add users as ``/v3/users`` shows them; the first one owns the token."""
        with self._lock:
            self._users.extend(dict(user) for user in users)

    def load_engagements(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add ``{"engagement": …, "conversation": … | None}`` as they are."""
        with self._lock:
            for row in rows:
                self._add(row)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record: all but reads and validation."""
        return request.method != "GET" and request.path != _VALIDATE

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            self._let_time_pass()
            try:
                response = self._answer(request)
            except RefusalError as refusal:
                response = refusal.response()
        now = self._clock.now(self.name)
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        return response

    def _answer(self, request: Request) -> Response:
        self._authorise(request)
        if self.is_write(request):
            self.writes[(request.method, request.path)] += 1
            raise RefusalError(403, "nothing here is for writing")
        path = request.path.rstrip("/")
        if path == _VALIDATE and request.method == "POST":
            return _validated(request)
        if path == "/v3/engagements":
            return self._list(request.param)
        if path == "/v3/users":
            return Response.json(self._users)
        if path.startswith("/api/v1/users"):
            return self._user_documents(path.removeprefix("/api/v1/users"))
        if path.startswith("/api/v1/conversations/"):
            return self._conversation(path.rpartition("/")[2], request.param)
        raise _nothing_found()

    def _authorise(self, request: Request) -> None:
        """Raw and Bearer tokens do; no token gives an empty body."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            raise RefusalError(401, "")
        if given != self._token or self._token_state == "deactivated":  # noqa: S105
            raise RefusalError(401, "ZI0001")
        if self._token_state == "refused":  # noqa: S105 - a state, no token
            raise RefusalError(403, "API may not be called using this token.")

    # --- reading ----------------------------------------------------------------------

    def _list(self, param: Mapping[str, str]) -> Response:
        filters, key = filters_of(param), param.get("continuation_key")
        if key is not None:
            if key not in self._keys:
                raise RefusalError(400, "continuation_key is not valid")
            forgets = self._switches["key_forgets_filters"]
            filters = filters or ({} if forgets else self._keys[key])
        try:
            found = newest_first(
                one.engagement
                for one in self._recordings.values()
                if self._sees(one) and passes(one.engagement, filters)
            )
        except ValueError as error:
            raise RefusalError(400, "a date or number that is none") from error
        if key is not None and not self._switches["repeat_key"]:
            found = after_key(found, key)
        page = found[:PAGE_SIZE]
        following = key_of(page[-1]) if page else key
        if following is None:
            return Response.json({"engagements": []})
        self._keys[following] = filters
        shown = [_without_trackers(one, param) for one in page]
        return Response.json({"continuation_key": following, "engagements": shown})

    def _sees(self, one: Recording) -> bool:
        now = self._clock.now(self.name)
        if one.private or (one.visible_at is not None and one.visible_at > now):
            return False
        return self._seen_users is None or (
            one.engagement.get("user_id") in self._seen_users
        )

    def _conversation(self, number: str, param: Mapping[str, str]) -> Response:
        one = self._recordings.get(number)
        if one is None or not self._sees(one) or one.conversation is None:
            raise _nothing_found()
        attributes = {k: v for k, v in one.conversation.items() if k != "id"}
        if param.get("include_meeting_metadata") != "true":
            attributes.pop("meeting", None)
        if param.get("fields"):
            wanted = set(param["fields"].split(","))
            attributes = {k: v for k, v in attributes.items() if k in wanted}
        data = {"id": number, "type": "recording", "attributes": attributes}
        return Response.json({"data": data}, content_type=MEDIA_TYPE)

    def _user_documents(self, which: str) -> Response:
        documents = [
            {
                "id": str(user["id"]),
                "type": "user",
                "attributes": {k: v for k, v in user.items() if k != "id"},
            }
            for user in self._users
        ]
        if which not in {"", "/me"} or (which and not documents):
            raise _nothing_found()
        data = documents[0] if which else documents
        return Response.json({"data": data}, content_type=MEDIA_TYPE)

    # --- behind syncd's back ----------------------------------------------------------

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what time, people and operators do.

        ``add`` (``engagement``, ``conversation``, ``visible_after_s``) · ``fill``
        (``engagement_id``, fields, ``after_s``) · ``private`` (``on``) · ``remove`` ·
        ``token`` (``state``: active, deactivated, refused) · ``view`` (``user_ids`` or
        null) · ``expire_keys`` · ``switch`` (``repeat_key``, ``key_forgets_filters``)
        · ``state``.

        Raises:
            KeyError: An unknown action or engagement.
        """
        with self._lock:
            if action in {"fill", "private", "remove"}:
                self._change(action, body)
            elif action == "add":
                self._add(body)
            elif action == "token":
                self._token_state = str(body["state"])
            elif action == "view":
                users = body.get("user_ids")
                self._seen_users = None if users is None else set(users)
            elif action == "expire_keys":
                self._keys.clear()
            elif action == "switch":
                self._switches.update(body)
            elif action != "state":
                raise KeyError(action)
            return {
                "engagements": len(self._recordings),
                "critical": sum(self.writes.values()),
            }

    def _change(self, action: str, body: Mapping[str, Any]) -> None:
        number = str(body["engagement_id"])
        one = self._recordings[number]
        if action == "remove":
            del self._recordings[number]
        elif action == "private":
            one.private = bool(body.get("on", True))
        elif body.get("after_s"):
            one.later.append((self._after(body["after_s"]), body))
        else:
            one.fill(body)

    def _add(self, row: Mapping[str, Any]) -> None:
        after = row.get("visible_after_s")
        engagement = dict(row["engagement"])
        conversation = row.get("conversation")
        self._recordings[str(engagement["engagement_id"])] = Recording(
            engagement=engagement,
            conversation=dict(conversation) if conversation else None,
            private=bool((conversation or {}).get("private")),
            visible_at=self._after(after) if after else None,
        )

    def _after(self, seconds: float) -> datetime:
        return self._clock.now(self.name) + timedelta(seconds=seconds)

    def _let_time_pass(self) -> None:
        now = self._clock.now(self.name)
        for one in self._recordings.values():
            if not one.later:
                continue
            for at, fields in one.later:
                if at <= now:
                    one.fill(fields)
            one.later = [(at, fields) for at, fields in one.later if at > now]


def _without_trackers(one: Engagement, param: Mapping[str, str]) -> Engagement:
    if param.get("with_trackers") == "true":
        return one
    return {k: v for k, v in one.items() if k != "tracker_matches"}


def _validated(request: Request) -> Response:
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise RefusalError(415, "send application/vnd.api+json")
    try:
        asked = json.loads(request.body)["data"]["attributes"]
    except (KeyError, TypeError, ValueError) as error:
        raise RefusalError(400, "no JSON:API document") from error
    recordable = bool(_CONFERENCE.search(str(asked.get("link") or "")))
    attributes = {
        "recordable": recordable,
        "autojoin": recordable,
        "autojoin_reason": "conference link" if recordable else "no conference link",
    }
    data = {"type": "conversation", "attributes": attributes}
    return Response.json({"data": data}, content_type=MEDIA_TYPE)


def _nothing_found() -> RefusalError:
    return RefusalError(404, "The server found nothing at this address.")
