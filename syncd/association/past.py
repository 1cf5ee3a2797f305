"""What was true of opportunities, roles, contacts and cases at a past instant.

Where the records do not say, the answer is None: a missing fact, never today's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from syncd.model.entities import (
    Case,
    Contact,
    Opportunity,
    OpportunityChange,
    OpportunityHistory,
    OpportunityStage,
)
from syncd.model.view import Former

_STAGE: Final = frozenset({"StageName"})
_OWNER: Final = frozenset({"Owner", "OwnerId"})
_CLOSE_DATE: Final = frozenset({"CloseDate"})
_USER_PREFIX: Final = "005"
REOPENED_SOON: Final = timedelta(days=7)
"""What is opened again so soon after an interaction may be what that was about."""


class Phase(StrEnum):
    """Where an opportunity stood."""

    NOT_YET = "not_yet"
    OPEN = "open"
    CLOSED = "closed"


# Python 3.11 takes longer to look a member up than to compare two instants.
_NOT_YET, _OPEN, _CLOSED = Phase


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class OpportunityPast:
    """One opportunity over time; everything in it is oldest first.

    Attributes:
        snapshots: Its stage history.
        changes: Its field history, those fields that are asked for.
        former: Its versions that we saw superseded.
        reopenings: When it was closed and when it was opened again, by its stages.
        owners_are_tracked: Whether a change of owner would have left a trace.
    """

    opportunity: Opportunity
    snapshots: tuple[OpportunityHistory, ...] = ()
    changes: tuple[OpportunityChange, ...] = ()
    former: tuple[Former, ...] = ()
    closed_stages: frozenset[str] = frozenset()
    reopenings: tuple[tuple[datetime, datetime], ...] = ()
    owners_are_tracked: bool = False

    def phase_at(self, at: datetime) -> Phase:
        """Whether it existed and was open at an instant.

        The stage history decides; without it the moment of closing is that of the
        last change of stage, else the end of the close date.
        """
        created_at = self.opportunity.created_at
        if created_at is not None and created_at > at:
            return _NOT_YET
        stage = self._stage_at(at)
        if stage is not None and self.closed_stages:
            return _CLOSED if stage in self.closed_stages else _OPEN
        closed_at = self.closed_at
        return _CLOSED if closed_at is not None and closed_at <= at else _OPEN

    def is_over_at(self, at: datetime) -> bool:
        """Whether it was closed at an instant, and not about to be opened again."""
        return self.phase_at(at) is _CLOSED and not self.was_about_to_reopen(at)

    def was_about_to_reopen(self, at: datetime) -> bool:
        """Whether it was closed then, and the stage history has it open again soon."""
        return bool(self.reopenings) and any(
            closed_at <= at < opened_at <= at + REOPENED_SOON
            for closed_at, opened_at in self.reopenings
        )

    def _stage_at(self, at: datetime) -> str | None:
        snapshot = self._snapshot_at(at)
        if snapshot is not None:
            return snapshot.stage
        value, found = self._tracked(_STAGE, at)
        if found:
            return value
        was = self._former_at(at)
        return was.stage if was is not None else None

    def _snapshot_at(self, at: datetime) -> OpportunityHistory | None:
        latest = None
        for snapshot in self.snapshots:
            if snapshot.created_at is None or snapshot.created_at > at:
                break
            latest = snapshot
        return latest

    def _tracked(
        self, fields: frozenset[str], at: datetime, prefix: str = ""
    ) -> tuple[str | None, bool]:
        """A tracked field's value then, and whether its history tells it."""
        value: str | None = None
        for change in self.changes:
            if change.field not in fields or change.created_at is None:
                continue
            if prefix and not (change.old or change.new or "").startswith(prefix):
                continue
            if change.created_at > at:
                return change.old, True
            value = change.new
        return value, value is not None

    def _former_at(self, at: datetime) -> Opportunity | None:
        """The version of that instant, where we know that it already held."""
        began = None
        for one in self.former:
            if one.until > at:
                was = one.entity
                if not isinstance(was, Opportunity):
                    return None
                began = began or was.modified_at
                return was if began is not None and began <= at else None
            began = one.until
        return None

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

    def _held_since_then(self, at: datetime) -> bool:
        """Whether nothing of it has been edited since."""
        modified_at = self.opportunity.modified_at
        return modified_at is not None and modified_at <= at

    def close_date_at(self, at: datetime) -> date | None:
        """The close date as it was then; None when nothing tells."""
        snapshot = self._snapshot_at(at)
        if snapshot is not None:
            return snapshot.close_date
        value, found = self._tracked(_CLOSE_DATE, at)
        if found:
            return _day(value)
        was = self._former_at(at)
        if was is not None:
            return was.close_date
        return self.opportunity.close_date if self._held_since_then(at) else None

    def owner_at(self, at: datetime) -> str | None:
        """Who owned it then; None when nothing tells."""
        value, found = self._tracked(_OWNER, at, _USER_PREFIX)
        if found:
            return value
        was = self._former_at(at)
        if was is not None:
            return was.owner_id
        if self.owners_are_tracked or self._held_since_then(at):
            return self.opportunity.owner_id
        return None

    def earliest_owner(self, at: datetime) -> str | None:
        """The owner at the earliest time after an instant that we know of."""
        for one in self.former:
            if one.until > at and isinstance(one.entity, Opportunity):
                return one.entity.owner_id
        return self.opportunity.owner_id


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def pasts(
    opportunities: Mapping[str, Opportunity],
    history: Iterable[OpportunityHistory],
    stages: Sequence[OpportunityStage],
    *,
    changes: Iterable[OpportunityChange] = (),
    former: Mapping[str, tuple[Former, ...]] | None = None,
    owners_are_tracked: bool = False,
) -> dict[str, OpportunityPast]:
    """The past of each opportunity by id."""
    closed = frozenset(stage.label for stage in stages if stage.is_closed)
    snapshots: dict[str, list[OpportunityHistory]] = {}
    for snapshot in history:
        if snapshot.created_at is not None:
            snapshots.setdefault(snapshot.opportunity_id, []).append(snapshot)
    edits: dict[str, list[OpportunityChange]] = {}
    for change in changes:
        if change.created_at is not None:
            edits.setdefault(change.opportunity_id, []).append(change)
            owners_are_tracked = owners_are_tracked or change.field in _OWNER
    told = {key: tuple(sorted(some, key=_by_time)) for key, some in snapshots.items()}
    return {
        key: OpportunityPast(
            opportunity=opportunity,
            snapshots=told.get(key, ()),
            changes=tuple(sorted(edits.get(key, ()), key=_by_time)),
            former=(former or {}).get(key, ()),
            closed_stages=closed,
            reopenings=tuple(_reopenings(told.get(key, ()), closed)),
            owners_are_tracked=owners_are_tracked,
        )
        for key, opportunity in opportunities.items()
    }


def _reopenings(
    snapshots: Iterable[OpportunityHistory], closed: frozenset[str]
) -> Iterator[tuple[datetime, datetime]]:
    closed_at = None
    for one in snapshots:
        if one.stage in closed:
            closed_at = closed_at or one.created_at
        elif closed_at is not None and one.created_at is not None:
            yield closed_at, one.created_at
            closed_at = None


def _by_time(row: OpportunityHistory | OpportunityChange) -> tuple[datetime, str]:
    return (row.created_at or datetime.min.replace(tzinfo=UTC), row.id)


def account_at(contact: Contact, former: Sequence[Former], at: datetime) -> str | None:
    """The account that a contact lived under then, as far back as we have seen.

    Before the first version that we saw, that version is the nearest to the truth.
    """
    for one in former:
        if one.until > at and isinstance(one.entity, Contact):
            return one.entity.account_id
    return contact.account_id


def case_was_open(case: Case, at: datetime) -> bool:
    """Whether a case was open at an instant."""
    if case.created_at is not None and case.created_at > at:
        return False
    if case.closed_at is not None:
        return case.closed_at > at
    return not case.is_closed
