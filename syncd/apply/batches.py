"""Which changes go out together: dependencies first, a canary, then full batches."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

from syncd.apply.writes import Fold
from syncd.model.plan import Change
from syncd.plan.order import depths
from syncd.ports.connector import WritingConnector

FULL: Final = 200


def batches(
    changes: Sequence[Change], *, size: Callable[[str], int]
) -> Iterator[list[Change]]:
    """Batches of one system each.

    A batch holds nothing that depends on another change of the same batch, so a
    change is only sent when those before it have succeeded. ``size`` gives the largest
    batch of a system and is asked when a batch begins, after what became of the last.
    """
    depth = depths(changes)
    batch: list[Change] = []
    most = 0
    for change in sorted(changes, key=lambda c: (depth[c.id], c.system)):
        fits = (
            len(batch) < most
            and batch[-1].system == change.system
            and depth[batch[-1].id] == depth[change.id]
        )
        if batch and not fits:
            yield batch
            batch = []
        if not batch:
            most = size(change.system)
        batch.append(change)
    if batch:
        yield batch


def unfinished(changes: Sequence[Change], *, done: Collection[str]) -> list[Change]:
    """Changes whose keys are not ``done``, and all that these depend on."""
    depth = depths(changes)
    needed: set[str] = set()
    for change in sorted(changes, key=lambda c: depth[c.id], reverse=True):
        if change.key not in done:
            needed.add(change.id)
        if change.id in needed:
            needed.update(change.depends_on)
    return [change for change in changes if change.id in needed]


def calls(connector: WritingConnector, folds: Sequence[Fold]) -> Iterator[list[Fold]]:
    """Folds in pieces that cost no more calls than all of them together.

    Between two pieces a run can be stopped, and what was answered is on record.
    """
    plain: dict[str, list[Fold]] = {}
    for fold in folds:
        if fold.write.guarded_by is not None:
            yield [fold]
        else:
            plain.setdefault(fold.write.operation, []).append(fold)
    for some in plain.values():
        if connector.write_calls([fold.write for fold in some]) == len(some):
            yield from ([fold] for fold in some)
        else:
            yield some
