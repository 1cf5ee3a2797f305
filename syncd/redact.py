"""The one redaction: what must never reach a log, an error or a report."""

import re
from collections.abc import MutableMapping
from typing import Any, Final

_SECRET_KEY: Final = re.compile(
    r"token|secret|password|authorization|assertion|private_key|api_key|cookie",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*(@[A-Za-z0-9.-]+)")
_QUERY: Final = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
HIDDEN: Final = "[hidden]"


def redact_text(text: str) -> str:
    """The text without credentials, query strings and full e-mail addresses."""
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _QUERY.sub(r"\1?…", text)
    return _ADDRESS.sub(r"\1…\2", text)


def redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor that hides secrets by key and cleans every text."""
    for key, value in event.items():
        if _SECRET_KEY.search(key):
            event[key] = HIDDEN
        elif isinstance(value, str):
            event[key] = redact_text(value)
    return event
