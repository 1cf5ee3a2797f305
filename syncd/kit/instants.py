"""Instants as vendors write them: parsed to aware UTC, written with ``Z``."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def parse_instant(text: str) -> datetime:
    """An aware UTC instant from ISO 8601; Salesforce's ``+0000`` included.

    Raises:
        ValueError: Not an instant, or one without offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = "an instant needs an offset"
        raise ValueError(message)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        message = "an instant beyond all calendars"
        raise ValueError(message) from None


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The server's instant of an answer; None when it gives none that can be read.

    Source: RFC 9110 section 6.6.1.
    """
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def iso_z(instant: datetime) -> str:
    """ISO 8601 in UTC with ``Z``; whole seconds unless there is a fraction."""
    text = instant.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")
