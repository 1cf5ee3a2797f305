"""Dates of events in the simulated Salesforce."""

from datetime import timedelta

import pytest

START, END = "2026-10-07T10:00:00.000+0000", "2026-10-07T10:45:00.000+0000"


def made(org, fields):
    """The event that these fields make."""
    status, body = org("POST", "/sobjects/Event", {"Subject": "Demo", **fields})
    assert status == 201, body
    return org("GET", f"/sobjects/Event/{body['id']}")[1]


SAME = [
    {"StartDateTime": START, "EndDateTime": END},
    {"StartDateTime": START, "DurationInMinutes": 45},
    {"ActivityDateTime": START, "DurationInMinutes": 45},
    {"StartDateTime": START, "EndDateTime": END, "DurationInMinutes": 45},
    {"StartDateTime": "2026-10-07T12:00:00+02:00", "DurationInMinutes": 45},
    {"StartDateTime": START, "ActivityDateTime": "2026-10-07T10:00:00Z"}
    | {"EndDateTime": END},
]


@pytest.mark.parametrize("fields", SAME)
def test_every_way_to_give_a_time_gives_the_same_event(org, fields):
    """Start, end, due time, duration and end date follow from each other."""
    row = made(org, fields)
    assert (row["StartDateTime"], row["EndDateTime"]) == (START, END)
    assert row["ActivityDateTime"] == START
    assert (row["DurationInMinutes"], row["EndDate"]) == (45, "2026-10-07")
    assert row["ActivityDate"] is None


REFUSED = [
    ({}, "REQUIRED_FIELD_MISSING"),
    ({"StartDateTime": START}, "REQUIRED_FIELD_MISSING"),
    ({"StartDateTime": START, "ActivityDateTime": END} | {"DurationInMinutes": 5}, ""),
    ({"StartDateTime": START, "EndDateTime": END, "DurationInMinutes": 30}, ""),
    ({"StartDateTime": END, "EndDateTime": START}, ""),
    ({"StartDateTime": START, "DurationInMinutes": 14 * 1440 + 1}, ""),
    ({"StartDateTime": "soon", "DurationInMinutes": 5}, "JSON_PARSER_ERROR"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_missing_and_contradicting_dates_are_refused(org, fields, code):
    """A timed event needs a start and an end or a duration that agree."""
    status, body = org("POST", "/sobjects/Event", fields)
    code = code or "FIELD_INTEGRITY_EXCEPTION"
    assert (status, body[0]["errorCode"]) == (400, code)


def test_an_all_day_event_is_dated_in_midnights(org):
    """It lasts one day unless told otherwise, and has no due time."""
    row = made(org, {"IsAllDayEvent": True, "ActivityDate": "2026-10-07"})
    assert row["StartDateTime"] == row["EndDateTime"] == "2026-10-07T00:00:00.000+0000"
    assert (row["DurationInMinutes"], row["ActivityDate"]) == (1440, "2026-10-07")
    assert row["ActivityDateTime"] is None
    two = {"IsAllDayEvent": True, "StartDateTime": START, "DurationInMinutes": 2880}
    assert made(org, two)["EndDate"] == "2026-10-08"


def test_a_moved_event_keeps_its_length(org):
    """A new start alone moves the end; a change of the subject moves nothing."""
    row = made(org, SAME[0])
    url = f"/sobjects/Event/{row['Id']}"
    org("PATCH", url, {"StartDateTime": "2026-10-08T10:00:00Z"})
    moved = org("GET", url)[1]
    assert moved["EndDateTime"] == "2026-10-08T10:45:00.000+0000"
    org("PATCH", url, {"Subject": "Other"})
    assert org("GET", url)[1]["EndDateTime"] == moved["EndDateTime"]


def archived(org, record_id):
    """Whether only queryAll shows an activity."""
    soql = f"SELECT Id FROM Event WHERE Id = '{record_id}'"
    assert org.query(soql, everything=True)[1]["totalSize"] == 1
    return org.query(soql)[1]["totalSize"] == 0


def test_a_new_subject_matter_takes_an_event_back_from_the_archive(org):
    """Until the archiver's next run; a new subject does not; old inserts go there."""
    old = (org.clock.now() - timedelta(days=400)).isoformat()
    event = made(org, {"StartDateTime": old, "DurationInMinutes": 30})["Id"]
    url = f"/sobjects/Event/{event}"
    assert not archived(org, event)
    assert org.control("archive") == {"archived": 1}
    assert archived(org, event)
    assert org("PATCH", url, {"Subject": "Other"})[0] == 204
    assert archived(org, event)
    assert org("PATCH", url, {"WhatId": org.ids["deal"]})[0] == 204
    assert not archived(org, event)
    org.control("archive")
    assert archived(org, event)
