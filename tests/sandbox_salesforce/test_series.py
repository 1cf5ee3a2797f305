"""Recurring tasks and events in the simulated Salesforce."""

from datetime import timedelta

import pytest

CLASSIC = {
    "IsRecurrence": True,
    "RecurrenceType": "RecursWeekly",
    "RecurrenceInterval": 1,
    "RecurrenceEndDateOnly": "2026-10-21",
}
WHEN = {"StartDateTime": "2026-10-07T10:00:00Z", "DurationInMinutes": 45}
EVENT = {**CLASSIC, "RecurrenceStartDateTime": WHEN["StartDateTime"]}
TASK = {**CLASSIC, "RecurrenceStartDateOnly": "2026-10-07"}
PATTERN = {"Recurrence2PatternText": "RRULE:FREQ=WEEKLY;COUNT=3", **WHEN}
STARTS = [f"2026-10-{day}T10:00:00.000+0000" for day in ("07", "14", "21")]


def made(org, name, fields):
    """The series that these fields make: its parent's id."""
    status, body = org("POST", f"/sobjects/{name}", {"Subject": "Weekly", **fields})
    assert status == 201, body
    return body["id"]


def occurrences(org, name, series, fields="Id"):
    """Rows of a series in the order of their dates."""
    by = "ActivityDate" if name == "Task" else "StartDateTime"
    soql = f"SELECT {fields}, {by} FROM {name} \
        WHERE RecurrenceActivityId = '{series}' ORDER BY {by}"
    return org.query(soql)[1]["records"]


def test_a_recurring_event_is_a_parent_and_its_occurrences(org):
    """The parent is no meeting of its own; each occurrence names it."""
    fields = {**EVENT, "DurationInMinutes": 45, "WhatId": org.ids["deal"]}
    series = made(org, "Event", fields)
    assert org("GET", f"/sobjects/Event/{series}")[1]["IsRecurrence"] is True
    rows = occurrences(org, "Event", series, "Subject, IsRecurrence, WhatId")
    assert [row["StartDateTime"] for row in rows] == STARTS
    assert {row["IsRecurrence"] for row in rows} == {False}
    assert {row["WhatId"] for row in rows} == {org.ids["deal"]}


def test_a_critical_edit_makes_every_occurrence_anew(org):
    """New ids after a move; the same ids after a new subject."""
    series = made(org, "Event", {**EVENT, "DurationInMinutes": 45})
    url = f"/sobjects/Event/{series}"
    first = {row["Id"] for row in occurrences(org, "Event", series)}
    assert org("PATCH", url, {"Subject": "Other"})[0] == 204
    rows = occurrences(org, "Event", series, "Id, Subject")
    assert {row["Id"] for row in rows} == first
    assert {row["Subject"] for row in rows} == {"Other"}
    later = {"RecurrenceStartDateTime": "2026-10-07T12:00:00Z"}
    assert org("PATCH", url, later)[0] == 204
    rows = occurrences(org, "Event", series)
    assert len(rows) == 3
    assert not first & {row["Id"] for row in rows}
    assert rows[0]["StartDateTime"] == "2026-10-07T12:00:00.000+0000"
    org("DELETE", url)
    assert occurrences(org, "Event", series) == []


def test_a_recurring_task_has_its_dates_in_its_occurrences(org):
    """Status and due date of the parent cannot be changed."""
    series = made(org, "Task", TASK)
    days = [row["ActivityDate"] for row in occurrences(org, "Task", series)]
    assert days == ["2026-10-07", "2026-10-14", "2026-10-21"]
    for field in ({"Status": "Completed"}, {"ActivityDate": "2026-10-08"}):
        answer = org("PATCH", f"/sobjects/Task/{series}", field)
        assert answer[1][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    done = occurrences(org, "Task", series)[0]["attributes"]["url"]
    assert org("PATCH", done, {"Status": "Completed"})[0] == 204


def test_editing_a_future_occurrence_changes_the_whole_lightning_series(org):
    """Subject and time; the parent carries the pattern."""
    series = made(org, "Event", PATTERN)
    parent = org("GET", f"/sobjects/Event/{series}")[1]
    assert (parent["IsRecurrence2"], parent["GroupEventType"]) == (True, "3")
    second = occurrences(org, "Event", series)[1]["Id"]
    change = {"Subject": "Moved", "StartDateTime": "2026-10-14T11:00:00Z"}
    assert org("PATCH", f"/sobjects/Event/{second}", change)[0] == 204
    rows = occurrences(org, "Event", series, "Subject, IsRecurrence2, EndDateTime")
    assert [row["StartDateTime"][11:16] for row in rows] == ["11:00"] * 3
    assert [row["EndDateTime"][11:16] for row in rows] == ["11:45"] * 3
    assert {(row["Subject"], row["IsRecurrence2"]) for row in rows} == {("Moved", True)}


def test_editing_a_past_occurrence_makes_an_exception(org):
    """The others stay, and later edits pass it by."""
    series = made(org, "Event", PATTERN)
    org.clock.advance(timedelta(days=5))
    first, second, _ = (row["Id"] for row in occurrences(org, "Event", series))
    org("PATCH", f"/sobjects/Event/{first}", {"Subject": "As it was"})
    org("PATCH", f"/sobjects/Event/{second}", {"Subject": "To come"})
    rows = occurrences(org, "Event", series, "Subject, IsRecurrence2Exception")
    assert [(row["Subject"], row["IsRecurrence2Exception"]) for row in rows] == [
        ("As it was", True),
        ("To come", False),
        ("To come", False),
    ]


REFUSED = [
    ("Task", {**TASK, "ActivityDate": "2026-10-07"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ("Task", {**CLASSIC}, "REQUIRED_FIELD_MISSING"),
    ("Task", {**TASK, "RecurrenceEndDateOnly": None}, "FIELD_INTEGRITY_EXCEPTION"),
    ("Task", {**TASK, "RecurrenceType": "Never"}, "INVALID_OR_NULL"),
    ("Event", {**PATTERN, "Recurrence2PatternText": "FREQ=YEARLY"}, "FIELD_INTEGRITY"),
]


@pytest.mark.parametrize(("name", "fields", "code"), REFUSED)
def test_a_series_without_a_clear_rule_is_refused(org, name, fields, code):
    """Nothing of it is there afterwards."""
    status, body = org("POST", f"/sobjects/{name}", {"Subject": "Odd", **fields})
    assert status == 400
    assert body[0]["errorCode"].startswith(code)
    soql = f"SELECT Id FROM {name} WHERE Subject = 'Odd'"
    assert org.query(soql)[1]["totalSize"] == 0
