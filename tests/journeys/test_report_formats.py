"""Every format of the dry-run report says the same things, and says them safely."""

import csv
import html
import io
import json
import re
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from syncd.model.plan import (
    Change,
    ConnectorState,
    Cost,
    Expects,
    GuardResult,
    Plan,
    PlanFinding,
    Subject,
)
from syncd.plugins import reports
from syncd.reports.as_text import as_summary

NASTY = "=cmd|' /C calc'!A0 <b>[x](http://evil.example) | `y` *z* & [/red]"


def change(number, *, operation="update", before=None, after=None, **more):
    """One change with little around it."""
    values = {
        "id": f"chg_{number}",
        "key": f"key{number}",
        "rule": "call-subject",
        "mode": "auto",
        "system": "salesforce",
        "operation": operation,
        "object": "Task",
        "record_id": f"00T{number}",
        "before": before or {},
        "after": after or {},
        "expects": Expects(),
        "depends_on": (),
        "confidence": 0.99961,
        "reason": f"reason of {number}",
        "evidence": (),
    }
    return Change(**{**values, **more})


def finding(number, *, changes=(), name="a call", **more):
    """One finding with little around it."""
    values = {
        "id": f"fnd_{number}",
        "rule": "call-subject",
        "practice": ("0.17",),
        "severity": "warning",
        "subject": Subject(
            system="salesforce", object="Task", id=f"00T{number}", name=name
        ),
        "account_id": None,
        "opportunity_id": None,
        "owner": "rep@acme.example",
        "message": f"message of {number}",
        "evidence": (),
        "changes": tuple(one.id for one in changes),
        "status": "fixable" if changes else "report",
    }
    return PlanFinding(**{**values, **more})


LONG = "The quarterly business review with everybody who had a say in it, part "
CHANGES = (
    change(1, before={"Subject": f"{LONG}1"}, after={"Subject": f"{LONG}2"}),
    change(2, before={"Description": None}, after={"Description": "what she told us"}),
    change(3, operation="delete", before={"ContactId": "003x"}),
    change(4, operation="action", action="markComplete", system="outreach"),
    change(5, operation="create", record_id=None, after={"IsPrimary": False}),
    change(
        6,
        system="outreach",
        before={"owner": "7", "prospect": "7"},
        after={"owner": "8", "prospect": "9"},
    ),
)
PLAN = Plan(
    schema="syncd.plan/1",
    plan_id="pln_1",
    digest="sha256:00",
    created_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
    scope={},
    policy_digest="",
    orgs={},
    connectors={
        "chorus": ConnectorState(as_of=None, complete=False, detail="http_503")
    },
    cost={"salesforce": Cost(reads=7, writes=3)},
    findings=(
        *(finding(i, changes=[one]) for i, one in enumerate(CHANGES[:5], 1)),
        finding(9, changes=CHANGES[5:], rule="activity-assigned-to-host"),
        finding(6, name=NASTY, why_not="only a person knows"),
        finding(7, waiting=True),
        finding(8, blocked_by=("chorus",)),
    ),
    changes=CHANGES,
    guards=(GuardResult(guard="max_changes", limit=2, actual=5, ok=False),),
    notes=("a note of the plan",),
    names={"outreach": {"owner/7": "Ada Abebe", "owner/8": "Uma [x](y) <b>"}},
)
FORMATS = sorted(set(reports()) - {"json"})


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "said",
    [
        *(f"message of {number}" for number in range(1, 10)),
        *(f"reason of {number}" for number in range(1, 7)),
        *(f"00T{number}" for number in range(1, 10)),
        f"{LONG}1",
        f"{LONG}2",
        "(text of 16 characters)",
        "(deleted)",
        "markComplete",
        "IsPrimary",
        "only a person knows",
        "settle time still runs",
        "chorus incomplete",
        "3 write calls, about 7 read calls",
        "5 of 2 OVER THE LIMIT",
        "a note of the plan",
        "chorus: http_503",
        "waiting",
    ],
)
def test_every_format_says_it(form, said):
    """Findings, changes, before → after, reasons, cost, guards: in each format."""
    text = reports()[form](PLAN)
    assert said in text.replace("\\_", "_")


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_what_people_wrote(form):
    """A note that is to be copied is shown by its length."""
    assert "what she told us" not in reports()[form](PLAN)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_confidence_never_rounds_up_to_certainty(form):
    """99.96 % is not shown as 100 %."""
    text = reports()[form](PLAN)
    assert "100.0%" not in text
    assert "99.9%" in text


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_names_stand_before_ids(form):
    """An id whose name the plan knows is shown with it, any other as it is."""
    text = html.unescape(reports()[form](PLAN).replace("\\", ""))
    assert "Ada Abebe (7)" in text
    assert "Uma [x](y) <b> (8)" in text
    assert "(9)" not in text


def test_html_shows_names_before_ids():
    """The name stands in the cell, the id small behind it."""
    text = reports()["html"](PLAN)
    assert '<td>Ada Abebe <span class="id">7</span></td>' in text
    assert '<td>Uma [x](y) &lt;b&gt; <span class="id">8</span></td>' in text
    assert "<td>9</td>" in text


def test_csv_has_names_in_columns_of_their_own():
    """The ids stay what a machine can use."""
    rows = list(csv.DictReader(io.StringIO(reports()["csv"](PLAN))))
    told = [
        (row["before"], row["before_name"], row["after"], row["after_name"])
        for row in rows
        if row["changed_system"] == "outreach" and row["operation"] == "update"
    ]
    assert told == [("7", "Ada Abebe", "8", "Uma [x](y) <b>"), ("7", "", "9", "")]


def test_a_summary_says_how_much_it_leaves_out():
    """A terminal shows five findings of a rule, and how to see the others."""
    summary = as_summary(PLAN)
    assert "message of 5" in summary
    assert "message of 8" not in summary
    assert "… and 3 more" in summary
    assert "--format text" in summary


def test_csv_has_one_width_and_no_formula():
    """Names cannot become formulas, and every line has the heading's columns."""
    rows = list(csv.reader(io.StringIO(reports()["csv"](PLAN))))
    assert {len(row) for row in rows} == {len(rows[0])}
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert f"'{NASTY}" in cells


def test_markdown_shows_names_as_they_are():
    """A name cannot open a tag, a link, a cell or emphasis."""
    text = reports()["markdown"](PLAN)
    row = next(line for line in text.splitlines() if "00T6" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 9
    assert "<b>" not in row
    assert "[x](" not in row
    assert not re.search(r"(?<!\\)[`*]", row)


def test_html_shows_names_as_they_are():
    """A name cannot open a tag."""
    text = reports()["html"](PLAN)
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_html_has_what_a_reader_without_eyes_or_mouse_needs():
    """Language, headings without a gap, and headings of tables."""
    text = reports()["html"](PLAN)
    assert '<html lang="en">' in text
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert text.count("<table") == text.count("<tbody")
    assert len(re.findall(r"<th(?![a-z])", text)) == len(re.findall("<th scope", text))
    assert not re.search(r"(src|href)=[\"']?(http|//)", text)


def test_json_is_the_plan():
    """The machine's format decodes to the same plan."""
    told = json.loads(reports()["json"](PLAN))
    assert [one["id"] for one in told["changes"]] == [one.id for one in CHANGES]
