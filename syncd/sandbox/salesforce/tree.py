"""Trees of new records: parents and their children in one all-or-nothing call.

Source: REST API Developer Guide (sObject Tree).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.sandbox.http import Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.relationships import children_of
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.writing import Writer

_MOST: Final = 200
_DEEPEST: Final = 5
_MOST_TYPES: Final = 5


@dataclass(frozen=True, kw_only=True)
class _Node:
    """One new record; ``parent`` is the reference of the record above, if any."""

    reference: str
    type: str
    fields: Mapping[str, Any]
    depth: int
    parent: str = ""
    parent_field: str = ""


def create_tree(
    name: str, body: Mapping[str, Any], tables: Tables, writer: Writer
) -> Response:
    """Create all records or none: 201 with their ids, or 400 with what was refused.

    Raises:
        RefusalError: More than 200 records, 5 levels or 5 types; a record without
            type or reference of its own; an unknown child relationship.
    """
    nodes = list(_nodes(tables, name, body.get("records", []), depth=1))
    _check_limits(nodes)
    before = tables.snapshot()
    made: dict[str, str] = {}
    refused: list[dict[str, Any]] = []
    for node in nodes:
        if node.parent and node.parent not in made:
            continue
        above = {node.parent_field: made[node.parent]} if node.parent else {}
        try:
            made[node.reference] = writer.create(node.type, {**node.fields, **above})
        except RefusalError as refusal:
            errors = refusal.row()["errors"]
            refused.append({"referenceId": node.reference, "errors": errors})
    if refused:
        tables.restore(before)
        return Response.json({"hasErrors": True, "results": refused}, status=400)
    results = [{"referenceId": key, "id": made_id} for key, made_id in made.items()]
    return Response.json({"hasErrors": False, "results": results}, status=201)


def _check_limits(nodes: Sequence[_Node]) -> None:
    if len(nodes) > _MOST or len({node.type for node in nodes}) > _MOST_TYPES:
        raise RefusalError("INVALID_INPUT", "200 records of 5 types at most")
    if max((node.depth for node in nodes), default=0) > _DEEPEST:
        raise RefusalError("INVALID_INPUT", "5 levels at most")
    references = {node.reference for node in nodes}
    if len(references) < len(nodes) or "" in references:
        message = "Include a reference ID of its own for each record in the request."
        raise RefusalError("INVALID_INPUT", message)


def _nodes(
    tables: Tables,
    name: str,
    records: Iterable[Mapping[str, Any]],
    *,
    depth: int,
    parent: tuple[str, str] = ("", ""),
) -> Iterator[_Node]:
    """Records above before those below; ``parent``: its reference and the field."""
    known = {
        relationship: (child.name, field.name)
        for relationship, child, field in children_of(tables.schema, name)
    }
    for record in records:
        about = record.get("attributes", {})
        if about.get("type") != name:
            message = f"a record of type {about.get('type')} in place of a {name}"
            raise RefusalError("INVALID_INPUT", message)
        below = {key: one for key, one in record.items() if _is_subtree(one)}
        reference = str(about.get("referenceId", ""))
        yield _Node(
            reference=reference,
            type=name,
            fields={key: one for key, one in record.items() if key not in below},
            depth=depth,
            parent=parent[0],
            parent_field=parent[1],
        )
        for key, one in below.items():
            if key not in known:
                message = f"{name} has no children by the name of {key}"
                raise RefusalError("INVALID_FIELD", message)
            child, field = known[key]
            above = (reference, field)
            yield from _nodes(
                tables, child, one["records"], depth=depth + 1, parent=above
            )


def _is_subtree(value: object) -> bool:
    return isinstance(value, dict) and "records" in value
