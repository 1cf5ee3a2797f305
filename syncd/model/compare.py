"""Whether two values of a vendor's field say the same."""

from typing import Any

from syncd.model.ids import salesforce_id
from syncd.model.texts import is_forgotten, same_text


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Equal as the vendors store it: empty text is null, ids come in two lengths.

    Salesforce may trim blanks and normalise newlines; Outreach sends ids as numbers
    and takes them as text. A text that is no longer kept is compared by its hash.
    """
    if is_forgotten(one) or is_forgotten(other):
        return same_text(one, other)
    return bool(_plain(one) == _plain(other))


def all_same(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Every wanted field has the wanted value."""
    return all(same(value, found.get(name)) for name, value in wanted.items())


def _plain(value: Any) -> Any:  # noqa: ANN401
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        text = value.replace("\r\n", "\n").strip()
        return salesforce_id(text) or text or None
    return value
