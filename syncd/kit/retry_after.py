"""How long a remote asks us to wait, in every form that is met.

Source: RFC 9110 section 10.2.3 (seconds, HTTP date); Outreach API reference, rate
limits and maintenance (epoch seconds, ISO 8601).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from syncd.kit.instants import date_of, parse_instant

_EPOCH_FROM: Final = 1_000_000_000  # larger numbers are instants, not durations
_HEADERS: Final = ("Retry-After", "X-RateLimit-Reset")


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds to wait, never negative; None when the remote gave no usable hint.

    ``headers`` is looked up as given: pass requests' case-insensitive mapping. An
    instant is held against the answer's own Date, else against ``now``.
    """
    now = date_of(headers) or now
    for name in _HEADERS:
        text = (headers.get(name) or "").strip()
        if text:
            wait_s = _parse(text, now=now)
            if wait_s is not None:
                return max(0.0, wait_s)
    return None


def _parse(text: str, *, now: datetime) -> float | None:
    try:
        number = float(text)
    except ValueError:
        at = _instant(text)
        return None if at is None else (at - now).total_seconds()
    return number - now.timestamp() if number >= _EPOCH_FROM else number


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None
