"""Conditions on a list of values that is one parameter, however long it is.

SQLAlchemy's own ``in_`` writes the statement anew for each number of values, and the
database reads it anew.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_ARRAY: Final = postgresql.ARRAY(sa.String())
_TEXT: Final = sa.String()


class _Texts(sa.types.TypeDecorator[Sequence[str]]):
    """Texts as an array, or as JSON where the database has none."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return _ARRAY if dialect.name == "postgresql" else _TEXT

    def process_bind_param(
        self, value: Sequence[str] | None, dialect: sa.Dialect
    ) -> Any:  # noqa: ANN401 - what the dialect's type takes
        texts = list(value or ())
        return texts if dialect.name == "postgresql" else _json(texts)


class _OneOf(FunctionElement[bool]):
    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> "_OneOf":
        """Stand by itself: compared with true it would be looked up by no index."""
        return self


def is_one_of(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """Matches where a column has one of the texts in the parameter ``name``."""
    return _OneOf(column, sa.bindparam(name, type_=_Texts()))


@compiles(_OneOf)
def _in_array(element: _OneOf, compiler: sa.Compiled, **given: Any) -> str:  # noqa: ANN401
    column, texts = (compiler.process(one, **given) for one in element.clauses)
    return f"{column} = ANY ({texts})"


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: sa.Compiled, **given: Any) -> str:  # noqa: ANN401
    column, texts = (compiler.process(one, **given) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - a parameter


def _json(texts: list[str]) -> str:
    return msgspec.json.encode(texts).decode()
