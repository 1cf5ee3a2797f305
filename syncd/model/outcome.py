"""What became of polls, writes and runs."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class PollOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one connector's poll brought.

    ``complete`` is False when any stream stopped early; such a poll carries no
    deletes and no plan made on it may delete. ``as_of`` is the instant of the last
    complete one.

    Attributes:
        after_write: Sequence of the ledger up to which every write of ours had an
            outcome when this poll began: it saw what became of those. Clocks cannot
            tell that, because they are set back.
        read_until: The system's own instant up to which the last complete poll read
            it; ours where the system does not say.
    """

    system: str
    complete: bool
    as_of: datetime | None = None
    after_write: int = 0
    read_until: datetime | None = None
    records: int = 0
    changed: int = 0
    deleted: int = 0
    quarantined: int = 0
    calls: int = 0
    duration_s: float = 0.0
    error: str = ""
    needs_credentials: bool = False
    needs_configuration: bool = False
    notes: tuple[str, ...] = ()


class ItemStatus(StrEnum):
    """What became of one change."""

    DONE = "done"
    ALREADY = "already"  # the record already said so
    STALE = "stale"  # someone moved the record or a fact it rests on
    REFUSED = "refused"  # the remote will never take it
    FAILED = "failed"  # tried, may be tried again in a later run
    PARKED = "parked"  # outcome unknown; looked for again before anything is repeated
    HELD_BACK = (
        "held_back"  # limit, stop file, or a change it depends on did not happen
    )


class ItemOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change, and why; ``detail`` has codes and field names only.

    ``version`` is the record's, read back after the write; empty if it was not.
    """

    change_id: str
    status: ItemStatus
    record_id: str | None = None
    detail: str = ""
    version: str = ""


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did."""

    run_id: str
    plan_id: str | None
    started_at: datetime
    ended_at: datetime | None
    kind: str
    items: tuple[ItemOutcome, ...] = ()
    polls: tuple[PollOutcome, ...] = ()
    calls: Mapping[str, Mapping[str, int]] = {}
    detail: Mapping[str, Any] = {}
