"""The page of figures: one text for the terminal and for the docs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.association.ablation import figures_without
from benchmarks.association.bars import Bar
from benchmarks.association.measure import Measured
from syncd.evaluate.evaluation import ENOUGH, Evaluation, ours
from syncd.evaluate.figures import Figures, figures_of
from syncd.reports.charts import Chart, Line, svg
from syncd.reports.evaluation import reliability, trade
from syncd.reports.evaluation_tables import (
    Table,
    baselines_table,
    comparisons_table,
    number,
    percent,
    slices_table,
)

DOCS: Final = Path(__file__).parents[2] / "docs"
_FIGURES: Final = DOCS / "figures"
_BESIDE: Final = ("weflow", "eci_video", "gong_14_days_roles")


@dataclass(frozen=True, kw_only=True)
class Page:
    """The text, and the pictures that it shows by file name."""

    text: str
    pictures: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Together:
    """Worlds as one set of labels: all, by kind, and by the share of missing roles."""

    everything: Evaluation
    by_kind: Mapping[str, Evaluation]
    by_missing_roles: Mapping[float, Evaluation]


def page_of(
    measured: Sequence[Measured],
    together: Together,
    bars: Sequence[Bar],
    *,
    accounts: int,
) -> Page:
    """Every figure.

    Args:
        measured: What came of each world.
        together: What came of several as one.
        bars: What had to be reached.
        accounts: How many accounts each world has.
    """
    everything = together.everything
    blocks = [
        _HEAD.format(worlds=len(measured), accounts=accounts, n=everything.figures.n),
        "## Bars",
        _bars(bars),
        "## Worlds",
        _worlds(measured),
        "## Missing roles",
        "![Coverage and precision by missing roles](figures/roles-missing.svg)",
        _missing_roles(together.by_missing_roles),
        "## Calibration",
        "![Reliability](figures/reliability.svg)",
        "![Precision by coverage](figures/precision-by-coverage.svg)",
        _thresholds(together.by_kind, everything),
        "## Beside other tools' published rules",
        _table(baselines_table(everything)),
        _table(comparisons_table(everything)),
        "## Slices",
        _SLICES.format(enough=ENOUGH),
        _table(slices_table(everything)),
        _behind(everything),
        "## What each kind of evidence is worth",
        _ABLATION,
        _ablation(measured),
        "## Which records speak of one interaction",
        _clustering(measured),
    ]
    return Page(
        text="\n\n".join(blocks) + "\n",
        pictures={
            "roles-missing.svg": svg(missing_roles_chart(together.by_missing_roles)),
            "reliability.svg": svg(reliability(everything)),
            "precision-by-coverage.svg": svg(trade(everything)),
        },
    )


def write_page(page: Page) -> None:
    """Write docs/association-figures.md and its pictures."""
    _FIGURES.mkdir(exist_ok=True)
    for name, picture in page.pictures.items():
        (_FIGURES / name).write_text(picture, "utf-8")
    (DOCS / "association-figures.md").write_text(page.text, "utf-8")


_HEAD: Final = """# Figures of the association

<!-- Written by `make evaluate`; never by hand. -->

