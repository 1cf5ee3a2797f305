"""Which changes go out together: dependencies first, a canary, then full batches."""

from collections.abc import Iterator, Sequence

from syncd.model.plan import Change
from syncd.plan.order import depths

_FULL = 200


def batches(changes: Sequence[Change], *, canary: int) -> Iterator[list[Change]]:
    """Batches of one system each; the first one is the canary.

    A batch holds nothing that depends on another change of the same batch, so a
    change is only sent when those before it have succeeded.
    """
    depth = depths(changes)
    size = max(1, canary)
    batch: list[Change] = []
    for change in sorted(changes, key=lambda c: (depth[c.id], c.system)):
        fits = not batch or (
            len(batch) < size
            and batch[-1].system == change.system
            and depth[batch[-1].id] == depth[change.id]
        )
        if not fits:
            yield batch
            batch, size = [], _FULL
        batch.append(change)
    if batch:
        yield batch
