"""All figures of one set of labelled activities."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from syncd.evaluate.answers import Answer, Judged, Worth
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
from syncd.evaluate.figures import (
    Figures,
    figures_of,
    scored_of,
    share,
    worths_of,
)

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
    worths = {name: worths_of(ordered, by) for name, by in theirs.items()}
    places: dict[str, list[int]] = {}
    for place, one in enumerate(ordered):
        for name in one.slices:
            places.setdefault(name, []).append(place)
    found: dict[str, SliceFigures] = {}
    for number, name in enumerate(sorted(places)):
        progress(number, len(places))
        found[name] = _slice(ordered, worths, places[name])
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
    judged: Sequence[Judged],
    worths: Mapping[str, Sequence[Worth]],
    places: Sequence[int],
) -> SliceFigures:
    """Figures of the activities at these places; ``worths`` are the baselines'."""
    own = figures_of([judged[place] for place in places], ours)
    costs: dict[str, float | None] = {}
    precisions: dict[str, float | None] = {}
    for name, all_worths in worths.items():
        some = [all_worths[place] for place in places]
        costs[name] = share(sum(one.cost for one in some), len(some))
        links = sum(one.links for one in some)
        precisions[name] = share(sum(one.right for one in some), links)
    return SliceFigures(
        figures=own,
        costs=costs,
        precisions=precisions,
        behind=tuple(name for name, cost in costs.items() if _is_less(cost, own.cost)),
    )


def _is_less(cost: float | None, than: float | None) -> bool:
    return cost is not None and than is not None and cost < than


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
