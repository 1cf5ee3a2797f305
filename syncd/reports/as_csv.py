"""The dry-run report as CSV: one line per finding and changed field.

After the findings come the lines about the whole plan: their ``status`` is ``cost``,
``guard``, ``note`` or ``incomplete``, and their ``message`` says it.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final

from syncd.model.plan import Change, Names, Plan, PlanFinding
from syncd.reports.values import (
    field_lines,
    foot_lines,
    no_change_because,
    status_of,
)

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
    "changed_system",
    "changed_object",
    "changed_id",
    "operation",
    "before_name",
    "after_name",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(plan: Plan) -> str:
    """Comma-separated, with a heading; no cell starts a spreadsheet formula."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _HEADINGS, restval="", lineterminator="\n")
    writer.writeheader()
    changes = {change.id: change for change in plan.changes}
    for finding in plan.findings:
        for row in _rows(finding, changes, plan.names):
            writer.writerow({key: safe_cell(cell) for key, cell in row.items()})
    for line in foot_lines(plan):
        writer.writerow({"status": line.kind, "message": safe_cell(line.text)})
    return out.getvalue()


def safe_cell(value: object) -> str:
    """Text that a spreadsheet takes as text; nothing for None."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(
    finding: PlanFinding, changes: dict[str, Change], names: Names
) -> Iterator[dict[str, object]]:
    subject = finding.subject
    head: dict[str, object] = {
        "finding": finding.id,
        "rule": finding.rule,
        "severity": finding.severity,
        "status": status_of(finding),
        "system": subject.system,
        "object": subject.object,
        "id": subject.id,
        "name": subject.name,
        "owner": finding.owner,
        "account": finding.account_id,
        "opportunity": finding.opportunity_id,
        "message": finding.message,
        "why_not": no_change_because(finding),
    }
    if not finding.changes:
        yield head
    for change_id in finding.changes:
        change = changes[change_id]
        for line in field_lines(change, names):
            yield {
                **head,
                "change": change.id,
                "mode": change.mode,
                "field": line.field,
                "before": line.before,
                "after": line.after,
                "confidence": change.confidence,
                "reason": change.reason,
                "changed_system": change.system,
                "changed_object": change.object,
                "changed_id": change.record_id,
                "operation": change.operation,
                "before_name": line.before_name,
                "after_name": line.after_name,
            }


REPORT = as_csv
