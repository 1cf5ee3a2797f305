"""The simulated Outreach over HTTP: OAuth with rotation, resources, roles.

Source: Outreach API reference.
"""

import base64
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from threading import RLock
from typing import Any, Final
from urllib.parse import urlencode

from syncd.kit.instants import iso_z
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.outreach.documents import (
    MEDIA_TYPE,
    RefusalError,
    Resource,
    answer,
    in_order,
    matches,
    shown,
)
from syncd.sandbox.outreach.switches import Switches
from syncd.sandbox.outreach.validation import (
    require_changed_emails,
    require_free_emails,
    require_single_role,
    require_writable,
)

COLLECTIONS: Final = {
    "users": "user",
    "accounts": "account",
    "prospects": "prospect",
    "opportunities": "opportunity",
    "opportunityStages": "opportunityStage",
    "opportunityProspectRoles": "opportunityProspectRole",
    "calls": "call",
    "callDispositions": "callDisposition",
    "tasks": "task",
    "mailings": "mailing",
    "emailAddresses": "emailAddress",
    "callPurposes": "callPurpose",
    "taskPriorities": "taskPriority",
    "sequenceStates": "sequenceState",
}
_WRITABLE: Final = frozenset({"prospect", "opportunityProspectRole", "task"})
_PATH: Final = re.compile(r"/api/v2/(\w+)(?:/(\d+))?(?:/actions/(\w+))?")
_OPEN: Final = re.compile(r"\.\.[^,]+$")
_DEFAULT_PAGE: Final = 50
_LARGEST_PAGE: Final = 1000
_TOKEN_LIFE: Final = timedelta(hours=2)
_GRANT_EVERY: Final = timedelta(seconds=60)


