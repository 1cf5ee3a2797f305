"""JSON:API documents: sparse fields, relationships, what comes only when asked for.

Source: Outreach API reference, "Common patterns".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from syncd.sandbox.outreach.catalogue import KINDS, Kind

PREFIX: Final = "/api/v2"

Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How a caller wants resources shown.

    Attributes:
        fields: Names wanted by type of resource; a type that is missing comes whole.
        connections: ``list`` as stored, ``map`` by number, empty = not asked for.
        rights: Whether ``canWrite`` and ``canDelete`` are wanted.
    """

    fields: Mapping[str, frozenset[str]]
    connections: str = ""
    rights: bool = False


WHOLE: Final = Wish(fields={})


def shown(resource: Resource, wish: Wish, *, may_write: bool = True) -> Resource:
    """A resource as it is sent.

    To-many relationships come as links only: no ``data`` means "not loaded".

    Args:
        resource: As stored, with ``dataConnections`` as a list or none.
        wish: What the caller asked for.
        may_write: What the record's rights say when they are asked for.
    """
    kind = KINDS[resource["type"]]
    names = wish.fields.get(kind.name)
    links = {
        name: _link(kind, name, resource["id"])
        for name in kind.many
        if names is None or name in names
    }
    out = {
        "type": kind.name,
        "id": resource["id"],
        "attributes": _chosen(resource["attributes"], names),
        "relationships": _chosen({**links, **resource.get("relationships", {})}, names),
        "links": {"self": f"{PREFIX}/{kind.collection}/{resource['id']}"},
    }
    meta: dict[str, Any] = {}
    if wish.connections and resource.get("dataConnections"):
        held = resource["dataConnections"]
        if wish.connections == "map":
            held = {str(number): one for number, one in enumerate(held)}
        meta["dataConnections"] = held
    if wish.rights:
        meta |= {"canWrite": may_write, "canDelete": may_write}
    return {**out, "meta": meta} if meta else out


def target_of(resource: Resource, name: str) -> tuple[str, int] | None:
    """Type and id behind a to-one relationship."""
    data = (resource.get("relationships", {}).get(name) or {}).get("data")
    return (str(data["type"]), int(data["id"])) if isinstance(data, dict) else None


def pointer_to(kind: str, number: int) -> Resource:
    """A to-one relationship."""
    return {"data": {"type": kind, "id": number}}


def _chosen(held: Mapping[str, Any], names: frozenset[str] | None) -> dict[str, Any]:
    return {k: v for k, v in held.items() if names is None or k in names}


def _link(kind: Kind, name: str, number: int) -> Resource:
    target, back = kind.many[name]
    query = urlencode({f"filter[{back}][id]": number})
    return {"links": {"related": f"{PREFIX}/{KINDS[target].collection}?{query}"}}
