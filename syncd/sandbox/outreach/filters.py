"""Filtering and sorting of lists.

Source: Outreach API reference, "Common patterns"; what may be filtered and sorted
stands in the catalogue.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from syncd.sandbox.outreach.catalogue import Kind
from syncd.sandbox.outreach.documents import Resource, target_of
from syncd.sandbox.outreach.errors import RefusalError, bad_request
from syncd.sandbox.outreach.org import Org

_FILTER: Final = re.compile(r"filter\[(\w+)\](?:\[(\w+)\])?(\[\])?")
_BOUNDS: Final = {"gte": "{}..inf", "lte": "neginf..{}"}

Params = Iterable[tuple[str, str]]


def matches(org: Org, kind: Kind, resource: Resource, params: Params) -> bool:
    """Whether a resource passes every filter.

    Raises:
        RefusalError: 422 for an attribute that may not be filtered; 400 for a filter
            that is none.
    """
    asked = list(params)
    new = ("newFilterSyntax", "true") in asked
    return all(
        _passes(org, kind, resource, name, value, new=new)
        for name, value in asked
        if name.startswith("filter")
    )


def _passes(
    org: Org, kind: Kind, resource: Resource, param: str, value: str, *, new: bool
) -> bool:
    found = _FILTER.fullmatch(param)
    if found is None or (found[3] and not new):
        raise bad_request(f"{param} is no filter")
    name, sub = found[1], found[2]
    if name == "q" and kind.name in {"account", "prospect"}:
        return _starts(resource, value)
    if name in kind.many and sub == "id":
        return bool(_numbers(org, kind, resource, name) & set(value.split(",")))
    if name in kind.related:
        return _fits(_of_related(org, kind, resource, name, sub or ""), value)
    if sub is not None:
        if not new or sub not in _BOUNDS:
            raise bad_request(f"{param} is no filter")
        value = _BOUNDS[sub].format(value)
    if name not in kind.filters:
        raise _unfilterable(name)
    here = resource["id"] if name == "id" else resource["attributes"].get(name)
    return _fits(here, value)


def _starts(resource: Resource, value: str) -> bool:
    attributes = resource["attributes"]
    words = [attributes.get("name"), attributes.get("firstName")]
    words += [attributes.get("lastName"), *(attributes.get("emails") or ())]
    return any(str(one or "").casefold().startswith(value.casefold()) for one in words)


def _numbers(org: Org, kind: Kind, resource: Resource, name: str) -> set[str]:
    return {str(one["id"]) for one in org.many(kind, resource, name)}


def _of_related(
    org: Org, kind: Kind, resource: Resource, name: str, attribute: str
) -> Any:  # noqa: ANN401 - any attribute
    if attribute not in kind.related[name]:
        raise _unfilterable(f"{name}.{attribute}")
    # On an opportunity, ``stage`` is another name of its opportunityStage.
    is_alias = kind.name == "opportunity" and name == "stage"
    target = target_of(resource, "opportunityStage" if is_alias else name)
    if attribute == "id":
        return None if target is None else target[1]
    found = None if target is None else org.visible(*target)
    return None if found is None else found["attributes"].get(attribute)


def _unfilterable(name: str) -> RefusalError:
    return RefusalError(422, "validationError", f"{name} cannot be filtered")


def _fits(here: Any, value: str) -> bool:  # noqa: ANN401 - any attribute
    if value in {"__null__", "__notnull__"}:
        return (here is None) is (value == "__null__")
    if ".." in value:
        low, _, high = value.partition("..")
        return here is not None and _within(here, low, high)
    wanted = {one.casefold() for one in value.split(",")}
    if isinstance(here, list):
        return any(str(one).casefold() in wanted for one in here)
    return str(here).casefold() in wanted


def _within(here: Any, low: str, high: str) -> bool:  # noqa: ANN401 - any attribute
    """Whether a value lies between two bounds of its own sort, both included."""
    read: Callable[[Any], Any] = float if isinstance(here, int | float) else _instant
    try:
        at = read(here)
        return (low == "neginf" or at >= read(low)) and (
            high == "inf" or at <= read(high)
        )
    except ValueError as error:
        raise bad_request(f"{low}..{high} is no range") from error


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def in_order(kind: Kind, resources: list[Resource], sort: str) -> list[Resource]:
    """Sorted by ``attribute,-id``; nulls first.

    Raises:
        RefusalError: 422 for an attribute that may not be sorted by.
    """
    for name in reversed([one for one in sort.split(",") if one]):
        bare = name.lstrip("-")
        if bare not in kind.sorts:
            raise RefusalError(422, "validationError", f"{bare} cannot be sorted by")

        def key(resource: Resource, bare: str = bare) -> tuple[bool, str]:
            value = resource["id"] if bare == "id" else resource["attributes"].get(bare)
            text = f"{value:020d}" if isinstance(value, int) else str(value)
            return value is not None, text

        resources = sorted(resources, key=key, reverse=name.startswith("-"))
    return resources
