"""An evaluation as one HTML page: tables and plots, without scripts or requests."""

import math
from collections.abc import Mapping, Sequence

from syncd.evaluate.baseline import Baseline
from syncd.evaluate.evaluation import Evaluation
from syncd.evaluate.slices import SLICES
from syncd.reports.charts import Chart, Line, svg, thinned
from syncd.reports.evaluation_tables import number, percent, tables_of
from syncd.reports.templating import template


def evaluation_page(evaluation: Evaluation, baselines: Mapping[str, Baseline]) -> str:
    """The page: figures, reliability, coverage against precision, baselines, slices."""
    return template("evaluation.html").render(
        evaluation=evaluation,
        tables=tuple(tables_of(evaluation)),
        reliability=svg(reliability(evaluation)),
        trade=svg(trade(evaluation)),
        baselines=tuple(baselines.values()),
        slices={
            name: SLICES.get(name, "from the labels") for name in evaluation.slices
        },
        number=number,
        percent=percent,
    )


def reliability(evaluation: Evaluation) -> Chart:
    """Stated probability against the share that was right, in ten equal parts."""
    points = tuple((one.probability, one.right) for one in evaluation.calibration)
    return Chart(
        title="Reliability",
        says=(
            "Mean stated probability of each tenth of the activities, against the "
            f"share whose first candidate was right; on the diagonal both agree. "
            f"Calibration error {number(evaluation.figures.ece)}."
        ),
        x="probability stated",
        y="share right",
        lines=(Line(name="syncd", points=points),),
        is_square=True,
    )


def trade(evaluation: Evaluation) -> Chart:
    """Precision against coverage as the threshold falls; baselines are points."""
    own = [(p.coverage, p.precision) for p in evaluation.curve if p.coverage <= 1]
    lines = [Line(name="syncd, by threshold", points=thinned(own), has_dots=False)]
    figures = evaluation.figures
    if figures.coverage is not None and figures.precision is not None:
        here = (min(1.0, figures.coverage), figures.precision)
        lines.append(Line(name="syncd, as configured", points=(here,)))
    return Chart(
        title="Precision by coverage",
        says=(
            "How precise the links are when more or fewer of the activities are "
            f"linked. As configured: precision {percent(figures.precision, digits=2)} "
            f"at coverage {percent(figures.coverage)}."
        ),
        x="share of activities linked",
        y="share of links right",
        lines=tuple(lines),
        lowest=_floor([y for line in lines for _, y in line.points]),
    )


def _floor(values: Sequence[float]) -> float:
    """Where an axis of shares begins: at a whole tenth below all of them."""
    return min(0.9, math.floor(10 * min(values, default=0.0)) / 10)
