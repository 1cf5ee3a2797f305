"""Tombstones on SQLAlchemy; see :class:`syncd.ports.ledger.Tombstones`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, reading, upsert, writing
from syncd.db.lists import is_one_of
from syncd.db.tables import LEDGER, TOMBSTONES
from syncd.model.tombstone import Tombstone

_PART: Final = "tombstones"

_OF_EFFECTS: Final = sa.select(TOMBSTONES.c.body).where(
    is_one_of(TOMBSTONES.c.effect, "effects")
)
_NEWEST_FIRST: Final = sa.select(TOMBSTONES.c.body).order_by(
    TOMBSTONES.c.made_at.desc(), TOMBSTONES.c.effect
)

_LAST_WRITE: Final = sa.select(sa.func.max(LEDGER.c.sequence))


class SqlTombstones:
    """One row per effect; a cleared one stays, so that it is known what is forgiven."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keeps tombstones in the store behind this engine."""
        self._engine = engine

    def of(self, effects: Sequence[str]) -> Mapping[str, Tombstone]:
        """Those of these effects, cleared and expired ones included."""
        found: dict[str, Tombstone] = {}
        with self._read() as connection:
            for some in chunks(list(effects)):
                bodies = connection.scalars(_OF_EFFECTS, {"effects": some})
                for one in self._decoded(bodies):
                    found[one.effect] = one
        return found

    def all(self, *, now: datetime, everything: bool = False) -> Sequence[Tombstone]:
        """Those that hold something back, newest first; or every one there ever was."""
        with self._read() as connection:
            found = list(self._decoded(connection.scalars(_NEWEST_FIRST)))
        return [one for one in found if everything or not one.is_forgiven(now)]

    def add(self, tombstones: Iterable[Tombstone]) -> None:
        """Remember; an effect's earlier tombstone is replaced."""
        rows = [
            {
                "effect": one.effect,
                "id": one.id,
                "made_at": one.made_at,
                "expires_at": one.expires_at,
                "cleared_at": one.cleared_at,
                "body": msgspec.json.encode(one).decode(),
            }
            for one in tombstones
        ]
        if rows:
            with writing(self._engine, _PART) as connection:
                upsert(connection, TOMBSTONES, rows)

    def clear(self, ids: Sequence[str], *, now: datetime) -> Sequence[Tombstone]:
        """Lift these; what was taken back before now may be done again."""
        wanted = set(ids)
        with self._read() as connection:
            after_write = connection.scalar(_LAST_WRITE) or 0
        lifted = [
            msgspec.structs.replace(one, cleared_at=now, after_write=after_write)
            for one in self.all(now=now)
            if one.id in wanted
        ]
        self.add(lifted)
        return lifted

    def _decoded(self, bodies: Iterable[str]) -> Iterable[Tombstone]:
        return (msgspec.json.decode(body, type=Tombstone) for body in bodies)

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)
