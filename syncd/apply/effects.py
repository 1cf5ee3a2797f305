"""Looks for the effect of a write whose answer was lost; never repeats it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from syncd.apply.writes import item_of, write_of
from syncd.errors import RemoteError
from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import WritingConnector
from syncd.ports.stores import Ledger, LedgerEntry

LONGEST_CALL: Final = timedelta(minutes=10)
_LOG: Final = structlog.get_logger()


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The record that shows what a write did; ``version`` is empty once it is gone."""

    record_id: str
    version: str = ""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An intent without outcome, and what looking for its effect came to."""

    entry: LedgerEntry
    item: ItemOutcome


def effect_seen(connector: WritingConnector, change: Change) -> Effect | None:
    """What shows a change's effect now; None = it is not to be seen.

    An action of the vendor's leaves no value that could be compared: never seen.

    Raises:
        RemoteError: It could not be looked at.
    """
    if change.operation == "create":
        found = connector.find_effect(write_of(change))
        if found is None:
            return None
        return Effect(record_id=found.ref.id, version=found.version)
    if change.record_id is None or change.operation == "action":
        return None
    ref = RecordRef(change.system, change.object, change.record_id)
    current = connector.current([ref], tuple(change.after))[ref]
    if change.operation == "delete":
        return Effect(record_id=ref.id) if current is None else None
    if current is not None and all_same(dict(change.after), dict(current.fields)):
        return Effect(record_id=ref.id, version=current.version)
    return None


def settle_open(
    ledger: Ledger, connectors: Mapping[str, WritingConnector], *, now: datetime
) -> Sequence[Settled]:
    """Look for the effects of intents that a lost answer or a crash left open.

    Found: it happened. Not found: the call may still be under way for ten minutes; only
    then is the intent given up, and the change may be planned anew. A system that
    cannot be asked leaves its intents open.
    """
    settled = []
    for entry in ledger.open_intents():
        connector = connectors.get(entry.change.system)
        if connector is None:
            continue
        try:
            seen = effect_seen(connector, entry.change)
        except RemoteError as error:
            _LOG.warning("apply.not_settled", change=entry.change.id, reason=str(error))
            continue
        state, item = _outcome(entry, seen, now=now)
        ledger.settle([(entry.change.key, state, item)], now=now, run_id=entry.run_id)
        settled.append(Settled(entry=entry, item=item))
    return settled


def _outcome(
    entry: LedgerEntry, seen: Effect | None, *, now: datetime
) -> tuple[str, ItemOutcome]:
    change = entry.change
    if seen is not None:
        item = item_of(
            change, ItemStatus.DONE, record_id=seen.record_id, detail="found later"
        )
        return "done", msgspec.structs.replace(item, version=seen.version)
    if now - entry.intended_at >= LONGEST_CALL:
        return "failed", item_of(
            change, ItemStatus.FAILED, detail="it never took effect"
        )
    return "open", item_of(change, ItemStatus.PARKED, detail="its effect is looked for")
