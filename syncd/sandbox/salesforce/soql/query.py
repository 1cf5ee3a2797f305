"""A query: parsed by a grammar, checked against metadata, evaluated over rows.

Source: SOQL and SOSL Reference (clauses, limits, ordering).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from lark import Tree

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import ObjectType
from syncd.sandbox.salesforce.soql.conditions import Conditions
from syncd.sandbox.salesforce.soql.groups import Grouping
from syncd.sandbox.salesforce.soql.names import Names
from syncd.sandbox.salesforce.soql.ordering import Ordering, ordered, orderings
from syncd.sandbox.salesforce.soql.parse import parsed
from syncd.sandbox.salesforce.soql.selection import Record, Selection
from syncd.sandbox.salesforce.soql.source import Asking, Row, Source
from syncd.sandbox.salesforce.soql.values import comparable

_MAX_OFFSET: Final = 2000
_NOT_IN_BULK: Final = frozenset(
    {"typeof", "group", "offset", "count", "aggregate", "children"}
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a query found.

    Attributes:
        rows: In the query's order.
        show: Rows as the API shows them; called later, it shows later values.
        count: The number that COUNT() asked for.
        columns: Selected paths, for a table.
        is_grouped: Whether rows are groups of records.
        long_texts: How many long text fields of the org's own it selects.
    """

    object: str
    rows: Sequence[Row]
    show: Callable[[Sequence[Row]], list[Record]]
    count: int | None = None
    columns: Sequence[str] = ()
    is_grouped: bool = False
    long_texts: int = 0


def run_query(text: str, source: Source, asking: Asking) -> Result:
    """Evaluate a query.

    Raises:
        RefusalError: With the code that Salesforce gives.
    """
    query = parsed(text).children[0]
    random = Random(f"{asking.seed} {text}")  # noqa: S311 - an order, not a secret
    try:
        return _Query(query, source, asking, random).result()
    except RecursionError:
        message = "the query is nested too deeply"
        raise RefusalError("QUERY_TOO_COMPLICATED", message) from None


def only_rest(text: str) -> list[str]:
    """Clauses of a query that bulk queries do not know, sorted.

    Raises:
        RefusalError: It is no query.
    """
    found = {str(node.data) for node in parsed(text).iter_subtrees()}
    return sorted(found & _NOT_IN_BULK)


class _Query:
    """One query or sub-query; ``kind`` is given where the name is a relationship."""

    def __init__(
        self,
        node: Tree[Any],
        source: Source,
        asking: Asking,
        random: Random,
        kind: ObjectType | None = None,
    ) -> None:
        selection, name, where, self._group, self._order, limit, offset = node.children
        self._columns: list[Tree[Any]] = selection.children
        self._source = source
        self._asking = asking
        self._random = random
        self._kind = kind or source.object_type(str(name))
        self._limit = None if limit is None else int(str(limit.children[0]))
        self._offset = 0 if offset is None else int(str(offset.children[0]))
        if self._offset > _MAX_OFFSET:
            raise RefusalError("NUMBER_OUTSIDE_VALID_RANGE", "OFFSET is at most 2000")
        self._names = Names(source)
        self._test = Conditions(self._names, source, asking).test(where, self._kind)

    def result(self) -> Result:
        """Rows found now."""
        name = self._kind.name
        kinds = [column.data for column in self._columns]
        if kinds == ["count"] and self._group is None:
            self._ordering()
            found = self._cut(self._matching())
            return Result(
                object=name,
                rows=(),
                show=lambda _: [],
                count=len(found),
            )
        if "aggregate" in kinds or self._group is not None:
            group, order = self._group, self._order
            grouping = Grouping(self._names, self._kind, self._columns, group, order)
            groups = self._cut(grouping.rows(self._matching()))
            return Result(
                object=name,
                rows=groups,
                show=lambda rows: [dict(row) for row in rows],
                is_grouped=True,
            )
        selection = self._selection()
        return Result(
            object=name,
            rows=self._cut(self._sorted()),
            show=selection.show,
            columns=[path.text for path in selection.paths],
            long_texts=selection.long_texts,
        )

    def below(self, field: str) -> Mapping[str, list[Record]]:
        """Records found now, by the parent that a field names."""
        found: dict[str, list[Row]] = {}
        for row in self._sorted():
            found.setdefault(str(row.get(field)), []).append(row)
        selection = self._selection()
        return {
            parent: shown
            for parent, rows in found.items()
            if (shown := selection.show(self._cut(rows)))
        }

    def check(self) -> None:
        """Refuse a faulty sub-query even where no row would need it."""
        self._selection()
        self._ordering()
        if self._group is not None:
            raise RefusalError("MALFORMED_QUERY", "GROUP BY in a child sub-query")

    def _selection(self) -> Selection:
        return Selection(
            self._names,
            self._source,
            self._kind,
            self._columns,
            self._child,
            self._limit,
        )

    def _child(self, node: Tree[Any], kind: ObjectType) -> "_Query":
        child = _Query(node, self._source, self._asking, self._random, kind)
        child.check()
        return child

    def _matching(self) -> list[Row]:
        """Rows that pass, in no order that anything could lean on."""
        deleted = self._asking.with_deleted
        rows = self._source.rows(self._kind.name, with_deleted=deleted)
        found = [row for row in rows if self._test(row)]
        self._random.shuffle(found)
        return found

    def _sorted(self) -> list[Row]:
        return ordered(self._matching(), self._ordering())

    def _ordering(self) -> list[tuple[Ordering, Callable[[Row], Any]]]:
        return [(one, self._key(one.key)) for one in orderings(self._order)]

    def _key(self, node: Tree[Any]) -> Callable[[Row], Any]:
        if node.data != "path":
            message = "only a grouped query is ordered by an aggregate"
            raise RefusalError("MALFORMED_QUERY", message)
        path = self._names.path(node, self._kind)
        if not path.field.filterable:
            message = f"field '{path.field.name}' can not be sorted in a query call"
            raise RefusalError("INVALID_FIELD", message)
        return lambda row: comparable(self._names.value(row, path), path.field)

    def _cut(self, rows: list[Row]) -> list[Row]:
        end = None if self._limit is None else self._offset + self._limit
        return rows[self._offset : end]
