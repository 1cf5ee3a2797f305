"""Names in a query: fields, paths to parents, relationships to children."""

from dataclasses import dataclass
from typing import Any, Final

from lark import Tree

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.relationships import children_of
from syncd.sandbox.salesforce.schema import Field, ObjectType
from syncd.sandbox.salesforce.soql.source import Row, Source

_MOST_STEPS: Final = 5
_MOST_RELATIONSHIPS: Final = 55
_TEXTS: Final = ("Name", "Type", "FirstName", "LastName", "Email", "Phone", "Title")
_NAME: Final = ObjectType(
    name="Name",
    fields={
        "Id": Field(name="Id", type="id", filterable=True),
        "IsActive": Field(name="IsActive", type="boolean", filterable=True),
        **{
            name: Field(name=name, type="string", filterable=True)
            for name in (*_TEXTS, "Username", "Alias")
        },
    },
)
"""What is known of a parent that may be of several objects."""


@dataclass(frozen=True, kw_only=True)
class Path:
    """A field, and the references that lead to the record that has it."""

    steps: tuple[Field, ...]
    field: Field

    @property
    def text(self) -> str:
        """As a query writes it."""
        return ".".join([*(step.relationship for step in self.steps), self.field.name])


class Names:
    """Resolves the names of one query against the metadata.

    Raises, throughout, ``RefusalError``: INVALID_FIELD for a name that is not there,
    MALFORMED_QUERY for too many relationships.
    """

    def __init__(self, source: Source) -> None:
        """Nothing is named yet."""
        self._source = source
        self._relationships: set[tuple[str, ...]] = set()

    def path(self, node: Tree[Any], kind: ObjectType) -> Path:
        """The field at a path as parsed, seen from an object."""
        names = [str(part) for part in node.children]
        if len(names) > _MOST_STEPS + 1:
            message = "relationship path may go 5 levels up at most"
            raise RefusalError("MALFORMED_QUERY", message)
        steps: list[Field] = []
        here = kind
        for name in names[:-1]:
            steps.append(self.reference(name, here))
            here = self._parent_type(steps[-1])
            self.count(kind.name, *(step.name for step in steps))
        return Path(steps=tuple(steps), field=field_of(here, names[-1]))

    def count(self, *relationship: str) -> None:
        """Note the use of a relationship; 55 are the most of one query."""
        self._relationships.add(relationship)
        if len(self._relationships) > _MOST_RELATIONSHIPS:
            raise RefusalError("MALFORMED_QUERY", "55 relationships at most")

    def reference(self, name: str, kind: ObjectType) -> Field:
        """The reference behind a relationship to a parent."""
        for one in kind.fields.values():
            if one.relationship and one.relationship.lower() == name.lower():
                return one
        message = f"Didn't understand relationship '{name}' in field path."
        raise RefusalError("INVALID_FIELD", message)

    def children(self, name: str, kind: ObjectType) -> tuple[str, ObjectType, Field]:
        """Canonical name, child object and referring field of a child relationship."""
        for known, child, field in children_of(self._source.schema, kind.name):
            if known.lower() == name.lower():
                return known, child, field
        message = f"Didn't understand relationship '{name}' in FROM part of query call."
        raise RefusalError("INVALID_TYPE", message)

    def parent(self, row: Row, reference: Field) -> tuple[str, Row] | None:
        """The referenced record and its object."""
        record_id = row.get(reference.name)
        for name in self._targets(reference):
            if record_id and (found := self._source.parent(name, record_id)):
                return name, found
        return None

    def value(self, row: Row, path: Path) -> Any:  # noqa: ANN401 - a stored value
        """What stands at the path; None where a parent is missing."""
        here = row
        for step in path.steps:
            found = self.parent(here, step)
            if found is None:
                return None
            here = self.as_seen(*found, step)
        return here.get(path.field.name)

    def as_seen(self, name: str, row: Row, reference: Field) -> Row:
        """A parent as its reference shows it: one of several kinds has a Type."""
        if not is_polymorphic(reference):
            return row
        return {"Name": row.get("CaseNumber"), **row, "Type": name}

    def _parent_type(self, reference: Field) -> ObjectType:
        targets = self._targets(reference)
        if is_polymorphic(reference) or not targets:
            return _NAME
        return self._source.object_type(targets[0])

    def _targets(self, reference: Field) -> list[str]:
        """Objects a reference may name; metadata may leave them out."""
        own = reference.name.removesuffix("Id")
        return [n for n in reference.to or (own,) if n in self._source.schema]


def is_polymorphic(reference: Field) -> bool:
    """Whether a reference may name several objects."""
    return len(reference.to) > 1


def generic_field(name: str) -> Field:
    """A field of the generic Name object."""
    return field_of(_NAME, name)


def field_of(kind: ObjectType, name: str) -> Field:
    """A field of an object."""
    found = kind.named(name)
    if found is None:
        message = f"No such column '{name}' on entity '{kind.name}'."
        raise RefusalError("INVALID_FIELD", message)
    return found
