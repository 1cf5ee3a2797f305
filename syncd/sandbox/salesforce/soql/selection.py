"""SELECT: fields, paths to parents, TYPEOF and child sub-queries become records."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lark import Tree

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import Field, ObjectType
from syncd.sandbox.salesforce.soql.names import (
    Names,
    Path,
    generic_field,
    is_polymorphic,
)
from syncd.sandbox.salesforce.soql.source import Row, Source

Record = dict[str, Any]
_MOST_UNBOUNDED: Final = 200
_MOST_CHILDREN: Final = 20
_SHORT_TEXT: Final = 255


class ChildQuery(Protocol):
    """A sub-query over the children of a record."""

    def below(self, field: str) -> Mapping[str, list[Record]]:
        """Records by the parent that this field names."""
        ...


@dataclass(frozen=True, kw_only=True)
class _TypeOf:
    reference: Field
    whens: Mapping[str, list[Path]]
    otherwise: list[Path] | None


@dataclass(frozen=True, kw_only=True)
class _Children:
    name: str
    field: str
    query: ChildQuery


class Selection:
    """What one query shows of a row.

    Raises:
        RefusalError: A name that is not there, or what the reference forbids.
    """

    def __init__(
        self,
        names: Names,
        source: Source,
        kind: ObjectType,
        columns: Iterable[Tree[Any]],
        child_query: Callable[[Tree[Any], ObjectType], ChildQuery],
        limit: int | None,
    ) -> None:
        """Checks every name; ``child_query`` builds the sub-queries."""
        self._names = names
        self._source = source
        self._kind = kind
        self._child_query = child_query
        self.paths: list[Path] = []
        self._types: list[_TypeOf] = []
        self._children: list[_Children] = []
        for column in columns:
            self._add(column, limit)
        if len(self._children) > _MOST_CHILDREN:
            raise RefusalError("MALFORMED_QUERY", "20 child sub-queries at most")
        shown = {path.steps[0].name for path in self.paths if path.steps}
        for one in self._types:
            if one.reference.name in shown:
                message = f"{one.reference.relationship} stands in TYPEOF and in a path"
                raise RefusalError("MALFORMED_QUERY", message)

    @property
    def long_texts(self) -> int:
        """How many long text fields of the org's own are selected."""
        return sum(
            path.field.type == "textarea"
            and path.field.length > _SHORT_TEXT
            and path.field.name.endswith("__c")
            for path in self.paths
        )

    def show(self, rows: Sequence[Row]) -> list[Record]:
        """Rows as the API shows them, parents and children as they are by now."""
        below = [(one.name, one.query.below(one.field)) for one in self._children]
        return [self._record(row, below) for row in rows]

    def _record(
        self, row: Row, below: Sequence[tuple[str, Mapping[str, list[Record]]]]
    ) -> Record:
        out = _attributed(self._kind.name, self._kind.name, row)
        for path in self.paths:
            self._place(out, row, path)
        for one in self._types:
            out[one.reference.relationship] = self._typed(row, one)
        for name, by_parent in below:
            records = by_parent.get(str(row["Id"]))
            out[name] = records and {
                "totalSize": len(records),
                "done": True,
                "records": records,
            }
        return out

    def _place(self, out: Record, row: Row, path: Path) -> None:
        for step in path.steps:
            found = self._names.parent(row, step)
            if found is None:
                out[step.relationship] = None
                return
            name, parent = found
            shown = "Name" if is_polymorphic(step) else name
            out = out.setdefault(step.relationship, _attributed(shown, name, parent))
            row = self._names.as_seen(name, parent, step)
        out[path.field.name] = row.get(path.field.name)

    def _typed(self, row: Row, one: _TypeOf) -> Record | None:
        found = self._names.parent(row, one.reference)
        if found is None:
            return None
        name, parent = found
        out = _attributed(name, name, parent)
        seen = parent
        paths = one.whens.get(name)
        if paths is None:
            paths = one.otherwise or []
            seen = self._names.as_seen(name, parent, one.reference)
        for path in paths:
            self._place(out, seen, path)
        return out

    # --- columns --------------------------------------------------------------------

    def _add(self, column: Tree[Any], limit: int | None) -> None:
        match column.data:
            case "plain":
                self.paths.append(self._names.path(column.children[0], self._kind))
            case "all_fields":
                if limit is None or limit > _MOST_UNBOUNDED:
                    raise RefusalError("MALFORMED_QUERY", "FIELDS(ALL) needs LIMIT 200")
                fields = self._kind.fields.values()
                self.paths += [Path(steps=(), field=field) for field in fields]
            case "typeof":
                self._types.append(self._typeof(*column.children))
            case "children":
                query = column.children[0]
                name, kind, field = self._names.children(
                    str(query.children[1]), self._kind
                )
                built = self._child_query(query, kind)
                self._children.append(
                    _Children(name=name, field=field.name, query=built)
                )
            case _:
                message = "an aggregate in a query for records"
                raise RefusalError("MALFORMED_QUERY", message)

    def _typeof(self, path: Tree[Any], *branches: Tree[Any] | None) -> _TypeOf:
        reference = self._names.reference(str(path.children[0]), self._kind)
        if len(path.children) > 1 or not is_polymorphic(reference):
            message = (
                f"TYPEOF needs a relationship to several objects: {reference.name}"
            )
            raise RefusalError("MALFORMED_QUERY", message)
        whens: dict[str, list[Path]] = {}
        for when in branches[:-1]:
            if when is not None:
                name, *paths = when.children
                kind = self._source.object_type(str(name))
                if kind.name not in reference.to:
                    message = f"{reference.relationship} is never a {kind.name}"
                    raise RefusalError("INVALID_TYPE", message)
                self._names.count(self._kind.name, reference.name, kind.name)
                whens[kind.name] = [self._names.path(one, kind) for one in paths]
        otherwise = branches[-1]
        generic = otherwise and [
            Path(steps=(), field=generic_field(str(one.children[0])))
            for one in otherwise.children
        ]
        return _TypeOf(reference=reference, whens=whens, otherwise=generic or None)


def _attributed(shown: str, name: str, row: Row) -> Record:
    """An empty record with its type and address."""
    url = f"/services/data/v62.0/sobjects/{name}/{row['Id']}"
    return {"attributes": {"type": shown, "url": url}}
