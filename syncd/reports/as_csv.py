"""The dry-run report as CSV: one line per finding and changed field."""

import csv
import io
from collections.abc import Iterator
from typing import Final

from syncd.model.plan import Change, Plan, PlanFinding
from syncd.reports.values import shown_value

_HEADINGS: Final = (
    "finding",
    "rule",
    "severity",
    "status",
    "system",
    "object",
    "id",
    "name",
    "owner",
    "account",
    "opportunity",
    "message",
    "why_not",
    "change",
    "mode",
    "field",
    "before",
    "after",
    "confidence",
    "reason",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(plan: Plan) -> str:
    """Comma-separated, with a heading; no cell starts a spreadsheet formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADINGS)
    changes = {change.id: change for change in plan.changes}
    for finding in plan.findings:
        for row in _rows(finding, changes):
            writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue()


def safe_cell(value: object) -> str:
    """Text that a spreadsheet takes as text."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(
    finding: PlanFinding, changes: dict[str, Change]
) -> Iterator[tuple[object, ...]]:
    subject = finding.subject
    head = (
        finding.id,
        finding.rule,
        finding.severity,
        "waiting" if finding.waiting else finding.status,
        subject.system,
        subject.object,
        subject.id,
        subject.name,
        finding.owner or "",
        finding.account_id or "",
        finding.opportunity_id or "",
        finding.message,
        finding.why_not,
    )
    if not finding.changes:
        yield (*head, *[""] * 7)
    for change_id in finding.changes:
        change = changes[change_id]
        for field, value in (change.after or {change.operation: None}).items():
            yield (
                *head,
                change.id,
                change.mode,
                field,
                shown_value(field, change.before.get(field)),
                shown_value(field, value),
                change.confidence,
                change.reason,
            )


REPORT = as_csv
