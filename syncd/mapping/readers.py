"""Named pure readers: vendor values to canonical ones.

A reader is given the values of a row's remote fields, absent ones left out, and
returns the canonical JSON value, or None for "empty". It raises ValueError or
TypeError for a value of the wrong type; the record is then quarantined.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from syncd.kit.instants import iso_z, parse_instant
from syncd.mapping.links import conference_links
from syncd.model.ids import salesforce_id
from syncd.model.mail import normalise_email
from syncd.model.phones import e164
from syncd.model.words import prints_of, talk_kinds

Reader = Callable[[Sequence[Any]], Any]

_CASE: Final = re.compile(
    r"\bcase\s*(?:number|no\.?|#)?\s*[:#]?\s*(\d{4,})\b", re.IGNORECASE
)
_CHORUS: Final = re.compile(
    r"chorus\.ai/meeting/(?:\d+\S*?[?&]call=)?([0-9A-Fa-f]{32})"
)
_MARKER: Final = re.compile(r"\[syncd:([0-9a-z]+)\]")
_SFID: Final = re.compile(r"\b[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\b")
_CRM_PREFIXES: Final = ("001", "003", "005", "006", "00Q", "00T", "00U", "500")


def _first(values: Sequence[Any]) -> Any:  # noqa: ANN401
    return values[0] if values else None


def _typed(value: Any, *kinds: type) -> Any:  # noqa: ANN401
    if isinstance(value, bool) and bool not in kinds:
        message = "a number or text was expected"
        raise TypeError(message)
    if not isinstance(value, kinds):
        message = f"{' or '.join(kind.__name__ for kind in kinds)} was expected"
        raise TypeError(message)
    return value


def read_text(values: Sequence[Any]) -> str | None:
    """Text as it is; empty text is nothing."""
    value = _first(values)
    return None if value is None else str(_typed(value, str, int, float)) or None


def read_id18(values: Sequence[Any]) -> str | None:
    """A Salesforce id in 18 characters; what is not one is nothing."""
    value = _first(values)
    return None if value is None else salesforce_id(str(_typed(value, str)))


def read_id(values: Sequence[Any]) -> str | None:
    """An id as text; vendors send integers and strings."""
    value = _first(values)
    return None if value in {None, ""} else str(_typed(value, str, int))


def read_bool(values: Sequence[Any]) -> bool | None:
    """True or false."""
    value = _first(values)
    return None if value is None else bool(_typed(value, bool))


def read_is_set(values: Sequence[Any]) -> bool | None:
    """Whether the field holds anything."""
    return bool(_first(values)) or None


def read_integer(values: Sequence[Any]) -> int | None:
    """A whole number."""
    value = _first(values)
    return None if value is None else int(_typed(value, int, float))


def read_number(values: Sequence[Any]) -> float | None:
    """A number."""
    value = _first(values)
    return None if value is None else float(_typed(value, int, float))


def read_instant(values: Sequence[Any]) -> str | None:
    """ISO 8601 or epoch seconds; the first remote that is set."""
    for value in values:
        if value not in {None, ""}:
            if isinstance(value, int | float) and not isinstance(value, bool):
                return iso_z(datetime.fromtimestamp(value, UTC))
            return iso_z(parse_instant(_typed(value, str)))
    return None


def read_instant_or_day(values: Sequence[Any]) -> str | None:
    """An instant, or the midnight (UTC) that begins a day without time zone."""
    value = _first(values)
    if value is None:
        return None
    text = _typed(value, str)
    return iso_z(parse_instant(text if "T" in text else f"{text}T00:00:00Z"))


def read_any_id18(values: Sequence[Any]) -> str | None:
    """The first value that is a Salesforce id; internal ids of other systems are not.

    Source: Chorus API: account and opportunity ids may be either.
    """
    found = (salesforce_id(value) for value in values if isinstance(value, str))
    return next((one for one in found if one), None)


def read_date(values: Sequence[Any]) -> str | None:
    """A day without time zone; of an instant only its day."""
    value = _first(values)
    return (
        None
        if value is None
        else date.fromisoformat(_typed(value, str)[:10]).isoformat()
    )


def read_email(values: Sequence[Any]) -> str | None:
    """One address, case-folded; what is not one is nothing."""
    value = _first(values)
    return None if value is None else normalise_email(_typed(value, str))


def _flat(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        elif isinstance(value, Mapping):
            yield from _flat([value.get("email") or value.get("number")])
        elif value is not None:
            yield _typed(value, str)


def read_emails(values: Sequence[Any]) -> list[str] | None:
    """Every address of all remotes, case-folded, once, in order."""
    found = (normalise_email(text) for text in _flat(values))
    return list(dict.fromkeys(address for address in found if address)) or None


def read_phones(values: Sequence[Any]) -> list[str] | None:
    """Every international number as E.164; a number without country is left out."""
    found = (e164(text) for text in _flat(values))
    return list(dict.fromkeys(number for number in found if number)) or None


def read_note(values: Sequence[Any]) -> dict[str, Any] | None:
    """What is judged of a text while it is read; the text itself ends here."""
    text = _first(values)
    if text is None:
        return None
    clean = _typed(text, str).replace("\r\n", "\n").strip()
    if not clean:
        return None
    digest: dict[str, Any] = {
        "length": len(clean),
        "sha256": hashlib.sha256(clean.encode()).hexdigest(),
        "case_numbers": _CASE.findall(clean),
        "chorus_ids": [found.upper() for found in _CHORUS.findall(clean)],
        "markers": _MARKER.findall(clean),
        "is_template": _is_template(clean),
        "words": prints_of(clean),
        "talk": talk_kinds(clean),
    }
    return {key: value for key, value in digest.items() if value}


def read_notes(values: Sequence[Any]) -> dict[str, Any] | None:
    """What is judged of several texts, and of lists of them, as if they were one.

    Of a map the name and the text count. Which shape Chorus' ``action_items`` and
    ``tracker_matches`` have beyond that is not published.
    """
    return read_note(["\n".join(_texts(values))])


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
        elif isinstance(value, Mapping):
            yield from _texts([value.get("name"), value.get("text")])


def _is_template(text: str) -> bool:
    """Only headings and blanks were left of a form: every line ends in a colon."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and all(line.endswith((":", "?", "-", "_")) for line in lines)


