"""Whether one associator is really ahead of another, on the same activities.

Activities of one block (an account) hang together, so the bootstrap draws blocks, each
with both associators' answers: pairs stay pairs.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from syncd.evaluate.answers import Judged, Worth, is_right
from syncd.evaluate.figures import Choose, share, worths_of

Draw = Callable[[int], Sequence[Sequence[int]]]
"""Resamples of so many blocks: for each, their indices, drawn with replacement."""

_TAIL: Final = 0.025


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with its 95 % interval; None where it cannot be divided."""

    value: float | None
    low: float | None
    high: float | None


class McNemar(msgspec.Struct, frozen=True, kw_only=True):
    """Activities on which only one of two is exactly right; p of that by chance."""

    only_ours: int
    only_theirs: int
    p: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Ours less the baseline's: cost per label (below 0 is better) and precision."""

    cost: Interval
    precision: Interval
    mcnemar: McNemar


class _Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Per block: labels, and of one associator cost, links and right links."""

    labels: tuple[int, ...]
    cost: tuple[float, ...]
    links: tuple[int, ...]
    right: tuple[int, ...]


_Mean = tuple[float | None, float | None]


def compare(
    judged: Sequence[Judged],
    ours: Choose,
    baselines: Mapping[str, Choose],
    draw: Draw,
) -> dict[str, Comparison]:
    """Ours beside each baseline, by its name."""
    names = sorted({one.block for one in judged})
    places = {name: number for number, name in enumerate(names)}
    blocks = [places[one.block] for one in judged]
    draws = draw(len(names)) if names else []
    own = _sums(worths_of(judged, ours), blocks, len(names))
    own_means = [_means(own, draw) for draw in draws]
    every = range(len(names))
    found = {}
    for name, theirs in baselines.items():
        other = _sums(worths_of(judged, theirs), blocks, len(names))
        pairs = list(
            zip(own_means, (_means(other, draw) for draw in draws), strict=True)
        )
        whole = (_means(own, every), _means(other, every))
        found[name] = Comparison(
            cost=_interval(whole, pairs, 0),
            precision=_interval(whole, pairs, 1),
            mcnemar=mcnemar(judged, ours, theirs),
        )
    return found


def mcnemar(judged: Sequence[Judged], ours: Choose, theirs: Choose) -> McNemar:
    """Exact test on the activities that the two disagree on being right."""
    pairs = [
        (is_right(ours(one), one.truth), is_right(theirs(one), one.truth))
        for one in judged
    ]
    only_ours = sum(a and not b for a, b in pairs)
    only_theirs = sum(b and not a for a, b in pairs)
    p = two_sided_p(min(only_ours, only_theirs), only_ours + only_theirs)
    return McNemar(only_ours=only_ours, only_theirs=only_theirs, p=p)


def two_sided_p(fewer: int, n: int) -> float:
    """Chance that a fair coin falls as unevenly in ``n`` throws."""
    logs = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        for k in range(fewer + 1)
    )
    tail = math.fsum(math.exp(one - n * math.log(2)) for one in logs)
    return min(1.0, 2 * tail)


def _sums(worths: Sequence[Worth], blocks: Sequence[int], count: int) -> _Sums:
    labels, links, right = [0] * count, [0] * count, [0] * count
    cost = [0.0] * count
    for worth, block in zip(worths, blocks, strict=True):
        labels[block] += 1
        cost[block] += worth.cost
        links[block] += worth.links
        right[block] += worth.right
    return _Sums(
        labels=tuple(labels), cost=tuple(cost), links=tuple(links), right=tuple(right)
    )


def _means(sums: _Sums, draw: Sequence[int]) -> _Mean:
    """(cost per label, precision) of the drawn blocks."""
    labels = sum(map(sums.labels.__getitem__, draw))
    links = sum(map(sums.links.__getitem__, draw))
    cost = share(sum(map(sums.cost.__getitem__, draw)), labels)
    return cost, share(sum(map(sums.right.__getitem__, draw)), links)


def _interval(
    whole: tuple[_Mean, _Mean], pairs: Sequence[tuple[_Mean, _Mean]], which: int
) -> Interval:
    drawn = [_less(ours[which], theirs[which]) for ours, theirs in pairs]
    known = sorted(one for one in drawn if one is not None)
    last = len(known) - 1
    return Interval(
        value=_less(whole[0][which], whole[1][which]),
        low=known[round(_TAIL * last)] if known else None,
        high=known[round((1 - _TAIL) * last)] if known else None,
    )


def _less(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours - theirs
