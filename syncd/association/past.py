"""What was true of opportunities, roles and cases at a past instant.

Where the records do not say, the answer is None: a missing fact, never today's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from syncd.model.entities import (
    Case,
    ContactRole,
    Opportunity,
    OpportunityHistory,
    OpportunityStage,
)


class Phase(StrEnum):
    """Where an opportunity stood."""

    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class OpportunityPast:
    """One opportunity over time; ``snapshots`` are oldest first."""

    opportunity: Opportunity
    snapshots: tuple[OpportunityHistory, ...] = ()
    closed_stages: frozenset[str] = frozenset()

    def phase_at(self, at: datetime) -> Phase:
        """Whether it existed and was open at an instant.

        The stage history decides; without it the moment of closing is that of the
        last change of stage, else the end of the close date.
        """
        created_at = self.opportunity.created_at
        if created_at is not None and created_at > at:
            return Phase.NOT_YET
        stage = self._stage_at(at)
        if stage is not None and self.closed_stages:
            return Phase.CLOSED if stage in self.closed_stages else Phase.OPEN
        closed_at = self.closed_at
        return Phase.CLOSED if closed_at is not None and closed_at <= at else Phase.OPEN

    def _stage_at(self, at: datetime) -> str | None:
        earlier = [s for s in self.snapshots if s.created_at and s.created_at <= at]
        return earlier[-1].stage if earlier else None

    @property
    def closed_at(self) -> datetime | None:
        """When it was closed for good; None while open, or when nothing tells."""
        if not self.opportunity.is_closed:
            return None
        closed_at = None
        for snapshot in reversed(self.snapshots):
            if snapshot.stage not in self.closed_stages:
                break
            closed_at = snapshot.created_at
        day = self.opportunity.close_date
        return (
            closed_at
            or self.opportunity.stage_changed_at
            or (_end_of(day) if day is not None else None)
        )

    def close_date_at(self, at: datetime) -> date | None:
        """The close date as it was then."""
        earlier = [s for s in self.snapshots if s.created_at and s.created_at <= at]
        if earlier:
            return earlier[-1].close_date
        return None if self.snapshots else self.opportunity.close_date


def pasts(
    opportunities: Mapping[str, Opportunity],
    history: Sequence[OpportunityHistory],
    stages: Sequence[OpportunityStage],
) -> dict[str, OpportunityPast]:
    """The past of each opportunity by id."""
    closed = frozenset(stage.label for stage in stages if stage.is_closed)
    snapshots: dict[str, list[OpportunityHistory]] = {}
    for snapshot in history:
        if snapshot.created_at is not None:
            snapshots.setdefault(snapshot.opportunity_id, []).append(snapshot)
    for rows in snapshots.values():
        rows.sort(key=lambda row: (row.created_at is None, row.created_at, row.id))
    return {
        key: OpportunityPast(
            opportunity=opportunity,
            snapshots=tuple(snapshots.get(key, ())),
            closed_stages=closed,
        )
        for key, opportunity in opportunities.items()
    }


def role_existed(role: ContactRole, at: datetime) -> bool | None:
    """Whether a role existed at an instant; None when its creation is unknown."""
    return None if role.created_at is None else role.created_at <= at


def case_was_open(case: Case, at: datetime) -> bool:
    """Whether a case was open at an instant."""
    if case.created_at is not None and case.created_at > at:
        return False
    if case.closed_at is not None:
        return case.closed_at > at
    return not case.is_closed
