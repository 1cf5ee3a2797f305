"""The only way out: a requests session with time-outs, counts and the dry-run refusal.

Everything that leaves the process passes ``send``, client libraries included, so a
dry run is dry by construction and not by good behaviour.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from syncd.errors import ConnectorError, DryRunRefusedError, RetryableError
from syncd.ports.connector import ReadPattern

_TIMEOUT_S: Final = (3.05, 60.0)
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(kw_only=True)
class CallCounts:
    """Requests sent so far: those on the read list, and all others."""

    reads: int = 0
    writes: int = 0


class GuardedSession(requests.Session):
    """A session that knows which requests change nothing."""

    def __init__(
        self,
        system: str,
        *,
        reads: tuple[ReadPattern, ...],
        dry_run: bool,
        timeout_s: tuple[float, float] = _TIMEOUT_S,
        before_write: Callable[[], None] | None = None,
    ) -> None:
        """A session for one system; ``before_write`` may raise to stop a write."""
        super().__init__()
        self.system = system
        self.dry_run = dry_run
        self.calls = CallCounts()
        self._reads = tuple((p.method, re.compile(p.path), p.parts) for p in reads)
        self._timeout_s = timeout_s
        self._before_write = before_write
        adapter = HTTPAdapter(max_retries=0)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def is_read(self, method: str, path: str, body: bytes = b"") -> bool:
        """Whether this request is on the connector's list of reads."""
        return any(
            method == known
            and pattern.fullmatch(path) is not None
            and (parts is None or self._only_gets(parts, body))
            for known, pattern, parts in self._reads
        )

    def _only_gets(
        self, parts: Callable[[bytes], Iterable[tuple[str, str]]], body: bytes
    ) -> bool:
        """Whether a request that carries others carries nothing but reads by GET."""
        try:
            inner = list(parts(body))
        except ValueError:
            return False
        return bool(inner) and all(
            method == "GET" and self.is_read(method, path) for method, path in inner
        )

    def send(
        self,
        request: requests.PreparedRequest,
        **kwargs: Any,  # noqa: ANN401 - requests' own
    ) -> requests.Response:
        """Send, or refuse.

        Raises:
            DryRunRefusedError: A dry run, and the request is not a known read.
            RetryableError: No answer came; ambiguous when it was not a read.
            ConnectorError: Plain http to another machine.
        """
        parts = urlsplit(request.url or "")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ConnectorError(system=self.system, code="plain_http_refused")
        read = self.is_read(request.method or "GET", parts.path, _bytes(request.body))
        self._count(request.method or "GET", parts.path, read=read)
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout_s
        try:
            return super().send(request, **kwargs)
        except requests.ConnectTimeout as error:
            raise self._no_answer(error, ambiguous=False) from None
        except requests.RequestException as error:
            raise self._no_answer(error, ambiguous=not read) from None

    def _count(self, method: str, path: str, *, read: bool) -> None:
        if read:
            self.calls.reads += 1
            return
        if self.dry_run:
            raise DryRunRefusedError(system=self.system, method=method, path=path)
        if self._before_write is not None:
            self._before_write()
        self.calls.writes += 1

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Follow no redirect to another host: credentials and bodies stay here.

        Raises:
            ConnectorError: The remote redirects elsewhere.
        """
        asked = urlsplit(response.request.url or "")
        told = urlsplit(prepared_request.url or "")
        if (asked.scheme, asked.netloc) != (told.scheme, told.netloc):
            raise ConnectorError(
                system=self.system,
                code="redirected_elsewhere",
                status=response.status_code,
            )

    def _no_answer(self, error: Exception, *, ambiguous: bool) -> RetryableError:
        return RetryableError(
            system=self.system, code=type(error).__name__, ambiguous=ambiguous
        )


def _bytes(body: object) -> bytes:
    """A request's body; empty for one that is streamed, which no list knows."""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def build_session(
    system: str,
    *,
    reads: tuple[ReadPattern, ...],
    dry_run: bool,
    timeout_s: tuple[float, float] = _TIMEOUT_S,
    before_write: Callable[[], None] | None = None,
    headers: Mapping[str, str] | None = None,
) -> GuardedSession:
    """A session for one connector; ``timeout_s`` is (connect, read)."""
    session = GuardedSession(
        system,
        reads=reads,
        dry_run=dry_run,
        timeout_s=timeout_s,
        before_write=before_write,
    )
    # Proxies and authorities are the environment's, credentials are ours: without this
    # a netrc entry for the host would take the place of the token.
    session.auth = _as_it_is
    session.headers.update({"User-Agent": "syncd", **(headers or {})})
    return session
