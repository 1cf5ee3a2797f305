"""GROUP BY and aggregates: rows become AggregateResult rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from lark import Tree

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import Field, ObjectType
from syncd.sandbox.salesforce.soql.names import Names, Path
from syncd.sandbox.salesforce.soql.ordering import ordered, orderings
from syncd.sandbox.salesforce.soql.source import Row
from syncd.sandbox.salesforce.soql.values import comparable

_NUMBERS: Final = frozenset({"int", "double", "currency", "percent"})
_NOT_GROUPABLE: Final = frozenset({"combobox", "datetime", *_NUMBERS} - {"int"})
_MOST: Final = 2000
_Of = Callable[[Sequence[Row]], Any]


class Grouping:
    """The groups of one query. ``columns``, ``group`` and ``order`` are as parsed.

    Raises:
        RefusalError: A column that is neither grouped nor aggregated, a field that
            cannot be grouped or aggregated, or more than 2,000 groups.
    """

    def __init__(
        self,
        names: Names,
        kind: ObjectType,
        columns: Iterable[Tree[Any]],
        group: Tree[Any] | None,
        order: Tree[Any] | None,
    ) -> None:
        """Checks everything before any row is looked at."""
        self._names = names
        self._kind = kind
        self._by = [self._groupable(n) for n in (group.children if group else [])]
        self._columns: dict[str, _Of] = {}
        unnamed = 0
        for column in columns:
            if column.data == "aggregate" and column.children[2] is None:
                self._columns[f"expr{unnamed}"] = self._value(column)
                unnamed += 1
            elif column.data == "aggregate":
                self._columns[str(column.children[2])] = self._value(column)
            elif column.data == "plain":
                name = self._grouped(column.children[0]).field.name
                self._columns[name] = self._value(column.children[0])
            else:
                raise RefusalError(
                    "MALFORMED_QUERY", f"{column.data} cannot be used with GROUP BY"
                )
        self._order = [(one, self._comparable(one.key)) for one in orderings(order)]

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """One row per group, unordered ones in the order of their first row."""
        groups: dict[tuple[Any, ...], list[Row]] = {}
        if not self._by:
            groups[()] = list(rows)
        else:
            for row in rows:
                values = [self._names.value(row, path) for path in self._by]
                key = zip(values, self._by, strict=True)
                groups.setdefault(
                    tuple(comparable(value, path.field) for value, path in key), []
                ).append(row)
        if len(groups) > _MOST:
            message = "Aggregate query does not support queryMore(), use LIMIT"
            raise RefusalError("EXCEEDED_ID_LIMIT", message)
        return [
            {
                "attributes": {"type": "AggregateResult"},
                **{name: of(group) for name, of in self._columns.items()},
            }
            for group in ordered(groups.values(), self._order)
        ]

    def _groupable(self, node: Tree[Any]) -> Path:
        path = self._names.path(node, self._kind)
        if not path.field.filterable or path.field.type in _NOT_GROUPABLE:
            message = f"field '{path.field.name}' can not be grouped in a query call"
            raise RefusalError("INVALID_FIELD", message)
        return path

    def _grouped(self, node: Tree[Any]) -> Path:
        path = self._names.path(node, self._kind)
        if path not in self._by:
            message = f"Field must be grouped or aggregated: {path.text}"
            raise RefusalError("MALFORMED_QUERY", message)
        return path

    def _value(self, node: Tree[Any]) -> _Of:
        if node.data == "path":
            path = self._grouped(node)
            return lambda rows: self._names.value(rows[0], path)
        function, path = self._aggregated(node)
        names = self._names
        return lambda rows: function(
            [names.value(row, path) for row in rows], path.field
        )

    def _comparable(self, node: Tree[Any]) -> _Of:
        of = self._value(node)
        if node.data == "path":
            field = self._grouped(node).field
            return lambda rows: comparable(of(rows), field)
        return of

    def _aggregated(
        self, node: Tree[Any]
    ) -> tuple[Callable[[list[Any], Field], Any], Path]:
        name = str(node.children[0]).upper()
        path = self._names.path(node.children[1], self._kind)
        kind = path.field.type
        numeric = name in {"SUM", "AVG"}
        if kind in {"boolean", "textarea"} or (numeric and kind not in _NUMBERS):
            message = f"field {path.text} does not support aggregate operator {name}"
            raise RefusalError("MALFORMED_QUERY", message)
        return _FUNCTIONS[name], path


def _present(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def _extreme(
    choose: Callable[..., Any],
) -> Callable[[list[Any], Field], Any]:
    return lambda values, field: choose(
        _present(values), key=lambda value: comparable(value, field), default=None
    )


def _sum(values: list[Any], _: Field) -> float | None:
    found = _present(values)
    return sum(found) if found else None


def _average(values: list[Any], _: Field) -> float | None:
    found = _present(values)
    return sum(found) / len(found) if found else None


_FUNCTIONS: Final[Mapping[str, Callable[[list[Any], Field], Any]]] = {
    "COUNT": lambda values, _: len(_present(values)),
    "COUNT_DISTINCT": lambda values, field: len(
        {comparable(value, field) for value in _present(values)}
    ),
    "MIN": _extreme(min),
    "MAX": _extreme(max),
    "SUM": _sum,
    "AVG": _average,
}
