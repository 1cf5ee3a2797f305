"""The dry-run report as one HTML page without outside requests."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syncd.model.plan import Plan, PlanFinding
from syncd.reports.templating import template
from syncd.reports.values import (
    field_lines,
    foot_lines,
    headline,
    no_change_because,
    status_of,
    sure,
    verb_of,
)

_STATUSES: Final = ("fixable", "review", "report", "waiting")


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One status in a rule's bar; ``start`` and ``width`` are percentages."""

    status: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, kw_only=True)
class _Section:
    """One rule: its bar and its findings, those with changes first."""

    rule: str
    parts: tuple[_Part, ...]
    findings: tuple[PlanFinding, ...]


def as_html(plan: Plan) -> str:
    """A self-contained page: picture, filters, findings by rule, changes, guards."""
    return template("plan.html").render(
        plan=plan,
        headline=headline(plan),
        sections=_sections(plan),
        statuses=_STATUSES,
        changes={change.id: change for change in plan.changes},
        foot=tuple(foot_lines(plan)),
        field_lines=field_lines,
        no_change_because=no_change_because,
        status_of=status_of,
        sure=sure,
        verb_of=verb_of,
    )


def _sections(plan: Plan) -> Sequence[_Section]:
    by_rule: dict[str, list[PlanFinding]] = defaultdict(list)
    for finding in plan.findings:
        by_rule[finding.rule].append(finding)
    largest = max(map(len, by_rule.values()), default=1)
    return [
        _Section(
            rule=rule,
            parts=_parts(findings, largest=largest),
            findings=tuple(sorted(findings, key=lambda f: (not f.changes, f.waiting))),
        )
        for rule, findings in sorted(by_rule.items())
    ]


def _parts(findings: Sequence[PlanFinding], *, largest: int) -> tuple[_Part, ...]:
    counts = Counter(status_of(finding) for finding in findings)
    parts: list[_Part] = []
    start = 0.0
    for status in _STATUSES:
        width = 100 * counts[status] / largest
        if counts[status]:
            parts.append(
                _Part(status=status, count=counts[status], start=start, width=width)
            )
        start += width
    return tuple(parts)


REPORT = as_html
