"""Whether a probability of 0.9 is right nine times in ten."""

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

import msgspec

BINS: Final = 10
COVERAGES: Final = (0.7, 0.8, 0.9)
PRECISIONS: Final = (0.98, 0.99)


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the activities: mean probability, and the share that was right."""

    n: int
    probability: float
    right: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What linking everything down to some probability would give."""

    probability: float
    coverage: float
    precision: float


Scored = tuple[float, bool]
"""Probability of the first candidate, and whether it is the label's."""


def bins(scored: Sequence[Scored]) -> tuple[Bin, ...]:
    """Ten bins of equal mass by probability, fewer with fewer activities.

    Where activities of equal probability fall into two bins each takes their common
    share of right ones, so that no order of the input matters.
    """
    flat = [
        (probability, share)
        for probability, share, n in _ties(scored)
        for _ in range(n)
    ]
    count = min(BINS, len(flat))
    edges = [len(flat) * number // count for number in range(count + 1)] if flat else []
    return tuple(
        Bin(
            n=end - start,
            probability=sum(p for p, _ in flat[start:end]) / (end - start),
            right=sum(r for _, r in flat[start:end]) / (end - start),
        )
        for start, end in pairwise(edges)
    )


def expected_error(found: Sequence[Bin]) -> float | None:
    """Expected calibration error: mean distance of a bin's two figures, by mass."""
    total = sum(one.n for one in found)
    if not total:
        return None
    return sum(one.n * abs(one.probability - one.right) for one in found) / total


def curve(scored: Sequence[Scored], targets: int) -> tuple[Point, ...]:
    """Coverage and precision as the threshold falls, one point per probability.

    Args:
        scored: Activities that have a candidate at all.
        targets: How many labels name a target.
    """
    points = []
    linked, right = 0, 0.0
    for probability, share, n in sorted(_ties(scored), reverse=True):
        linked, right = linked + n, right + share * n
        if targets:
            points.append(
                Point(
                    probability=probability,
                    coverage=linked / targets,
                    precision=right / linked,
                )
            )
    return tuple(points)


def precision_at(points: Sequence[Point], coverage: float) -> float | None:
    """Precision at the highest threshold that covers this share; None if none does."""
    return next((p.precision for p in points if p.coverage >= coverage), None)


def coverage_at(points: Sequence[Point], precision: float) -> float:
    """The largest share that can be linked at this precision."""
    return max((p.coverage for p in points if p.precision >= precision), default=0.0)


def _ties(scored: Sequence[Scored]) -> Iterator[tuple[float, float, int]]:
    """(probability, share right, how many), by rising probability."""
    for probability, some in groupby(sorted(scored), key=lambda one: one[0]):
        outcomes = [right for _, right in some]
        yield probability, sum(outcomes) / len(outcomes), len(outcomes)
