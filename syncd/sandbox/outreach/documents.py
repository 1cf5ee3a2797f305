"""JSON:API documents: filters, sorting, sparse fields, relationships.

Source: Outreach API reference, "Common patterns".
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.http import Response

MEDIA_TYPE: Final = "application/vnd.api+json"
_FILTER: Final = re.compile(r"filter\[(\w+)\](?:\[(\w+)\])?(?:\[\])?")
_UNFILTERABLE: Final = frozenset(
    {
        "note",
        "externalId",
        "vendorCallId",
        "answeredAt",
        "completedAt",
        "dialedAt",
        "returnedAt",
        "primary",
    }
)

Resource = dict[str, Any]


class RefusalError(Exception):
    """One JSON:API error."""

    def __init__(self, status: int, error_id: str, detail: str) -> None:
        """``error_id`` is what clients key on."""
        super().__init__(error_id)
        self.status = status
        self.error_id = error_id
        self.detail = detail

    def response(self) -> Response:
        """The error document; an odd key for one of them, as the vendor has it."""
        key = "details" if self.error_id == "unsupportedMediaType" else "detail"
        error = {"id": self.error_id, "title": self.error_id, key: self.detail}
        return answer({"errors": [error]}, status=self.status)


def answer(body: Mapping[str, Any], *, status: int = 200) -> Response:
    """A JSON:API answer."""
    return Response.json(body, status=status, content_type=MEDIA_TYPE)


def matches(resource: Resource, params: Iterable[tuple[str, str]]) -> bool:
    """Whether a resource passes every filter.

    Raises:
        RefusalError: An attribute that may not be filtered.
    """
    return all(
        _passes(resource, found[1], found[2], value)
        for name, value in params
        if (found := _FILTER.fullmatch(name))
    )


def _passes(resource: Resource, name: str, sub: str | None, value: str) -> bool:
    if name in _UNFILTERABLE:
        raise RefusalError(422, "validationError", f"{name} cannot be filtered")
    relationships = resource.get("relationships", {})
    related = "opportunityStage" if name == "stage" and sub == "id" else name
    if sub == "id" or related in relationships:
        data = (relationships.get(related) or {}).get("data") or {}
        return str(data.get("id")) in value.split(",")
    here = resource["id"] if name == "id" else resource["attributes"].get(name)
    if sub in {"gte", "lte"}:
        value = f"{value}..inf" if sub == "gte" else f"neginf..{value}"
    return _fits(here, value)


def _fits(here: Any, value: str) -> bool:  # noqa: ANN401 - any attribute
    if value in {"__null__", "__notnull__"}:
        return (here is None) is (value == "__null__")
    if ".." in value:
        low, _, high = value.partition("..")
        if here is None:
            return False
        return (low == "neginf" or _at(here) >= _at(low)) and (
            high == "inf" or _at(here) <= _at(high)
        )
    wanted = {one.casefold() for one in value.split(",")}
    if isinstance(here, list):
        return any(str(one).casefold() in wanted for one in here)
    return str(here).casefold() in wanted


def _at(value: Any) -> Any:  # noqa: ANN401
    """An instant where it is one, else the text or number itself."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return value


def in_order(resources: list[Resource], sort: str) -> list[Resource]:
    """Sorted by ``attribute,-id``; nulls first."""
    for name in reversed([one for one in sort.split(",") if one]):
        bare = name.lstrip("-")

        def key(resource: Resource, bare: str = bare) -> tuple[bool, str]:
            value = resource["id"] if bare == "id" else resource["attributes"].get(bare)
            text = f"{value:020d}" if isinstance(value, int) else str(value)
            return value is not None, text

        resources = sorted(resources, key=key, reverse=name.startswith("-"))
    return resources


def shown(
    resource: Resource, *, fields: str | None, connections: str | None
) -> Resource:
    """A resource as it is sent: sparse fields, connections only when asked for.

    Args:
        resource: As stored, with ``dataConnections`` as a list or none.
        fields: Names wanted, comma-separated; None = all.
        connections: ``list`` as stored, ``map`` by number, None = not asked for.
    """
    names = set(fields.split(",")) if fields is not None else None
    out = {
        "type": resource["type"],
        "id": resource["id"],
        "attributes": {
            k: v
            for k, v in resource["attributes"].items()
            if names is None or k in names
        },
        "relationships": {
            k: v
            for k, v in resource.get("relationships", {}).items()
            if names is None or k in names
        },
        "links": {"self": f"/api/v2/{resource['type']}s/{resource['id']}"},
    }
    if connections and resource.get("dataConnections"):
        held = resource["dataConnections"]
        if connections == "map":
            held = {str(number): one for number, one in enumerate(held)}
        out["meta"] = {"dataConnections": held}
    return out
