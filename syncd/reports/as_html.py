"""The dry-run report as one HTML page without outside requests."""

from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Final

import jinja2

from syncd.model.plan import Plan
from syncd.reports.values import shown_value

_STATUSES: Final = ("fixable", "review", "report")


def as_html(plan: Plan) -> str:
    """A self-contained page: picture, filters, findings, changes, guards."""
    counts = Counter((finding.rule, finding.status) for finding in plan.findings)
    rules = sorted({finding.rule for finding in plan.findings})
    totals = {rule: sum(counts[(rule, s)] for s in _STATUSES) for rule in rules}
    largest = max(totals.values(), default=1)
    bars = []
    for rule in rules:
        start = 0.0
        parts = []
        for status in _STATUSES:
            width = 100 * counts[(rule, status)] / largest
            parts.append((status, counts[(rule, status)], start, width))
            start += width
        bars.append((rule, totals[rule], parts))
    return _template().render(
        plan=plan,
        bars=bars,
        rules=rules,
        statuses=_STATUSES,
        changes={change.id: change for change in plan.changes},
        shown=shown_value,
    )


@cache
def _template() -> jinja2.Template:
    text = (files("syncd.reports") / "templates" / "plan.html").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


REPORT = as_html
