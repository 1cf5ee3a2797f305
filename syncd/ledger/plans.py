"""Saved plans; see :class:`syncd.ports.plans.Plans`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import reading, upsert, writing
from syncd.db.tables import PLANS
from syncd.model.plan import Change, Plan

_PART: Final = "the saved plans"

_ONE: Final = sa.select(PLANS.c.body).where(PLANS.c.plan_id == sa.bindparam("of_plan"))
_NEWEST: Final = (
    sa.select(PLANS.c.body)
    .order_by(PLANS.c.created_at.desc(), PLANS.c.plan_id)
    .limit(sa.bindparam("at_most", type_=sa.Integer))
)


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
        with self._read() as connection:
            body = connection.scalar(_ONE, {"of_plan": plan_id})
            return None if body is None else msgspec.json.decode(body, type=Plan)

    def latest(self, limit: int = 20) -> Sequence[Plan]:
        """Saved plans, newest first."""
        return self._newest(_NEWEST, limit=limit)

    def find_change(self, change_id: str) -> tuple[Plan, Change] | None:
        """The newest plan that holds this change."""
        for plan in self._newest(_NEWEST.where(_holds(change_id))):
            for change in plan.changes:
                if change.id == change_id:
                    return plan, change
        return None

    def find_finding(self, finding_id: str) -> Plan | None:
        """The newest plan that holds this finding."""
        found = self._newest(_NEWEST.where(_holds(finding_id)))
        return found[0] if found else None

    def _newest(self, query: sa.Select[Any], *, limit: int = 1) -> Sequence[Plan]:
        with self._read() as connection:
            bodies = connection.scalars(query, {"at_most": limit}).all()
            return [msgspec.json.decode(body, type=Plan) for body in bodies]

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return reading(self._engine, _PART)


def _holds(one: str) -> sa.ColumnElement[bool]:
    """Matches plans that hold a change or a finding with this id."""
    return PLANS.c.body.contains(f'"{one}"')
