"""Interactions: one thing that happened in the world, whoever recorded it."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from syncd.model.record import RecordRef


class Side(StrEnum):
    """Which side a participant stands on."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    EXCLUDED = "excluded"  # rooms, bots, lists, integration users


EXTERNAL: Final = Side.EXTERNAL
INTERNAL: Final = Side.INTERNAL
"""The same, for what is asked of every participant: Python 3.11 is slow to look up a
member in its enumeration.
"""


class MatchKey(StrEnum):
    """By what a participant was recognised, strongest first."""

    CRM_ID = "crm_id"
    EMAIL = "email"
    ALIAS = "alias"
    PLUS_TAG = "plus_tag"
    PHONE = "phone"
    NAME = "name"
    NONE = "none"


STRONG_KEYS = frozenset({MatchKey.CRM_ID, MatchKey.EMAIL, MatchKey.ALIAS})
"""Keys that may carry an automatic change; the others only suggest."""


class Participant(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person (or room, or bot) in an interaction.

    ``contact_ids`` with more than one entry is an ambiguity, and stays one.
    """

    side: Side
    email: str | None = None
    name: str | None = None
    user_id: str | None = None
    contact_ids: tuple[str, ...] = ()
    lead_ids: tuple[str, ...] = ()
    prospect_ids: tuple[str, ...] = ()
    matched_by: MatchKey = MatchKey.NONE
    reason: str = ""
    attended: bool | None = None

    @property
    def contact_id(self) -> str | None:
        """The one contact this is, None when none or several."""
        return self.contact_ids[0] if len(self.contact_ids) == 1 else None


class InteractionStatus(StrEnum):
    """What became of it."""

    HELD = "held"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    PENDING = "pending"  # over, but the recorder is still working
    UNKNOWN = "unknown"


class Interaction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A cluster of the records that speak of one meeting, call, e-mail or chat.

    Attributes:
        key: Stable id from the strongest id at hand.
        kind: ``meeting``, ``call``, ``email``, ``chat``, or ``task`` for a to-do that
            no other record speaks of.
        host_user_id: Salesforce id of our own person who held it, None if unknown.
        refs: Member records, sorted.
        joined_by: For each member, why it belongs here, in the order of ``refs``.
        proof: Records that prove ``status`` (never the activity itself).
    """

    key: str
    kind: str
    status: InteractionStatus
    starts_at: datetime
    ends_at: datetime | None = None
    host_user_id: str | None = None
    participants: tuple[Participant, ...] = ()
    refs: tuple[RecordRef, ...] = ()
    joined_by: tuple[str, ...] = ()
    proof: tuple[RecordRef, ...] = ()
    series_key: str | None = None
    is_private: bool = False

    @property
    def external(self) -> tuple[Participant, ...]:
        """Participants on the customer's side."""
        return tuple([p for p in self.participants if p.side is EXTERNAL])

    @property
    def is_internal_only(self) -> bool:
        """Nobody from outside took part."""
        return not self.external
