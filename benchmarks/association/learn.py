"""The numbers behind the fit: a conditional logit, its calibration, and its figures.

All of it is over tables of examples; nothing here reads a store or writes a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from benchmarks.association.examples import Example
from syncd.association.weights import Calibration, Weights, bounds

Vector: TypeAlias = NDArray[np.float64]
APPLY_AT: Final = 0.98
MARGIN: Final = 0.20
_EVEN: Final = 0.5
_BINS: Final = 10
_TINY: Final = 1e-9
_KNOTS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995, 0.998, 0.9995, 1.0)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Examples that have candidates, as numbers: a row per candidate.

    Attributes:
        rows: Strength of each kind of evidence, in the order of the weights.
        starts: First row of each example.
        of: Example of each row.
        right: Row of the right candidate, -1 where it is none of them.
        heat: What the scores of each example are divided by.
        mass: What each example counts for: all settings the same together.
    """

    examples: tuple[Example, ...]
    rows: Vector
    starts: NDArray[np.int64]
    of: NDArray[np.int64]
    right: NDArray[np.int64]
    heat: Vector
    mass: Vector


def tabulate(some: Sequence[Example], weights: Weights) -> Table:
    """The examples that have candidates, as numbers."""
    place = {name: column for column, name in enumerate(weights.evidence)}
    usable = tuple(one for one in some if one.targets)
    rows = np.zeros((sum(len(one.targets) for one in usable), len(place)))
    starts: list[int] = []
    right: list[int] = []
    of: list[int] = []
    for number, one in enumerate(usable):
        starts.append(len(of))
        right.append(-1)
        for target, evidence in zip(one.targets, one.evidence, strict=True):
            for name, value in evidence.items():
                rows[len(of), place[name]] += value
            if target == one.truth:
                right[-1] = len(of)
            of.append(number)
    heat = [weights.temperature(len(one.targets), one.people) for one in usable]
    return Table(
        examples=usable,
        rows=rows,
        starts=np.array(starts),
        of=np.array(of),
        right=np.array(right),
        heat=np.array(heat),
        mass=_mass([one.world for one in usable]),
    )


def _mass(worlds: Sequence[str]) -> Vector:
    """Every setting counts the same, however many meetings it has."""
    names, which, count = np.unique(worlds, return_inverse=True, return_counts=True)
    return 1.0 / count[which] / len(names)


def shares(table: Table, values: Vector) -> tuple[Vector, Vector]:
    """Raw probability of each candidate, and of none by example."""
    scores = (table.rows @ values) / table.heat[table.of]
    top = np.maximum(0.0, np.maximum.reduceat(scores, table.starts))
    parts = np.exp(scores - top[table.of])
    none = np.exp(-top)
    total = np.add.reduceat(parts, table.starts) + none
    return parts / total[table.of], none / total


def values_of(weights: Weights) -> Vector:
    """The weights as a vector."""
    return np.array([one.weight for one in weights.evidence.values()])


