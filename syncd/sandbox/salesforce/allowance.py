"""How much an org lets its clients ask: per day, at once, per request.

Source: Limits and Allocations Quick Reference (API Request Limits); REST API Developer
Guide (Limit Info Header, Status Codes).
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError

_MAX_BYTES: Final = 16_384
_DAY: Final = timedelta(hours=24)
_LONG: Final = timedelta(seconds=20)
_BEYOND: Final = 1.5
"""How far a paid org goes over its allowance; the vendor names no figure."""


@dataclass(frozen=True, kw_only=True)
class _Slow:
    """Requests that take their time: they run long and answer late."""

    path: str
    duration: timedelta


class Allowance:
    """Counts calls over a rolling day and long requests at any moment."""

    def __init__(self, clock: SandboxClock, *, daily: int) -> None:
        """No call yet."""
        self._clock = clock
        self._calls: deque[tuple[datetime, int, bool]] = deque()
        self._daily = daily
        self._stop: int | None = None
        self._most_long = 25
        self._app = ("", 0)
        self._slow: list[_Slow] = []
        self._running: list[tuple[datetime, datetime]] = []

    @property
    def daily(self) -> int:
        """Calls that one day allows."""
        return self._daily

    @property
    def used(self) -> int:
        """Calls of the last 24 hours, other tools' included."""
        return self._sum(ours_only=False)

    @property
    def header(self) -> str:
        """The value of Sforce-Limit-Info."""
        text = f"api-usage={self.used}/{self._daily}"
        name, most = self._app
        if not name:
            return text
        ours = self._sum(ours_only=True)
        return f"{text}; per-app-api-usage={ours}/{most}(appName={name})"

    def set_used(self, calls: int) -> None:
        """Let the whole org have made so many calls just now."""
        self._calls.clear()
        self._calls.append((self._now(), calls, False))

    def change(self, asked: Mapping[str, Any]) -> None:
        """Set what is named: ``daily``, ``stop_at``, ``long_requests``, ``app``."""
        self._daily = int(asked.get("daily", self._daily))
        self._stop = int(asked["stop_at"]) if "stop_at" in asked else self._stop
        self._most_long = int(asked.get("long_requests", self._most_long))
        if "app" in asked:
            self._app = (str(asked["app"]), int(asked["app_daily"]))

    def slow_down(self, asked: Mapping[str, Any]) -> None:
        """Let the next ``times`` requests to a ``path`` take ``seconds``."""
        duration = timedelta(seconds=float(asked["seconds"]))
        one = _Slow(path=str(asked.get("path", "")), duration=duration)
        self._slow += [one] * int(asked.get("times", 1))

    def admit(self, request: Request) -> timedelta:
        """Count a call; how long it is going to take.

        Raises:
            RefusalError: The day is used up, or too many long requests run.
        """
        stop = self._daily * _BEYOND if self._stop is None else self._stop
        if self.used >= stop:
            raise _refused("TotalRequests")
        now = self._now()
        self._running = [one for one in self._running if one[1] > now]
        if sum(long_from <= now for long_from, _ in self._running) >= self._most_long:
            raise _refused("ConcurrentPerOrgLongTxn")
        self._count(now)
        slow = next((s for s in self._slow if re.search(s.path, request.path)), None)
        if slow is None:
            return timedelta(0)
        self._slow.remove(slow)
        if slow.duration > _LONG:
            self._running.append((now + _LONG, now + slow.duration))
        return slow.duration

    def _count(self, now: datetime) -> None:
        last = self._calls[-1] if self._calls else None
        if last is not None and last[2] and last[0] == now.replace(microsecond=0):
            self._calls[-1] = (last[0], last[1] + 1, True)
        else:
            self._calls.append((now.replace(microsecond=0), 1, True))

    def _sum(self, *, ours_only: bool) -> int:
        limit = self._now() - _DAY
        while self._calls and self._calls[0][0] <= limit:
            self._calls.popleft()
        return sum(n for _, n, ours in self._calls if ours or not ours_only)

    def _now(self) -> datetime:
        return self._clock.now("salesforce")


def oversized(request: Request) -> Response | None:
    """414 for too long an address, 431 where the headers are what is too much."""
    address = len(request.path) + len(request.query) + bool(request.query)
    if address > _MAX_BYTES:
        return Response(status=414)
    headers = sum(len(name) + len(text) for name, text in request.headers.items())
    return Response(status=431) if address + headers > _MAX_BYTES else None


def _refused(which: str) -> RefusalError:
    message = f"{which} Limit exceeded."
    return RefusalError("REQUEST_LIMIT_EXCEEDED", message, status=403)
