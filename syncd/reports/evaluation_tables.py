"""An evaluation as tables of text: for a terminal, Markdown and the HTML page."""

from collections.abc import Iterator

import msgspec

from syncd.evaluate.compare import Comparison, Interval
from syncd.evaluate.evaluation import ENOUGH, Evaluation
from syncd.evaluate.figures import Figures

_NOTHING = "-"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Headings and rows; the first column names the row."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def percent(value: float | None, *, digits: int = 1) -> str:
    """A share for people; never rounded up to 100 %."""
    if value is None:
        return _NOTHING
    shown = f"{value:.{digits}%}"
    whole = f"{1:.{digits}%}"
    if shown == whole and value < 1:
        return f"{1 - 10 ** -(digits + 2):.{digits}%}"
    return shown


def number(value: float | None, *, digits: int = 3, sign: bool = False) -> str:
    """A figure for people."""
    if value is None:
        return _NOTHING
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def tables_of(evaluation: Evaluation) -> Iterator[Table]:
    """The figures, the thresholds, the baselines and the slices."""
    yield _summary(evaluation)
    yield _thresholds(evaluation)
    if evaluation.baselines:
        yield baselines_table(evaluation)
        yield comparisons_table(evaluation)
    if evaluation.slices:
        yield slices_table(evaluation)


def _summary(evaluation: Evaluation) -> Table:
    own = evaluation.figures
    pairs = (
        ("labels", str(own.n)),
        ("of which name a target", str(own.targets)),
        ("linked automatically", str(own.linked)),
        ("abstained", str(own.abstained)),
        ("of which proposed to a person", str(own.queued)),
        ("precision", percent(own.precision, digits=2)),
        ("recall", percent(own.recall)),
        ("coverage", percent(own.coverage)),
        ("first candidate right", percent(own.likeliest_right)),
        ("links under a wrong account", percent(own.wrong_account_rate, digits=2)),
        ("calibration error (ECE)", number(own.ece)),
        ("cost per label", number(own.cost)),
    )
    return Table(title="Association", headings=("figure", "value"), rows=pairs)


def _thresholds(evaluation: Evaluation) -> Table:
    rows = [
        (f"precision at coverage {float(at):.0%}", percent(value, digits=2))
        for at, value in evaluation.precision_at.items()
    ]
    rows += [
        (f"coverage at precision {float(at):.0%}", percent(value))
        for at, value in evaluation.coverage_at.items()
    ]
    return Table(
        title="Other thresholds", headings=("figure", "value"), rows=tuple(rows)
    )


def baselines_table(evaluation: Evaluation) -> Table:
    """What each rule comes to on the same labels."""
    rows = [("syncd", *_row(evaluation.figures))]
    rows += [(name, *_row(one)) for name, one in evaluation.baselines.items()]
    return Table(
        title="Beside other tools' published rules",
        headings=("rule", "precision", "recall", "coverage", "wrong account", "cost"),
        rows=tuple(rows),
    )


def _row(one: Figures) -> tuple[str, ...]:
    return (
        percent(one.precision),
        percent(one.recall),
        percent(one.coverage),
        percent(one.wrong_account_rate),
        number(one.cost),
    )


def comparisons_table(evaluation: Evaluation) -> Table:
    """Ours against each rule, with intervals."""
    rows = tuple(
        (name, *_compared(one)) for name, one in evaluation.comparisons.items()
    )
    return Table(
        title="Ours less theirs, with 95 % intervals (below 0 costs less)",
        headings=("rule", "cost", "precision", "only ours right", "only theirs", "p"),
        rows=rows,
    )


def _compared(one: Comparison) -> tuple[str, ...]:
    return (
        interval(one.cost),
        interval(one.precision),
        str(one.mcnemar.only_ours),
        str(one.mcnemar.only_theirs),
        f"{one.mcnemar.p:.1e}" if one.mcnemar.p < 0.001 else number(one.mcnemar.p),  # noqa: PLR2004 - below it digits run out
    )


def interval(one: Interval) -> str:
    """A difference with its interval."""
    low, high = number(one.low, sign=True), number(one.high, sign=True)
    return f"{number(one.value, sign=True)} [{low}, {high}]"


def slices_table(evaluation: Evaluation) -> Table:
    """What syncd comes to on each slice, and which other rule is best there."""
    rows = []
    for name, one in evaluation.slices.items():
        known = {k: cost for k, cost in one.costs.items() if cost is not None}
        best = min(known, key=lambda k: (known[k], k), default=None)
        rows.append(
            (
                name,
                str(one.figures.n),
                percent(one.figures.precision),
                percent(one.figures.coverage),
                percent(one.figures.likeliest_right),
                percent(one.figures.wrong_account_rate),
                number(one.figures.cost),
                f"{best} {number(known[best])}" if best else _NOTHING,
                _standing(one.figures.n, one.behind),
            )
        )
    return Table(
        title="Slices",
        headings=(
            "slice",
            "labels",
            "precision",
            "coverage",
            "first right",
            "wrong account",
            "cost",
            "best other",
            "standing",
        ),
        rows=tuple(rows),
    )


def _standing(n: int, behind: tuple[str, ...]) -> str:
    if not behind:
        return "ahead"
    few = "" if n >= ENOUGH else " (few labels)"
    return f"behind {', '.join(behind)}{few}"
