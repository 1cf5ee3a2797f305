"""Quotas by user and by project, and the usage limits of writes.

Source: Google Calendar guides, "Manage quotas", "Handle API errors".
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncd.sandbox.google_calendar.errors import RefusalError
from syncd.sandbox.windows import SlidingWindow

_PROJECT: Final = "project"
_FORBIDDEN: Final = 403


@dataclass(kw_only=True)
class Quotas:
    """What one project may ask for in a minute, in all and for each user.

    Attributes:
        status: Of a refusal: one overload shows as 403 or as 429.
        retry_after_s: Told with a refusal; None = not told.
        writes_exhausted: Writes meet the calendar usage limits, which last hours.
    """

    per_user: int
    per_project: int
    status: int = _FORBIDDEN
    retry_after_s: int | None = None
    writes_exhausted: bool = False
    _window: SlidingWindow = field(default_factory=SlidingWindow)

    def spend(self, user: str, now: datetime) -> None:
        """Count a call.

        Raises:
            RefusalError: 403 or 429; clients must go by the reason.
        """
        whole = self._window.has_room(_PROJECT, self.per_project, now)
        if not whole or not self._window.has_room(f"user {user}", self.per_user, now):
            by_user = whole and self.status == _FORBIDDEN
            raise RefusalError(
                self.status,
                "userRateLimitExceeded" if by_user else "rateLimitExceeded",
                "Rate Limit Exceeded",
                domain="usageLimits",
                retry_after_s=self.retry_after_s,
            )
        self._window.count(_PROJECT, now)
        self._window.count(f"user {user}", now)

    def require_writes(self) -> None:
        """Refuse writes when there have been too many.

        Raises:
            RefusalError: 403.
        """
        if self.writes_exhausted:
            message = "Calendar usage limits exceeded."
            raise RefusalError(403, "quotaExceeded", message, domain="usageLimits")
