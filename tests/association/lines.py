"""One record's words: its kind, key, account, values and flags; and instants."""

import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday noon."""
TUESDAY_TEN = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
_SPAN = re.compile(r"([+-])(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def instant(text: str) -> datetime:
    """An instant: a span from NOW, a day and time of its year, or a full date."""
    found = _SPAN.fullmatch(text)
    if found:
        sign, number, unit = found.groups()
        span = timedelta(**{_UNITS[unit]: int(number)})
        return NOW + span if sign == "+" else NOW - span
    full = text if text.count("-") == 2 else f"{NOW.year}-{text}"
    at = datetime.fromisoformat(full)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(text: str) -> timedelta:
    """A length: ``30m``, ``1h``, ``2d``."""
    return instant(f"+{text}") - NOW


@dataclass
class Line:
    """One record's words; every value must be used, or the case has a slip."""

    kind: str
    key: str
    account: str | None
    values: dict[str, str]
    flags: set[str]

    def take(self, name: str, default: Any = None, *, read: Any = str) -> Any:
        """A value, read; the default when it is not said."""
        text = self.values.pop(name, None)
        return default if text is None else read(text)

    def flag(self, name: str) -> bool:
        """Whether a bare word stands there."""
        found = name in self.flags
        self.flags.discard(name)
        return found

    def many(self, name: str) -> tuple[str, ...]:
        """A list."""
        return tuple(self.take(name, (), read=lambda text: text.split(",")))


def read_line(text: str) -> Line:
    """Split a line into its words."""
    kind, key, *rest = shlex.split(text)
    line = Line(kind, key, None, {}, set())
    for word in rest:
        name, is_value, value = word.partition("=")
        if word.startswith("@"):
            line.account = word[1:]
        elif is_value:
            line.values[name] = value
        else:
            line.flags.add(word)
    return line
