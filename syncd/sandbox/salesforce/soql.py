"""SOQL: parsed by a grammar, checked against metadata, evaluated over rows.

Source: SOQL and SOSL Reference (comparison, null and ordering semantics).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, cmp_to_key
from importlib.resources import files
from typing import Any, Final, Protocol

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from syncd.model.ids import salesforce_id
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import Field, ObjectType

Row = Mapping[str, Any]
_MAX_CHARS: Final = 100_000
_MAX_OFFSET: Final = 2000
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
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
_NO_SEMI_JOIN: Final = frozenset({"Task", "Event"})


class Source(Protocol):
    """Where rows and metadata come from."""

    def object_type(self, name: str) -> ObjectType:
        """Metadata of an object; refuses one that is not there."""
        ...

    def rows(self, name: str, *, with_deleted: bool) -> Iterable[Row]:
        """Visible rows."""
        ...

    def parent(self, name: str, record_id: str) -> Row | None:
        """A referenced row."""
        ...


@dataclass(frozen=True, kw_only=True)
class Result:
    """Rows of a query, already projected; ``count`` for COUNT()."""

    object: str
    records: list[dict[str, Any]]
    count: int | None = None


@cache
def _parser() -> Lark:
    grammar = (files("syncd.sandbox.salesforce") / "soql.lark").read_text()
    return Lark(grammar, parser="lalr", maybe_placeholders=True)


def run_query(text: str, source: Source, *, with_deleted: bool) -> Result:
    """Evaluate a query.

    Raises:
        RefusalError: With the code that Salesforce gives.
    """
    if len(text) > _MAX_CHARS:
        raise RefusalError("QUERY_TOO_COMPLICATED", "the query is too long")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        column = getattr(error, "column", 1)
        message = f"ERROR at Row:1:Column:{column} unexpected token"
        raise RefusalError("MALFORMED_QUERY", message) from None
    return _Query(tree, source, with_deleted=with_deleted).run()


class _Query:
    def __init__(
        self, tree: Tree[Token], source: Source, *, with_deleted: bool
    ) -> None:
        self._source = source
        self._with_deleted = with_deleted
        parts: list[Any] = list(tree.children)
        select, name, where, order, limit, offset = parts
        self._select: Any = select
        self._type = source.object_type(str(name))
        self._where: Any = where
        self._order: Any = order
        self._limit = int(limit.children[0]) if limit is not None else None
        self._offset = int(offset.children[0]) if offset is not None else 0

    def run(self) -> Result:
        if self._offset > _MAX_OFFSET:
            raise RefusalError("NUMBER_OUTSIDE_VALID_RANGE", "OFFSET is at most 2000")
        rows = list(self._source.rows(self._type.name, with_deleted=self._with_deleted))
        if self._where is not None:
            matches = self._condition(self._where.children[0], self._type)
            rows = [row for row in rows if matches(row)]
        rows = self._sorted(rows)[self._offset :]
        rows = rows if self._limit is None else rows[: self._limit]
        if self._select.data == "count":
            return Result(object=self._type.name, records=[], count=len(rows))
        paths = self._paths()
        return Result(
            object=self._type.name, records=[self._project(r, paths) for r in rows]
        )

    # --- selecting ------------------------------------------------------------------

    def _paths(self) -> list[list[str]]:
        if self._select.data == "all_fields":
            if self._limit is None or self._limit > 200:  # noqa: PLR2004
                raise RefusalError("MALFORMED_QUERY", "FIELDS(ALL) needs LIMIT 200")
            return [[name] for name in self._type.fields]
        paths = [[str(p) for p in node.children] for node in self._select.children]
        for path in paths:
            self._field_at(path, self._type)
        return paths

    def _project(self, row: Row, paths: list[list[str]]) -> dict[str, Any]:
        name = self._type.name
        url = f"/services/data/v62.0/sobjects/{name}/{row['Id']}"
        out: dict[str, Any] = {"attributes": {"type": name, "url": url}}
        for path in paths:
            if len(path) == 1:
                found = self._field_at(path, self._type)
                out[found.name] = row.get(found.name)
                continue
            self._nest(out, row, path)
        return out

    def _nest(self, out: dict[str, Any], row: Row, path: list[str]) -> None:
        here, kind = row, self._type
        for index, step in enumerate(path[:-1]):
            reference = self._reference(step, kind)
            parent = self._parent_of(here, reference)
            if parent is None:
                out[step] = None
                return
            kind = self._parent_type(reference)
            attributes = {"type": str(parent["Type"] if index == 0 else kind.name)}
            out = out.setdefault(step, {"attributes": attributes})
            here = parent
        out[path[-1]] = here.get(path[-1])

    # --- names ----------------------------------------------------------------------

    def _field_at(self, path: list[str], kind: ObjectType) -> Field:
        if len(path) == 1:
            found = kind.named(path[0])
            if found is None:
                message = f"No such column '{path[0]}' on entity '{kind.name}'."
                raise RefusalError("INVALID_FIELD", message)
            return found
        reference = self._reference(path[0], kind)
        if path[-1] == "Type" and reference.name in {"WhoId", "WhatId"}:
            return Field(name="Type", type="string", filterable=True)
        return self._field_at(path[1:], self._parent_type(reference))

    def _parent_type(self, reference: Field) -> ObjectType:
        parents = [n for n in reference.to if n != "Group"] or ["User"]
        return self._source.object_type(parents[0])

    def _reference(self, name: str, kind: ObjectType) -> Field:
        for one in kind.fields.values():
            if one.relationship and one.relationship.lower() == name.lower():
                return one
        message = f"Didn't understand relationship '{name}' in field path."
        raise RefusalError("INVALID_FIELD", message)

    def _parent_of(self, row: Row, reference: Field) -> Row | None:
        record_id = row.get(reference.name)
        for name in reference.to:
            if record_id and (found := self._source.parent(name, record_id)):
                return {**found, "Type": name}
        return None

    def _value(self, row: Row, path: list[str], kind: ObjectType) -> Any:  # noqa: ANN401
        if len(path) == 1:
            found = self._field_at(path, kind)
            return row.get(found.name)
        reference = self._reference(path[0], kind)
        parent = self._parent_of(row, reference)
        if parent is None or len(path) == 2:  # noqa: PLR2004 - one step up
            return None if parent is None else parent.get(path[-1])
        return self._value(parent, path[1:], self._parent_type(reference))

    # --- conditions -----------------------------------------------------------------

    def _condition(self, node: Any, kind: ObjectType) -> Callable[[Row], bool]:  # noqa: ANN401
        if node.data in {"disjunction", "conjunction"}:
            parts = [self._condition(child, kind) for child in node.children]
            joined = any if node.data == "disjunction" else all
            return lambda row: joined(part(row) for part in parts)
        if node.data == "not_":
            inner = self._condition(node.children[0], kind)
            return lambda row: not inner(row)
        path = [str(part) for part in node.children[0].children]
        found = self._field_at(path, kind)
        if not found.filterable:
            message = f"field '{found.name}' can not be filtered in a query call"
            raise RefusalError("INVALID_FIELD", message)
        test = self._test(node, found)
        return lambda row: test(self._value(row, path, kind))

    def _test(self, node: Any, found: Field) -> Callable[[Any], bool]:  # noqa: ANN401
        if node.data == "like":
            pattern = _like(_text(node.children[1]))
            return lambda value: bool(pattern.fullmatch(str(value or "")))
        if node.data in {"in_", "not_in"}:
            wanted = self._wanted(node.children[1], found)
            inside = node.data == "in_"
            return lambda value: (_comparable(value, found) in wanted) is inside
        operator = str(node.children[1])
        value = _literal(node.children[2], found)
        return lambda here: _compare(_comparable(here, found), operator, value)

    def _wanted(self, node: Any, found: Field) -> set[Any]:  # noqa: ANN401
        if node.data == "values":
            return {_literal(child, found) for child in node.children}
        field_name, object_name, where = node.children
        if str(object_name) in _NO_SEMI_JOIN:
            message = (
                f"Entity '{object_name}' is not supported for semi join inner selects"
            )
            raise RefusalError("MALFORMED_QUERY", message)
        kind = self._source.object_type(str(object_name))
        inner = self._field_at([str(field_name)], kind)
        rows = self._source.rows(kind.name, with_deleted=False)
        matches = self._condition(where.children[0], kind) if where else lambda _: True
        return {_comparable(r.get(inner.name), inner) for r in rows if matches(r)}

    # --- ordering -------------------------------------------------------------------

    def _sorted(self, rows: list[Row]) -> list[Row]:
        if self._order is None:
            return rows
        for ordering in reversed(self._order.children):
            path_node, direction, nulls = ordering.children
            path = [str(part) for part in path_node.children]
            found = self._field_at(path, self._type)
            if not found.filterable:
                message = f"field '{found.name}' can not be sorted in a query call"
                raise RefusalError("INVALID_FIELD", message)
            down = str(direction or "ASC").upper() == "DESC"
            last = "LAST" in str(nulls or "").upper()

            def key(row: Row, path: list[str] = path, found: Field = found) -> Any:  # noqa: ANN401
                return _comparable(self._value(row, path, self._type), found)

            rows = sorted(
                rows,
                key=cmp_to_key(
                    lambda a, b, key=key, down=down, last=last: _order(  # type: ignore[misc]
                        key(a), key(b), down=down, last=last
                    )
                ),
            )
        return rows


def _order(one: Any, other: Any, *, down: bool, last: bool) -> int:  # noqa: ANN401
    """Nulls come first unless told otherwise, in either direction."""
    if one is None or other is None:
        if one is other:
            return 0
        first = -1 if one is None else 1
        return -first if last else first
    if one == other:
        return 0
    smaller = -1 if one < other else 1
    return -smaller if down else smaller


def _comparable(value: Any, found: Field) -> Any:  # noqa: ANN401
    """A stored value as comparisons see it."""
    if value is None:
        return False if found.type == "boolean" else None
    if found.type == "datetime":
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    if found.type == "date":
        return date.fromisoformat(str(value)[:10])
    if found.type in {"id", "reference"}:
        return salesforce_id(str(value)) or str(value)
    return value.casefold() if isinstance(value, str) else value


def _literal(node: Any, found: Field) -> Any:  # noqa: ANN401
    """A literal of the query as comparisons see it; the wrong kind is refused."""
    if node.data == "null":
        return False if found.type == "boolean" else None
    needed = _LITERALS.get(found.type, "string")
    kind = "boolean" if node.data in {"true", "false"} else str(node.data)
    if kind != needed:
        message = f"value of filter criterion for field '{found.name}' must be of type"
        raise RefusalError("INVALID_FIELD", f"{message} {needed}")
    if kind == "boolean":
        return node.data == "true"
    if kind == "number":
        return float(node.children[0])
    text = str(node.children[0])
    return _comparable(_text(text) if kind == "string" else text, found)


def _text(token: Any) -> str:  # noqa: ANN401
    """A string literal without its quotes and escapes."""

    def replace(match: re.Match[str]) -> str:
        char = match[1]
        if char in "'\"\\_%":
            return char if char in "'\"\\" else f"\\{char}"
        if char in _ESCAPES:
            return _ESCAPES[char]
        raise RefusalError("MALFORMED_QUERY", "invalid escape in a string literal")

    return re.sub(r"\\(.)", replace, str(token)[1:-1])


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\\[_%]|[_%])", pattern)
    swaps = {"_": ".", "%": ".*", "\\_": "_", "\\%": "%"}
    body = "".join(swaps.get(part, re.escape(part)) for part in parts)
    return re.compile(body, re.IGNORECASE | re.DOTALL)


def _compare(here: Any, operator: str, value: Any) -> bool:  # noqa: ANN401
    if operator == "=":
        return bool(here == value)
    if operator in {"!=", "<>"}:
        return bool(here != value)
    if here is None or value is None:
        return False
    return {
        "<": lambda: bool(here < value),
        ">": lambda: bool(here > value),
        "<=": lambda: bool(here <= value),
        ">=": lambda: bool(here >= value),
    }[operator]()
