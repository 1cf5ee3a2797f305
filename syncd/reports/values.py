"""How a value of a change is shown to people."""

from typing import Any, Final

_LONG: Final = 60
_CONTENT: Final = frozenset({"Description", "note"})
"""Fields that hold what people wrote: reports tell their length only."""


def shown_value(field: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value in a line: content by its length, long text cut, nothing as (empty)."""
    if value is None or value == "":
        return "(empty)"
    text = str(value)
    if field in _CONTENT:
        return f"(text of {len(text)} characters)"
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
