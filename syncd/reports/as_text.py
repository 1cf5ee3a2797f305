"""The dry-run report for a terminal or a mail."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from syncd.model.plan import Change, Plan, PlanFinding
from syncd.reports.values import shown_value

_SIGN: Final = {"create": "+", "update": "~", "delete": "-", "action": "!"}
_SHOWN_PER_RULE: Final = 5


def as_text(plan: Plan) -> str:
    """Summary, findings by rule, changes, cost, guards and notes, in this order."""
    return "\n".join((*_head(plan), *_rules(plan), *_foot(plan))) + "\n"


def _head(plan: Plan) -> Iterator[str]:
    systems = sorted({change.system for change in plan.changes})
    made = f"{plan.created_at:%Y-%m-%d %H:%M} UTC"
    yield f"plan {plan.plan_id} · {made} · {plan.digest[:19]}"
    auto = sum(change.mode == "auto" for change in plan.changes)
    yield (
        f"{len(plan.findings)} findings · {len(plan.changes)} changes"
        f" ({auto} automatic, {len(plan.changes) - auto} for review)"
        f" in {', '.join(systems) or 'no system'}"
    )
    for name, state in plan.connectors.items():
        if not state.complete:
            yield f"incomplete: {name}: {state.detail}"


def _rules(plan: Plan) -> Iterator[str]:
    changes = {change.id: change for change in plan.changes}
    by_rule: dict[str, list[PlanFinding]] = defaultdict(list)
    for finding in plan.findings:
        by_rule[finding.rule].append(finding)
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
        for finding in ranked[:_SHOWN_PER_RULE]:
            yield from _finding(finding, changes)
        if len(findings) > _SHOWN_PER_RULE:
            yield f"    … and {len(findings) - _SHOWN_PER_RULE} more"


def _finding(finding: PlanFinding, changes: dict[str, Change]) -> Iterator[str]:
    subject = finding.subject
    name = f" {subject.name!r}" if subject.name else ""
    yield f"  {subject.object} {subject.id}{name}: {finding.message}"
    if finding.waiting:
        yield "      waiting: its grace or settle time still runs"
    elif finding.blocked_by:
        yield f"      not judged to the end: {', '.join(finding.blocked_by)} incomplete"
    elif not finding.changes and finding.why_not:
        yield f"      no change: {finding.why_not}"
    for change_id in finding.changes:
        yield from _change(changes[change_id])


def _change(change: Change) -> Iterator[str]:
    what = change.record_id or f"new {change.object}"
    for field, value in change.after.items():
        before = shown_value(field, change.before.get(field))
        after = shown_value(field, value)
        yield (
            f"    {_SIGN[change.operation]} {change.system} {change.object} {what}"
            f"  {field}: {before} → {after}"
        )
    if not change.after:
        yield f"    {_SIGN[change.operation]} {change.system} {change.object} {what}"
    yield f"      {change.mode}, {change.confidence:.1%} sure: {change.reason}"


def _foot(plan: Plan) -> Iterator[str]:
    yield ""
    for system, cost in plan.cost.items():
        yield f"cost: {system} {cost.writes} write calls, about {cost.reads} read calls"
    for guard in plan.guards:
        verdict = "ok" if guard.ok else "OVER THE LIMIT"
        detail = f" ({guard.detail})" if guard.detail else ""
        comes_to = f"{guard.actual:g} of {guard.limit:g}"
        yield f"guard {guard.guard}: {comes_to} {verdict}{detail}"
    for note in plan.notes:
        yield f"note: {note}"


REPORT = as_text
