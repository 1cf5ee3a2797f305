"""Looks for the effect of a write whose answer was lost; never repeats it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from syncd.apply.recheck import current_of
from syncd.apply.roles import place_of, role_at, role_sets
from syncd.apply.writes import item_of, ref_of, write_of
from syncd.errors import RemoteError
from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.ports.connector import Current, TellsTime, WritingConnector
from syncd.ports.ledger import Ledger, LedgerEntry

LONGEST_CALL: Final = timedelta(minutes=10)
_LOG: Final = structlog.get_logger()


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The record that shows what a write did; ``version`` is empty once it is gone.

    ``made_at`` is the system's own instant at which a role was made: nothing else tells
    one that we made from one that a person made.
    """

    record_id: str
    version: str = ""
    made_at: datetime | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An intent without outcome, and what looking for its effect came to."""

    entry: LedgerEntry
    item: ItemOutcome


def effects_seen(
    connector: WritingConnector, changes: Sequence[Change]
) -> Mapping[str, Effect | None]:
    """What shows each change's effect now, by key; None = it is not to be seen.

    A change that could not be looked at is left out. Updates and deletes are read
    together, an object a read; so are roles, by their opportunities. An action of the
    vendor's leaves no value that could be compared: never seen.
    """
    others = [change for change in changes if change.operation != "create"]
    creates = [change for change in changes if change.operation == "create"]
    roles = [change for change in creates if place_of(change) is not None]
    rest = [change for change in creates if place_of(change) is None]
    found: dict[str, Effect | None] = {}
    for look, some in (
        (_standing_ones, others),
        (_roles, roles),
        *((_made, [change]) for change in rest),
    ):
        try:
            found.update(look(connector, some))
        except RemoteError as error:
            _not_looked_at(some, error)
    return found


def _standing_ones(
    connector: WritingConnector, changes: Sequence[Change]
) -> dict[str, Effect | None]:
    current = current_of(connector, changes)
    return {c.key: _standing(c, current.get(ref_of(c))) for c in changes}


def _roles(
    connector: WritingConnector, changes: Sequence[Change]
) -> dict[str, Effect | None]:
    places = {c.key: place for c in changes if (place := place_of(c)) is not None}
    sets = role_sets({connector.system: connector}, places.values())
    return {key: _role(role_at(place, sets)) for key, place in places.items()}


def _role(here: Current | None) -> Effect | None:
    seen = _effect(here)
    if here is None or seen is None:
        return None
    return msgspec.structs.replace(seen, made_at=here.created_at)


def _made(
    connector: WritingConnector, changes: Sequence[Change]
) -> dict[str, Effect | None]:
    return {c.key: _effect(connector.find_effect(write_of(c))) for c in changes}


def _standing(change: Change, here: Current | None) -> Effect | None:
    if change.operation == "delete":
        return None if here else Effect(record_id=str(change.record_id))
    is_there = (
        here is not None
        and change.operation == "update"
        and all_same(dict(change.after), dict(here.fields))
    )
    return _effect(here) if is_there else None


def _effect(here: Current | None) -> Effect | None:
    if here is None:
        return None
    return Effect(record_id=here.ref.id, version=here.version)


def _not_looked_at(changes: Sequence[Change], error: RemoteError) -> None:
    if changes:
        ids = [change.id for change in changes[:10]]
        _LOG.warning("apply.not_settled", changes=ids, reason=str(error))


def their_clock(connector: WritingConnector, *, now: datetime) -> datetime:
    """The system's own instant of its last answer; ours where it does not say."""
    clock: object = connector
    told = clock.server_at() if isinstance(clock, TellsTime) else None
    return told or now


def both_clocks(
    connector: WritingConnector, *, now: datetime
) -> tuple[datetime, datetime]:
    """The earlier and the later of our clock and the system's own.

    An intent is dated by the later one and given up by the earlier one: however one of
    the two jumps, it is never given up too early.
    """
    told = their_clock(connector, now=now)
    return min(now, told), max(now, told)


def settle_open(
    ledger: Ledger, connectors: Mapping[str, WritingConnector], *, now: datetime
) -> Sequence[Settled]:
    """Look for the effects of intents that a lost answer or a crash left open.

    Found: it happened. Not found: the call may still be under way for ten minutes; only
    then is the intent given up, and the change may be planned anew. A role that was
    made more than these ten minutes after the intent is somebody else's: nothing that
    is undone later may take it away. A system that cannot be asked leaves its intents
    open.
    """
    entries = ledger.open_intents()
    seen: dict[str, Effect | None] = {}
    for system, connector in connectors.items():
        mine = [entry.change for entry in entries if entry.change.system == system]
        seen.update(effects_seen(connector, mine))
    settled = []
    for entry in entries:
        if entry.change.key in seen:
            connector = connectors[entry.change.system]
            earlier, _ = both_clocks(connector, now=now)
            state, item = _outcome(entry, seen[entry.change.key], now=earlier)
            outcome = (entry.change.key, state, item)
            at = their_clock(connector, now=now)
            ledger.settle([outcome], now=at, run_id=entry.run_id)
            settled.append(Settled(entry=entry, item=item))
    return settled


def _outcome(
    entry: LedgerEntry, seen: Effect | None, *, now: datetime
) -> tuple[str, ItemOutcome]:
    change = entry.change
    ends = entry.intended_at + LONGEST_CALL
    if seen is not None and seen.made_at is not None and seen.made_at > ends:
        says = "it never took effect; what is there was made later, not by us"
        return "failed", item_of(change, ItemStatus.FAILED, detail=says)
    if seen is not None:
        item = item_of(
            change, ItemStatus.DONE, record_id=seen.record_id, detail="found later"
        )
        return "done", msgspec.structs.replace(item, version=seen.version)
    if now >= ends:
        return "failed", item_of(
            change, ItemStatus.FAILED, detail="it never took effect"
        )
    return "open", item_of(change, ItemStatus.PARKED, detail="its effect is looked for")
