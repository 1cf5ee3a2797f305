"""What those who took part are met about over months, by links that people set.

Somebody who was met ten times about one deal and never about another speaks more
clearly than nearness in time alone can say.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from syncd.model.record import RecordRef

_DOUBT: Final = 0.5
"""Meetings that each candidate is granted beforehand."""
Tally = Mapping[str, Sequence[RecordRef]]
"""Other interactions of one person, an activity of each, by opportunity."""


def log_shares(tallies: Iterable[Tally], rivals: AbstractSet[str]) -> dict[str, float]:
    """How much histories speak for each candidate; 0 is what even odds would be.

    The mean, over those who have a history with any candidate, of the logarithm of its
    share; with one candidate only it grows with the number of meetings.

    Args:
        tallies: One for each person.
        rivals: The candidates.
    """
    known = [
        counts
        for tally in tallies
        if (counts := {key: len(tally[key]) for key in tally if key in rivals})
    ]
    if not known:
        return {}
    return {
        key: sum(_log_share(counts, key, len(rivals)) for counts in known) / len(known)
        for key in rivals
    }


def _log_share(counts: Mapping[str, int], key: str, rivals: int) -> float:
    total = sum(counts.values())
    if rivals == 1:
        return math.log1p(total) / 2
    own = counts.get(key, 0) + _DOUBT
    return math.log(own * rivals / (total + _DOUBT * rivals))


def refs_of(tallies: Iterable[Tally], key: str) -> tuple[RecordRef, ...]:
    """Activities about one candidate."""
    return tuple(sorted({ref for tally in tallies for ref in tally.get(key, ())}))
