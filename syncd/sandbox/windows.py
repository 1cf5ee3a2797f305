"""Calls counted in a sliding window, for the services that limit by the minute."""

from collections import defaultdict, deque
from datetime import datetime, timedelta


class SlidingWindow:
    """Calls of the last while, by whom they count for."""

    def __init__(self, length: timedelta = timedelta(minutes=1)) -> None:
        """No call yet."""
        self._length = length
        self._calls: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def has_room(self, who: str, limit: int, now: datetime) -> bool:
        """Whether another call stays within the limit."""
        calls = self._calls[who]
        while calls and now - calls[0] >= self._length:
            calls.popleft()
        return len(calls) < limit

    def count(self, who: str, now: datetime) -> None:
        """Count a call."""
        self._calls[who].append(now)
