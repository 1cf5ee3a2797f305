"""Rows of the simulated Salesforce: what writes do, and how they are refused."""

from datetime import timedelta

import pytest

KEY = "/sobjects/Task/Syncd_Key__c"


def _code(answer):
    status, body = answer
    return status, body[0]["errorCode"]


REFUSED_TASKS = [
    ({"Nope": 1}, "INVALID_FIELD"),
    ({"IsClosed": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
    ({"Subject": "x" * 256}, "STRING_TOO_LONG"),
    ({"CallType": "Sideways"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ({"WhoId": "deal"}, "MALFORMED_ID"),
    ({"WhoId": "0035g00999999990AA"[:15]}, "INVALID_CROSS_REFERENCE_KEY"),
    ({"OwnerId": "gone"}, "INACTIVE_OWNER_OR_USER"),
    ({"WhoId": "lee", "WhatId": "deal"}, "FIELD_INTEGRITY_EXCEPTION"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED_TASKS)
def test_a_faulty_write_is_refused_whole(org, fields, code):
    """The code is the vendor's, and nothing is counted as written."""
    body = {name: org.ids.get(str(value), value) for name, value in fields.items()}
    assert _code(org("POST", "/sobjects/Task", body)) == (400, code)
    assert not org.service.writes


@pytest.mark.parametrize(
    ("name", "missing"), [("Contact", "LastName"), ("Opportunity", "StageName")]
)
def test_required_fields_are_named(org, name, missing):
    """A create without them says which are missing."""
    status, body = org("POST", f"/sobjects/{name}", {})
    assert status == 400
    assert body[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert missing in body[0]["fields"]


def test_create_read_change_delete_in_the_vendors_shapes(org):
    """201 with the id, 200 with the fields, 204 without body, then 404."""
    status, made = org("POST", "/sobjects/Task/", {"Subject": "New"})
    assert status == 201
    assert made == {"id": made["id"], "success": True, "errors": []}
    url = f"/sobjects/Task/{made['id'][:15]}"
    assert org("PATCH", url, {"Subject": None}) == (204, None)
    status, row = org("GET", f"{url}?fields=Subject,Status")
    assert (status, row["Subject"], row["Status"]) == (200, None, "Not Started")
    assert org("DELETE", url) == (204, None)
    assert _code(org("GET", url)) == (404, "ENTITY_IS_DELETED")
    assert org.service.writes[("Task", made["id"])] == 3


def test_a_write_of_nothing_new_bumps_the_stamps(org):
    """Identical values move SystemModstamp; a system job moves nothing else."""
    task = org.ids["task2"]
    org.clock.advance(timedelta(minutes=1))
    org("PATCH", f"/sobjects/Task/{task}", {"Subject": "Call 2"})
    row = org("GET", f"/sobjects/Task/{task}")[1]
    assert row["SystemModstamp"] == "2026-10-06T09:16:27.000+0000"
    org.clock.advance(timedelta(minutes=1))
    org.control("touch", object="Task", id=task)
    row = org("GET", f"/sobjects/Task/{task}")[1]
    assert row["SystemModstamp"] == "2026-10-06T09:17:27.000+0000"
    assert row["LastModifiedDate"] == "2026-10-06T09:16:27.000+0000"


def test_a_guarded_write_fails_once_the_record_has_changed(org):
    """If-Unmodified-Since has a resolution of one second; junk is refused."""
    url = f"/sobjects/Task/{org.ids['task0']}"
    guard = {"if-unmodified-since": "Tue, 06 Oct 2026 09:15:27 GMT"}
    assert org("PATCH", url, {"Subject": "a"}, headers=guard)[0] == 204
    assert org("PATCH", url, {"Subject": "b"}, headers=guard)[0] == 204
    org.clock.advance(timedelta(seconds=1))
    org.control("edit", object="Task", id=org.ids["task0"], fields={"Subject": "c"})
    assert org("PATCH", url, {"Subject": "d"}, headers=guard)[0] == 412
    junk = {"if-unmodified-since": "soon"}
    assert org("PATCH", url, {"Subject": "d"}, headers=junk)[0] == 400


def test_upsert_creates_once_then_updates(org):
    """201 then 200 for one key, letter case and percent-encoding aside."""
    status, first = org("PATCH", f"{KEY}/task%3Aa%2Fb", {"Subject": "x"})
    assert (status, first["created"]) == (201, True)
    status, second = org("PATCH", f"{KEY}/TASK%3Aa%2Fb", {"Subject": "y"})
    assert (status, second["created"], second["id"]) == (200, False, first["id"])
    assert _code(org("PATCH", f"{KEY}/z?updateOnly=true", {})) == (404, "NOT_FOUND")
    other = "/sobjects/Task/affectlayer__chorus_call_id__c/z"
    assert _code(org("PATCH", other, {})) == (404, "NOT_FOUND")


def test_the_loser_of_two_upserts_is_refused_once(org):
    """Someone else's record of the same key came first; trying again changes it."""
    rival = {"object": "Task", "field": "Syncd_Key__c", "value": "task:1"}
    org.control("outrun_upsert", **rival, fields={"Subject": "theirs"})
    answer = org("PATCH", f"{KEY}/task:1", {"Subject": "ours"})
    assert _code(answer) == (400, "DUPLICATE_VALUE")
    assert not org.service.writes
    (theirs,) = org.query("SELECT Id FROM Task WHERE Subject = 'theirs'")[1]["records"]
    assert theirs["Id"][:15] in answer[1][0]["message"]
    status, body = org("PATCH", f"{KEY}/task:1", {"Subject": "ours"})
    assert (status, body["id"], body["created"]) == (200, theirs["Id"], False)


def test_a_second_record_with_one_key_is_refused(org):
    """The key field is unique."""
    body = {"Subject": "x", "Syncd_Key__c": "task:1"}
    assert org("POST", "/sobjects/Task", body)[0] == 201
    answer = org("POST", "/sobjects/Task", body)
    assert _code(answer) == (400, "DUPLICATE_VALUE")


def test_closing_a_task_derives_what_follows(org):
    """IsClosed and CompletedDateTime follow Status, and go with it."""
    url = f"/sobjects/Task/{org.ids['task0']}"
    org("PATCH", url, {"Status": "Completed"})
    row = org("GET", url)[1]
    assert row["IsClosed"] is True
    assert row["CompletedDateTime"] == "2026-10-06T09:15:27.000+0000"
    assert row["AccountId"] == org.ids["acme"]
    org("PATCH", url, {"Status": "Not Started"})
    assert org("GET", url)[1]["CompletedDateTime"] is None


def test_a_new_stage_brings_flags_probability_and_history(org):
    """Moving the stage writes one snapshot; other edits write none."""
    url = f"/sobjects/Opportunity/{org.ids['deal']}"
    org("PATCH", url, {"StageName": "Won"})
    org("PATCH", url, {"NextStep": "Celebrate"})
    row = org("GET", url)[1]
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100)
    _, body = org.query("SELECT StageName, Probability FROM OpportunityHistory")
    assert [(r["StageName"], r["Probability"]) for r in body["records"]] == [
        ("Won", 100)
    ]


def test_roles_have_one_primary_and_vanish_when_deleted(org):
    """Duplicates are accepted; a direct delete leaves no trace, the parent's does."""
    role = {"OpportunityId": org.ids["deal"], "ContactId": org.ids["cy"]}
    made = [
        org("POST", "/sobjects/OpportunityContactRole", {**role, "IsPrimary": True})[1]
        for _ in range(3)
    ]
    soql = "SELECT Id, IsDeleted, IsPrimary FROM OpportunityContactRole"
    rows = org.query(soql)[1]["records"]
    assert [row["IsPrimary"] for row in rows].count(True) == 1
    org("DELETE", f"/sobjects/OpportunityContactRole/{made[0]['id']}")
    assert org.query(soql, everything=True)[1]["totalSize"] == 2
    org("DELETE", f"/sobjects/Opportunity/{org.ids['deal']}")
    rows = org.query(soql, everything=True)[1]["records"]
    assert [row["IsDeleted"] for row in rows] == [True, True]


def test_a_locked_account_holds_up_its_tasks(org):
    """Changing a task needs the account's lock; the next attempt gets it."""
    url = f"/sobjects/Task/{org.ids['task0']}"
    org.control("lock", id=org.ids["acme"], times=1)
    assert _code(org("PATCH", url, {"Type": "Call"})) == (400, "UNABLE_TO_LOCK_ROW")
    assert org("PATCH", url, {"Type": "Call"})[0] == 204


def test_the_orgs_automation_refuses_and_rewrites(org):
    """A validation rule stops a write; a trigger silently changes it."""
    url = f"/sobjects/Task/{org.ids['task0']}"
    rule = {"object": "Task", "field": "Subject"}
    org.control("add_validation_rule", **rule, pattern="bad.*", message="No.")
    org.control("add_trigger", **rule, pattern="(call)", replacement=r"[X] \1")
    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert _code(org("PATCH", url, {"Subject": "bad one"})) == (400, code)
    org("PATCH", url, {"Subject": "call"})
    assert org("GET", url)[1]["Subject"] == "[X] call"


def test_a_hidden_field_is_as_if_it_were_not_there(org):
    """Reads and writes of it are refused."""
    org.control("hide_field", object="Task", field="CallDisposition")
    assert org.error("SELECT CallDisposition FROM Task") == "INVALID_FIELD"
    answer = org("POST", "/sobjects/Task", {"CallDisposition": "x"})
    assert _code(answer) == (400, "INVALID_FIELD")
