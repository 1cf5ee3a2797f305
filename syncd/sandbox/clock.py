"""The sandbox's clock: the services' server time, movable from outside."""

from datetime import UTC, datetime, timedelta
from threading import Lock

from syncd import clock


class SandboxClock:
    """Real time plus an offset; ``advance`` moves it, ``skew`` differs per service."""

    def __init__(self, start: datetime | None = None) -> None:
        """Start at ``start`` (real time goes on from there), or at the real time."""
        self._lock = Lock()
        self._offset = timedelta(0) if start is None else start - clock.now()
        self._frozen: datetime | None = None
        self._skew: dict[str, timedelta] = {}

    def now(self, service: str = "") -> datetime:
        """The present instant as this service sees it."""
        with self._lock:
            base = self._frozen or clock.now() + self._offset
            return (base + self._skew.get(service, timedelta(0))).astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Move forward (or, negative, back)."""
        with self._lock:
            if self._frozen is not None:
                self._frozen += by
            else:
                self._offset += by

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still at ``at`` or at the present instant."""
        with self._lock:
            self._frozen = at or self._frozen or clock.now() + self._offset

    def skew(self, service: str, by: timedelta) -> None:
        """Let one service's clock be wrong by this much."""
        with self._lock:
            self._skew[service] = by
