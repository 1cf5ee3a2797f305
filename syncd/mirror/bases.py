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


def save_bases(
    connection: sa.Connection, moves: Sequence[tuple[Base, Base | None]]
) -> None:
    """Move these bases from what they were to what they are; the others stay.

    So does one that is not any more what it was: another process has judged meanwhile,
    and may have seen more.
    """
    known = load_bases(connection, {base.opportunity_id for base, _ in moves})
    rows = [
        {
            "opportunity_id": base.opportunity_id,
            "body": msgspec.json.encode(base, order="sorted").decode(),
        }
        for base, before in moves
        if known.get(base.opportunity_id) == before
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
