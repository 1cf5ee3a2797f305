"""The dry-run report as Markdown, for tickets and reviews."""

from collections.abc import Iterator

from syncd.model.plan import Plan
from syncd.reports.values import shown_value


def as_markdown(plan: Plan) -> str:
    """Tables of findings and changes; every cell escaped."""
    return "\n".join(_lines(plan)) + "\n"


def _cell(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return text.replace("<", "&lt;").replace("`", "'")


def _row(*cells: object) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"# Plan {plan.plan_id}"
    yield ""
    yield f"{plan.created_at:%Y-%m-%d %H:%M} UTC, `{plan.digest}`"
    yield ""
    yield "## Findings"
    yield ""
    yield _row("rule", "severity", "status", "record", "name", "says", "why no change")
    yield "|---|---|---|---|---|---|---|"
    for one in plan.findings:
        record = f"{one.subject.object} {one.subject.id}"
        status = "waiting" if one.waiting else one.status
        yield _row(
            one.rule,
            one.severity,
            status,
            record,
            one.subject.name,
            one.message,
            one.why_not,
        )
    yield ""
    yield "## Changes"
    yield ""
    yield _row(
        "change", "mode", "record", "field", "before", "after", "sure", "because"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for change in plan.changes:
        record = f"{change.system} {change.object} {change.record_id or '(new)'}"
        for field, value in (change.after or {change.operation: None}).items():
            yield _row(
                change.id,
                change.mode,
                record,
                field,
                shown_value(field, change.before.get(field)),
                shown_value(field, value),
                f"{change.confidence:.1%}",
                change.reason,
            )
    yield ""
    yield "## Cost, guards, notes"
    yield ""
    for system, cost in plan.cost.items():
        yield f"- {system}: {cost.writes} write calls, about {cost.reads} read calls"
    for guard in plan.guards:
        verdict = "ok" if guard.ok else "**over the limit**"
        yield f"- {guard.guard}: {guard.actual:g} of {guard.limit:g}, {verdict}"
    for note in plan.notes:
        yield f"- {_cell(note)}"


REPORT = as_markdown
