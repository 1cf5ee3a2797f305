"""Association: to which opportunity or case an interaction belongs, and why."""

from collections.abc import Mapping
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


class Feature(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One piece of evidence about one candidate; ``weight`` is in log-odds.

    It rests on the records ``refs`` and on ``words`` of the titles.
    """

    name: str
    weight: float
    says: str
    refs: tuple[RecordRef, ...] = ()
    words: tuple[str, ...] = ()


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One opportunity or case that was considered."""

    target: RecordRef
    name: str
    account_id: str | None
    probability: float
    features: tuple[Feature, ...] = ()
    vetoes: tuple[str, ...] = ()
    closed_today: bool = False


class Association(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer for one interaction.

    ``candidates`` are sorted by probability, best first; vetoed ones come last.
    ``target`` is None when the decision is to abstain. ``held_back`` says why it is
    proposed at most, however sure it is; ``CLOSED_TODAY`` only when nothing else does.
    """

    interaction_key: str
    decision: Decision
    target: RecordRef | None
    probability: float
    margin: float
    reason: str
    candidates: tuple[Candidate, ...] = ()
    held_back: str = ""


class FactKind(StrEnum):
    """What a fact is about; each can be played through, see :class:`Fact`."""

    ROLE_ADDED = "role_added"
    ROLE_REMOVED = "role_removed"
    OWNER_PRESENT = "owner_present"
    OWNER_ABSENT = "owner_absent"
    PERSON_KNOWN = "person_known"
    HINT_ABSENT = "hint_absent"
    LINK_ABSENT = "link_absent"
    WORD_ABSENT = "word_absent"
    RIVAL_ABSENT = "rival_absent"
    CHOSEN_ABSENT = "chosen_absent"
    STILL_OPEN = "still_open"
    NUMBER_NAMED = "number_named"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could be otherwise.

    ``refs`` are the records it is about: the roles that go, the opportunity and the
    contact of a new one, the user, the records that hint, the activities whose links
    go, the opportunity or case that is not there. ``words`` are those taken out of
    the titles.
    """

    kind: FactKind
    refs: tuple[RecordRef, ...] = ()
    words: tuple[str, ...] = ()


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest set of facts whose opposite changes decision or target.

    Played through together they lead to ``decision`` and ``target``; ``says`` tells
    it to people in a sentence.
    """

    facts: tuple[Fact, ...]
    decision: Decision
    target: RecordRef | None
    says: str


Flips = Mapping[str, Flip]
"""By interaction key."""
