"""What waits for a person; see :class:`syncd.ports.reviews.Reviews`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, reading, upsert, writing
from syncd.db.lists import is_one_of
from syncd.db.tables import CHOICES, PROPOSALS
from syncd.ledger.retention import forgetful
from syncd.model.review import Choice, Proposal

_PART: Final = "the review queue"

_PROPOSED: Final = sa.select(PROPOSALS.c.id).where(is_one_of(PROPOSALS.c.rule, "rules"))
_PROPOSED_IN: Final = _PROPOSED.where(is_one_of(PROPOSALS.c.home, "homes"))
_WITHDRAWN: Final = sa.delete(PROPOSALS).where(is_one_of(PROPOSALS.c.id, "ids"))
_CHOICES: Final = sa.select(CHOICES.c.body).order_by(CHOICES.c.made_at, CHOICES.c.id)


class SqlReviews:
    """One row per proposed change, without the texts that it would copy."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keeps proposals and choices in the store behind this engine."""
        self._engine = engine

    def propose(
        self,
        proposals: Iterable[Proposal],
        *,
        rules: Collection[str],
        homes: Collection[str] | None,
    ) -> None:
        """Replace what these rules proposed in these homes; None = anywhere."""
        rows = [_row(one) for one in proposals]
        kept = {row["id"] for row in rows}
        with writing(self._engine, _PART) as connection:
            for found in _proposed(connection, rules, homes):
                _delete(connection, [one for one in found if one not in kept])
            upsert(connection, PROPOSALS, rows, update=("home", "rule", "body"))

    def add(self, proposals: Iterable[Proposal]) -> None:
        """Propose these, and leave the others as they are."""
        rows = [_row(one) for one in proposals]
        with writing(self._engine, _PART) as connection:
            upsert(connection, PROPOSALS, rows, update=("home", "rule", "body"))

    def waiting(self) -> Sequence[Proposal]:
        """What waits for a person, what has waited longest first."""
        query = sa.select(PROPOSALS.c.body, PROPOSALS.c.proposed_at).order_by(
            PROPOSALS.c.proposed_at, PROPOSALS.c.id
        )
        with self._read() as connection:
            return [_decoded(*row) for row in connection.execute(query).all()]

    def of(self, ids: Sequence[str]) -> Mapping[str, Proposal]:
        """Those of these proposals that still wait, by id."""
        found: dict[str, Proposal] = {}
        with self._read() as connection:
            for some in chunks(list(ids)):
                query = sa.select(PROPOSALS.c.body, PROPOSALS.c.proposed_at).where(
                    PROPOSALS.c.id.in_(some)
                )
                for row in connection.execute(query).all():
                    one = _decoded(*row)
                    found[one.id] = one
        return found

    def withdraw(self, ids: Sequence[str]) -> None:
        """These wait no longer."""
        with writing(self._engine, _PART) as connection:
            _delete(connection, ids)

    def choose(self, choices: Iterable[Choice]) -> None:
        """Remember a person's word; the last one on an activity and target counts."""
        rows = [
            {
                "id": one.id,
                "made_at": one.made_at,
                "body": msgspec.json.encode(one).decode(),
            }
            for one in choices
        ]
        with writing(self._engine, _PART) as connection:
            upsert(connection, CHOICES, rows)

    def choices(self) -> Sequence[Choice]:
        """What people accepted, oldest first."""
        with self._read() as connection:
            bodies = connection.scalars(_CHOICES).all()
            return [msgspec.json.decode(body, type=Choice) for body in bodies]

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)


def _row(one: Proposal) -> dict[str, object]:
    kept = msgspec.structs.replace(one, change=forgetful(one.change))
    return {
        "id": one.id,
        "home": one.home,
        "rule": one.change.rule,
        "proposed_at": one.proposed_at,
        "body": msgspec.json.encode(kept).decode(),
    }


def _decoded(body: str, proposed_at: datetime) -> Proposal:
    proposal = msgspec.json.decode(body, type=Proposal)
    return msgspec.structs.replace(proposal, proposed_at=proposed_at)


def _proposed(
    connection: sa.Connection, rules: Collection[str], homes: Collection[str] | None
) -> Iterator[Sequence[str]]:
    """Ids of what these rules proposed in these homes, some at a time."""
    asked = {"rules": sorted(rules)}
    if homes is None:
        yield connection.scalars(_PROPOSED, asked).all()
        return
    for some in chunks(sorted(homes)):
        yield connection.scalars(_PROPOSED_IN, {**asked, "homes": some}).all()


def _delete(connection: sa.Connection, ids: Sequence[str]) -> None:
    for some in chunks(ids):
        connection.execute(_WITHDRAWN, {"ids": some})
