"""What the pipeline asks of the ledger and of tombstones; both databases answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from syncd.model.outcome import ItemOutcome, RunOutcome
from syncd.model.plan import Change
from syncd.model.tombstone import PastWrite, Tombstone


class IntentState(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger knows of an idempotency key.

    ``state``: ``new`` (just recorded), ``done`` (its effect happened), ``open``
    (intent without outcome: must be settled by looking), ``failed`` or ``refused``
    (certainly not written, may be tried again).
    """

    key: str
    state: str
    record_id: str | None = None


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One write: intent, before-image and outcome.

    ``sequence`` rises in the order in which intents were committed. Instants need not:
    an intent is dated by the later of our clock and the service's, its outcome by the
    service's.
    """

    sequence: int
    run_id: str
    plan_id: str
    change: Change
    state: str
    intended_at: datetime
    settled_at: datetime | None = None
    record_id: str | None = None
    before: Mapping[str, Any] = {}
    detail: str = ""


class Ledger(Protocol):
    """Append-only journal of every write."""

    def open_run(self, run: RunOutcome) -> None:
        """A run begins."""
        ...

    def close_run(self, run: RunOutcome) -> None:
        """A run ended, with all its items."""
        ...

    def runs(self, limit: int = 50) -> Sequence[RunOutcome]:
        """Runs, newest first."""
        ...

    def run(self, run_id: str) -> RunOutcome | None:
        """One run with its items."""
        ...

    def intend(
        self,
        changes: Sequence[Change],
        *,
        run_id: str,
        plan_id: str,
        now: datetime,
        before: Mapping[str, Mapping[str, Any]],
    ) -> Sequence[IntentState]:
        """Commit intents durably before anything is sent; in the order given.

        ``before`` is the before-image by change key. A key that already has an
        intent is not recorded again: its present state comes back instead. So does
        ``open`` while another change with the same effect has no outcome.
        """
        ...

    def known(self, keys: Sequence[str]) -> Mapping[str, IntentState]:
        """The last attempt of each of these keys; what never had one is left out."""
        ...

    def settle(
        self,
        outcomes: Sequence[tuple[str, str, ItemOutcome]],
        *,
        now: datetime,
        run_id: str | None = None,
    ) -> None:
        """Record outcomes as (key, new state, item).

        ``run_id`` names the run whose attempt it is; None is the last attempt. A run
        that was given up while it slept must not settle what another one sent.
        """
        ...

    def open_intents(self) -> Sequence[LedgerEntry]:
        """Intents without outcome, oldest first."""
        ...

    def settled_up_to(self) -> int:
        """Sequence up to which every write has an outcome; 0 when none has."""
        ...

    def last_write(self) -> int:
        """Sequence of the last write, settled or not; 0 when there is none."""
        ...

    def entries(self, run_id: str) -> Sequence[LedgerEntry]:
        """Every write of a run, in the order written."""
        ...

    def entry_of(self, change_id: str) -> LedgerEntry | None:
        """The write of one change, for ``explain``."""
        ...

    def past(self, effects: Sequence[str]) -> Mapping[str, Sequence[PastWrite]]:
        """Writes of these effects, oldest first; not those that certainly failed."""
        ...

    def made(self, system: str, object_name: str, ids: Sequence[str]) -> frozenset[str]:
        """Those of these records that a write of ours created."""
        ...

    def writer_lock(self) -> AbstractContextManager[Callable[[], bool]]:
        """Held while changes are written: one writer per store.

        Gives a question to ask before every call: whether it is held still.
        """
        ...


class Tombstones(Protocol):
    """Effects that are left alone; one per effect."""

    def of(self, effects: Sequence[str]) -> Mapping[str, Tombstone]:
        """Those of these effects, cleared and expired ones included."""
        ...

    def all(self, *, now: datetime) -> Sequence[Tombstone]:
        """Those that hold something back, newest first."""
        ...

    def add(self, tombstones: Iterable[Tombstone]) -> None:
        """Remember; an effect's earlier tombstone is replaced."""
        ...
