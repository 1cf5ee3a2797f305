"""What a person took back, or another tool keeps taking back: not done again."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from syncd.model.ids import stable_id


class TombstoneKind(StrEnum):
    """Why an effect is not brought about again."""

    REVERTED = "reverted"  # a person changed or removed what we wrote
    UNDONE = "undone"  # `syncd undo` took it back
    TOOL_WAR = "tool_war"  # another integration keeps writing over it
    REFUSED = "refused"  # the remote refused it every time
    REJECTED = "rejected"  # a person did not want it when asked


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """One effect that is left alone until this is cleared or expires.

    Attributes:
        effect: Record or natural key with field names; never the home (see
            ``syncd.model.plan.effect_key``). Of a rejected update also a digest of the
            values: another value may still be proposed.
        value: Id of the record that a rejected link would have led to.
        says: What happened, for people; names and field names only.
        expires_at: None = never.
        cleared_at: When a person lifted it.
        after_write: Sequence of the ledger's last write when it was made, or lifted by
            a person. Once it holds nothing back, what was written up to there is
            forgiven, and what was written since is not: clocks cannot tell the two
            apart, because they are set back.
        read_until: Salesforce's own instant up to which it was known when this was
            made; None = it does not matter for this kind.
    """

    effect: str
    kind: TombstoneKind
    rule: str
    system: str
    object: str
    what: str
    fields: tuple[str, ...]
    says: str
    made_at: datetime
    expires_at: datetime | None = None
    cleared_at: datetime | None = None
    value: str = ""
    after_write: int = 0
    read_until: datetime | None = None

    @property
    def id(self) -> str:
        """The same for every tombstone of one effect."""
        return stable_id("tmb", self.effect)

    def is_forgiven(self, now: datetime) -> bool:
        """Whether it holds nothing back any more."""
        is_expired = self.expires_at is not None and self.expires_at <= now
        return is_expired or self.cleared_at is not None


class PastWrite(msgspec.Struct, frozen=True, kw_only=True):
    """One write of an effect, as the ledger has it.

    Attributes:
        sequence: Its place among all writes, whatever the clock showed.
        state: ``done``, ``refused``, or ``open`` while its outcome is not known.
        settled_at: By the clock of the system that was written to, where it says;
            for an open one, when it was intended.
        takes_back: Whether this write was itself an undo.
        written_version: The record's version read back after the write; empty = it
            could not be read back.
    """

    sequence: int
    key: str
    operation: str
    record_id: str | None
    after: Mapping[str, Any]
    state: str
    settled_at: datetime
    written_version: str = ""
    takes_back: bool = False
    detail: str = ""