class OutreachService:
    """One Outreach org; ``settings`` gives what syncd.toml needs to log in."""

    name = "outreach"

    def __init__(self, clock: SandboxClock, *, hourly_limit: int = 10_000) -> None:
        """An empty org."""
        self.writes: Counter[tuple[str, str]] = Counter()
        self._clock = clock
        self._resources: dict[str, dict[int, Resource]] = {
            kind: {} for kind in COLLECTIONS.values()
        }
        self._client_id = secrets.token_hex(16)
        self._client_secret = secrets.token_hex(24)
        self._refresh_token = secrets.token_hex(24)
        self._old_refresh_tokens: set[str] = set()
        self._switches = Switches()
        self._hidden: set[tuple[str, int]] = set()
        self._excluded: frozenset[str] = frozenset()
        self._tokens: dict[str, datetime] = {}
        self._granted_at: datetime | None = None
        self._limit = hourly_limit
        self._calls: dict[int, int] = {}
        self._lock = RLock()

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[outreach]`` with credentials in the clear."""
        return {
            "base_url": base_url,
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": self._refresh_token,
        }

    def load(self, kind: str, resources: Iterable[Resource]) -> None:
        """Put resources in as they are."""
        with self._lock:
            for resource in resources:
                self._resources[kind][int(resource["id"])] = dict(resource)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record."""
        return request.method != "GET" and request.path != "/oauth/token"

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people, other tools and operators do behind our back."""
        with self._lock:
            kind, number = str(body.get("type", "")), int(body.get("id", 0))
            if action in {"switch", "budget", "hide", "exclude"}:
                self._operate(action, body)
            elif action == "expire_tokens":
                self._tokens.clear()
                self._granted_at = None
            elif action == "revoke":
                self._refresh_token = secrets.token_hex(24)
                self._old_refresh_tokens.clear()
                self._tokens.clear()
            elif action == "delete":
                del self._resources[kind][number]
            elif action == "edit":
                resource = self._resources[kind][number]
                resource["attributes"].update(body.get("attributes", {}))
                resource["attributes"]["updatedAt"] = self._now_text()
            elif action == "insert":
                return {"id": self._insert(kind, dict(body["resource"]))["id"]}
            elif action == "resources":
                return {"resources": list(self._resources[kind].values())}
            else:
                raise KeyError(action)
        return {}

    def _operate(self, action: str, body: Mapping[str, Any]) -> None:
        if action == "switch":
            for name, value in body.items():
                self._switches.turn(name, value)
        elif action == "budget":
            self._limit = int(body["hourly_limit"])
        elif action == "hide":
            self._hidden.add((str(body["type"]), int(body["id"])))
        else:
            self._excluded = frozenset(str(one).casefold() for one in body["emails"])

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            try:
                response = self._answer(request)
            except RefusalError as refusal:
                response = refusal.response()
        now = self._clock.now(self.name)
        hour = int(now.timestamp()) // 3600
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        left = max(0, self._limit - self._calls.get(hour, 0))
        response.headers["X-RateLimit-Limit"] = str(self._limit)
        response.headers["X-RateLimit-Remaining"] = str(left)
        response.headers["X-RateLimit-Reset"] = str((hour + 1) * 3600)
        return response

    def _answer(self, request: Request) -> Response:
        if request.path == "/oauth/token" and request.method == "POST":
            return self._token(request)
        self._authorise(request)
        if request.body and request.headers.get("content-type") != MEDIA_TYPE:
            raise RefusalError(415, "unsupportedMediaType", "use JSON:API")
        if request.path.rstrip("/") == "/api/v2":
            meta = {
                "user": {"email": "ops@integration.example"},
                "org": {"guid": "org-1"},
            }
            return answer({"meta": meta, "data": None})
        found = _PATH.fullmatch(request.path.rstrip("/"))
        kind = COLLECTIONS.get(found[1]) if found else None
        if found is None or kind is None:
            raise RefusalError(404, "resourceNotFound", "no such collection")
        number = int(found[2]) if found[2] else None
        if request.method == "GET":
            return self._read(request, kind, number)
        return self._write(request, kind, number, found[3])

    # --- log-in -----------------------------------------------------------------------

    def _token(self, request: Request) -> Response:
        form, now = request.form, self._clock.now(self.name)
        too_soon = self._granted_at and now - self._granted_at < _GRANT_EVERY
        if too_soon and self._switches.grant_limit:
            raise RefusalError(429, "rateLimitExceeded", "one grant a minute")
        client = (form.get("client_id"), form.get("client_secret"))
        known = {self._refresh_token}
        if not self._switches.strict_rotation:
            known |= self._old_refresh_tokens
        if (
            form.get("grant_type") != "refresh_token"
            or client != (self._client_id, self._client_secret)
            or form.get("refresh_token") not in known
        ):
            return Response.json({"error": "invalid_grant"}, status=400)
        self._granted_at = now
        self._old_refresh_tokens.add(self._refresh_token)
        self._refresh_token = secrets.token_hex(24)
        token = secrets.token_hex(24)
        self._tokens[token] = now + _TOKEN_LIFE
        return Response.json(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": int(_TOKEN_LIFE.total_seconds()),
                "refresh_token": self._refresh_token,
                "scope": "all",
                "created_at": int(now.timestamp()),
            }
        )

    def _authorise(self, request: Request) -> None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        now = self._clock.now(self.name)
        if self._tokens.get(token, now) <= now:
            raise RefusalError(401, "unauthorized", "the access token is not valid")
        hour = int(now.timestamp()) // 3600
        self._calls[hour] = self._calls.get(hour, 0) + 1
        if self._calls[hour] > self._limit:
            until = iso_z(datetime.fromtimestamp((hour + 1) * 3600, now.tzinfo))
            raise RefusalError(429, "rateLimitExceeded", f"try again at {until}")

    # --- reading ----------------------------------------------------------------------

    def _read(self, request: Request, kind: str, number: int | None) -> Response:
        param = request.param
        fields = param.get(f"fields[{kind}]")
        connections = self._connections(param)
        if number is not None:
            one = self._find(kind, number)
            body = shown(one, fields=fields, connections=connections)
            return answer({"data": body, "included": self._included(one, param)})
        size = min(int(param.get("page[size]", _DEFAULT_PAGE)), _LARGEST_PAGE)
        if size > self._switches.largest_page:
            return Response(status=502, body=b"<html>Bad Gateway</html>")
        found = self._found(kind, request.params)
        start = _start(param)
        page = found[start : start + size]
        body = {
            "data": [shown(r, fields=fields, connections=connections) for r in page]
        }
        if start + size < len(found):
            query = {**param, "page[after]": _cursor(start + size)}
            origin = f"http://{request.headers.get('host', 'localhost')}"
            body["links"] = {"next": f"{origin}{request.path}?{urlencode(query)}"}
        if param.get("count") == "true":
            body["meta"] = {"count": len(found), "count_truncated": False}
        return answer(body)

    def _found(self, kind: str, params: list[tuple[str, str]]) -> list[Resource]:
        if self._switches.ignore_upper_bound:
            params = [(name, _OPEN.sub("..inf", value)) for name, value in params]
        found = [
            one
            for number, one in self._resources[kind].items()
            if (kind, number) not in self._hidden and matches(one, params)
        ]
        sort = "id" if self._switches.unsorted else dict(params).get("sort", "id")
        return in_order(found, sort)

    def _connections(self, param: Mapping[str, str]) -> str | None:
        if param.get("provideDataConnections") != "true":
            return None
        return "map" if self._switches.connections_as_map else "list"

    def _included(self, one: Resource, param: Mapping[str, str]) -> list[Resource]:
        included = []
        for name in filter(None, param.get("include", "").split(",")):
            data = (one.get("relationships", {}).get(name) or {}).get("data")
            if data and data["id"] in self._resources.get(data["type"], {}):
                found = self._resources[data["type"]][data["id"]]
                included.append(shown(found, fields=None, connections=None))
        return included

    def _find(self, kind: str, number: int) -> Resource:
        found = self._resources[kind].get(number)
        if found is None or (kind, number) in self._hidden:
            detail = f"Could not find '{kind}' with ID '{number}'."
            raise RefusalError(404, "resourceNotFound", detail)
        return found

    # --- writing ----------------------------------------------------------------------

    def _write(
        self, request: Request, kind: str, number: int | None, action: str | None
    ) -> Response:
        if kind not in _WRITABLE:
            raise RefusalError(405, "methodNotAllowed", f"{kind} cannot be written")
        if action is not None and number is not None:
            return self._act(request, kind, number, action)
        if request.method == "POST" and number is None:
            data = json.loads(request.body)["data"]
            require_writable(kind, data)
            made = self._insert(kind, data)
            self.writes[(kind, str(made["id"]))] += 1
            return answer(
                {"data": shown(made, fields=None, connections=None)}, status=201
            )
        if number is None:
            raise RefusalError(405, "methodNotAllowed", "name a record")
        one = self._find(kind, number)
        if request.method == "DELETE":
            self.writes[(kind, str(number))] += 1
            del self._resources[kind][number]
            return Response(status=204)
        data = json.loads(request.body)["data"]
        if data.get("type") != kind or int(data.get("id", -1)) != number:
            raise RefusalError(422, "validationError", "type and id must fit the URL")
        require_writable(kind, data)
        if kind == "prospect":
            attributes = data.get("attributes", {})
            require_changed_emails(one, attributes)
            self._refuse_taken(attributes.get("emails", ()), besides=number)
        self.writes[(kind, str(number))] += 1
        one["attributes"].update(data.get("attributes", {}))
        one.setdefault("relationships", {}).update(data.get("relationships", {}))
        one["attributes"]["updatedAt"] = self._now_text()
        return answer({"data": shown(one, fields=None, connections=None)})

    def _insert(self, kind: str, data: Resource) -> Resource:
        for name, relation in data.get("relationships", {}).items():
            target = relation.get("data")
            if target is not None:
                self._find(str(target["type"]), int(target["id"]))
            elif kind == "opportunityProspectRole":
                raise RefusalError(422, "validationError", f"{name} can't be blank")
        if kind == "prospect":
            self._refuse_taken(data["attributes"].get("emails", ()))
        if kind == "opportunityProspectRole" and self._switches.refuse_duplicate_roles:
            require_single_role(data, self._resources[kind].values())
        number = max(self._resources[kind], default=0) + 1
        now = self._now_text()
        made: Resource = {
            "type": kind,
            "id": number,
            "attributes": {
                **data.get("attributes", {}),
                "createdAt": now,
                "updatedAt": now,
            },
            "relationships": data.get("relationships", {}),
        }
        self._resources[kind][number] = made
        return made

    def _refuse_taken(self, emails: Iterable[str], *, besides: int = 0) -> None:
        others = [
            one
            for number, one in self._resources["prospect"].items()
            if number != besides
        ]
        require_free_emails(emails, others, excluded=self._excluded)

    def _act(self, request: Request, kind: str, number: int, action: str) -> Response:
        one = self._find(kind, number)
        if kind != "task" or action != "markComplete":
            raise RefusalError(400, "badRequest", f"no such action: {action}")
        now = self._now_text()
        one["attributes"].update(
            state="complete", completed=True, completedAt=now, updatedAt=now
        )
        self.writes[(kind, str(number))] += 1
        return answer({"data": shown(one, fields=None, connections=None)})

    def _now_text(self) -> str:
        now = self._clock.now(self.name)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"after:{place}".encode()).decode()


def _start(param: Mapping[str, str]) -> int:
    """Where a page begins.

    Raises:
        RefusalError: 400 for a cursor that this service did not make.
    """
    if "page[after]" not in param:
        return 0
    try:
        text = base64.urlsafe_b64decode(param["page[after]"]).decode()
        return int(text.removeprefix("after:"))
    except ValueError as error:
        raise RefusalError(400, "badRequest", "page[after] is no cursor") from error
