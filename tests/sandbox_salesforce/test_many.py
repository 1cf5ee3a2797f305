"""Collections, composite requests, pages, bulk queries, replication and the bin."""

from datetime import timedelta

import pytest

SUBJECTS = "SELECT Id, Subject FROM Task WHERE Subject LIKE 'many%'"


def _tasks(*subjects):
    return [{"attributes": {"type": "Task"}, "Subject": text} for text in subjects]


def test_a_collection_keeps_order_and_reports_each_row(org):
    """One refusal leaves the others written; its key is statusCode."""
    body = {"records": _tasks("many 1", "x" * 256, "many 2")}
    status, rows = org("POST", "/composite/sobjects", body)
    assert status == 200
    assert [row["success"] for row in rows] == [True, False, True]
    assert rows[1]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert org.query(SUBJECTS)[1]["totalSize"] == 2


def test_all_or_none_takes_everything_back(org):
    """Innocent rows report that they are victims, and nothing counts as written."""
    body = {"allOrNone": True, "records": _tasks("many 1", "x" * 256)}
    _, rows = org("POST", "/composite/sobjects", body)
    codes = [row["errors"][0]["statusCode"] for row in rows]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert org.query(SUBJECTS)[1]["totalSize"] == 0
    assert not org.service.writes


@pytest.mark.parametrize(
    "records",
    [
        _tasks(*["x"] * 201),
        [{"attributes": {"type": t}} for t in ("Task", "Event") * 6],
    ],
    ids=["201 rows", "12 runs of types"],
)
def test_a_collection_has_limits(org, records):
    """Two hundred rows, ten runs of one type."""
    assert org("POST", "/composite/sobjects", {"records": records})[0] == 400


def test_rows_are_updated_upserted_read_and_deleted_together(org):
    """The other collection calls do what their single forms do."""
    one, two = org.ids["task0"], org.ids["task1"]
    change = {"attributes": {"type": "Task"}, "id": one, "Subject": "many"}
    assert org("PATCH", "/composite/sobjects", {"records": [change]})[1][0]["success"]
    put = {"attributes": {"type": "Task"}, "Syncd_Key__c": "k", "Subject": "many"}
    url = "/composite/sobjects/Task/Syncd_Key__c"
    created = [org("PATCH", url, {"records": [put]})[1][0]["created"] for _ in range(2)]
    assert created == [True, False]
    body = {"ids": [one, "00T000000000000", two], "fields": ["Subject"]}
    rows = org("POST", "/composite/sobjects/Task", body)[1]
    assert [row and row["Subject"] for row in rows] == ["many", None, "Call 1"]
    gone = org("DELETE", f"/composite/sobjects?ids={one},{two}")[1]
    assert [row["success"] for row in gone] == [True, True]


def _composite(org, *, subject, whole=True):
    root = "/services/data/v62.0/sobjects/Task"
    parts = [
        {
            "method": "POST",
            "url": root,
            "referenceId": "made",
            "body": {"Subject": "many 1"},
        },
        {
            "method": "PATCH",
            "url": root + "/@{made.id}",
            "referenceId": "changed",
            "body": {"Subject": subject},
        },
    ]
    body = {"allOrNone": whole, "compositeRequest": parts}
    answer = org("POST", "/composite", body)[1]["compositeResponse"]
    return [part["httpStatusCode"] for part in answer], answer


def test_composite_parts_refer_to_earlier_ones_and_count_as_one_call(org):
    """The second part changes what the first made."""
    before = org.service.calls
    assert _composite(org, subject="many 2")[0] == [201, 204]
    assert org.service.calls == before + 1
    assert org.query(SUBJECTS)[1]["records"][0]["Subject"] == "many 2"


def test_a_failed_composite_is_rolled_back_and_names_its_cause(org):
    """Only the cause carries a code of its own."""
    statuses, answer = _composite(org, subject="x" * 256)
    assert statuses == [400, 400]
    codes = [part["body"][0]["errorCode"] for part in answer]
    assert codes == ["PROCESSING_HALTED", "STRING_TOO_LONG"]
    assert org.query(SUBJECTS)[1]["totalSize"] == 0
    assert _composite(org, subject="x" * 256, whole=False)[0] == [201, 400]


def test_a_batch_halts_on_demand(org):
    """Parts after the failure are not run."""
    parts = [{"method": "GET", "url": "v62.0/sobjects/Task/00T000000000000"}] * 2
    answer = org(
        "POST", "/composite/batch", {"haltOnError": True, "batchRequests": parts}
    )
    assert [one["statusCode"] for one in answer[1]["results"]] == [404, 412]


def _fill(org, count=450):
    rows = [{"Subject": f"many {n}", "Status": "Completed"} for n in range(count)]
    org.service.load("Task", rows)


def test_pages_follow_each_other_by_path(org):
    """Every row comes once, 200 at a time at least."""
    _fill(org)
    small = {"sforce-query-options": "batchSize=1"}
    status, page = org("GET", "/query?q=SELECT+Id+FROM+Task", headers=small)
    seen, sizes = [], []
    while True:
        assert status == 200
        seen += [row["Id"] for row in page["records"]]
        sizes.append(len(page["records"]))
        if page["done"]:
            break
        status, page = org("GET", page["nextRecordsUrl"])
    assert sizes == [200, 200, 53]
    assert len(set(seen)) == page["totalSize"] == 453


