"""The dry-run report for a terminal or a mail."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from syncd.model.plan import Change, Names, Plan, PlanFinding
from syncd.reports.values import (
    field_lines,
    foot_lines,
    headline,
    no_change_because,
    sure,
    verb_of,
)

_SIGN: Final = {"create": "+", "update": "~", "delete": "-", "action": "!"}
_SHOWN_PER_RULE: Final = 5


def as_text(plan: Plan) -> str:
    """Summary, every finding by rule with its changes, cost, guards and notes."""
    return _text(plan, shown_per_rule=None)


def as_summary(plan: Plan) -> str:
    """The same with the first few findings of each rule, for a terminal."""
    return _text(plan, shown_per_rule=_SHOWN_PER_RULE)


def _text(plan: Plan, *, shown_per_rule: int | None) -> str:
    lines = (*_head(plan), *_rules(plan, shown_per_rule), "", *_foot(plan))
    return "\n".join(lines) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    made = f"{plan.created_at:%Y-%m-%d %H:%M} UTC"
    yield f"plan {plan.plan_id} · {made} · {plan.digest[:19]}"
    yield headline(plan)


def _foot(plan: Plan) -> Iterator[str]:
    for line in foot_lines(plan):
        yield f"{line.kind}: {line.text}"


def _rules(plan: Plan, shown_per_rule: int | None) -> Iterator[str]:
    told = {change.id: tuple(_change(change, plan.names)) for change in plan.changes}
    by_rule: dict[str, list[PlanFinding]] = defaultdict(list)
    for finding in plan.findings:
        by_rule[finding.rule].append(finding)
    hidden = 0
    for rule, findings in sorted(by_rule.items()):
        counts = [
            f"{sum(f.status == status for f in findings)} {status}"
            for status in ("fixable", "review", "report")
        ]
        waiting = sum(finding.waiting for finding in findings)
        yield ""
        yield f"{rule}: {', '.join(counts)}" + (
            f", {waiting} waiting" if waiting else ""
        )
        # What will be changed comes first: that is what a reader must approve.
        ranked = sorted(findings, key=lambda f: (not f.changes, f.waiting))
        for finding in ranked[:shown_per_rule]:
            yield from _finding(finding, told)
        left = len(findings) - len(ranked[:shown_per_rule])
        hidden += left
        if left:
            yield f"    … and {left} more"
    if hidden:
        yield ""
        yield "all of them: syncd plan --format text, or -o report.html"


def _finding(finding: PlanFinding, told: Mapping[str, Sequence[str]]) -> Iterator[str]:
    subject = finding.subject
    name = f" {subject.name!r}" if subject.name else ""
    yield f"  {subject.object} {subject.id}{name}: {finding.message}"
    why_not = no_change_because(finding)
    if why_not:
        yield f"      {'waiting' if finding.waiting else 'no change'}: {why_not}"
    for change_id in finding.changes:
        yield from told[change_id]


def _change(change: Change, names: Names) -> Iterator[str]:
    record = change.record_id or "(new)"
    lines = field_lines(change, names)
    if change.operation == "create":
        told = ", ".join(f"{line.field}: {line.becomes}" for line in lines)
    else:
        told = ", ".join(
            f"{line.field}: {line.was} → {line.becomes}" if line.was else line.becomes
            for line in lines
        )
    sign = _SIGN.get(change.operation, verb_of(change))
    yield f"    {sign} {change.system} {change.object} {record}  {told}"
    yield (
        f"      {change.id} {change.mode}, {sure(change.confidence)} sure: "
        f"{change.reason}"
    )


REPORT = as_text
