"""Collections, pages, bulk queries, the bin, merges and what comes late."""

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
    url = f"/composite/sobjects/Task?ids={two},{one}&fields=Subject"
    assert [row["Subject"] for row in org("GET", url)[1]] == ["Call 1", "many"]
    too_many = {"ids": [one] * 2001, "fields": ["Subject"]}
    assert org("POST", "/composite/sobjects/Task", too_many)[0] == 400
    gone = org("DELETE", f"/composite/sobjects?ids={one},{two}")[1]
    assert [row["success"] for row in gone] == [True, True]


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
    assert org("GET", f"{url}/results?maxRecords=many")[0] == 400
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


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Task LIMIT 9 OFFSET 5",
        "SELECT COUNT() FROM Task",
        "SELECT MAX(CreatedDate) FROM Task",
        "SELECT Status FROM Task GROUP BY Status",
        "SELECT TYPEOF What WHEN Account THEN Name END FROM Task",
        "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
    ],
)
def test_bulk_queries_know_less_than_others(org, soql):
    """The same query is answered by REST and refused in bulk."""
    assert org.query(soql)[0] == 200
    refused = {"operation": "query", "query": soql}
    assert org("POST", "/jobs/query", refused)[0] == 400


def test_bulk_results_come_in_no_order(org):
    """Neither insertion nor ids give it, unless the query asks for an order."""
    _fill(org, 30)
    job = {"operation": "query", "query": "SELECT Id FROM Task"}
    url = f"/jobs/query/{org('POST', '/jobs/query', job)[1]['id']}"
    for _ in range(3):
        org("GET", url)
    ids = org.answer("GET", f"{url}/results").body.decode().split()[1:]
    ids = [one.strip('"') for one in ids]
    inserted = list(org.service.tables.stored("Task"))
    assert sorted(ids) == sorted(inserted)
    assert ids not in (sorted(inserted), inserted)


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
