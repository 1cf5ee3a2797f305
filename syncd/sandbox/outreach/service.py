"""The simulated Outreach over HTTP: log-in, resources, actions, batches.

Source: Outreach API reference.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from threading import RLock
from typing import Any, Final

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.outreach.actions import TaskActions
from syncd.sandbox.outreach.batches import Batches
from syncd.sandbox.outreach.catalogue import COLLECTIONS, Kind
from syncd.sandbox.outreach.documents import PREFIX, WHOLE, Resource, shown
from syncd.sandbox.outreach.errors import (
    MEDIA_TYPE,
    RefusalError,
    answer,
    bad_request,
)
from syncd.sandbox.outreach.limits import Limits
from syncd.sandbox.outreach.login import OWNER, Grant, Login, require_scope
from syncd.sandbox.outreach.operators import Operator
from syncd.sandbox.outreach.org import Org
from syncd.sandbox.outreach.reading import Reader
from syncd.sandbox.outreach.switches import Switches
from syncd.sandbox.outreach.writing import Writer

_PATH: Final = re.compile(PREFIX + r"/(\w+)(?:/(\d+))?(?:/actions/(\w+))?")
_APP_TOKEN: Final = re.compile(r"/api/app/installs/(\w+)/actions/accessToken")
_PARAM: Final = re.compile(r"actionParams\[(\w+)\]")
_VERBS: Final = {"GET": "read", "POST": "write", "PATCH": "write", "DELETE": "delete"}
_CHANGED_BY_SWITCH: Final = frozenset({"call", "mailing"})


class OutreachService:
    """One Outreach org; ``settings`` gives what syncd.toml needs to log in."""

    name = "outreach"

    def __init__(self, clock: SandboxClock, *, hourly_limit: int = 10_000) -> None:
        """An empty org."""
        self._switches = Switches()
        self._org = Org(clock)
        self._login = Login(self._switches)
        self._limits = Limits(self._switches, hourly_limit)
        self._reader = Reader(self._org, self._switches)
        self._writer = Writer(self._org, self._switches)
        self._tasks = TaskActions(self._org)
        self._batches = Batches(self._org, self._writer, self._switches)
        self._operator = Operator(
            self._org, self._writer, self._login, self._limits, self._switches
        )
        self._lock = RLock()

    @property
    def writes(self) -> Counter[tuple[str, str]]:
        """Writes through the API by type and id."""
        return self._org.writes

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[outreach]`` with credentials in the clear."""
        return {"base_url": base_url, **self._login.settings()}

    def s2s_settings(self) -> dict[str, str]:
        """``app_guid``, ``private_key`` and ``install_id`` of an app without a user."""
        return self._login.s2s_settings()

    def load(self, kind: str, resources: Iterable[Resource]) -> None:
        """Put resources in as they are."""
        with self._lock:
            self._org.load(kind, resources)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record."""
        is_login = request.path == "/oauth/token" or _APP_TOKEN.fullmatch(request.path)
        return request.method != "GET" and not is_login

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people, other tools and operators do behind our back.

        ``syncd.sandbox.outreach.operators`` lists them.

        Raises:
            KeyError: An unknown action, type, resource or switch.
        """
        with self._lock:
            return self._operator.act(action, body)

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        now, user = self._org.now(), OWNER
        with self._lock:
            self._batches.let_time_pass()
            try:
                self._limits.require_open(now)
                if (response := self._log_in(request)) is None:
                    grant = self._login.grant_of(request, now)
                    user = grant.user
                    self._limits.spend(user, now)
                    response = self._answer(request, grant)
            except RefusalError as refusal:
                response = self._limits.refuse(refusal, now)
            self._limits.tell(response, user, now)
        return response

    def _log_in(self, request: Request) -> Response | None:
        """The answer to a token call; None = the request is none."""
        if request.method != "POST":
            return None
        if request.path == "/oauth/token":
            return self._login.token(request.form, self._org.now())
        if found := _APP_TOKEN.fullmatch(request.path):
            return self._login.app_token(request, found[1], self._org.now())
        return None

    def _answer(self, request: Request, grant: Grant) -> Response:
        media_type = request.headers.get("content-type", "").partition(";")[0]
        if request.body and media_type != MEDIA_TYPE:
            raise RefusalError(415, "unsupportedMediaType", "use JSON:API")
        path = request.path.rstrip("/")
        if request.method == "GET" and path == PREFIX:
            org = {"guid": "org-1"}
            return answer(
                {"meta": {"user": {"email": OWNER}, "org": org}, "data": None}
            )
        if request.method == "GET" and path == f"{PREFIX}/types":
            return answer({"data": self._org.custom_fields()})
        found = _PATH.fullmatch(path)
        kind = COLLECTIONS.get(found[1]) if found else None
        if found is None or kind is None:
            raise RefusalError(404, "resourceNotFound", "no such collection")
        number = int(found[2]) if found[2] else None
        if found[3] is not None:
            return self._act(request, grant, kind, number, found[3])
        self._require_method(kind, request.method, number)
        require_scope(grant, kind.collection, _VERBS[request.method])
        if request.method == "GET":
            if number is not None:
                return self._reader.one(request, kind, number)
            return self._reader.many(request, kind)
        return self._write(request, kind, number)

    def _require_method(self, kind: Kind, method: str, number: int | None) -> None:
        by_switch = kind.name in _CHANGED_BY_SWITCH and self._switches.change_calls
        known = kind.methods | ({"PATCH"} if by_switch else set())
        misplaced = method != "GET" and (number is None) != (method == "POST")
        if method not in known or misplaced:
            status = self._switches.refused_method_status
            error = "resourceNotFound" if status == 404 else "methodNotAllowed"  # noqa: PLR2004
            raise RefusalError(status, error, f"no {method} for {kind.collection}")

    def _write(self, request: Request, kind: Kind, number: int | None) -> Response:
        if number is None:
            made = self._writer.create(kind, _data(request))
            return answer({"data": shown(made, WHOLE)}, status=201)
        if request.method == "DELETE":
            self._writer.remove(kind, number)
            return Response(status=204)
        changed = self._writer.change(kind, number, _data(request))
        return answer({"data": shown(changed, WHOLE)})

    def _act(
        self,
        request: Request,
        grant: Grant,
        kind: Kind,
        number: int | None,
        action: str,
    ) -> Response:
        if request.method != "POST":
            raise RefusalError(405, "methodNotAllowed", "actions are posted")
        require_scope(grant, kind.collection, "write")
        params = {
            found[1]: value
            for name, value in request.params
            if (found := _PARAM.fullmatch(name))
        }
        if kind.name == "task" and number is not None:
            done = self._tasks.act(number, action, params)
        elif kind.name == "batch" and number is not None:
            done = self._batches.decide(number, action, params)
        elif kind.name == "batch":
            of = self._batches.kind_of(action)
            require_scope(grant, of.collection, "write")
            attributes = _data(request).get("attributes", {}) if request.body else {}
            done = self._batches.start(action, request.params, attributes)
        else:
            raise bad_request(f"no such action: {action}")
        return answer({"data": shown(done, WHOLE)})


def _data(request: Request) -> Resource:
    """The resource in a body.

    Raises:
        RefusalError: 400 for a body that is no JSON:API document.
    """
    try:
        data = json.loads(request.body)["data"]
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request("the body is no JSON:API document") from error
    if not isinstance(data, dict):
        raise bad_request("data is no resource")
    return data
