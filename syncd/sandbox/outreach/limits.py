"""The hourly budget of each user, maintenance, and the headers that tell of them.

Source: Outreach API reference, "Rate limits"; developer documentation, "Errors".
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from syncd.kit.instants import iso_z
from syncd.sandbox.http import Response
from syncd.sandbox.outreach.errors import RefusalError
from syncd.sandbox.outreach.switches import Switches


class Limits:
    """Counts the calls of each user by the hour, whatever token they come with."""

    def __init__(self, switches: Switches, hourly: int) -> None:
        """The same budget for each user."""
        self.hourly = hourly
        self.closed_until: datetime | None = None
        self._switches = switches
        self._calls: Counter[tuple[str, int]] = Counter()

    def count(self, user: str, now: datetime, calls: int = 1) -> None:
        """Count calls of one user."""
        self._calls[user, _hour(now)] += calls

    def spend(self, user: str, now: datetime) -> None:
        """Count a call of one user.

        Raises:
            RefusalError: 429 over the budget.
        """
        hour = _hour(now)
        self.count(user, now)
        if self._calls[user, hour] > self.hourly:
            again = _end_of(hour)
            detail = f"Limit of {self.hourly} calls an hour; try at {iso_z(again)}"
            raise RefusalError(429, "rateLimitExceeded", detail, until=again)

    def require_open(self, now: datetime) -> None:
        """Refuse everything in the middle of maintenance.

        Raises:
            RefusalError: 503.
        """
        if self.closed_until is not None and now < self.closed_until:
            detail, again = "Scheduled maintenance.", self.closed_until
            raise RefusalError(503, "scheduledServerMaintenance", detail, until=again)

    def tell(self, response: Response, user: str, now: datetime) -> None:
        """Set the date and the rate headers."""
        left = max(0, self.hourly - self._calls[user, _hour(now)])
        headers = response.headers
        headers.setdefault("Date", format_datetime(now, usegmt=True))
        headers["X-RateLimit-Limit"] = str(self.hourly)
        headers["X-RateLimit-Remaining"] = str(left)
        headers["X-RateLimit-Reset"] = str(int(_end_of(_hour(now)).timestamp()))

    def refuse(self, refusal: RefusalError, now: datetime) -> Response:
        """The refusal's document, saying when to come again where that is known."""
        response = refusal.response()
        if refusal.until is not None:
            # Maintenance always names an instant in ISO form.
            is_closed = refusal.status == 503  # noqa: PLR2004
            form = "iso" if is_closed else self._switches.retry_after
            response.headers["Retry-After"] = _in_form(form, refusal.until, now)
        return response


def _in_form(form: str, at: datetime, now: datetime) -> str:
    if form == "seconds":
        return str(int((at - now).total_seconds()))
    if form == "http":
        return format_datetime(at, usegmt=True)
    return iso_z(at) if form == "iso" else str(int(at.timestamp()))


def _hour(now: datetime) -> int:
    return int(now.timestamp()) // 3600


def _end_of(hour: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(hours=hour + 1)