def read_crm_ids(values: Sequence[Any]) -> list[str] | None:
    """Every Salesforce id found anywhere in the values, in 18 characters.

    The shape of Outreach's data connections is not published, so lists and maps of
    any depth are searched. Source: Outreach API, ``provideDataConnections``.
    """
    found = (salesforce_id(text) for value in values for text in _ids(value))
    known = [one for one in found if one and one.startswith(_CRM_PREFIXES)]
    return sorted(set(known)) or None


def _ids(value: Any) -> Iterable[str]:  # noqa: ANN401
    if isinstance(value, str):
        yield from _SFID.findall(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)


def read_attendees(values: Sequence[Any]) -> list[dict[str, Any]] | None:
    """A calendar event's guests. Source: Calendar API v3, ``attendees[]``."""
    guests = []
    for one in _typed(_first(values) or [], list):
        guest = {
            "email": normalise_email(one.get("email")),
            "name": one.get("displayName"),
            "response": one.get("responseStatus"),
            "is_resource": one.get("resource", False),
            "is_optional": one.get("optional", False),
            "is_self": one.get("self", False),
        }
        guests.append({key: value for key, value in guest.items() if value})
    return guests or None


def read_participants(values: Sequence[Any]) -> list[dict[str, Any]] | None:
    """A Chorus engagement's people: the conversation's list wins over the other."""
    chosen: Any = next((value for value in values if value), [])
    people = []
    for one in _typed(chosen, list):
        ours = one.get("is_my_team")
        person = {
            "email": normalise_email(one.get("email")),
            "name": one.get("name"),
            "is_rep": ours if ours is not None else one.get("type") == "rep",
        }
        people.append({key: value for key, value in person.items() if value})
    return people or None


def read_links(values: Sequence[Any]) -> list[str] | None:
    """Conference links found anywhere in the values, best first."""
    return conference_links(values) or None


def read_id_list(values: Sequence[Any]) -> list[str] | None:
    """Salesforce ids of a list field, in 18 characters."""
    found = (salesforce_id(text) for text in _flat(values))
    return [one for one in found if one] or None


READERS: Final[Mapping[str, Reader]] = {
    name.removeprefix("read_"): function
    for name, function in tuple(globals().items())
    if name.startswith("read_")
}
"""Every reader by the name that mappings use."""
