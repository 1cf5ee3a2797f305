"""What waits for a person, and what people decided."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from syncd.model.ids import stable_id
from syncd.model.plan import Change, Names, PlanFinding
from syncd.model.record import RecordRef
from syncd.model.tombstone import Tombstone, TombstoneKind

LINK: Final = "WhatId"
"""The field that relates an activity to an opportunity or a case."""
_ACTIVITIES: Final = frozenset({"Task", "Event"})
_TARGETS: Final = {"006": "Opportunity", "500": "Case"}


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One change that a person has to accept or reject.

    Attributes:
        id: The change's.
        home: Where it was judged; judged anew before it is written.
        proposed_at: When it was first proposed.
        change: Without texts copied from people's records.
        findings: What it would mend.
        names: The plan's for what the change speaks of.
    """

    home: str
    proposed_at: datetime
    change: Change
    findings: tuple[PlanFinding, ...]
    names: Names = {}

    @property
    def id(self) -> str:
        """The same as long as the same is proposed."""
        return self.change.id


class Verdict(StrEnum):
    """What a person said of a proposal."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word on what an activity belongs to, or does not.

    It holds for the activity's interaction, and is a precedent for other occurrences
    of its series and for other messages of its thread.

    Attributes:
        after_write: Sequence of the ledger's last write when it was said.
    """

    activity: RecordRef
    target: RecordRef
    verdict: Verdict
    made_at: datetime
    after_write: int = 0

    @property
    def id(self) -> str:
        """The same for one activity and one target: the last word counts."""
        return stable_id("cho", str(self.activity), str(self.target))


def accepted(change: Change, *, at: datetime, after_write: int) -> Choice | None:
    """What accepting a change says about an activity; None = nothing."""
    value = change.after.get(LINK)
    if change.record_id is None or not isinstance(value, str):
        return None
    activity = RecordRef(change.system, change.object, change.record_id)
    return _choice(
        activity, value, Verdict.ACCEPTED, made_at=at, after_write=after_write
    )


def rejections(stones: Iterable[Tombstone]) -> Iterator[Choice]:
    """What people said that activities do not belong to; stones that still stand."""
    for stone in stones:
        if stone.kind is TombstoneKind.REJECTED and stone.value:
            found = _choice(
                RecordRef(stone.system, stone.object, stone.what),
                stone.value,
                Verdict.REJECTED,
                made_at=stone.made_at,
                after_write=stone.after_write,
            )
            if found is not None:
                yield found


def _choice(
    activity: RecordRef,
    target_id: str,
    verdict: Verdict,
    *,
    made_at: datetime,
    after_write: int,
) -> Choice | None:
    name = _TARGETS.get(target_id[:3])
    if name is None or activity.object not in _ACTIVITIES:
        return None
    return Choice(
        activity=activity,
        target=RecordRef(activity.system, name, target_id),
        verdict=verdict,
        made_at=made_at,
        after_write=after_write,
    )
