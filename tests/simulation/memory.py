"""What syncd remembers, and what its plans rest on, held against what happened."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from syncd import clock
from syncd.db.tables import BASES
from syncd.model.plan import Plan, effect_of
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.ports.ledger import LedgerEntry
from syncd.store import Store
from tests.simulation.agreement import Agreements
from tests.simulation.history import OURS, UNDO, History, Ref, Touch, sides

_SIDES = ("salesforce", "outreach")
Bases = Mapping[str, str]


def untrue(
    store: Store,
    entries: Sequence[LedgerEntry],
    history: History,
    agreements: Agreements,
) -> Iterator[str]:
    """All of the following."""
    stones = store.tombstones.all(now=clock.now(), everything=True)
    yield from untrue_stones(stones, entries, history)
    yield from put_back(agreements, history)
    yield from removed_unseen(entries, store.plans.load)
    yield from proposed_unseen(store.plans.latest(1000), agreements)


def untrue_stones(
    stones: Sequence[Tombstone], entries: Sequence[LedgerEntry], history: History
) -> Iterator[str]:
    """Tombstones that say somebody took back what nobody has touched."""
    for stone in stones:
        if stone.kind not in {TombstoneKind.REVERTED, TombstoneKind.TOOL_WAR}:
            continue
        written = {
            Ref(stone.system, stone.object, entry.record_id or "")
            for entry in entries
            if effect_of(entry.change) == stone.effect and entry.state == "done"
        }
        names = {*stone.fields, ""}
        if not any(
            touch.ref in written and touch.field in names
            for touch in history.touches
            if touch.who not in {OURS, UNDO}
        ):
            yield f"nobody took it back: {stone.rule} {stone.what}: {stone.says}"


def put_back(agreements: Agreements, history: History) -> Iterator[str]:
    """Roles that syncd made anew in Outreach after somebody had taken them off there.

    Only of people whom it had seen on both sides before, and whom nobody has put on the
    deal again since.
    """
    reads = {(write.number, write.ref): write.last_read for write in history.writes}
    for pair, since in agreements.since.items():
        taken_off = 0
        for touch in history.touches:
            if touch.number < since or _pair_of(touch) not in pair:
                continue
            ours = touch.who in {OURS, UNDO}
            if touch.is_delete and not ours and _pair_of(touch) == pair.outreach:
                taken_off = touch.number
            elif not touch.is_delete and not ours:
                taken_off = 0
            elif touch.who == OURS and 0 < taken_off < reads[touch.number, touch.ref]:
                yield f"put back, though it was taken off: {touch}"


def _pair_of(touch: Touch) -> tuple[str, ...] | None:
    """Deal and person of a role that was made, removed or moved by a merge."""
    whole = touch.old if touch.is_delete else touch.new
    return None if touch.field else sides(touch.ref, whole)


def removed_unseen(
    entries: Sequence[LedgerEntry], plan_of: Callable[[str], Plan | None]
) -> Iterator[str]:
    """Removals of a plan that rests on a poll that was not complete."""
    for entry in entries:
        change = entry.change
        if change.operation != "delete" or change.undoes or entry.state != "done":
            continue
        plan = plan_of(entry.plan_id)
        states = plan.connectors if plan else {}
        unread = sorted(name for name, one in states.items() if not one.complete)
        if unread:
            said = f"{change.object} {change.record_id}"
            yield f"removed while {', '.join(unread)} was incomplete: {said}"


def proposed_unseen(plans: Sequence[Plan], agreements: Agreements) -> Iterator[str]:
    """Contact roles that a plan would take away though nobody left the deal.

    In Outreach, that is. What syncd itself has taken off there is no person's word.
    """
    left = set(agreements.left_in_outreach())
    for plan in plans:
        for change in plan.changes:
            is_role = change.object == "OpportunityContactRole"
            if not is_role or change.operation != "delete" or change.undoes:
                continue
            if change.before.get("OpportunityId") not in left:
                yield f"proposed for removal, though nobody left: {change.record_id}"


def bases_of(store: Store) -> Bases:
    """What both sides of each deal are remembered to have agreed on."""
    with store.engine.connect() as connection:
        rows = connection.execute(sa.select(BASES)).all()
    return {row.opportunity_id: row.body for row in rows}


def half_read(store: Store) -> bool:
    """Whether the last poll of one of the two sides was not complete."""
    polls = store.mirror.polls()
    return not all(one in polls and polls[one].complete for one in _SIDES)
