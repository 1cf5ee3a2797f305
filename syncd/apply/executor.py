"""Applies changes: each effect happens once, and never over a person's edit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from syncd.apply.batches import batches
from syncd.apply.recheck import Recheck, current_of, member
from syncd.apply.writes import (
    Fold,
    folded,
    item_of,
    ref_of,
    write_of,
)
from syncd.errors import RemoteError
from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import (
    Current,
    WriteOutcome,
    WriteStatus,
    WritingConnector,
)
from syncd.ports.stores import IntentState, Ledger, LedgerEntry

_LOG: Final = structlog.get_logger()
_LONGEST_CALL: Final = timedelta(minutes=10)
_HAPPENED: Final = frozenset({ItemStatus.DONE, ItemStatus.ALREADY})


@dataclass(kw_only=True)
class Executor:
    """One run's writing.

    Attributes:
        our_users: Ids of the users we write as, by system.
        stop: Looked at before every batch; True ends the run.
        progress: Called with the number of changes settled so far.
    """

    connectors: Mapping[str, WritingConnector]
    ledger: Ledger
    our_users: Mapping[str, str]
    run_id: str
    plan_id: str
    canary: int
    now: Callable[[], datetime]
    stop: Callable[[], bool] = lambda: False
    progress: Callable[[int], None] = lambda _: None
    _outcomes: dict[str, ItemOutcome] = field(default_factory=dict)
    _recheck: Recheck = field(init=False)

    def __post_init__(self) -> None:
        """What was written in this run is no stranger's edit."""
        self._recheck = Recheck(connectors=self.connectors, our_users=self.our_users)

    def run(self, changes: Sequence[Change]) -> tuple[ItemOutcome, ...]:
        """Apply changes; one outcome per change, in the order given."""
        self.settle_open()
        first = True
        for batch in batches(changes, canary=self.canary):
            if self.stop():
                self._hold(batch, "the stop file is there")
                continue
            self._apply_batch(batch)
            if first and not self._canary_held(batch):
                rest = [c for c in changes if c.id not in self._outcomes]
                self._hold(rest, "the first batch did not hold")
                break
            first = False
            self.progress(len(self._outcomes))
        return tuple(self._outcomes[change.id] for change in changes)

    def settle_open(self) -> Sequence[ItemOutcome]:
        """Look for the effects of intents that a lost answer or a crash left open.

        Found: it happened. Not found: a call may still be under way for ten minutes;
        only then is the intent given up, and the change may be planned anew.
        """
        settled = []
        for entry in self.ledger.open_intents():
            connector = self.connectors.get(entry.change.system)
            if connector is not None:
                settled.append(self._settle_one(connector, entry))
        return settled

    def _settle_one(
        self, connector: WritingConnector, entry: LedgerEntry
    ) -> ItemOutcome:
        change = entry.change
        found = self._effect(connector, change)
        if found is not None:
            item = item_of(
                change, ItemStatus.DONE, record_id=found, detail="found later"
            )
            state = "done"
        elif self.now() - entry.intended_at >= _LONGEST_CALL:
            item = item_of(change, ItemStatus.FAILED, detail="it never took effect")
            state = "failed"
        else:
            item = item_of(change, ItemStatus.PARKED, detail="its effect is looked for")
            state = "open"
        self.ledger.settle([(change.key, state, item)], now=self.now())
        return item

    def _effect(self, connector: WritingConnector, change: Change) -> str | None:
        """Id of the record that shows a change's effect; None = not to be seen."""
        if change.operation == "create":
            found = connector.find_effect(write_of(change))
            return None if found is None else found.ref.id
        ref = RecordRef(change.system, change.object, str(change.record_id))
        current = connector.current([ref], tuple(change.after))[ref]
        if change.operation == "delete":
            return change.record_id if current is None else None
        if current is not None and all_same(dict(change.after), dict(current.fields)):
            return change.record_id
        return None

    def _apply_batch(self, batch: Sequence[Change]) -> None:
        connector = self.connectors.get(batch[0].system)
        if connector is None:
            self._hold(batch, f"{batch[0].system} is not configured")
            return
        free = [change for change in batch if not self._is_held_back(change)]
        try:
            ready, before = self._look_again(connector, free)
        except RemoteError as error:
            self._fail(free, f"could not look again: {error.code}")
            return
        states = self.ledger.intend(
            ready,
            run_id=self.run_id,
            plan_id=self.plan_id,
            now=self.now(),
            before=before,
        )
        fresh = [
            change
            for change, state in zip(ready, states, strict=True)
            if self._is_fresh(change, state)
        ]
        self._send(connector, fresh)

    def _is_held_back(self, change: Change) -> bool:
        for needed in change.depends_on:
            item = self._outcomes.get(needed)
            if item is None or item.status not in _HAPPENED:
                self._hold([change], f"{needed} did not happen")
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

    # --- looking again ------------------------------------------------------------

    def _look_again(
        self, connector: WritingConnector, batch: Sequence[Change]
    ) -> tuple[list[Change], dict[str, Mapping[str, object]]]:
        """Changes that may still be sent, and the before-image of each by key."""
        current = current_of(connector, batch)
        facts = self._recheck.facts(batch)
        ready: list[Change] = []
        before: dict[str, Mapping[str, object]] = {}
        for change in batch:
            item = (
                self._recheck.moved(change, current, facts)
                or self._recheck.returned(change)
                or member(connector, change)
            )
            if item is not None:
                self._outcomes[change.id] = item
                continue
            ready.append(change)
            here = current.get(ref_of(change))
            before[change.key] = dict(here.fields) if here else {}
        return ready, before

    # --- sending --------------------------------------------------------------------

    def _send(self, connector: WritingConnector, batch: Sequence[Change]) -> None:
        folds = folded(batch)
        if not folds:
            return
        outcomes = self._write(connector, folds)
        # A record refused as a whole may still take some of its changes.
        torn = [
            folded([change])[0]
            for fold in folds
            if len(fold.changes) > 1
            and outcomes[fold.changes[0].key].status is WriteStatus.REFUSED
            for change in fold.changes
        ]
        if torn:
            outcomes.update(self._write(connector, torn))
        settled = [
            self._outcome(connector, change, outcomes[change.key]) for change in batch
        ]
        self.ledger.settle(settled, now=self.now())
        self._verify(connector, [change for change in batch if self._is_done(change)])

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
        self, connector: WritingConnector, change: Change, outcome: WriteOutcome
    ) -> tuple[str, str, ItemOutcome]:
        detail = " ".join(part for part in (outcome.code, outcome.detail) if part)
        if outcome.status is WriteStatus.AMBIGUOUS:
            return self._doubtful(connector, change, detail)
        status, state = {
            WriteStatus.DONE: (ItemStatus.DONE, "done"),
            WriteStatus.REFUSED: (ItemStatus.REFUSED, "refused"),
            WriteStatus.CONFLICT: (ItemStatus.STALE, "failed"),
            WriteStatus.RETRY: (ItemStatus.FAILED, "failed"),
        }[outcome.status]
        item = item_of(change, status, record_id=outcome.record_id, detail=detail)
        self._outcomes[change.id] = item
        if status is ItemStatus.DONE and item.record_id:
            self._recheck.written.add(ref_of(change, item.record_id))
        return change.key, state, item

    def _doubtful(
        self, connector: WritingConnector, change: Change, detail: str
    ) -> tuple[str, str, ItemOutcome]:
        """An answer was lost: look for the effect, never repeat."""
        try:
            found = self._effect(connector, change)
        except RemoteError:
            found = None
        if found is None:
            item = item_of(change, ItemStatus.PARKED, detail=detail)
            state = "open"
        else:
            item = item_of(change, ItemStatus.DONE, record_id=found, detail=detail)
            state = "done"
        self._outcomes[change.id] = item
        return change.key, state, item

    def _verify(self, connector: WritingConnector, batch: Sequence[Change]) -> None:
        """Read back: the version for the echo; what did not stick is said.

        It is not written again here: the next plan sees what stands there now.
        """
        made = {c.id: self._outcomes[c.id].record_id for c in batch}
        try:
            current = current_of(connector, batch, made=made)
        except RemoteError as error:
            _LOG.warning("apply.not_verified", code=error.code, changes=len(batch))
            return
        settled = []
        for change in batch:
            here = current.get(ref_of(change, made[change.id]))
            item = msgspec.structs.replace(
                self._outcomes[change.id], version=here.version if here else ""
            )
            if not _stuck(change, here):
                detail = "written, but it did not stick: an automation changed it"
                item = msgspec.structs.replace(
                    item, status=ItemStatus.FAILED, detail=detail
                )
            self._outcomes[change.id] = item
            settled.append((change.key, "done", item))
        self.ledger.settle(settled, now=self.now())

    def _is_done(self, change: Change) -> bool:
        return self._outcomes[change.id].status is ItemStatus.DONE

    def _canary_held(self, batch: Sequence[Change]) -> bool:
        """Whether the first batch gives no reason to stop: not all of it failed."""
        bad = {ItemStatus.REFUSED, ItemStatus.FAILED}
        outcomes = [self._outcomes[change.id].status for change in batch]
        return not outcomes or any(status not in bad for status in outcomes)

    def _hold(self, changes: Iterable[Change], why: str) -> None:
        for change in changes:
            self._outcomes[change.id] = item_of(
                change, ItemStatus.HELD_BACK, detail=why
            )

    def _fail(self, changes: Iterable[Change], why: str) -> None:
        for change in changes:
            self._outcomes[change.id] = item_of(change, ItemStatus.FAILED, detail=why)


def _stuck(change: Change, here: Current | None) -> bool:
    """Whether the record shows what was written."""
    if change.operation == "delete":
        return here is None
    if change.operation == "create":
        return here is not None
    return here is not None and all_same(dict(change.after), dict(here.fields))
