"""All figures of one set of labelled activities."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from syncd.evaluate.answers import Answer, Judged
from syncd.evaluate.calibration import (
    COVERAGES,
    PRECISIONS,
    Bin,
    Point,
    bins,
    coverage_at,
    curve,
    precision_at,
)
from syncd.evaluate.compare import Comparison, Draw, compare
from syncd.evaluate.figures import Figures, figures_of, scored_of

ENOUGH = 200
"""From this many labels on a slice is expected to be ahead of every baseline."""


class SliceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One slice: ours, and each baseline's cost per label and precision by name.

    ``behind`` names the baselines that cost less there.
    """

    figures: Figures
    costs: Mapping[str, float | None]
    precisions: Mapping[str, float | None]
    behind: tuple[str, ...]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What comes of a labels file.

    Attributes:
        baselines: Figures by the baseline's name.
        comparisons: Ours less the baseline's, with intervals, by its name.
        calibration: Bins of the reliability plot.
        curve: Coverage and precision by threshold, the highest first.
        precision_at: Precision at a coverage (``"0.9"``); None where it is not
            reached.
        coverage_at: Coverage at a precision (``"0.98"``).
    """

    figures: Figures
    baselines: Mapping[str, Figures]
    comparisons: Mapping[str, Comparison]
    slices: Mapping[str, SliceFigures]
    calibration: tuple[Bin, ...]
    curve: tuple[Point, ...]
    precision_at: Mapping[str, float | None]
    coverage_at: Mapping[str, float]


def evaluate(
    judged: Sequence[Judged],
    draw: Draw,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Evaluation:
    """Figures of ours and of every baseline; the order of ``judged`` does not matter.

    Args:
        judged: Labelled activities with all answers.
        draw: Resamples for the bootstrap.
        progress: Called with (slices done, all slices).
    """
    ordered = sorted(judged, key=lambda one: one.activity_id)
    names = list(ordered[0].baselines) if ordered else []
    theirs = {name: partial(_baseline, name) for name in names}
    figures = figures_of(ordered, ours)
    with_candidate = [one for one in ordered if one.answer.likeliest is not None]
    points = curve(scored_of(with_candidate, ours), figures.targets)
    slices = sorted({name for one in ordered for name in one.slices})
    found: dict[str, SliceFigures] = {}
    for number, name in enumerate(slices):
        progress(number, len(slices))
        found[name] = _slice([one for one in ordered if name in one.slices], theirs)
    return Evaluation(
        figures=figures,
        baselines={name: figures_of(ordered, by) for name, by in theirs.items()},
        comparisons=compare(ordered, ours, theirs, draw),
        slices=found,
        calibration=bins(scored_of(ordered, ours)),
        curve=points,
        precision_at={str(c): precision_at(points, c) for c in COVERAGES},
        coverage_at={str(p): coverage_at(points, p) for p in PRECISIONS},
    )


def ours(one: Judged) -> Answer:
    """Syncd's own answer."""
    return one.answer


def _baseline(name: str, one: Judged) -> Answer:
    return one.baselines[name]


def _slice(
    judged: Sequence[Judged], theirs: Mapping[str, Callable[[Judged], Answer]]
) -> SliceFigures:
    own = figures_of(judged, ours)
    others = {name: figures_of(judged, by) for name, by in theirs.items()}
    return SliceFigures(
        figures=own,
        costs={name: other.cost for name, other in others.items()},
        precisions={name: other.precision for name, other in others.items()},
        behind=tuple(
            name
            for name, other in others.items()
            if other.cost is not None and own.cost is not None and other.cost < own.cost
        ),
    )


def as_json(evaluation: Evaluation) -> dict[str, object]:
    """The document that ``syncd evaluate --json`` prints: plain values."""
    plain = msgspec.to_builtins(evaluation)
    own = plain.pop("figures")
    comparisons = plain.pop("comparisons")
    baselines = plain.pop("baselines")
    slices = plain.pop("slices")
    return {
        **own,
        **plain,
        "baselines": {
            name: {**figures, "ours_less_this": comparisons[name]}
            for name, figures in baselines.items()
        },
        "slices": {name: {**one.pop("figures"), **one} for name, one in slices.items()},
    }
