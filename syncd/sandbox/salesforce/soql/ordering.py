"""ORDER BY: nulls first unless told otherwise; ties stay as they were."""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from lark import Tree

_T = TypeVar("_T")


class Ordering(NamedTuple):
    """One part of ORDER BY: what is compared, and how."""

    key: Tree[Any]
    down: bool
    nulls_last: bool


def orderings(order: Tree[Any] | None) -> list[Ordering]:
    """The parts of an ORDER BY clause as parsed, the weightiest first."""
    if order is None:
        return []
    parts = [ordering.children for ordering in order.children]
    return [
        Ordering(
            key=key,
            down=str(direction or "").upper() == "DESC",
            nulls_last="LAST" in str(nulls or "").upper(),
        )
        for key, direction, nulls in parts
    ]


def ordered(
    items: Iterable[_T], parts: Sequence[tuple[Ordering, Callable[[_T], Any]]]
) -> list[_T]:
    """Sort by each part's value; nulls come first in either direction."""
    result = list(items)
    for ordering, value in reversed(parts):
        valued = [(value(item), item) for item in result]
        nulls = [item for at, item in valued if at is None]
        others = [pair for pair in valued if pair[0] is not None]
        others.sort(key=itemgetter(0), reverse=ordering.down)
        rest = [item for _, item in others]
        result = rest + nulls if ordering.nulls_last else nulls + rest
    return result
