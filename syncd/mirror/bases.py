"""Keeps what both sides of an opportunity last agreed on."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, upsert
from syncd.db.lists import is_one_of
from syncd.db.tables import BASES
from syncd.model.membership import Base

_BASES: Final = sa.select(BASES.c.body).where(is_one_of(BASES.c.opportunity_id, "ids"))


def save_bases(connection: sa.Connection, bases: Sequence[Base]) -> None:
    """Move these bases; those of other opportunities stay."""
    rows = [
        {
            "opportunity_id": one.opportunity_id,
            "body": msgspec.json.encode(one, order="sorted").decode(),
        }
        for one in bases
    ]
    upsert(connection, BASES, rows)


def load_bases(
    connection: sa.Connection, opportunity_ids: Collection[str]
) -> dict[str, Base]:
    """The bases of these opportunities; those never compared are absent."""
    found: dict[str, Base] = {}
    for some in chunks(sorted(opportunity_ids)):
        for body in connection.scalars(_BASES, {"ids": some}):
            one = msgspec.json.decode(body, type=Base)
            found[one.opportunity_id] = one
    return found
