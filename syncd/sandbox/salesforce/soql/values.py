"""Values as comparisons see them: stored ones, literals, patterns."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

from lark import Tree

from syncd.model.ids import salesforce_id
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import Field

_MAX_TEXT: Final = 4000
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_LITERALS: Final = {
    "datetime": "datetime",
    "date": "date",
    "boolean": "boolean",
    "int": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
}
"""Which literal a field of this type is compared with; all others with text."""


def is_text(field: Field) -> bool:
    """Whether a field holds text that LIKE can look into."""
    return field.type not in {*_LITERALS, "id", "reference"}


def comparable(value: Any, field: Field) -> Any:  # noqa: ANN401 - a stored value
    """A stored value as comparisons and orderings see it; ids and text alike in both.

    Source: SOQL and SOSL Reference (text without regard to letter case, null booleans).
    """
    if value is None:
        return False if field.type == "boolean" else None
    if field.type == "datetime":
        return _moment(str(value))
    if field.type == "date":
        return date.fromisoformat(str(value)[:10])
    if field.type in {"id", "reference"}:
        return salesforce_id(str(value)) or str(value)
    return value.casefold() if isinstance(value, str) else value


@lru_cache(maxsize=65_536)
def _moment(written: str) -> datetime:
    """A stamp as an instant; every query looks at the same stamps again."""
    return datetime.fromisoformat(written).astimezone(UTC)


def literal(node: Tree[Any], field: Field) -> Any:  # noqa: ANN401 - a stored value
    """A literal of the query as comparisons see it.

    Raises:
        RefusalError: It is of the wrong kind, too long, or no id.
    """
    if node.data == "null":
        return False if field.type == "boolean" else None
    needed = _LITERALS.get(field.type, "string")
    kind = "boolean" if node.data in {"true", "false"} else str(node.data)
    if kind != needed:
        message = f"value of filter criterion for field '{field.name}' must be of type"
        raise RefusalError("INVALID_FIELD", f"{message} {needed}")
    if kind == "boolean":
        return node.data == "true"
    if kind == "number":
        return float(str(node.children[0]))
    if kind != "string":
        return _instant(str(node.children[0]), field)
    value = text(node.children[0])
    if field.type in {"id", "reference"} and salesforce_id(value) is None:
        message = f"invalid ID field: {value}"
        raise RefusalError("INVALID_QUERY_FILTER_OPERATOR", message)
    return comparable(value, field)


def _instant(written: str, field: Field) -> Any:  # noqa: ANN401 - a stored value
    try:
        return comparable(written, field)
    except (ValueError, OverflowError):
        message = f"no such date: {written}"
        raise RefusalError("INVALID_QUERY_FILTER_OPERATOR", message) from None


def text(token: object) -> str:
    """A string literal without its quotes and escapes."""
    return _ESCAPE.sub(_unescaped, _inner(token))


def pattern(token: object) -> re.Pattern[str]:
    r"""A literal of LIKE: ``%`` and ``_`` stand for others unless escaped."""
    body = ""
    for part in re.split(r"(\\u[0-9A-Fa-f]{4}|\\.|[_%])", _inner(token)):
        if part in {"_", "%"}:
            body += "." if part == "_" else ".*"
        elif part in {"\\_", "\\%"}:
            body += part[1]
        else:
            body += re.escape(_ESCAPE.sub(_unescaped, part))
    return re.compile(body, re.IGNORECASE | re.DOTALL)


def _inner(token: object) -> str:
    inner = str(token)[1:-1]
    if len(inner) > _MAX_TEXT:
        raise RefusalError("MALFORMED_QUERY", "a string has 4,000 characters at most")
    return inner


def _unescaped(found: re.Match[str]) -> str:
    code, char = found[1], found[2]
    if code:
        return chr(int(code, 16))
    if char in "'\"\\":
        return str(char)
    if char not in _ESCAPES:
        raise RefusalError("MALFORMED_QUERY", "invalid escape in a string literal")
    return _ESCAPES[char]