def fit(table: Table, weights: Weights, pull: float) -> Vector:
    """Weights that explain the labels, pulled towards those set by hand.

    ``pull`` is what a distance of one costs beside the mean surprise of a label.
    """
    start = np.array([one.hand for one in weights.evidence.values()])
    limits = [bounds(one) for one in weights.evidence.values()]
    hit = table.right >= 0

    def loss(values: Vector) -> tuple[float, Vector]:
        each, none = shares(table, values)
        likely = np.where(hit, each[np.maximum(table.right, 0)], none)
        away = values - start
        slope = each * table.mass[table.of]
        slope[table.right[hit]] -= table.mass[hit]
        gradient = table.rows.T @ (slope / table.heat[table.of])
        surprise = -(table.mass * np.log(likely + _TINY)).sum()
        return surprise + pull * (away @ away), gradient + 2 * pull * away

    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits)
    return np.asarray(found.x, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The best candidate of each example: how sure, how far ahead, whether right."""

    sure: Vector
    ahead: Vector
    good: NDArray[np.bool_]
    held: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    count: NDArray[np.int64]
    mass: Vector


def answers(
    table: Table, values: Vector, calibration: Calibration | None = None
) -> Answers:
    """What these weights answer; raw probabilities without a calibration."""
    each, none = shares(table, values)
    ends = np.append(table.starts[1:], len(each))
    found = [
        _answer(one, each[low:high], float(left), calibration)
        for one, low, high, left in zip(
            table.examples, table.starts, ends, none, strict=True
        )
    ]
    sure, ahead, good, held, foreign, count = zip(*found, strict=True)
    return Answers(
        sure=np.array(sure),
        ahead=np.array(ahead),
        good=np.array(good),
        held=np.array(held),
        foreign=np.array(foreign),
        count=np.array(count),
        mass=table.mass,
    )


def _answer(
    one: Example, mine: Vector, none: float, calibration: Calibration | None
) -> tuple[float, float, bool, bool, bool, int]:
    best = int(mine.argmax())
    raw = sure = float(mine[best])
    second = max([none, *np.delete(mine, best)])
    if calibration is not None and raw >= _EVEN:
        sure = calibration.of(raw)
        second *= (1.0 - sure) / max(1.0 - raw, _TINY)
    home = dict(zip(one.targets, one.accounts, strict=True)).get(one.truth)
    good = one.targets[best] == one.truth
    foreign = not good and home != one.accounts[best]
    return sure, sure - second, good, one.held[best], foreign, len(one.activities)


def calibrate(found: Answers) -> Calibration:
    """Platt's bend of raw probabilities, as points; weighted like the fit."""
    known = found.sure >= _EVEN
    x = logit(np.clip(found.sure[known], _TINY, 1 - 1e-6))
    y, mass = found.good[known], found.mass[known] / found.mass[known].sum()

    def loss(bend: Vector) -> float:
        likely = np.clip(expit(bend[0] * x + bend[1]), _TINY, 1 - _TINY)
        surprise = np.where(y, np.log(likely), np.log(1 - likely))
        return float(-(mass * surprise).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    knots = np.clip(np.array(_KNOTS), _TINY, 1 - 1e-6)
    bent = expit(slope * logit(knots) + shift)
    pairs = zip(_KNOTS, np.maximum.accumulate(bent), strict=True)
    return Calibration(points=tuple((raw, round(float(q), 4)) for raw, q in pairs))


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How answers did, counted by activity."""

    labels: int
    coverage: float
    precision: float
    wrong_account: float
    ece: float
    best_is_right: float


def figures(found: Answers, some: Sequence[Example]) -> Figures:
    """Figures of answers over all examples, refused ones included."""
    named = sum(len(one.activities) for one in some if one.truth)
    refused = sum(len(one.activities) for one in some if not one.targets)
    made = (found.sure >= APPLY_AT) & (found.ahead >= MARGIN) & ~found.held
    links = max(1, int(found.count[made].sum()))
    return Figures(
        labels=sum(len(one.activities) for one in some),
        coverage=links / max(1, named),
        precision=found.count[made & found.good].sum() / links,
        wrong_account=found.count[made & found.foreign].sum() / links,
        ece=_ece(found, refused),
        best_is_right=found.count[found.good].sum() / max(1, named),
    )


def _ece(found: Answers, refused: int) -> float:
    sure = np.concatenate([np.zeros(refused), np.repeat(found.sure, found.count)])
    good = np.concatenate([np.zeros(refused), np.repeat(found.good, found.count)])
    order = np.argsort(sure, kind="stable")
    parts = zip(
        np.array_split(sure[order], _BINS),
        np.array_split(good[order], _BINS),
        strict=True,
    )
    gaps = sum(abs(s.mean() - g.mean()) * len(s) for s, g in parts if len(s))
    return float(gaps / max(1, len(sure)))
