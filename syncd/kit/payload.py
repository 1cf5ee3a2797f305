"""A body as JSON, cleaned of what no store takes; one bad letter is no bad page.

Source: RFC 8259 section 8.2 (unpaired surrogates are met); PostgreSQL manual,
"Character Types" (a text cannot hold the character with code zero).
"""

import json
import re
from typing import Any, Final

import msgspec

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_NUL: Final = b"\\u0000"
_INSTEAD: Final = "\N{REPLACEMENT CHARACTER}"


def read_json(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a body.

    NUL characters, halves of surrogate pairs and bytes that are no UTF-8 become
    U+FFFD: the page around them is good.

    Raises:
        ValueError: It is not JSON, or nested deeper than any answer is.
    """
    try:
        value = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return _clean(_lenient(content))
    return _clean(value) if _NUL in content else value


def _lenient(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(content.decode(errors="replace"), parse_constant=_refuse)
    except RecursionError:
        message = "nested too deeply"
        raise ValueError(message) from None


def _refuse(name: str) -> None:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _clean(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _UNSTORABLE.sub(_INSTEAD, value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return value
