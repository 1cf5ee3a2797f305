"""Instants as vendors write them: parsed to aware UTC, written with ``Z``."""

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """An aware UTC instant from ISO 8601; Salesforce's ``+0000`` included.

    Raises:
        ValueError: Not an instant, or one without offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        message = "an instant needs an offset"
        raise ValueError(message)
    return instant.astimezone(UTC)


def iso_z(instant: datetime) -> str:
    """ISO 8601 in UTC with ``Z``; whole seconds unless there is a fraction."""
    text = instant.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")
