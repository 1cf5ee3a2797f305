"""Which of several belong together: the nearest of either side, never a guess."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import NamedTuple


class Gap(NamedTuple):
    """How far apart two records are that could be one."""

    length: timedelta
    left: int
    right: int


def pair_off(gaps: Collection[Gap]) -> dict[int, int]:
    """Left to right, each at most once: pairs that are each other's nearest.

    Where two are equally near, neither is taken.
    """
    pairs: dict[int, int] = {}
    left_over = list(gaps)
    while left_over:
        to_right = _nearest((g.left, g.right, g.length) for g in left_over)
        to_left = _nearest((g.right, g.left, g.length) for g in left_over)
        found = {a: b for a, b in to_right.items() if b in to_left and to_left[b] == a}
        if not found:
            break
        pairs |= found
        taken = set(found.values())
        left_over = [
            g for g in left_over if g.left not in found and g.right not in taken
        ]
    return pairs


def _nearest(rows: Iterable[tuple[int, int, timedelta]]) -> dict[int, int]:
    """For each first, the second with the only smallest gap."""
    best: dict[int, tuple[timedelta, set[int]]] = {}
    for first, second, length in rows:
        least, seconds = best.get(first, (length, set()))
        if length < least:
            least, seconds = length, set()
        if length == least:
            seconds = seconds | {second}
        best[first] = (least, seconds)
    return {a: next(iter(b)) for a, (_, b) in best.items() if len(b) == 1}
