"""From a query's text to its tree. Source: SOQL and SOSL Reference.

Parsing costs more than answering over a small org, and those who poll ask the same
again and again, but for a time stamp or an id. So what a tree is kept under is the
query's shape: its text, with one word for every text and time stamp in it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from syncd.sandbox.salesforce.errors import RefusalError

_MAX_CHARS: Final = 100_000
_STANDS_FOR: Final = {"STRING": "''", "DATETIME": "1970-01-01T00:00:00Z"}


@lru_cache(maxsize=256)
def parsed(text: str) -> Tree[Any]:
    """A query's tree: whoever looks at a few records again asks the same again.

    Raises:
        RefusalError: It is no query.
    """
    if len(text) > _MAX_CHARS:
        raise RefusalError("QUERY_TOO_COMPLICATED", "the query is too long")
    try:
        return _by_shape(text) or _parser().parse(text)
    except UnexpectedInput as error:
        place = f"Row:{getattr(error, 'line', 1)}:Column:{getattr(error, 'column', 1)}"
        token = getattr(error, "token", getattr(error, "char", "<EOF>"))
        message = f"ERROR at {place} unexpected token: '{token}'"
        raise RefusalError("MALFORMED_QUERY", message) from None


def _by_shape(text: str) -> Tree[Any] | None:
    """The tree of its shape with the query's own literals; None where it has none."""
    literals: list[tuple[str, str]] = []

    def lift(found: re.Match[str]) -> str:
        kind = str(found.lastgroup)
        literals.append((kind, found[0]))
        return _STANDS_FOR[kind]

    with suppress(RecursionError):  # who evaluates it says that it is nested too deeply
        shape = _shape(_literal().sub(lift, text))
        if shape is not None and shape.kinds == [kind for kind, _ in literals]:
            written = iter([written for _, written in literals])
            return _filled(shape.tree, shape.blanks, written)
    return None


class _Shape(NamedTuple):
    """What is known of all queries of a shape.

    Attributes:
        tree: That of the query with words that stand for its literals.
        kinds: The literals' kinds, in the order of the text.
        blanks: Where they stand.
    """

    tree: Tree[Any]
    kinds: Sequence[str]
    blanks: "_Blanks"


_Blanks = Sequence[tuple[int, "_Blanks"]]
"""Which of a tree's children have literals within, and where; empty = it is one."""


@lru_cache(maxsize=256)
def _shape(text: str) -> _Shape | None:
    """None where it is no query: the query itself says where it is wrong."""
    try:
        tree = _parser().parse(text)
    except UnexpectedInput:
        return None
    kinds = [str(token.type) for token in tree.scan_values(_is_literal)]
    return _Shape(tree, kinds, _blanks(tree))


def _blanks(tree: Tree[Any]) -> _Blanks:
    found: list[tuple[int, _Blanks]] = []
    for number, child in enumerate(tree.children):
        if _is_literal(child):
            found.append((number, ()))
        elif isinstance(child, Tree) and (within := _blanks(child)):
            found.append((number, within))
    return found


def _is_literal(one: object) -> bool:
    return isinstance(one, Token) and one.type in _STANDS_FOR


def _filled(tree: Tree[Any], blanks: _Blanks, literals: Iterator[str]) -> Tree[Any]:
    """The same with these literals for its own; what has none is not made anew."""
    children = list(tree.children)
    for number, within in blanks:
        child = children[number]
        children[number] = (
            Token(child.type, next(literals))
            if isinstance(child, Token)
            else _filled(child, within, literals)
        )
    return Tree(tree.data, children)


@cache
def _parser() -> Lark:
    grammar = (files("syncd.sandbox.salesforce.soql") / "soql.lark").read_text()
    return Lark(grammar, parser="lalr", maybe_placeholders=True)


@cache
def _literal() -> re.Pattern[str]:
    """Texts and time stamps as the grammar has them; a text may hold a time stamp."""
    kinds = [
        f"(?P<{name}>{terminal.pattern.to_regexp()})"
        for name in _STANDS_FOR
        for terminal in _parser().terminals
        if terminal.name == name
    ]
    return re.compile("|".join(kinds))
