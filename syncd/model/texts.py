"""Copied texts that are no longer kept: their hash and length stand for them."""

import hashlib
from collections.abc import Collection, Mapping
from typing import Any, Final

_HASH: Final = "text_sha256"
_LENGTH: Final = "text_length"


def forgotten(text: str) -> dict[str, Any]:
    """What stays of a text."""
    clean = _clean(text)
    return {_HASH: hashlib.sha256(clean.encode()).hexdigest(), _LENGTH: len(clean)}


def is_forgotten(value: object) -> bool:
    """Whether this stands for a text that is no longer kept."""
    return isinstance(value, dict) and _HASH in value


def without_texts(values: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The same values with the texts of these fields forgotten."""
    return {
        name: forgotten(value)
        if name in names and isinstance(value, str) and value
        else value
        for name, value in values.items()
    }


def same_text(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether two values were the same text, when one of them is forgotten."""
    return _hash(one) == _hash(other)


def _hash(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    if is_forgotten(value):
        return str(value[_HASH])
    return forgotten(value)[_HASH] if isinstance(value, str) else None


def _clean(text: str) -> str:
    """As vendors keep it: no blanks around it, one kind of newline."""
    return text.replace("\r\n", "\n").strip()
