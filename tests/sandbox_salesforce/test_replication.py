"""Lists of what was deleted or changed, and how far back they reach."""

from datetime import timedelta

import pytest

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.replication import deleted_between, updated_between

WINDOW = ("2026-10-06T09:00:00Z", "2026-10-06T09:20:30Z")


def test_deleted_and_updated_answer_for_a_window(org):
    """Seconds are cut off; too short or too old a window is refused."""
    org("DELETE", f"/sobjects/Task/{org.ids['task0']}")
    org("PATCH", f"/sobjects/Task/{org.ids['task1']}", {"Type": "Call"})
    org.clock.advance(timedelta(minutes=5))
    window = "start=2026-10-06T09:00:30%2B00:00&end=2026-10-06T09:20:30%2B00:00"
    gone = org("GET", f"/sobjects/Task/deleted/?{window}")[1]
    assert [row["id"] for row in gone["deletedRecords"]] == [org.ids["task0"]]
    assert gone["latestDateCovered"] == "2026-10-06T09:20:00.000+0000"
    changed = org("GET", f"/sobjects/Task/updated/?{window}")[1]
    assert changed["ids"] == [org.ids["task1"]]
    for start in ("2026-10-06T09:20:00Z", "2026-09-01T00:00:00Z", "soon"):
        old = f"start={start}&end=2026-10-06T09:20:30Z"
        status, body = org("GET", f"/sobjects/Task/deleted?{old}")
        assert (status, body[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")


@pytest.mark.parametrize("between", [deleted_between, updated_between])
def test_too_many_ids_are_refused(org, between):
    """The window has to be split."""
    for nick in ("task0", "task1"):
        org.control("edit", object="Task", id=org.ids[nick], fields={"Type": "Call"})
    if between is deleted_between:
        for nick in ("task0", "task1"):
            org.control("delete", object="Task", id=org.ids[nick])
    org.clock.advance(timedelta(minutes=5))
    between(org.service.tables, "Task", *WINDOW, most=2)
    with pytest.raises(RefusalError) as refused:
        between(org.service.tables, "Task", *WINDOW, most=1)
    assert refused.value.code == "EXCEEDED_ID_LIMIT"


def test_a_full_delete_log_forgets_after_two_hours(org):
    """Beyond 5,000 entries per licence a window further back is refused."""
    gone = {"IsDeleted": True, "SystemModstamp": "2026-10-06T08:00:00.000+0000"}
    org.service.load("Task", [gone] * 5000)
    url = "/sobjects/Task/deleted?start=2026-10-06T07:00:00Z&end=2026-10-06T09:00:00Z"
    assert len(org("GET", url)[1]["deletedRecords"]) == 5000
    org.service.load("Event", [gone])
    status, body = org("GET", url)
    assert (status, body[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
    body = org("GET", url.replace("T07:00", "T07:16"))[1]
    assert len(body["deletedRecords"]) == 5000
    assert body["earliestDateAvailable"] == "2026-10-06T07:15:00.000+0000"
