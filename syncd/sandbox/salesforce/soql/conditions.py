"""WHERE: a condition becomes a test of rows; joins are held to their restrictions."""

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from lark import Tree

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import Field, ObjectType
from syncd.sandbox.salesforce.soql.dates import span
from syncd.sandbox.salesforce.soql.names import Names
from syncd.sandbox.salesforce.soql.source import Asking, Row, Source
from syncd.sandbox.salesforce.soql.values import comparable, is_text, literal, pattern

Test = Callable[[Row], bool]
_NO_SEMI_JOIN: Final = frozenset(
    {"task", "event", "activityhistory", "openactivity", "attachment", "note"}
)
_MOST_SEMI_JOINS: Final = 2
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Conditions:
    """Builds tests for the rows of one query.

    Raises, throughout, ``RefusalError`` with the code that Salesforce gives.
    """

    def __init__(self, names: Names, source: Source, asking: Asking) -> None:
        """``names`` counts the relationships that conditions use."""
        self._names = names
        self._source = source
        self._asking = asking

    def test(self, where: Tree[Any] | None, kind: ObjectType) -> Test:
        """The test of a WHERE clause; without one every row passes."""
        if where is None:
            return lambda _: True
        refuse_misused_joins(where)
        return self._test(where.children[0], kind)

    def _test(self, node: Tree[Any], kind: ObjectType) -> Test:
        if node.data in {"disjunction", "conjunction"}:
            parts = [self._test(child, kind) for child in node.children]
            joined = any if node.data == "disjunction" else all
            return lambda row: joined(part(row) for part in parts)
        if node.data == "not_":
            inner = self._test(node.children[0], kind)
            return lambda row: not inner(row)
        path = self._names.path(node.children[0], kind)
        if not path.field.filterable:
            message = f"field '{path.field.name}' can not be filtered in a query call"
            raise RefusalError("INVALID_FIELD", message)
        test = self._value_test(node, path.field, kind)
        return lambda row: test(self._names.value(row, path))

    def _value_test(
        self, node: Tree[Any], field: Field, kind: ObjectType
    ) -> Callable[[Any], bool]:
        if node.data == "like":
            if not is_text(field):
                raise _wrong_operator(field)
            wanted = pattern(node.children[1])
            return lambda value: bool(wanted.fullmatch(str(value or "")))
        if node.data in {"in_", "not_in"}:
            among = self._among(node.children[1], field, kind)
            inside = node.data == "in_"
            return lambda value: (comparable(value, field) in among) is inside
        sign = str(node.children[1])
        if field.type == "boolean" and sign in _COMPARE:
            raise _wrong_operator(field)
        if node.children[2].data == "relative":
            return self._relative(str(node.children[2].children[0]), sign, field)
        wanted_value = literal(node.children[2], field)
        return lambda value: _compare(comparable(value, field), sign, wanted_value)

    def _relative(self, word: str, sign: str, field: Field) -> Callable[[Any], bool]:
        """Inside, before or after a span of days in the running user's zone."""
        if field.type not in {"date", "datetime"}:
            message = f"field '{field.name}' is no date"
            raise RefusalError("INVALID_FIELD", message)
        start, after = self._span(word, field)
        tests: Mapping[str, Callable[[Any], bool]] = {
            "=": lambda at: at is not None and start <= at < after,
            "!=": lambda at: at is None or not start <= at < after,
            "<": lambda at: at is not None and at < start,
            "<=": lambda at: at is not None and at < after,
            ">": lambda at: at is not None and at >= after,
            ">=": lambda at: at is not None and at >= start,
        }
        test = tests["!=" if sign == "<>" else sign]
        return lambda value: test(comparable(value, field))

    def _span(self, word: str, field: Field) -> tuple[date | datetime, date | datetime]:
        """Begin and end of a relative date, as the field's values are compared."""
        now = self._source.now()
        try:
            days = span(word, now.astimezone(self._asking.zone).date())
            if field.type == "datetime":
                return days.instants(self._asking.zone, now)
        except (ValueError, OverflowError):
            message = f"no calendar reaches as far as {word}"
            raise RefusalError("INVALID_QUERY_FILTER_OPERATOR", message) from None
        return days.first, days.after

    def _among(self, node: Tree[Any], field: Field, outer: ObjectType) -> set[Any]:
        if node.data == "values":
            return {literal(child, field) for child in node.children}
        path, name, where = node.children
        if str(name).lower() in _NO_SEMI_JOIN:
            message = f"Entity '{name}' is not supported for semi join inner selects"
            raise RefusalError("MALFORMED_QUERY", message)
        kind = self._source.object_type(str(name))
        if kind.name == outer.name:
            message = "The inner and outer selects should not be on the same object"
            raise RefusalError("MALFORMED_QUERY", f"{message} type")
        inner = self._names.path(path, kind).field
        if not {field.type, inner.type} <= {"id", "reference"}:
            message = f"semi join on '{field.name}' and '{inner.name}' needs ids"
            raise RefusalError("MALFORMED_QUERY", message)
        test = self.test(where, kind)
        rows = self._source.rows(kind.name, with_deleted=False)
        return {comparable(row.get(inner.name), inner) for row in rows if test(row)}


def refuse_misused_joins(where: Tree[Any]) -> None:
    """Hold semi- and anti-joins to what the reference allows.

    Raises:
        RefusalError: More than two, beside OR or NOT, nested, or along a path.
    """
    joins = list(where.find_data("semi_join"))
    if not joins:
        return
    beside = [n for word in ("disjunction", "not_") for n in where.find_data(word)]
    operands = [n for word in ("in_", "not_in") for n in where.find_data(word)]
    for wrong, message in (
        (len(joins) > _MOST_SEMI_JOINS, "at most 2 semi join sub-selects"),
        (
            any(_has_join(node) for node in beside),
            "Semi join sub-selects are not allowed with the 'OR' or 'NOT' operator",
        ),
        (
            any(_has_join(part) for node in joins for part in node.children[2:]),
            "nesting of semi join sub-selects is not supported",
        ),
        (
            any(len(node.children[0].children) > 1 for node in joins),
            "a semi join sub-select selects a field of its own object",
        ),
        (
            any(_has_join(n) and len(n.children[0].children) > 1 for n in operands),
            "the left operand of a semi join is a field, not a path",
        ),
    ):
        if wrong:
            raise RefusalError("MALFORMED_QUERY", message)


def _has_join(node: Tree[Any] | None) -> bool:
    return node is not None and any(node.find_data("semi_join"))


def _wrong_operator(field: Field) -> RefusalError:
    message = f"invalid operator on {field.type} field"
    return RefusalError("INVALID_QUERY_FILTER_OPERATOR", message)


def _compare(here: Any, sign: str, value: Any) -> bool:  # noqa: ANN401 - stored values
    if sign == "=":
        return bool(here == value)
    if sign in {"!=", "<>"}:
        return bool(here != value)
    if here is None or value is None:
        return False
    return _COMPARE[sign](here, value)
