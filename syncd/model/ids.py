"""Ids: Salesforce's two spellings, and our own stable ones."""

import hashlib
import re
from functools import lru_cache
from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE: Final = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")
_SHORT: Final = 15


@lru_cache(maxsize=65_536)
def salesforce_checksum(short_id: str) -> str:
    """Three check characters of a 15-character Salesforce id.

    Each group of five characters gives a 5-bit number in which bit k is set when
    character k is an upper-case letter.

    Source: Salesforce object reference, "ID field type".
    """
    groups = (short_id[start : start + 5] for start in range(0, _SHORT, 5))
    return "".join(
        _ALPHABET[sum(1 << k for k, char in enumerate(group) if "A" <= char <= "Z")]
        for group in groups
    )


def salesforce_id(text: str | None) -> str | None:
    """The 18-character form of a Salesforce id; None when the text is not one."""
    if text is None or _SHAPE.fullmatch(text) is None:
        return None
    short = text[:_SHORT]
    full = short + salesforce_checksum(short)
    return full if len(text) == _SHORT or text == full else None


def stable_id(prefix: str, *parts: str) -> str:
    """The same short id for the same parts, in every process and on every store."""
    body = "\x1f".join(parts).encode()
    return f"{prefix}_{hashlib.sha256(body).hexdigest()[:20]}"
