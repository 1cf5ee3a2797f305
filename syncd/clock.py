"""The one module that reads the time."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, aware, UTC, whole microseconds."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds that never jump, for durations only."""
    return time.monotonic()


def sleep_s(seconds: float) -> None:
    """Wait; the only sleep in the project, so that tests can replace it."""
    time.sleep(seconds)
