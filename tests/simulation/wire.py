"""The transport without a socket: requests' own, as far as the last step.

Everything above is real: sessions, retries, log-ins, parsing. A request becomes the
service's own ``Request``, and its ``Response`` becomes what requests would have made
of it, cut-off bodies and lost connections included.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers

from syncd.sandbox.http import Request, Response
from syncd.sandbox.recorder import Recorder
from syncd.wiring import App


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request and its answer; ``is_write`` as the service sees it."""

    number: int
    system: str
    request: Request
    response: Response
    is_write: bool

    @property
    def arrives(self) -> bool:
        """Whether the whole answer reaches the one who asked."""
        return not self.response.drop and self.response.truncate is None

    @property
    def is_login(self) -> bool:
        """Whether it asked for a token; what is signed is never twice the same."""
        return "token" in self.request.path

    def __str__(self) -> str:
        asked, got = self.request, self.response
        told = "" if self.is_login else asked.query.encode() + asked.body
        digest = hashlib.sha256(told).hexdigest()[:8] if told else ""
        came = "lost" if got.drop else "" if got.truncate is None else "cut off"
        return (
            f"{self.system} {asked.method} {asked.path} {digest}: {came or got.status}"
        )

    @property
    def question(self) -> str:
        """Path, query and body, decoded, for looking up what was asked for."""
        asked = self.request
        return unquote(f"{asked.path}?{asked.query} {asked.body.decode()}")


Before = Callable[[str, Request], None]
After = Callable[[Exchange], None]


class Wire(HTTPAdapter):
    """Carries requests to services in this process.

    ``before`` is called when a request leaves and may raise: it then never arrives.
    ``after`` is called when the service has done its work and may raise: the effect is
    there and the answer is lost with the one who asked.
    """

    def __init__(
        self,
        recorders: Mapping[str, Recorder],
        *,
        before: Before = lambda *_: None,
        after: After = lambda _: None,
    ) -> None:
        """Knows services by the ports of their addresses."""
        super().__init__(max_retries=0)
        from tests.simulation.company import PORTS

        self.recorders = recorders
        self._services = {PORTS[name]: one for name, one in recorders.items()}
        self._before = before
        self._after = after
        self.count = 0

    def carry(self, app: App) -> None:
        """Carry everything that an app sends."""
        for session in app.sessions.values():
            session.mount("http://", self)
            # Looking at the environment for proxies, and merging what a session adds to
            # each request, is slow and finds nothing here.
            session.trust_env = False
            session.params = session.proxies = None

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Ask the service; see the class for what may be raised."""
        parts = urlsplit(request.url or "")
        recorder = self._services[parts.port or 0]
        body = request.body or b""
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Request(
            method=request.method or "GET",
            path=parts.path,
            query=parts.query,
            headers={**headers, "host": parts.netloc},
            body=body.encode() if isinstance(body, str) else body,
        )
        self._before(recorder.name, asked)
        self.count += 1
        response = recorder.handle(asked)
        self._after(
            Exchange(
                number=self.count,
                system=recorder.name,
                request=asked,
                response=response,
                is_write=recorder.service.is_write(asked),
            )
        )
        if response.drop:
            raise requests.ConnectionError(request=request)
        if response.truncate is None:
            return _whole(request, response)
        return self.build_response(request, _cut_off(response))


def _whole(request: requests.PreparedRequest, response: Response) -> requests.Response:
    """The answer as it is once it has been read, which takes urllib3 its time."""
    answer = requests.Response()
    answer.status_code = response.status
    answer.headers = CaseInsensitiveDict(_headers(response))
    answer.encoding = get_encoding_from_headers(answer.headers)
    answer.url = request.url
    answer.request = request
    answer._content = response.body
    return answer


def _cut_off(response: Response) -> urllib3.HTTPResponse:
    """The answer as urllib3 reads it: a short body is noticed while it is read."""
    return urllib3.HTTPResponse(
        body=io.BytesIO(response.body[: response.truncate]),
        headers=_headers(response),
        status=response.status,
        preload_content=False,
    )


def _headers(response: Response) -> dict[str, str]:
    return {**response.headers, "Content-Length": str(len(response.body))}
