"""From a query's text to its tree. Source: SOQL and SOSL Reference.

Parsing costs more than answering over a small org, and those who poll ask the same
again and again, but for a time stamp or an id. So what a tree is kept under is the
query's shape: its text, with one word for every text and time stamp in it.
"""

import operator
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

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
        tree, kinds = _shape(_literal().sub(lift, text))
        if tree is not None and kinds == [kind for kind, _ in literals]:
            return _filled(tree, iter([written for _, written in literals]))
    return None


@lru_cache(maxsize=256)
def _shape(text: str) -> tuple[Tree[Any] | None, list[str]]:
    """A shape's tree, and its literals' kinds in the order of the text."""
    try:
        tree = _parser().parse(text)
    except UnexpectedInput:
        return None, []  # the query itself says where it is wrong
    return tree, [str(token.type) for token in tree.scan_values(_is_literal)]


def _is_literal(one: object) -> bool:
    return isinstance(one, Token) and one.type in _STANDS_FOR


def _filled(tree: Tree[Any], literals: Iterator[str]) -> Tree[Any]:
    """The same with these literals for its own; what has none is not made anew."""
    children = [
        _filled(child, literals)
        if isinstance(child, Tree)
        else Token(child.type, next(literals))
        if _is_literal(child)
        else child
        for child in tree.children
    ]
    same = all(map(operator.is_, children, tree.children))
    return tree if same else Tree(tree.data, children)


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
