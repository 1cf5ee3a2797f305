"""Applies changes: each effect happens once, and never over a person's edit."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from syncd.apply.batches import batches
from syncd.apply.compare import all_same
from syncd.apply.writes import (
    Fold,
    by_person,
    folded,
    item_of,
    ref_of,
    write_of,
)
from syncd.errors import RemoteError
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
_ROLES: Final = {
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "opportunityProspectRole": ("opportunity", "prospect"),
}
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
    _written: set[RecordRef] = field(default_factory=set)

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
        current = self._current(connector, batch)
        facts = self._facts(batch)
        ready: list[Change] = []
        before: dict[str, Mapping[str, object]] = {}
        for change in batch:
            item = self._moved(change, current, facts) or self._member(
                connector, change
            )
            if item is not None:
                self._outcomes[change.id] = item
                continue
            ready.append(change)
            here = current.get(ref_of(change))
            before[change.key] = dict(here.fields) if here else {}
        return ready, before

    def _current(
        self, connector: WritingConnector, batch: Sequence[Change]
    ) -> dict[RecordRef, Current | None]:
        found: dict[RecordRef, Current | None] = {}
        by_object: dict[str, list[Change]] = defaultdict(list)
        for change in batch:
            if change.record_id is not None:
                by_object[change.object].append(change)
        for some in by_object.values():
            names = {name for c in some for name in (*c.before, *c.after)}
            refs = sorted({ref_of(change) for change in some})
            found.update(connector.current(refs, tuple(sorted(names))))
        return found

    def _facts(self, batch: Sequence[Change]) -> dict[RecordRef, Current | None]:
        """Other records that changes rest on, as they stand now."""
        wanted: dict[tuple[str, str], dict[RecordRef, set[str]]] = defaultdict(dict)
        for change in batch:
            for fact in change.expects.also:
                ref = RecordRef(fact.system, fact.object, fact.id)
                group = wanted[(fact.system, fact.object)]
                group.setdefault(ref, set()).update(fact.fields)
        found: dict[RecordRef, Current | None] = {}
        for (system, _), group in sorted(wanted.items()):
            connector = self.connectors.get(system)
            if connector is not None:
                names = {name for fields in group.values() for name in fields}
                found.update(connector.current(sorted(group), tuple(sorted(names))))
        return found

    def _moved(
        self,
        change: Change,
        current: Mapping[RecordRef, Current | None],
        facts: Mapping[RecordRef, Current | None],
    ) -> ItemOutcome | None:
        """Why a change must not be sent, or that nothing is left to do."""
        for fact in change.expects.also:
            found = facts.get(RecordRef(fact.system, fact.object, fact.id))
            if found is None or not all_same(dict(fact.fields), dict(found.fields)):
                detail = f"{fact.object} {fact.id} moved: {', '.join(fact.fields)}"
                return item_of(change, ItemStatus.STALE, detail=detail)
        if change.record_id is None:
            return None
        here = current.get(ref_of(change))
        if here is None:
            gone = change.operation == "delete"
            status = ItemStatus.ALREADY if gone else ItemStatus.STALE
            return item_of(change, status, detail="the record is gone")
        if change.operation == "update" and all_same(
            dict(change.after), dict(here.fields)
        ):
            return item_of(change, ItemStatus.ALREADY, detail="it says so already")
        return self._edited(change, here)

    def _edited(self, change: Change, here: Current) -> ItemOutcome | None:
        moved = [
            name
            for name, value in change.before.items()
            if not all_same({name: value}, dict(here.fields))
        ]
        if moved:
            detail = f"someone changed {', '.join(sorted(moved))}"
            return item_of(change, ItemStatus.STALE, detail=detail)
        expected = change.expects.version
        ours = here.modified_by is not None and here.modified_by == self.our_users.get(
            change.system
        )
        if expected and here.version != expected and not ours:
            if here.ref in self._written or not by_person(here, expected):
                return None
            return item_of(change, ItemStatus.STALE, detail="someone edited the record")
        return None

    def _member(
        self, connector: WritingConnector, change: Change
    ) -> ItemOutcome | None:
        """Whether a role that would be created is there by now, on this side."""
        sides = _ROLES.get(change.object)
        if change.operation != "create" or sides is None:
            return None
        deal, person = sides
        for role in connector.membership(change.object, str(change.after[deal])):
            if all_same({person: change.after[person]}, dict(role.fields)):
                return item_of(
                    change,
                    ItemStatus.ALREADY,
                    record_id=role.ref.id,
                    detail="the role is there by now",
                )
        return None

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
            WriteStatus.REFUSED: (ItemStatus.REFUSED, "failed"),
            WriteStatus.CONFLICT: (ItemStatus.STALE, "failed"),
            WriteStatus.RETRY: (ItemStatus.FAILED, "failed"),
        }[outcome.status]
        item = item_of(change, status, record_id=outcome.record_id, detail=detail)
        self._outcomes[change.id] = item
        if status is ItemStatus.DONE and item.record_id:
            self._written.add(RecordRef(change.system, change.object, item.record_id))
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
        """Read back; a value that did not stick is said, not written again."""
        try:
            current = self._current(connector, batch)
        except RemoteError as error:
            _LOG.warning("apply.not_verified", code=error.code, changes=len(batch))
            return
        for change in batch:
            if change.operation != "update":
                continue
            here = current.get(ref_of(change))
            if here is None or not all_same(dict(change.after), dict(here.fields)):
                detail = "written, but it did not stick: an automation changed it"
                item = item_of(change, ItemStatus.FAILED, detail=detail)
                self._outcomes[change.id] = item
                self.ledger.settle([(change.key, "done", item)], now=self.now())

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
