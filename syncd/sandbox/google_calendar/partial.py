"""Partial responses: ``fields=items(id,start/dateTime),nextPageToken``.

Source: Google Calendar guide, "Performance tips", partial response.
"""

import re
from typing import Any, Final

from syncd.sandbox.google_calendar.errors import RefusalError

_TOKEN: Final = re.compile(r"[A-Za-z0-9_*-]+|[(),/]")

# What is wanted of an object, by name; empty = all of it.
Selection = dict[str, "Selection"]


def selected(value: Any, selection: Selection) -> Any:  # noqa: ANN401 - any JSON value
    """What of a value a selection keeps; lists are looked through."""
    if isinstance(value, list):
        return [selected(one, selection) for one in value]
    if not selection or not isinstance(value, dict):
        return value
    everything = selection.get("*")
    return {
        name: selected(one, selection.get(name, everything or {}))
        for name, one in value.items()
        if name in selection or everything is not None
    }


def parse(text: str) -> Selection:
    """A selector.

    Raises:
        RefusalError: 400 for text that is none.
    """
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise _invalid(text)
    selection = _list(tokens, text)
    if tokens:
        raise _invalid(text)
    return selection


def _list(tokens: list[str], text: str) -> Selection:
    selection: Selection = {}
    while True:
        _path(tokens, text, selection)
        if not tokens or tokens[0] != ",":
            return selection
        tokens.pop(0)


def _path(tokens: list[str], text: str, selection: Selection) -> None:
    """``a/b`` and ``a(b,c)`` are kept under ``a``; both may be given."""
    if not tokens or tokens[0] in "(),/":
        raise _invalid(text)
    held = selection.setdefault(tokens.pop(0), {})
    if tokens and tokens[0] == "/":
        tokens.pop(0)
        _path(tokens, text, held)
    elif tokens and tokens[0] == "(":
        tokens.pop(0)
        held |= _list(tokens, text)
        if not tokens or tokens.pop(0) != ")":
            raise _invalid(text)


def _invalid(text: str) -> RefusalError:
    message = f"Invalid field selection {text}"
    return RefusalError(400, "invalidParameter", message, parameter="fields")