What [`syncd evaluate`](evaluate.md) finds on {worlds} generated companies of
{accounts} accounts each, {n} labelled activities in all. Nobody fitted weights or
thresholds on them: their settings differ in kind from those that were fitted on, and a
part comes from a second generator. How records are put together to interactions, and
how attendance is judged, was worked on with misses of these settings at hand, in
companies of other seeds. Each
figure is explained on [that page](evaluate.md#figures). A generated company is not
yours: label a hundred of your own activities."""

_SLICES: Final = """All worlds together. "Behind" names the rules that cost less there;
slices of fewer than {enough} labels say little."""


BEHIND_BECAUSE: Final[Mapping[str, str]] = {
    "no_target": (
        "Nothing fits, so that only abstaining is free: rules that ask for a role, or "
        "for the owner, link little of anything."
    ),
    "as_of": (
        "There was one open deal only: a rule that takes whatever is open is never "
        "wrong here and never asks."
    ),
    "one_open": (
        "There was one open deal only: a rule that takes whatever is open is hardly "
        "ever wrong here and never asks."
    ),
}
"""Why another rule costs less on a slice, for people to read beside the figures."""


_ABLATION: Final = """Figures of the worlds of ordinary dirt with one kind of evidence
left out, nothing fitted anew, sorted by what it costs to be without it. The kinds are
explained [here](association.md#weights)."""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns of figures are aligned to the right."""
    marks = ["---", *["--:"] * (len(headings) - 1)]
    lines = [headings, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _bars(bars: Sequence[Bar]) -> str:
    missed = [bar for bar in bars if not bar.is_met]
    rows = [
        (
            bar.of,
            bar.figure,
            number(bar.value, digits=4),
            f"{'≥' if bar.at_least else '≤'} {bar.limit:g}",
            "met" if bar.is_met else "**missed**",
        )
        for bar in sorted(bars, key=lambda bar: bar.is_met)
    ]
    said = f"{len(bars) - len(missed)} of {len(bars)} bars are met."
    return f"{said}\n\n" + table(("of", "figure", "is", "must be", ""), rows)


def _worlds(measured: Sequence[Measured]) -> str:
    headings = (
        "world",
        "labels",
        "precision",
        "coverage",
        "recall",
        "first right",
        "wrong account",
        "ECE",
        "cost",
    )
    rows = [
        (one.world, str(one.evaluation.figures.n), *_row(one.evaluation.figures))
        for one in measured
    ]
    return table(headings, rows)


def _row(own: Figures) -> tuple[str, ...]:
    return (
        percent(own.precision, digits=2),
        percent(own.coverage),
        percent(own.recall),
        percent(own.likeliest_right),
        percent(own.wrong_account_rate, digits=2),
        number(own.ece),
        number(own.cost),
    )


def _missing_roles(pooled: Mapping[float, Evaluation]) -> str:
    rows = []
    for missing, one in pooled.items():
        others = [one.baselines[name] for name in _BESIDE]
        beside = [f"{percent(o.precision)} at {percent(o.coverage)}" for o in others]
        own = one.figures
        ours = f"{percent(own.precision, digits=2)} at {percent(own.coverage)}"
        rows.append((f"{missing:.0%}", ours, *beside))
    return table(
        ("share of roles missing", "syncd: precision at coverage", *_BESIDE), rows
    )


def missing_roles_chart(pooled: Mapping[float, Evaluation]) -> Chart:
    """Precision and coverage, ours and Weflow's, over the share of missing roles."""

    def line(name: str, pick: str, whose: str) -> Line:
        figures = [
            (missing, one.figures if whose == "syncd" else one.baselines[whose])
            for missing, one in pooled.items()
        ]
        points = [(missing, getattr(own, pick)) for missing, own in figures]
        return Line(
            name=name,
            points=tuple((x, min(1.0, y)) for x, y in points if y is not None),
        )

    return Chart(
        title="Missing roles",
        says=(
            "Precision and coverage of the automatic links as more of the contact "
            "roles are missing, beside a rule that rests on roles alone."
        ),
        x="share of roles missing",
        y="share",
        lines=(
            line("syncd, precision", "precision", "syncd"),
            line("syncd, coverage", "coverage", "syncd"),
            line("weflow, precision", "precision", "weflow"),
            line("weflow, coverage", "coverage", "weflow"),
        ),
    )


def _thresholds(pooled: Mapping[str, Evaluation], everything: Evaluation) -> str:
    rows = [
        (
            kind,
            number(one.figures.ece),
            *(percent(value, digits=2) for value in one.precision_at.values()),
            *(percent(value) for value in one.coverage_at.values()),
        )
        for kind, one in [*pooled.items(), ("all", everything)]
    ]
    headings = (
        "worlds",
        "ECE",
        *(f"precision at {float(at):.0%}" for at in everything.precision_at),
        *(f"coverage at {float(at):.0%}" for at in everything.coverage_at),
    )
    return table(headings, rows)


def _table(one: Table) -> str:
    return table(one.headings, one.rows)


def _behind(everything: Evaluation) -> str:
    """On which slices of enough labels another rule costs less, and why."""
    found = [
        f"- `{name}`: {', '.join(one.behind)}. "
        f"{BEHIND_BECAUSE.get(name, 'The reason is not known yet.')}"
        for name, one in everything.slices.items()
        if one.behind and one.figures.n >= ENOUGH
    ]
    if not found:
        return "On every slice of enough labels no other rule costs less than syncd."
    return "\n".join(["Where another rule costs less than syncd, and why:", "", *found])


def _ablation(measured: Sequence[Measured]) -> str:
    chosen = [one for one in measured if one.without]
    if not chosen:
        return "No world of ordinary dirt was measured."
    judged = [judged for one in chosen for judged in one.judged]
    full = figures_of(judged, ours)
    found = {
        name: figures_without(judged, [a for one in chosen for a in one.without[name]])
        for name in chosen[0].without
    }
    headings = (
        "left out",
        "precision",
        "coverage",
        "wrong account",
        "ECE",
        "cost",
        "cost more",
    )
    rows = [("nothing", *_left(full, full))]
    rows += [
        (name, *_left(own, full))
        for name, own in sorted(found.items(), key=lambda one: -(one[1].cost or 0.0))
    ]
    return table(headings, rows)


def _left(own: Figures, full: Figures) -> tuple[str, ...]:
    more = (own.cost or 0.0) - (full.cost or 0.0)
    return (
        percent(own.precision, digits=2),
        percent(own.coverage),
        percent(own.wrong_account_rate, digits=2),
        number(own.ece),
        number(own.cost),
        number(more, digits=4, sign=True),
    )


def _clustering(measured: Sequence[Measured]) -> str:
    rows = [
        (
            one.world,
            str(one.clustering.true),
            percent(one.clustering.precision, digits=2),
            percent(one.clustering.recall, digits=2),
            percent(one.clustering.f1, digits=2),
            str(one.merges),
        )
        for one in measured
    ]
    headings = (
        "world",
        "pairs of records",
        "precision",
        "recall",
        "F1",
        "merges across accounts",
    )
    return table(headings, rows)
