"""What the association must reach on each kind of world, and whether it does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.association.measure import Measured
from syncd.evaluate.evaluation import Evaluation

AS_OF_LABELS: Final = 2000


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One figure of one world (or of several together) beside what it must be.

    ``at_least`` tells whether more is better; ``value`` is None where there is
    nothing to divide by, which meets no bar.
    """

    of: str
    figure: str
    value: float | None
    limit: float
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        """Whether the figure is what it must be."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def bars_of(
    measured: Sequence[Measured], pooled: Mapping[str, Evaluation]
) -> Iterator[Bar]:
    """Every bar, each world on its own.

    Args:
        measured: What came of each world.
        pooled: Evaluations of all worlds of a kind together, by kind.
    """
    for one in measured:
        yield from _of_world(one)
        yield from _of_clustering(one)
    as_of = pooled.get("as_of")
    found = as_of.slices.get("as_of") if as_of else None
    if found:
        right, n = found.figures.likeliest_right, found.figures.n
        yield Bar(of="as_of worlds", figure="as_of right", value=right, limit=0.95)
        yield Bar(of="as_of worlds", figure="as_of labels", value=n, limit=AS_OF_LABELS)
    explain_s = max((one.explain_s for one in measured), default=None)
    yield Bar(
        of="all worlds",
        figure="explain, median processor s",
        value=explain_s,
        limit=0.1,
        at_least=False,
    )


_COVERAGE: Final = {
    "ordinary": 0.90,
    "roles_60_missing": 0.70,
    "hints_withheld": 0.80,
}
"""Least coverage by kind of world; the others have none."""


def _of_world(one: Measured) -> Iterator[Bar]:
    own = one.evaluation.figures
    yield Bar(of=one.world, figure="precision", value=own.precision, limit=0.98)
    if one.kind in _COVERAGE:
        limit = _COVERAGE[one.kind]
        yield Bar(of=one.world, figure="coverage", value=own.coverage, limit=limit)
        # What another threshold than the default would reach at that precision.
        yield Bar(
            of=one.world,
            figure="coverage at precision 0.98",
            value=one.evaluation.coverage_at["0.98"],
            limit=limit,
        )
    if one.kind == "ordinary":
        for figure, value, limit in (
            ("wrong account", own.wrong_account_rate, 0.003),
            ("ECE", own.ece, 0.03),
        ):
            yield Bar(
                of=one.world, figure=figure, value=value, limit=limit, at_least=False
            )


def _of_clustering(one: Measured) -> Iterator[Bar]:
    f1 = one.clustering.f1
    yield Bar(of=one.world, figure="clustering F1", value=f1, limit=0.98)
    yield Bar(
        of=one.world,
        figure="merges across accounts",
        value=one.merges,
        limit=0,
        at_least=False,
    )
