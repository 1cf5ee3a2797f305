"""Our own share of a vendor's allowance: calls of the last window, held in process."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from syncd.errors import RetryableError


class CallBudget:
    """Counts calls in a sliding window and stops before our share is used up."""

    def __init__(
        self, system: str, *, window: timedelta, now: Callable[[], datetime]
    ) -> None:
        """``window`` is what the vendor counts in: an hour, a day."""
        self._system = system
        self._window = window
        self._now = now
        self._calls: deque[datetime] = deque()

    @property
    def used(self) -> int:
        """Calls of the last window."""
        begin = self._now() - self._window
        while self._calls and self._calls[0] <= begin:
            self._calls.popleft()
        return len(self._calls)

    def spend(self, *, allowed: float, code: str) -> None:
        """Count one call.

        Args:
            allowed: Calls that we may make in a window; 0 = no limit is known.
            code: Name of the limit, for the error.

        Raises:
            RetryableError: Our share is used up; ``retry_after_s`` says until when.
        """
        if allowed and self.used >= allowed:
            wait = self._calls[0] + self._window - self._now()
            raise RetryableError(
                system=self._system, code=code, retry_after_s=wait.total_seconds()
            )
        self._calls.append(self._now())
