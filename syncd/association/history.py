"""What those who took part are met about over months, by links that people set.

Somebody who was met ten times about one deal and never about another speaks more
clearly than nearness in time alone can say.
"""

import math
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from syncd.model.record import RecordRef

_DOUBT: Final = 0.5
"""Meetings that each candidate is granted beforehand."""
Tally = Mapping[str, Mapping[str, RecordRef]]
"""An activity of each other interaction of one person, by opportunity."""


def log_shares(tallies: Iterable[Tally], rivals: AbstractSet[str]) -> dict[str, float]:
    """How much histories speak for each candidate; 0 is what even odds would be.

    The mean, over those who have a history with any candidate, of the logarithm of its
    share; with one candidate only it grows with the number of meetings.

    Args:
        tallies: One for each person, of the candidates only.
        rivals: The candidates.
    """
    known = [(tally, sum(map(len, tally.values()))) for tally in tallies if tally]
    if not known:
        return {}
    sums = dict.fromkeys(rivals, 0.0)
    for tally, total in known:
        for key in rivals:
            own = len(tally.get(key, ()))
            sums[key] += _log_share(own, total, len(rivals))
    return {key: one / len(known) for key, one in sums.items()}


def _log_share(own: int, total: int, rivals: int) -> float:
    if rivals == 1:
        return math.log1p(total) / 2
    return math.log((own + _DOUBT) * rivals / (total + _DOUBT * rivals))


def refs_of(tallies: Iterable[Tally], key: str) -> tuple[RecordRef, ...]:
    """Activities about one candidate."""
    return tuple(
        sorted({ref for tally in tallies for ref in tally.get(key, {}).values()})
    )
