"""What the mirror has of a span of time, to hold against the service itself."""

from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import upsert
from syncd.db.tables import PROOFS, RECORDS
from syncd.ports.mirror import Proof

_MONTH: Final = len("2026-03")


def months_of(
    connection: sa.Connection, span: sa.ColumnElement[bool]
) -> dict[str, int]:
    """Live records of a span by month; those whose making is not known under ``""``."""
    month = sa.func.substr(sa.cast(RECORDS.c.created_at, sa.String), 1, _MONTH)
    query = sa.select(month, sa.func.count()).where(span).group_by(month)
    return {name or "": count for name, count in connection.execute(query).all()}


def versions_of(
    connection: sa.Connection, span: sa.ColumnElement[bool]
) -> dict[str, datetime | None]:
    """Ids of a span's live records, with the vendor's instant of each."""
    query = sa.select(RECORDS.c.id, RECORDS.c.valid_from).where(span)
    return {row.id: row.valid_from for row in connection.execute(query)}


def made_in(
    system: str, object_name: str, *, start: datetime | None, end: datetime
) -> sa.ColumnElement[bool]:
    """Live records of one object that were made from ``start`` until before ``end``."""
    made = RECORDS.c.created_at
    return sa.and_(
        RECORDS.c.system == system,
        RECORDS.c.object == object_name,
        RECORDS.c.deleted == sa.false(),
        made < end,
        sa.true() if start is None else made >= start,
    )


def save_proof(connection: sa.Connection, proof: Proof) -> None:
    """Remember the last proof of an object."""
    row: dict[str, Any] = {
        "system": proof.system,
        "object": proof.object,
        "body": msgspec.json.encode(proof).decode(),
    }
    upsert(connection, PROOFS, [row])


def load_proofs(connection: sa.Connection) -> list[Proof]:
    """The last proof of each object."""
    query = sa.select(PROOFS.c.body).order_by(PROOFS.c.system, PROOFS.c.object)
    return [msgspec.json.decode(body, type=Proof) for body in connection.scalars(query)]
