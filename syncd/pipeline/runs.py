"""What became of a run, as the ledger knows it by now."""

from typing import Final

import msgspec

from syncd.model.outcome import ItemOutcome, ItemStatus, RunOutcome
from syncd.ports.ledger import Ledger, LedgerEntry

_STATUS: Final = {
    "done": ItemStatus.DONE,
    "refused": ItemStatus.REFUSED,
    "failed": ItemStatus.FAILED,
    "open": ItemStatus.PARKED,
}


def run_as_it_stands(ledger: Ledger, run_id: str) -> RunOutcome | None:
    """A run with its items; None = no such run.

    A write that was parked shows what looking for it came to since. A run whose
    process died has no items of its own: the ledger's stand for them.
    """
    run = ledger.run(run_id)
    if run is None:
        return None
    entries = {entry.change.id: entry for entry in ledger.entries(run_id)}
    known = {item.change_id for item in run.items}
    items = [_present(item, entries.get(item.change_id)) for item in run.items]
    items += [_item(entry) for key, entry in entries.items() if key not in known]
    return msgspec.structs.replace(run, items=tuple(items))


def _present(item: ItemOutcome, entry: LedgerEntry | None) -> ItemOutcome:
    if entry is None or item.status is not ItemStatus.PARKED:
        return item
    return _item(entry)


def _item(entry: LedgerEntry) -> ItemOutcome:
    detail = entry.detail
    if entry.state == "open":
        detail = f"outcome unknown since {entry.intended_at:%Y-%m-%d %H:%M:%S}"
    return ItemOutcome(
        change_id=entry.change.id,
        status=_STATUS[entry.state],
        record_id=entry.record_id,
        detail=detail,
    )
