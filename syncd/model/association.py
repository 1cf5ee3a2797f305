"""Association: to which opportunity or case an interaction belongs, and why."""

from enum import StrEnum
from typing import Final

import msgspec

from syncd.model.record import RecordRef

CLOSED_TODAY: Final = "it is closed today"
"""Holds a link back that nothing else does: at the interaction it was open."""


class Decision(StrEnum):
    """What may be done with the top candidate."""

    APPLY = "apply"
    PROPOSE = "propose"
    ABSTAIN = "abstain"


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence about one candidate; ``weight`` is in log-odds."""

    name: str
    weight: float
    says: str
    refs: tuple[RecordRef, ...] = ()


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity or case that was considered."""

    target: RecordRef
    name: str
    account_id: str | None
    probability: float
    features: tuple[Feature, ...] = ()
    vetoes: tuple[str, ...] = ()
    closed_today: bool = False


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one interaction.

    ``candidates`` are sorted by probability, best first; vetoed ones come last.
    ``target`` is None when the decision is to abstain. ``flip`` is the smallest
    fact that would change the decision, in a sentence. ``held_back`` says why it is
    proposed at most, however sure it is; ``CLOSED_TODAY`` only when nothing else does.
    """

    interaction_key: str
    decision: Decision
    target: RecordRef | None
    probability: float
    margin: float
    reason: str
    candidates: tuple[Candidate, ...] = ()
    flip: str = ""
    held_back: str = ""
