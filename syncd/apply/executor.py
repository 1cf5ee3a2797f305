"""Applies changes: each effect happens once, and never over a person's edit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from syncd.apply.batches import FULL, batches, calls, unfinished
from syncd.apply.canary import Canary
from syncd.apply.effects import both_clocks, effects_seen, settle_open, their_clock
from syncd.apply.recheck import Recheck, current_of
from syncd.apply.writes import (
    Fold,
    before_image,
    folded,
    has_stuck,
    is_torn,
    item_of,
    ref_of,
    said_of,
    unfolded,
)
from syncd.errors import DryRunRefusedError, GuardError, RemoteError, SyncdError
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import (
    Current,
    WriteOutcome,
    WriteStatus,
    WritingConnector,
)
from syncd.ports.ledger import IntentState, Ledger

_LOG: Final = structlog.get_logger()
_FRESH_FOR: Final = timedelta(minutes=1)
_HAPPENED: Final = frozenset({ItemStatus.DONE, ItemStatus.ALREADY})
_MEANING: Final = {
    WriteStatus.DONE: (ItemStatus.DONE, "done"),
    WriteStatus.REFUSED: (ItemStatus.REFUSED, "refused"),
    WriteStatus.CONFLICT: (ItemStatus.STALE, "failed"),
    WriteStatus.RETRY: (ItemStatus.FAILED, "failed"),
}
_Seen = Mapping[RecordRef, Current | None]


@dataclass(kw_only=True)
class Executor:
    """One run's writing.

    Attributes:
        our_users: Ids of the users we write as, by system.
        planned_after: Sequence of the last write before the plan; what was created
            since is not made again. Our clock cannot tell: it may be set back.
        stop: Looked at before every call; True ends the run's writing.
        lock_held: Looked at before every call; False ends the run's writing.
        stopped_systems: Why nothing may be written to a system, by system.
        progress: Called with the number of changes settled so far.
    """

    connectors: Mapping[str, WritingConnector]
    ledger: Ledger
    our_users: Mapping[str, str]
    run_id: str
    plan_id: str
    canary: int
    now: Callable[[], datetime]
    planned_after: int | None = None
    stop: Callable[[], bool] = lambda: False
    lock_held: Callable[[], bool] = lambda: True
    stopped_systems: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[int], None] = lambda _: None
    _outcomes: dict[str, ItemOutcome] = field(default_factory=dict)
    _recheck: Recheck = field(init=False)
    _canary: Canary = field(default_factory=Canary)

    def __post_init__(self) -> None:
        """What was written in this run is no stranger's edit."""
        self._recheck = Recheck(
            connectors=self.connectors,
            our_users=self.our_users,
            ledger=self.ledger,
            planned_after=self.planned_after,
        )

    def run(self, changes: Sequence[Change]) -> tuple[ItemOutcome, ...]:
        """Apply changes; one outcome per change, in the order given."""
        settle_open(self.ledger, self.connectors, now=self.now())
        for batch in batches(self._left(changes), size=self._size):
            pending: Sequence[Change] = batch
            while pending:
                pending = self._apply_batch(pending)
            self._canary.judge(batch, self._outcomes)
            self.progress(len(self._outcomes))
        return tuple(self._outcomes[change.id] for change in changes)

    def _left(self, changes: Sequence[Change]) -> list[Change]:
        """Changes to look at: not what is on record as done, and needed no more.

        What became of it since is not this plan's business. But what is still to be
        done rests on those it depends on: they are looked at again.
        """
        known = self.ledger.known([change.key for change in changes])
        done = {key for key, state in known.items() if state.state == "done"}
        left = unfinished(changes, done=done)
        ids = {change.id for change in left}
        for change in changes:
            if change.id not in ids:
                self._is_fresh(change, known[change.key])
        self.progress(len(self._outcomes))
        return left

    def _size(self, system: str) -> int:
        return FULL if system in self._canary.proven else max(1, self.canary)

    def _why_not(self, system: str) -> str:
        """Why nothing more may be written to a system; empty = it may."""
        if self.stop():
            return "the stop file is there"
        if not self.lock_held():
            return "this run lost its lock on the store"
        return self.stopped_systems.get(system) or self._canary.failed.get(system, "")

    def _apply_batch(self, batch: Sequence[Change]) -> Sequence[Change]:
        """Take one batch through every step; those that must be looked at anew."""
        system = batch[0].system
        connector = self.connectors.get(system)
        why_not = self._why_not(system) if connector else f"{system} is not configured"
        if connector is None or why_not:
            self._settle_all(batch, ItemStatus.HELD_BACK, why_not)
            return ()
        free = [change for change in batch if not self._is_held_back(change)]
        read_at = self.now()
        try:
            seen = current_of(connector, free)
            ready, others = self._recheck.still_due(free, seen)
        except RemoteError as error:
            why = f"could not look again: {error.code}"
            self._settle_all(free, ItemStatus.FAILED, why)
            return ()
        self._outcomes.update(others)
        states = self.ledger.intend(
            ready,
            run_id=self.run_id,
            plan_id=self.plan_id,
            now=both_clocks(connector, now=self.now())[1],
            before={change.key: before_image(change, seen) for change in ready},
        )
        fresh = [
            change
            for change, state in zip(ready, states, strict=True)
            if self._is_fresh(change, state)
        ]
        late = self._send(connector, fresh, seen, read_at=read_at)
        if len(late) < len(batch):
            return late
        self._settle_all(late, ItemStatus.FAILED, "not sent: reading took too long")
        return ()

    def _is_held_back(self, change: Change) -> bool:
        for needed in change.depends_on:
            item = self._outcomes.get(needed)
            if item is None or item.status not in _HAPPENED:
                why = f"{needed} did not happen"
                self._settle_all([change], ItemStatus.HELD_BACK, why)
                return True
        return False

    def _is_fresh(self, change: Change, state: IntentState) -> bool:
        """Whether this run may send it; an earlier intent is never repeated."""
        if state.state == "new":
            return True
        known = {"done": ItemStatus.ALREADY, "open": ItemStatus.PARKED}
        status = known.get(state.state, ItemStatus.HELD_BACK)
        detail = f"an earlier run has it: {state.state}"
        self._outcomes[change.id] = item_of(
            change, status, record_id=state.record_id, detail=detail
        )
        return False

    # --- sending --------------------------------------------------------------------

    def _send(
        self,
        connector: WritingConnector,
        batch: Sequence[Change],
        seen: _Seen,
        *,
        read_at: datetime,
    ) -> list[Change]:
        """Send what may still be sent; those that must be looked at anew."""
        late: list[Change] = []
        all_came = True
        for folds in calls(connector, folded(batch, seen)):
            changes = [change for fold in folds for change in fold.changes]
            why_not = self._why_not(batch[0].system)
            if why_not:
                self._not_sent(changes, ItemStatus.HELD_BACK, why_not)
            elif not (all_came and read_at <= self.now() <= read_at + _FRESH_FOR):
                # A process that was paused must not send what was read before; nor
                # one whose clock was set back, which cannot know; nor what looking
                # for the effect of a lost answer may have shown in another light.
                says = "read too long ago" if all_came else "an earlier answer was lost"
                self._not_sent(changes, ItemStatus.FAILED, says)
                late += changes
            else:
                all_came = self._call(connector, folds)
        done = [c for c in batch if self._outcomes[c.id].status is ItemStatus.DONE]
        self._verify(connector, done)
        return late

    def _call(self, connector: WritingConnector, folds: Sequence[Fold]) -> bool:
        """Send folds and record what became of them; whether all answers came."""
        changes = [change for fold in folds for change in fold.changes]
        self._canary.sent.update(change.id for change in changes)
        try:
            outcomes = self._write(connector, folds)
        except (GuardError, DryRunRefusedError, RemoteError) as error:
            self._broken_off(connector, folds, error)
            return False
        torn = [fold for fold in folds if is_torn(fold, outcomes)]
        apart = {change.id for fold in torn for change in fold.changes}
        whole = [change for change in changes if change.id not in apart]
        lost = [c for c in whole if outcomes[c.key].status is WriteStatus.AMBIGUOUS]
        settled = [
            self._outcome(change, outcomes[change.key])
            for change in whole
            if outcomes[change.key].status is not WriteStatus.AMBIGUOUS
        ]
        settled += self._doubtful(
            connector, [(change, said_of(outcomes[change.key])) for change in lost]
        )
        self._settle(connector, settled)
        if torn:
            again = [one for fold in torn for one in unfolded(fold)]
            return self._call(connector, again) and not lost
        return not lost

    def _broken_off(
        self, connector: WritingConnector, folds: Sequence[Fold], error: SyncdError
    ) -> None:
        """No answers came: our own session let no more out, or reading them failed.

        A connector may have sent a part of it before, and again what was locked: the
        effects are looked for. A dry run sends nothing ever.
        """
        changes = [change for fold in folds for change in fold.changes]
        if isinstance(error, DryRunRefusedError):
            self._not_sent(changes, ItemStatus.HELD_BACK, str(error))
            raise error
        settled = self._doubtful(connector, [(c, str(error)) for c in changes])
        self._settle(connector, settled)

    def _write(
        self, connector: WritingConnector, folds: Sequence[Fold]
    ) -> dict[str, WriteOutcome]:
        """Send folds; the outcome of each change by its key."""
        answers = connector.write([fold.write for fold in folds])
        by_key = {answer.key: answer for answer in answers}
        return {
            change.key: by_key[fold.write.key]
            for fold in folds
            for change in fold.changes
        }

    def _outcome(
        self, change: Change, outcome: WriteOutcome
    ) -> tuple[str, str, ItemOutcome]:
        status, state = _MEANING[outcome.status]
        item = item_of(
            change, status, record_id=outcome.record_id, detail=said_of(outcome)
        )
        self._outcomes[change.id] = item
        if status is ItemStatus.DONE and item.record_id:
            self._recheck.written.add(ref_of(change, item.record_id))
        return change.key, state, item

    def _doubtful(
        self, connector: WritingConnector, changes: Sequence[tuple[Change, str]]
    ) -> list[tuple[str, str, ItemOutcome]]:
        """Answers were lost: look for the effects, never repeat."""
        seen = effects_seen(connector, [change for change, _ in changes])
        settled = []
        for change, detail in changes:
            effect = seen.get(change.key)
            item, state = item_of(change, ItemStatus.PARKED, detail=detail), "open"
            if effect is not None:
                made = effect.record_id
                item = item_of(change, ItemStatus.DONE, record_id=made, detail=detail)
                state = "done"
                self._recheck.written.add(ref_of(change, made))
            self._outcomes[change.id] = item
            settled.append((change.key, state, item))
        return settled

    def _verify(self, connector: WritingConnector, batch: Sequence[Change]) -> None:
        """Read back: the version for the echo; what did not stick is said.

        It is not written again here: the next plan sees what stands there now.
        """
        made = {c.id: self._outcomes[c.id].record_id for c in batch}
        try:
            current = current_of(connector, batch, made=made)
        except RemoteError as error:
            _LOG.warning("apply.not_verified", code=error.code, changes=len(batch))
            self._canary.unverified.update(made)
            return
        settled = []
        for change in batch:
            here = current.get(ref_of(change, made[change.id]))
            item = msgspec.structs.replace(
                self._outcomes[change.id], version=here.version if here else ""
            )
            if not has_stuck(change, here):
                detail = "written, but it did not stick: an automation changed it"
                item = msgspec.structs.replace(
                    item, status=ItemStatus.FAILED, detail=detail
                )
                self._canary.unstuck.add(change.id)
            self._outcomes[change.id] = item
            settled.append((change.key, "done", item))
        self._settle(connector, settled)

    def _settle(
        self,
        connector: WritingConnector,
        outcomes: Sequence[tuple[str, str, ItemOutcome]],
    ) -> None:
        """Record outcomes, dated by the system's clock: so are its own records."""
        at = their_clock(connector, now=self.now())
        self.ledger.settle(outcomes, now=at, run_id=self.run_id)

    # --- what was not sent ------------------------------------------------------------

    def _not_sent(
        self, changes: Sequence[Change], status: ItemStatus, why: str
    ) -> None:
        """Intents that certainly have no effect: they may be intended anew."""
        self._settle_all(changes, status, why)
        settled = [(c.key, "failed", self._outcomes[c.id]) for c in changes]
        self.ledger.settle(settled, now=self.now(), run_id=self.run_id)

    def _settle_all(
        self, changes: Iterable[Change], status: ItemStatus, why: str
    ) -> None:
        for change in changes:
            self._outcomes[change.id] = item_of(change, status, detail=why)
