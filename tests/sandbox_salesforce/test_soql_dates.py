"""Relative dates in queries: where each span begins and ends, in whose days."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from syncd.sandbox.salesforce.soql.dates import span

TUESDAY = date(2026, 10, 6)
SPANS = [
    ("TODAY", "2026-10-06", "2026-10-07"),
    ("yesterday", "2026-10-05", "2026-10-06"),
    ("TOMORROW", "2026-10-07", "2026-10-08"),
    ("THIS_WEEK", "2026-10-04", "2026-10-11"),
    ("LAST_WEEK", "2026-09-27", "2026-10-04"),
    ("NEXT_WEEK", "2026-10-11", "2026-10-18"),
    ("LAST_MONTH", "2026-09-01", "2026-10-01"),
    ("NEXT_MONTH", "2026-11-01", "2026-12-01"),
    ("THIS_QUARTER", "2026-10-01", "2027-01-01"),
    ("LAST_QUARTER", "2026-07-01", "2026-10-01"),
    ("THIS_YEAR", "2026-01-01", "2027-01-01"),
    ("LAST_N_DAYS:1", "2026-10-05", "2026-10-07"),
    ("LAST_90_DAYS", "2026-07-08", "2026-10-07"),
    ("NEXT_N_DAYS:2", "2026-10-07", "2026-10-09"),
    ("NEXT_90_DAYS", "2026-10-07", "2027-01-05"),
    ("N_DAYS_AGO:3", "2026-10-03", "2026-10-04"),
    ("LAST_N_WEEKS:2", "2026-09-20", "2026-10-04"),
    ("N_WEEKS_AGO:2", "2026-09-20", "2026-09-27"),
    ("LAST_N_MONTHS:11", "2025-11-01", "2026-10-01"),
    ("NEXT_N_MONTHS:3", "2026-11-01", "2027-02-01"),
    ("N_QUARTERS_AGO:4", "2025-10-01", "2026-01-01"),
    ("LAST_N_YEARS:2", "2024-01-01", "2026-01-01"),
]


@pytest.mark.parametrize(("literal", "first", "after"), SPANS)
def test_a_relative_date_means_a_span_of_days(literal, first, after):
    """Each literal begins and ends where the reference says."""
    found = span(literal, TUESDAY)
    assert (found.first.isoformat(), found.after.isoformat()) == (first, after)


def test_the_last_days_end_with_the_present_second():
    """An instant later today is not within the last days."""
    now = datetime(2026, 10, 6, 9, 15, 27, tzinfo=ZoneInfo("UTC"))
    _, after = span("LAST_N_DAYS:1", TUESDAY).instants(ZoneInfo("UTC"), now)
    assert after.isoformat() == "2026-10-06T09:15:28+00:00"


def test_days_are_those_of_the_running_users_zone(org):
    """At 09:15 UTC it is still yesterday evening in Honolulu."""
    row = org.service.tables.stored("Task")[org.ids["task0"]]
    row["CreatedDate"] = "2026-10-05T12:00:00.000+0000"
    soql = "SELECT Id FROM Task WHERE CreatedDate"
    others = {"task1", "task2"}
    assert org.names(f"{soql} = YESTERDAY") == ["task0"]
    assert set(org.names(f"{soql} = TODAY")) == others
    zone = {"Id": org.service.user_id, "TimeZoneSidKey": "Pacific/Honolulu"}
    org.service.load("User", [zone])
    assert set(org.names(f"{soql} = TODAY")) == {"task0", *others}
    row["CreatedDate"] = "2026-10-05T09:59:59.000+0000"
    assert org.names(f"{soql} = YESTERDAY") == ["task0"]
    assert org.names(f"{soql} < TODAY") == ["task0"]
    assert org.names(f"{soql} <= YESTERDAY") == ["task0"]
    assert set(org.names(f"{soql} >= TODAY")) == others
    assert set(org.names(f"{soql} > YESTERDAY")) == others
    assert set(org.names(f"{soql} != YESTERDAY")) == others


def test_a_date_without_time_is_compared_by_day(org):
    """Tasks due on the first of September lie in last month and not in this."""
    soql = "SELECT Id FROM Task WHERE ActivityDate"
    assert len(org.names(f"{soql} = LAST_MONTH")) == 3
    assert org.names(f"{soql} <= N_DAYS_AGO:36") == []
    assert len(org.names(f"{soql} <= N_DAYS_AGO:35")) == 3


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("Subject = TODAY", "INVALID_FIELD"),
        ("CreatedDate = LAST_N_DAYS", "MALFORMED_QUERY"),
        ("CreatedDate = TODAY:3", "MALFORMED_QUERY"),
        ("CreatedDate = THIS_FISCAL_YEAR", "MALFORMED_QUERY"),
        ("CreatedDate = LAST_N_DAYS:99999999999", "INVALID_QUERY_FILTER_OPERATOR"),
        ("ActivityDate > NEXT_N_YEARS:9000", "INVALID_QUERY_FILTER_OPERATOR"),
        ("ActivityDate = 2026-02-30", "INVALID_QUERY_FILTER_OPERATOR"),
        ("CreatedDate = 2026-10-06T25:00:00Z", "INVALID_QUERY_FILTER_OPERATOR"),
    ],
)
def test_faulty_relative_dates_are_refused(org, where, code):
    """On text, without or with a number too many, or fiscal without fiscal years."""
    assert org.error(f"SELECT Id FROM Task WHERE {where}") == code
