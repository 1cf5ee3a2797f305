"""Settles writes of unknown outcome, and says which homes must be judged again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from syncd.apply.effects import Settled, settle_open
from syncd.errors import GuardError
from syncd.model.outcome import ItemStatus, RunOutcome
from syncd.model.plan import Change
from syncd.model.record import RecordRef
from syncd.ports.connector import WritingConnector
from syncd.ports.ledger import Ledger
from syncd.ports.mirror import Mirror

_AGAIN: Final = frozenset(
    {
        ItemStatus.FAILED,
        ItemStatus.REFUSED,
        ItemStatus.PARKED,
        ItemStatus.HELD_BACK,
        ItemStatus.STALE,
    }
)
_LOG: Final = structlog.get_logger()


def settle_parked(
    ledger: Ledger,
    mirror: Mirror,
    connectors: Mapping[str, WritingConnector],
    *,
    now: Callable[[], datetime],
) -> Sequence[Settled]:
    """Look for the effects of open intents; their homes are to be judged again."""
    try:
        with ledger.writer_lock():
            settled = settle_open(ledger, connectors, now=now())
    except GuardError as error:
        _LOG.info("apply.not_settled", reason=str(error))
        return ()
    ended = [one for one in settled if one.item.status is not ItemStatus.PARKED]
    mirror.mark_dirty(homes_of((one.entry.change for one in ended), mirror))
    return settled


def homes_left(
    run: RunOutcome, changes: Iterable[Change], mirror: Mirror
) -> frozenset[str]:
    """Homes of the changes that a run did not bring about: judged again next time."""
    left = {item.change_id for item in run.items if item.status in _AGAIN}
    return homes_of((change for change in changes if change.id in left), mirror)


def homes_of(changes: Iterable[Change], mirror: Mirror) -> frozenset[str]:
    """Where the records that changes write are judged."""
    return frozenset(home for change in changes for home in _homes(change, mirror))


def homes_naming(what: str, mirror: Mirror) -> frozenset[str]:
    """Where a record, or the parts of a natural key, are judged."""
    refs = (ref for part in what.split("|") for ref in mirror.find(part))
    return frozenset(home for ref in refs for home in _home_of(ref, mirror))


def _homes(change: Change, mirror: Mirror) -> Iterable[str]:
    if change.record_id:
        ref = RecordRef(change.system, change.object, change.record_id)
        return _home_of(ref, mirror)
    # What is created has no home yet: it will be judged where its parts are.
    return homes_naming(change.natural_key, mirror)


def _home_of(ref: RecordRef, mirror: Mirror) -> Iterator[str]:
    found = mirror.home_of(ref)
    if found is not None and found[0]:
        yield found[0]
