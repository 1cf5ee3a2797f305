"""The dry-run report as Markdown, for tickets and reviews."""

import re
from collections.abc import Iterator
from typing import Final

from syncd.model.plan import Plan
from syncd.reports.values import (
    field_lines,
    foot_lines,
    headline,
    no_change_because,
    status_of,
    sure,
)

_MARKUP: Final = re.compile(r"([\\|`*~\[\]]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")


def as_markdown(plan: Plan) -> str:
    """Tables of findings and changes; every cell escaped."""
    return "\n".join(_lines(plan)) + "\n"


def escaped(value: object) -> str:
    """Text that Markdown shows as it is, in one line."""
    text = " ".join(str(value).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKUP.sub(r"\\\1", text)


def _row(*cells: object) -> str:
    return f"| {' | '.join(escaped(cell) for cell in cells)} |"


def _lines(plan: Plan) -> Iterator[str]:
    yield f"# Plan {plan.plan_id}"
    yield ""
    yield f"{plan.created_at:%Y-%m-%d %H:%M} UTC, `{plan.digest}`"
    yield ""
    yield headline(plan)
    yield ""
    yield "## Findings"
    yield ""
    yield _row(
        "rule",
        "severity",
        "status",
        "record",
        "name",
        "owner",
        "says",
        "why no change",
    )
    yield "|---|---|---|---|---|---|---|---|"
    for one in plan.findings:
        yield _row(
            one.rule,
            one.severity,
            status_of(one),
            f"{one.subject.object} {one.subject.id}",
            one.subject.name,
            one.owner or "",
            one.message,
            no_change_because(one),
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
        for line in field_lines(change, plan.names):
            yield _row(
                change.id,
                change.mode,
                record,
                line.field,
                line.was,
                line.becomes,
                sure(change.confidence),
                change.reason,
            )
    yield ""
    yield "## Cost, guards, notes"
    yield ""
    for foot in foot_lines(plan):
        text = escaped(foot.text)
        yield f"- {foot.kind} {f'**{text}**' if foot.bad else text}"


REPORT = as_markdown
