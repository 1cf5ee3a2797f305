"""Stands before a service: logs and counts requests, and plays faults on demand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Any, Protocol

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response


class CountingService(Protocol):
    """A service that can tell reads from writes and has test hooks."""

    @property
    def name(self) -> str:
        """Its system."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record."""
        ...

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks."""
        ...


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One request; bodies and queries are not kept."""

    method: str
    path: str
    status: int
    is_write: bool


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next matching requests.

    Attributes:
        method: Regular expression; so is ``path``.
        writes: Hit only what could change a record, whatever its method is.
        times: How many requests it hits.
        share: Part of the matching requests that it hits, drawn by lot.
        after: The request takes effect first: its answer is what gets lost.
        drop: Close the connection without an answer.
        truncate: Send so many bytes of the service's own answer, then close.
        delay_s: Send the service's own answer, so much later.
    """

    method: str = ".*"
    path: str = ".*"
    writes: bool = False
    times: int = 1
    share: float = 1.0
    status: int = 503
    headers: Mapping[str, str] | None = None
    body: str = ""
    after: bool = False
    drop: bool = False
    truncate: int | None = None
    delay_s: float = 0.0


class Recorder:
    """Wraps a service; itself a service."""

    def __init__(self, service: CountingService, clock: SandboxClock) -> None:
        """Logs everything, breaks nothing until told to."""
        self.service = service
        self.name = service.name
        self.log: list[Logged] = []
        self._clock = clock
        self._faults: list[Fault] = []
        self._lots = Random(service.name)  # noqa: S311 - the same draws in every run
        self._lock = Lock()

    def break_next(self, fault: Fault) -> None:
        """Let a fault hit the next matching requests."""
        with self._lock:
            self._faults.append(fault)

    def mend(self) -> None:
        """No fault hits any more."""
        with self._lock:
            self._faults.clear()

    @property
    def calls(self) -> int:
        """Requests so far."""
        return len(self.log)

    @property
    def write_calls(self) -> int:
        """Requests so far that could change a record."""
        return sum(one.is_write for one in self.log)

    def handle(self, request: Request) -> Response:
        """Answer, or break as told."""
        fault = self._fault_for(request)
        if fault is None:
            response = self.service.handle(request)
        else:
            response = self._broken(fault, request)
        with self._lock:
            self.log.append(
                Logged(
                    method=request.method,
                    path=request.path,
                    status=response.status,
                    is_write=self.service.is_write(request),
                )
            )
        return response

    def _fault_for(self, request: Request) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if self._hits(fault, request):
                    fault.times -= 1
                    return fault
        return None

    def _hits(self, fault: Fault, request: Request) -> bool:
        return (
            fault.times > 0
            and re.fullmatch(fault.method, request.method) is not None
            and re.search(fault.path, request.path) is not None
            and (not fault.writes or self.service.is_write(request))
            and (fault.share >= 1 or self._lots.random() < fault.share)
        )

    def _broken(self, fault: Fault, request: Request) -> Response:
        if fault.truncate is not None or fault.delay_s:
            answer = self.service.handle(request)
            answer.truncate, answer.delay_s = fault.truncate, fault.delay_s
            return answer
        if fault.after:
            self.service.handle(request)
        return Response(
            status=fault.status,
            headers=dict(fault.headers or {}),
            body=fault.body.encode(),
            drop=fault.drop,
        )
