"""Too many calls: 429, then nothing but 429 for a while.

Source: what community clients of the API assume; Chorus documents no limit.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncd.sandbox.http import Response
from syncd.sandbox.windows import SlidingWindow


@dataclass(kw_only=True)
class Pauses:
    """A limit by the minute, 0 = none, and the pause that exceeding it costs.

    Attributes:
        tells: Whether a refusal says how long; by default it has no header at all.
    """

    per_minute: int = 0
    pause: timedelta = timedelta(minutes=10)
    tells: bool = False
    _closed_until: datetime | None = None
    _window: SlidingWindow = field(default_factory=SlidingWindow)

    def refusal(self, now: datetime) -> Response | None:
        """The 429 that a call meets; None = it is counted and goes on."""
        if self._closed_until is None or now >= self._closed_until:
            if not self.per_minute or self._window.has_room("", self.per_minute, now):
                self._window.count("", now)
                return None
            self._closed_until = now + self.pause
        left = (self._closed_until - now).total_seconds()
        headers = {"Retry-After": str(round(left))} if self.tells else {}
        return Response(status=429, headers=headers)