def test_cursors_belong_to_their_session_and_are_ten_at_most(org):
    """The eleventh closes the first; a new session cannot go on with an old one."""
    _fill(org)
    small = {"sforce-query-options": "batchSize=200"}
    urls = [
        org("GET", "/query?q=SELECT+Id+FROM+Task", headers=small)[1]["nextRecordsUrl"]
        for _ in range(11)
    ]
    status, body = org("GET", urls[0])
    assert (status, body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert org("GET", urls[1])[0] == 200
    org.control("expire_tokens")
    assert org("GET", urls[1])[0] == 401
    org.login()
    status, body = org("GET", urls[1])
    assert (status, body[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_a_bulk_query_lives_through_its_states(org):
    """Results come as CSV in parts; the last locator is the word null."""
    soql = "SELECT Id, Subject, IsClosed FROM Task ORDER BY Subject"
    job = {"operation": "query", "query": soql}
    made = org("POST", "/jobs/query", job)[1]
    url = f"/jobs/query/{made['id']}"
    states = [org("GET", url)[1]["state"] for _ in range(3)]
    assert states == ["UploadComplete", "InProgress", "JobComplete"]
    first = org.answer("GET", f"{url}/results?maxRecords=2")
    assert first.headers["Sforce-Locator"] == "2"
    last = org.answer("GET", f"{url}/results?maxRecords=2&locator=2")
    assert last.headers["Sforce-Locator"] == "null"
    lines = last.body.decode().splitlines()
    assert lines == [
        '"Id","Subject","IsClosed"',
        f'"{org.ids["task2"]}","Call 2","true"',
    ]
    other = url.replace("/jobs", "/services/data/v61.0/jobs")
    assert org("GET", f"{other}/results")[0] == 409
    refused = {"operation": "query", "query": "SELECT Id FROM Task OFFSET 5"}
    assert org("POST", "/jobs/query", refused)[0] == 400


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


def test_the_bin_keeps_a_row_until_it_is_purged(org):
    """Deleted rows show in queryAll, come back under the same id, or vanish."""
    soql, task = "SELECT Id FROM Task WHERE Subject = 'Call 0'", org.ids["task0"]
    org.control("delete", object="Task", id=task)
    assert org.names(soql) == []
    assert org.names(soql, everything=True) == ["task0"]
    org.control("undelete", object="Task", id=task)
    assert org.names(soql) == ["task0"]
    org.control("purge", object="Task", id=task)
    assert org.names(soql, everything=True) == []
    assert not org.service.writes


def test_a_merge_moves_what_pointed_at_the_loser(org):
    """The loser is deleted and names its winner; tasks follow."""
    cy, di = org.ids["cy"], org.ids["di"]
    org.control("merge", object="Contact", id=di, losers=[cy])
    assert org.names(f"SELECT Id FROM Task WHERE WhoId = '{di}'") == ["task1"]
    soql = "SELECT Id FROM Contact WHERE IsDeleted = true AND MasterRecordId = "
    assert org.names(f"{soql}'{di}'", everything=True) == ["cy"]


def test_a_converted_lead_hands_over_its_activities(org):
    """WhoId changes from the lead to the contact."""
    lee, cy, deal = org.ids["lee"], org.ids["cy"], org.ids["deal"]
    made = org("POST", "/sobjects/Task", {"Subject": "hi", "WhoId": lee})[1]["id"]
    org.control("convert_lead", id=lee, contact=cy, opportunity=deal)
    row = org("GET", f"/sobjects/Task/{made}")[1]
    assert (row["WhoId"], row["WhatId"]) == (cy, deal)
    assert org.names("SELECT Id FROM Lead WHERE IsConverted = true") == ["lee"]


def test_the_archiver_takes_old_closed_activities(org):
    """They leave query, stay in queryAll, and can still be changed."""
    org.clock.advance(timedelta(days=400))
    assert org.control("archive") == {"archived": 1}
    org.login()
    soql = "SELECT Id FROM Task WHERE IsClosed = true"
    assert org.names(soql) == []
    assert org.names(soql, everything=True) == ["task2"]
    url = f"/sobjects/Task/{org.ids['task2']}"
    assert org("PATCH", url, {"Subject": "old"})[0] == 204


def test_a_late_commit_appears_behind_the_newest_stamp(org):
    """A row stamped now becomes visible only later, with its old stamp."""
    made = org.control("insert", object="Task", fields={"Subject": "many"})["id"]
    org.control("delay_commit", id=made, seconds=60)
    assert org.query(SUBJECTS)[1]["totalSize"] == 0
    org.clock.advance(timedelta(seconds=61))
    assert org.query(SUBJECTS)[1]["totalSize"] == 1
    assert org("GET", f"/sobjects/Task/{made}")[1]["SystemModstamp"].startswith(
        "2026-10-06T09:15:27"
    )
