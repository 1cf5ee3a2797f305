"""Saved plans; see :class:`syncd.ports.plans.Plans`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import reading, upsert, writing
from syncd.db.tables import PLANS
from syncd.model.plan import Change, Plan

_PART: Final = "the saved plans"


class SqlPlans:
    """Plans as their own JSON, newest found first."""

    def __init__(self, engine: sa.Engine) -> None:
        """Keeps plans in the store behind this engine."""
        self._engine = engine

    def save(self, plan: Plan) -> None:
        """Keep a plan."""
        row = {
            "plan_id": plan.plan_id,
            "created_at": plan.created_at,
            "body": msgspec.json.encode(plan).decode(),
        }
        with writing(self._engine, _PART) as connection:
            upsert(connection, PLANS, [row])

    def load(self, plan_id: str) -> Plan | None:
        """A saved plan."""
        query = sa.select(PLANS.c.body).where(PLANS.c.plan_id == plan_id)
        with self._read() as connection:
            body = connection.scalar(query)
            return None if body is None else msgspec.json.decode(body, type=Plan)

    def latest(self, limit: int = 20) -> Sequence[Plan]:
        """Saved plans, newest first."""
        return self._newest(sa.true(), limit=limit)

    def find_change(self, change_id: str) -> tuple[Plan, Change] | None:
        """The newest plan that holds this change."""
        for plan in self._newest(PLANS.c.body.contains(f'"{change_id}"')):
            for change in plan.changes:
                if change.id == change_id:
                    return plan, change
        return None

    def find_finding(self, finding_id: str) -> Plan | None:
        """The newest plan that holds this finding."""
        found = self._newest(PLANS.c.body.contains(f'"{finding_id}"'), limit=1)
        return found[0] if found else None

    def _newest(
        self, where: sa.ColumnElement[bool], *, limit: int = 1
    ) -> Sequence[Plan]:
        query = (
            sa.select(PLANS.c.body)
            .where(where)
            .order_by(PLANS.c.created_at.desc(), PLANS.c.plan_id)
            .limit(limit)
        )
        with self._read() as connection:
            bodies = connection.scalars(query).all()
            return [msgspec.json.decode(body, type=Plan) for body in bodies]

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)
