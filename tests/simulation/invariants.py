"""What must hold after a run, whatever happened in it.

Everything is judged from outside: by what the services saw (``History``), by the
ledger's public reading, and by a second syncd that starts with an empty store.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.model.compare import all_same
from syncd.model.plan import Change, Plan, effect_of
from syncd.ports.ledger import LedgerEntry
from syncd.wiring import App
from tests.simulation.history import (
    OURS,
    TOOL,
    UNDO,
    History,
    Ref,
    Touch,
    WireWrite,
    sides,
)

_MOST_AGAINST_A_TOOL = 2


@dataclass(kw_only=True)
class Verdict:
    """Broken promises, and what no vendor's guard could have prevented.

    Attributes:
        windows: Edits made between syncd's last look at a record and its write.
        covered: Fields in which such an edit was written over: gone for good.
    """

    broken: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)
    covered: set[tuple[Ref, str]] = field(default_factory=set)


def ledger_of(app: App) -> list[LedgerEntry]:
    """Every write there ever was, in the order intended."""
    ledger = app.store.ledger
    entries = [e for run in ledger.runs(10_000) for e in ledger.entries(run.run_id)]
    return sorted(entries, key=lambda e: e.sequence)


class Judge:
    """Holds one run's history against the ledger."""

    def __init__(self, history: History, entries: Sequence[LedgerEntry]) -> None:
        """Judges when asked."""
        self._history = history
        self._entries = entries
        self._by_key = {entry.change.key: entry for entry in entries}
        self.verdict = Verdict()

    def judge(self) -> Verdict:
        """Everything that can be told from what was written."""
        for write in self._history.writes:
            self._intended(write)
            self._doubled(write)
            for touch in write.touches:
                self._overwritten(write, touch)
        for entry in self._entries:
            self._told_true(entry)
        return self.verdict

    # --- the ledger and the services' own logs --------------------------------------

    def _intended(self, write: WireWrite) -> None:
        """Every write that a service saw has an intent that was committed before."""
        names = [touch.field for touch in write.touches if touch.field] or [""]
        for name in names:
            if not self._mine(write, name):
                what = f"{write.ref.object} {write.ref.id} {name}"
                self._broken(f"a write without an intent: {what}")

    def _mine(self, write: WireWrite, name: str) -> LedgerEntry | None:
        """The newest intent that explains a write of one field."""
        for entry in reversed(self._entries):
            if entry.sequence <= write.intents and self._explains(entry, write, name):
                return entry
        return None

    def _explains(self, entry: LedgerEntry, write: WireWrite, name: str) -> bool:
        change = entry.change
        if (change.system, change.object) != (write.ref.system, write.ref.object):
            return False
        if change.operation == "create":
            made = next((t.new for t in write.touches if t.is_create), None)
            return made is not None and all_same(dict(change.after), made)
        if change.record_id != write.ref.id:
            # Making one role primary takes it from another one.
            return name in {"IsPrimary", "primary"} and name in change.after
        if change.operation == "action":
            return True
        return not name or name in change.after or change.operation == "delete"

    def _told_true(self, entry: LedgerEntry) -> None:
        """What is done shows in the services' logs; what never happened does not."""
        change = entry.change
        what = f"{change.operation} {change.object} {change.record_id} ({change.rule})"
        seen = self._effects(entry)
        if entry.state == "done" and not (seen or self._was_so(entry)):
            self._broken(f"done without an effect: {what}")
        if entry.state in {"failed", "refused"} and seen:
            self._denied(entry, seen[-1])
        if entry.state == "open":
            self._broken(f"never settled: {what}")

    def _denied(self, entry: LedgerEntry, write: WireWrite) -> None:
        """A write that took effect, whatever the ledger says.

        Its answer was lost, and somebody took it back before anyone could look.
        """
        change = entry.change
        says = f"{entry.state} although it took effect: {change.rule} {write.ref}"
        undone = any(
            entry.sequence in touch.unsettled
            for name in {*change.after, ""}
            for touch in self._history.of(write.ref, name)
            if touch.number >= write.number
        )
        (self.verdict.windows if undone else self.verdict.broken).append(says)

    def _is_known(self, touch: Touch) -> bool:
        """Whether the ledger knows that a touch of ours came about."""
        entry = self._entry_of(touch)
        return entry is not None and entry.state == "done"

    def _entry_of(self, touch: Touch) -> LedgerEntry | None:
        """The intent that explains a touch of ours."""
        for write in self._history.writes:
            if any(one is touch for one in write.touches):
                return self._mine(write, touch.field)
        return None

    def _effects(self, entry: LedgerEntry) -> list[WireWrite]:
        """Our own writes that an intent explains, before the next one of its kind."""
        change = entry.change
        name = next(iter(change.after), "")
        following = (
            one.sequence
            for one in self._entries
            if one.sequence > entry.sequence and _rivals(change, one.change)
        )
        until = next(following, None)
        return [
            write
            for write in self._history.writes
            if entry.sequence <= write.intents
            if until is None or write.intents < until
            if change.operation == "create" or write.ref.id == change.record_id
            if self._explains(entry, write, name) and _moves(change, write)
        ]

    def _was_so(self, entry: LedgerEntry) -> bool:
        """Whether somebody else brought it about in the meantime."""
        change = entry.change
        ref = Ref(change.system, change.object, entry.record_id or "")
        found = [t for t in self._history.touches if t.ref == ref]
        if change.operation == "delete":
            return any(t.is_delete for t in found)
        return all(self._ever(ref, n, v) for n, v in change.after.items())

    def _ever(self, ref: Ref, name: str, value: Any) -> bool:
        values = [
            self._history.start.get(ref, {}).get(name),
            *(
                touch.new if touch.field else (touch.new or {}).get(name)
                for touch in self._history.of(ref, name)
            ),
        ]
        return any(all_same({name: value}, {name: one}) for one in values)

    # --- nothing twice ----------------------------------------------------------------

    def _doubled(self, write: WireWrite) -> None:
        made = next((t for t in write.touches if t.is_create), None)
        if made is not None:
            self._made_twice(write, made)
            self._made_again(write, made)
        elif not write.touches:
            self._written_twice(write)

    def _made_twice(self, write: WireWrite, made: Touch) -> None:
        """Somebody has the same role already, and we could have seen it."""
        for number, who in self._twins(made):
            says = f"{write.ref.object} {write.ref.id} doubles one made by {who}"
            if who in {OURS, UNDO} or number < write.last_read:
                self._broken(says)
            else:
                self.verdict.windows.append(says)

    def _made_again(self, write: WireWrite, made: Touch) -> None:
        """What somebody removed after we had made it stays removed."""
        pair = sides(made.ref, made.new)
        former = {
            touch.ref
            for touch in self._history.touches
            if touch.is_create and touch.who == OURS and touch.number < write.number
            if touch.ref.object == made.ref.object
            and sides(touch.ref, touch.new) == pair
            if self._is_known(touch)
        }
        for touch in self._history.touches:
            removed = touch.ref in former and touch.is_delete
            if removed and touch.number < write.last_read and write.who == OURS:
                self._broken(f"made again after it was removed: {touch}")

    def _twins(self, made: Touch) -> Iterator[tuple[int, str]]:
        """Roles of the same two sides that were there, and since when, by whom."""
        pair = sides(made.ref, made.new)
        alive: dict[Ref, tuple[int, str, Mapping[str, Any]]] = {
            ref: (0, "the start", fields) for ref, fields in self._history.start.items()
        }
        for touch in self._history.touches:
            if touch is made:
                break
            if touch.is_create:
                alive[touch.ref] = (touch.number, touch.who, touch.new)
            elif touch.is_delete:
                alive.pop(touch.ref, None)
            elif touch.ref in alive:
                fields = {**alive[touch.ref][2], touch.field: touch.new}
                alive[touch.ref] = (touch.number, touch.who, fields)
        for ref, (number, who, fields) in alive.items():
            if ref.object == made.ref.object and pair and sides(ref, fields) == pair:
                yield number, who

    def _written_twice(self, write: WireWrite) -> None:
        """A write that changed nothing: somebody had done the same before us."""
        entry = self._mine(write, "")
        names = entry.change.after if entry else {}
        before = [
            touch
            for name in names
            for touch in self._history.of(write.ref, name)
            if touch.number < write.number
        ]
        last = max(before, key=lambda t: t.number, default=None)
        says = f"{write.ref.object} {write.ref.id} written although it said so already"
        if last is None or last.who in {OURS, UNDO} or last.number < write.last_read:
            self._broken(says)
        else:
            self.verdict.windows.append(says)

    # --- people win -------------------------------------------------------------------

    def _overwritten(self, write: WireWrite, touch: Touch) -> None:
        """Whether this wrote over what somebody else had put there."""
        before = self._before(touch)
        entry = self._mine(write, touch.field)
        if before is None or entry is None or touch.is_create:
            return
        says = f"{touch.ref.object} {touch.ref.id} {touch.field}: over {before}"
        if before.who in {OURS, UNDO}:
            if touch.who == OURS and self._was_undone(before, touch):
                self._broken(f"done again after an undo: {says}")
            return
        if before.number >= write.last_read:
            self.verdict.windows.append(says)
            self.verdict.covered.add((touch.ref, touch.field))
        elif touch.who == UNDO and not self._was_ours(entry.change, touch, before):
            self._broken(f"undone over an edit: {says}")
        elif not self._knew(entry.change, touch, before):
            self._broken(f"overwritten: {says}")
        elif touch.who == OURS and self._defies(touch, before):
            self._broken(f"done again after it was taken back: {says}")

    def _was_undone(self, before: Touch, touch: Touch) -> bool:
        """Whether an undo had taken back what this does.

        An undone undo brought it back, so that it was ours again. Of a record that was
        made anew, only its removal had been undone, none of its fields.
        """
        entry = self._entry_of(before) if before.who == UNDO else None
        is_another = before.is_create and not touch.is_delete
        return entry is not None and entry.change.takes_back and not is_another

    def _before(self, touch: Touch) -> Touch | None:
        """What last happened to a field before somebody touched it."""
        found = None
        for one in self._history.of(touch.ref, touch.field):
            if one is touch:
                return found
            found = one
        return found

    def _knew(self, change: Change, touch: Touch, before: Touch) -> bool:
        """Whether the plan was made with what stood there."""
        if change.operation == "delete" or change.record_id != touch.ref.id:
            return True
        name = touch.field
        expected = {name: change.before.get(name)}
        value = before.new if before.field else (before.new or {}).get(name)
        return all_same(expected, {name: value})

    def _was_ours(self, change: Change, touch: Touch, before: Touch) -> bool:
        """Whether what an undo wrote over is what the write that it undoes had put."""
        undone = self._by_key.get(change.undoes or "")
        if undone is None or not touch.field or touch.field not in undone.change.after:
            return True
        wrote = {touch.field: undone.change.after[touch.field]}
        value = before.new if before.field else (before.new or {}).get(touch.field)
        return all_same(wrote, {touch.field: value})

    def _defies(self, touch: Touch, before: Touch) -> bool:
        """Whether we wrote the same once more over a person, or often over a tool."""
        ours = [
            one
            for one in self._history.of(touch.ref, touch.field)
            if one.who == OURS and one.number < before.number and self._is_known(one)
        ]
        if before.who == TOOL:
            same = [one for one in ours if one.new == touch.new]
            return len(same) >= _MOST_AGAINST_A_TOOL
        return bool(ours)

    def _broken(self, says: str) -> None:
        self.verdict.broken.append(says)


