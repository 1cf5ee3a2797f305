"""The simulated Chorus over HTTP: engagements, conversations, users, feeds to read.

Source: Chorus OpenAPI 26.33.
"""

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
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
from syncd.sandbox.chorus.errors import (
    MEDIA_TYPE,
    RefusalError,
    TokenError,
    document,
    nothing_found,
)
from syncd.sandbox.chorus.feeds import Feed
from syncd.sandbox.chorus.pauses import Pauses
from syncd.sandbox.chorus.people import People
from syncd.sandbox.chorus.recordings import Recordings
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response

_VALIDATE: Final = "/api/v1/conversations:validate"
_CONVERSATIONS: Final = "/api/v1/conversations/"
_API: Final = "/api/v1/"
_CONFERENCE: Final = re.compile(
    r"(go\.chorus\.ai|zoom\.us|meet\.google\.com|teams\.microsoft\.com|webex\.com)/"
)


class ChorusService:
    """One Chorus account; ``settings`` gives what syncd.toml needs to log in."""

    name = "chorus"

    def __init__(self, clock: SandboxClock) -> None:
        """An empty account with one token of a user who may see everything shared."""
        self.writes: Counter[tuple[str, str]] = Counter()
        self._clock = clock
        self._recordings = Recordings(clock)
        self._people = People()
        self._feeds = {
            "emails": Feed(
                "email", stamp="sent", bound="filter[email.sent]", needed=False
            ),
            "moments": Feed(
                "moment", stamp="shared_on", bound="filter[shared_on]", needed=True
            ),
        }
        self._pauses = Pauses()
        self._token = secrets.token_hex(20)
        self._token_state = "active"  # noqa: S105 - a state, no token
        self._keys: dict[str, dict[str, str]] = {}
        self._switches: dict[str, Any] = {
            "repeat_key": False,
            "key_forgets_filters": False,
            "wrong_type_status": 415,
        }
        self._lock = RLock()

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[chorus]`` with the token in the clear."""
        return {"base_url": base_url, "token": self._token}

    def load_users(self, users: Iterable[Mapping[str, Any]]) -> None:
        """Add users as ``/v3/users`` shows them; the first one owns the token."""
        with self._lock:
            self._people.add(users)

    def load_engagements(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add ``{"engagement": …, "conversation": … | None}`` as they are."""
        with self._lock:
            for row in rows:
                self._recordings.add(row)

    def load_feed(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add ``emails`` (each with ``sent``) or ``moments`` (``shared_on``)."""
        with self._lock:
            self._feeds[name].add(rows)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record: all but reads and validation."""
        return request.method != "GET" and request.path != _VALIDATE

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        now = self._clock.now(self.name)
        with self._lock:
            self._recordings.let_time_pass()
            response = self._pauses.refusal(now)
            if response is None:
                try:
                    response = self._answer(request)
                except RefusalError as refusal:
                    response = refusal.response()
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        return response

    def _answer(self, request: Request) -> Response:
        self._authorise(request)
        if self.is_write(request):
            self.writes[(request.method, request.path)] += 1
            raise RefusalError(403, "nothing here is for writing")
        path = request.path.rstrip("/")
        if request.method == "POST":
            return self._validated(request)
        if path == "/v3/engagements":
            return self._list(request.param)
        if path == "/v3/users":
            return Response.json(self._people.flat())
        if path.startswith(_CONVERSATIONS):
            return self._conversation(request, path.removeprefix(_CONVERSATIONS))
        return self._resource(path.removeprefix(_API), request.param)

    def _resource(self, name: str, param: Mapping[str, str]) -> Response:
        if name == "users" or name.startswith("users/"):
            return self._people.answer(name.removeprefix("users").strip("/"))
        if name == "teams":
            return self._people.teams()
        feed = self._feeds.get(name)
        if feed is None:
            raise nothing_found()
        return feed.page(param)

    def _authorise(self, request: Request) -> None:
        """Raw and Bearer tokens do; no token gives an empty body."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            raise TokenError(401)
        is_dead = self._token_state == "deactivated"  # noqa: S105 - a state, no token
        if given != self._token or is_dead or not self._people.owner_is_active:
            raise TokenError(401, {"code": "ZI0001"})
        if self._token_state == "refused":  # noqa: S105 - a state, no token
            detail = "API may not be called using this token."
            raise TokenError(403, {"detail": detail})

    # --- reading ----------------------------------------------------------------------

    def _list(self, param: Mapping[str, str]) -> Response:
        filters, key = filters_of(param), param.get("continuation_key")
        if key is not None:
            if key not in self._keys:
                message = "continuation_key is not valid"
                raise RefusalError(400, message, parameter="continuation_key")
            forgets = self._switches["key_forgets_filters"]
            filters = filters or ({} if forgets else self._keys[key])
        try:
            found = newest_first(
                one.engagement
                for one in self._recordings.visible()
                if passes(one.engagement, filters, self._people.members)
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

    def _conversation(self, request: Request, number: str) -> Response:
        param, one = request.param, self._recordings.find(number)
        if param.get("force_regeneration") == "true":
            # It costs the account, and throws away what people have read.
            self.writes[("force_regeneration", request.path)] += 1
        if one is None or one.conversation is None:
            raise nothing_found()
        kind = one.conversation.get("type", "recording")
        attributes = {
            k: v for k, v in one.conversation.items() if k not in {"id", "type"}
        }
        if param.get("include_meeting_metadata") != "true":
            attributes.pop("meeting", None)
        if param.get("fields"):
            wanted = set(param["fields"].split(","))
            attributes = {k: v for k, v in attributes.items() if k in wanted}
        return document(
            {"data": {"id": number, "type": kind, "attributes": attributes}}
        )

    def _validated(self, request: Request) -> Response:
        """What would become of a meeting; judged by its conference link alone."""
        media_type = request.headers.get("content-type", "").partition(";")[0]
        if media_type != MEDIA_TYPE:
            status = int(self._switches["wrong_type_status"])
            message = "send application/vnd.api+json"
            raise RefusalError(status, message, header="Content-Type")
        try:
            asked = json.loads(request.body)["data"]["attributes"]
        except (KeyError, TypeError, ValueError) as error:
            raise RefusalError(400, "no JSON:API document", pointer="/data") from error
        recordable = bool(_CONFERENCE.search(str(asked.get("link") or "")))
        reason = "conference link" if recordable else "no conference link"
        attributes = {
            "recordable": recordable,
            "autojoin": recordable,
            "autojoin_reason": reason,
        }
        return document({"data": {"type": "conversation", "attributes": attributes}})

    # --- behind syncd's back ----------------------------------------------------------

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what time, people and operators do.

        ``add`` (``engagement``, ``conversation``, ``visible_after_s``) · ``fill``
        (``engagement_id``, fields, ``after_s``) · ``private`` (``on``) · ``remove`` ·
        ``user`` (``id``, ``fields``) · ``deactivate`` (``id``) · ``token`` (``state``:
        active, deactivated, refused) · ``view`` (``user_ids`` or null) ·
        ``expire_keys`` · ``budget`` (``per_minute``, ``pause_s``, ``tells``) ·
        ``switch`` (``repeat_key``, ``key_forgets_filters``, ``wrong_type_status``) ·
        ``state``.

        Raises:
            KeyError: An unknown action, engagement, user or switch.
        """
        with self._lock:
            if action in {"add", "fill", "private", "remove"}:
                self._change(action, body)
            elif action in {"user", "deactivate", "token", "view"}:
                self._administer(action, body)
            elif action != "state":
                self._operate(action, body)
            return {
                "engagements": len(self._recordings),
                "critical": sum(self.writes.values()),
            }

    def _change(self, action: str, body: Mapping[str, Any]) -> None:
        if action == "add":
            self._recordings.add(body)
        elif action == "fill":
            self._recordings.fill(body)
        elif action == "private":
            recording = self._recordings[str(body["engagement_id"])]
            recording.private = bool(body.get("on", True))
        else:
            self._recordings.remove(str(body["engagement_id"]))

    def _administer(self, action: str, body: Mapping[str, Any]) -> None:
        if action == "user":
            self._people.edit(str(body["id"]), body["fields"])
        elif action == "deactivate":
            self._people.deactivate(str(body["id"]))
        elif action == "token":
            self._token_state = str(body["state"])
        else:
            users = body.get("user_ids")
            self._recordings.seen_users = None if users is None else set(users)

    def _operate(self, action: str, body: Mapping[str, Any]) -> None:
        if action == "expire_keys":
            self._keys.clear()
        elif action == "budget":
            self._pauses = Pauses(
                per_minute=int(body["per_minute"]),
                pause=timedelta(seconds=float(body.get("pause_s", 600))),
                tells=bool(body.get("tells")),
            )
        elif action == "switch" and body.keys() <= self._switches.keys():
            self._switches.update(body)
        else:
            raise KeyError(action)


def _without_trackers(one: Engagement, param: Mapping[str, str]) -> Engagement:
    if param.get("with_trackers") == "true":
        return one
    return {k: v for k, v in one.items() if k != "tracker_matches"}
