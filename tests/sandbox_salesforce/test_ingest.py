"""Bulk 2.0 ingest: a job's states, its rows, and what became of each."""

import csv
import io

import pytest

URL = "/jobs/ingest"


def _open(org, operation="insert", **more):
    status, job = org("POST", URL, {"object": "Task", "operation": operation, **more})
    assert (status, job["state"]) == (200, "Open")
    return f"{URL}/{job['id']}"


def _upload(org, url, text):
    return org.answer(
        "PUT", f"{url}/batches", text, headers={"content-type": "text/csv"}
    ).status


def _ingest(org, text, operation="insert", **more):
    """A job's path once it has ended."""
    url = _open(org, operation, **more)
    assert _upload(org, url, text) == 201
    assert org("PATCH", url, {"state": "UploadComplete"})[1]["state"] == (
        "UploadComplete"
    )
    states = [org("GET", url)[1]["state"] for _ in range(3)]
    assert states[:2] == ["UploadComplete", "InProgress"]
    return url


def _rows(org, url, which, delimiter=","):
    answer = org.answer("GET", f"{url}/{which}/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv"
    text = io.StringIO(answer.body.decode())
    return list(csv.DictReader(text, delimiter=delimiter))


def test_rows_succeed_and_fail_one_by_one(org):
    """Each row comes back with its own outcome, in no order; nothing is undone."""
    lines = [f"row {n},Completed" for n in range(30)] + [f"{'x' * 256},Completed"]
    url = _ingest(org, "\n".join(["Subject,Status", *lines]) + "\n")
    info = org("GET", url)[1]
    assert info["state"] == "JobComplete"
    assert info["numberRecordsProcessed"] == 31
    assert info["numberRecordsFailed"] == 1
    good = _rows(org, url, "successfulResults")
    assert {row["Subject"] for row in good} == {f"row {n}" for n in range(30)}
    assert [row["Subject"] for row in good] != [f"row {n}" for n in range(30)]
    assert {row["sf__Created"] for row in good} == {"true"}
    stored = org("GET", f"/sobjects/Task/{good[0]['sf__Id']}")[1]
    assert stored["Subject"] == good[0]["Subject"]
    (bad,) = _rows(org, url, "failedResults")
    assert bad["sf__Id"] == ""
    assert bad["sf__Error"].startswith("STRING_TOO_LONG:")
    assert bad["sf__Error"].endswith(":Subject --")
    for name in ("unprocessedrecords", "unprocessedRecords"):
        assert _rows(org, url, name) == []


def test_an_empty_cell_changes_nothing_and_na_empties(org):
    """The two cannot be told apart from one another in what was stored before."""
    task = org.ids["task0"]
    org("PATCH", f"/sobjects/Task/{task}", {"Type": "Call", "CallType": "Inbound"})
    text = f"Id,Type,CallType,CallDurationInSeconds\n{task},,#N/A,90\n"
    url = _ingest(org, text, "update")
    (row,) = _rows(org, url, "successfulResults")
    assert (row["sf__Id"], row["sf__Created"]) == (task, "false")
    stored = org("GET", f"/sobjects/Task/{task}")[1]
    assert (stored["Type"], stored["CallType"]) == ("Call", None)
    assert stored["CallDurationInSeconds"] == 90


def test_upsert_creates_and_changes_by_key(org):
    """A row of a known key changes its record; one without key fails."""
    org("PATCH", "/sobjects/Task/Syncd_Key__c/k1", {"Subject": "old"})
    text = "Syncd_Key__c,Subject\nK1,new\nk2,made\n,none\n"
    url = _ingest(org, text, "upsert", externalIdFieldName="Syncd_Key__c")
    made = {
        r["Subject"]: r["sf__Created"] for r in _rows(org, url, "successfulResults")
    }
    assert made == {"new": "false", "made": "true"}
    (bad,) = _rows(org, url, "failedResults")
    assert bad["sf__Error"].startswith("MISSING_ARGUMENT:")


def test_delete_takes_ids(org):
    """A second delete of one record fails."""
    task = org.ids["task0"]
    url = _ingest(org, f"Id\n{task}\n{task}\n", "delete")
    assert len(_rows(org, url, "successfulResults")) == 1
    (bad,) = _rows(org, url, "failedResults")
    assert bad["sf__Error"].startswith("ENTITY_IS_DELETED:")


@pytest.mark.parametrize(
    ("text", "operation", "problem"),
    [
        ("Subject,Nope\nx,y\n", "insert", "Field name not found : Nope"),
        ("Subject\nx\n", "update", "Field name not found : Id"),
        ("Id,Subject\nx,y\n", "delete", "Delete batch must contain only ids"),
        ("Subject\r\nx\r\n", "insert", "LineEnding is invalid"),
        ("Subject,Type\nx\n", "insert", "more or fewer cells"),
    ],
)
def test_a_table_that_cannot_be_read_fails_the_job(org, text, operation, problem):
    """Nothing is written; every row comes back as unprocessed."""
    url = _ingest(org, text, operation)
    info = org("GET", url)[1]
    assert info["state"] == "Failed"
    assert problem in info["errorMessage"]
    assert len(_rows(org, url, "unprocessedrecords")) == 1
    assert _rows(org, url, "successfulResults") == []
    assert not org.service.writes


def test_other_delimiters_and_line_endings_are_kept(org):
    """Results come as the upload did."""
    role = f"{org.ids['deal']};{org.ids['cy']}"
    lines = ["OpportunityId;ContactId;IsPrimary", f"{role};true", f"{role};maybe", ""]
    text = "\r\n".join(lines)
    more = {"columnDelimiter": "SEMICOLON", "lineEnding": "CRLF"}
    more["object"] = "OpportunityContactRole"
    url = _ingest(org, text, **more)
    (good,) = _rows(org, url, "successfulResults", ";")
    soql = "SELECT Id FROM OpportunityContactRole WHERE IsPrimary = true"
    assert org.query(soql)[1]["records"][0]["Id"] == good["sf__Id"]
    (bad,) = _rows(org, url, "failedResults", ";")
    assert bad["sf__Error"].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert b"\r\n" in org.answer("GET", f"{url}/successfulResults").body


def test_an_aborted_job_writes_nothing(org):
    """What was uploaded is unprocessed; the job cannot go on."""
    url = _open(org)
    _upload(org, url, "Subject\nx\n")
    assert org("PATCH", url, {"state": "Aborted"})[1]["state"] == "Aborted"
    assert org("PATCH", url, {"state": "UploadComplete"})[0] == 400
    assert len(_rows(org, url, "unprocessedrecords")) == 1
    assert not org.service.writes
    assert org("DELETE", url)[0] == 204
    assert org("GET", url)[0] == 404


def test_a_job_takes_one_upload_while_it_is_open(org):
    """A second one, another type and results too early are refused."""
    url = _open(org)
    assert org("PUT", f"{url}/batches", "x")[0] == 415
    assert _upload(org, url, "Subject\nx\n") == 201
    assert _upload(org, url, "Subject\ny\n") == 400
    assert org("GET", f"{url}/successfulResults")[0] == 400
    org("PATCH", url, {"state": "UploadComplete"})
    assert _upload(org, url, "Subject\ny\n") == 400
    assert org("DELETE", url)[0] == 400


def test_results_come_by_the_version_that_made_the_job(org):
    """Another version is told 409."""
    url = _ingest(org, "Subject\nx\n")
    other = f"/services/data/v61.0{url}/successfulResults"
    assert org("GET", other)[0] == 409


@pytest.mark.parametrize(
    "asked",
    [
        {"operation": "hardDelete"},
        {"operation": "nope"},
        {"operation": "insert", "object": "Nope"},
        {"operation": "insert", "columnDelimiter": "DOT"},
        {"operation": "upsert"},
        {"operation": "upsert", "externalIdFieldName": "Subject"},
    ],
)
def test_a_faulty_job_is_not_opened(org, asked):
    """An operation, object, delimiter or key that is not there."""
    assert org("POST", URL, {"object": "Task", **asked})[0] == 400