def _moves(change: Change, write: WireWrite) -> bool:
    """Whether a write moved what a change is about.

    An intent of another field of the same record may have been sent in between: its
    write is no effect of this one.
    """
    fields = {touch.field for touch in write.touches}
    return change.operation != "update" or not fields.isdisjoint({*change.after, ""})


def _rivals(one: Change, other: Change) -> bool:
    """Whether two changes have the same effect, or write the same field."""
    if one.record_id is None or other.record_id is None:
        return effect_of(one) == effect_of(other)
    names = [
        (c.system, c.object, c.record_id, n) for c in (one, other) for n in c.after
    ]
    whole = not one.after or not other.after
    here = (one.system, one.object, one.record_id)
    return here == (other.system, other.object, other.record_id) and (
        whole or len(set(names)) < len(names)
    )


def automatic(plan: Plan) -> Iterable[str]:
    """What a plan would still write by itself."""
    for change in plan.changes:
        if change.mode == "auto":
            fields = dict(change.after)
            yield f"{change.rule}: {change.object} {change.record_id} {fields}"


def failed_rules(plan: Plan) -> Iterable[str]:
    """Rules that broke."""
    return [note for note in plan.notes if " failed on " in note]


def not_restored(history: History, covered: set[tuple[Ref, str]]) -> Iterator[str]:
    """What undoing left behind, unless others had a hand in it or it was covered."""
    touched: dict[Ref, list[Touch]] = defaultdict(list)
    for touch in history.touches:
        touched[touch.ref].append(touch)
    for ref, touches in sorted(touched.items()):
        for name in sorted({touch.field for touch in touches}):
            # Whoever edits a field of a record that we made makes the record theirs.
            mine = [t for t in touches if not name or t.field in {name, ""}]
            ours = (
                number
                for number, touch in enumerate(mine)
                if touch.who == OURS and touch.field in {name, ""}
            )
            first = next(ours, None)
            if first is None or (ref, name) in covered:
                continue
            if any(t.who not in {OURS, UNDO} for t in mine[first:]):
                continue
            was = mine[first].old
            now = history.now.get(ref)
            here = now if not name else (now or {}).get(name)
            if not all_same({"": was}, {"": here}):
                yield f"not restored: {ref.object} {ref.id} {name}: {was!r}, {here!r}"
