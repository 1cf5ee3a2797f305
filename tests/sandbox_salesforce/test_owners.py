"""Owners in the simulated Salesforce: inactive users, queues."""

import pytest

from syncd.sandbox.salesforce.table import make_id

QUEUE, CLUB = make_id("00G", 1), make_id("00G", 2)


@pytest.fixture
def queues(org):
    """One queue that may own tasks and leads, one public group."""
    org.service.load(
        "Group",
        [
            {"Id": QUEUE, "Name": "Inbound", "Type": "Queue"},
            {"Id": CLUB, "Name": "Everybody", "Type": "Regular"},
        ],
    )
    for name in ("Task", "Lead"):
        org.service.load("QueueSobject", [{"QueueId": QUEUE, "SobjectType": name}])


OWNERS = [
    ("Task", {"Subject": "x"}, QUEUE, None),
    ("Lead", {"LastName": "L", "Company": "C"}, QUEUE, None),
    ("Case", {"Subject": "x"}, QUEUE, "INVALID_OPERATION"),
    ("Task", {"Subject": "x"}, CLUB, "INVALID_OPERATION"),
    ("Event", {"Subject": "x"}, QUEUE, "MALFORMED_ID"),
    ("Opportunity", {"Name": "x"}, QUEUE, "MALFORMED_ID"),
]


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(("name", "fields", "owner", "code"), OWNERS)
def test_a_queue_owns_what_it_is_set_up_for(org, name, fields, owner, code):
    """Tasks and leads may belong to a queue; events, deals and other objects not."""
    status, body = org("POST", f"/sobjects/{name}", {**fields, "OwnerId": owner})
    assert status == (400 if code else 201)
    assert code is None or body[0]["errorCode"] == code


@pytest.mark.usefixtures("queues")
def test_queues_and_what_they_own_can_be_queried(org):
    """Group has the type, QueueSobject the objects."""
    soql = "SELECT Id FROM Group WHERE Type = 'Queue'"
    assert [row["Id"] for row in org.query(soql)[1]["records"]] == [QUEUE]
    soql = f"SELECT SobjectType FROM QueueSobject WHERE QueueId = '{QUEUE}'"
    kinds = {row["SobjectType"] for row in org.query(soql)[1]["records"]}
    assert kinds == {"Task", "Lead"}


def test_rows_of_an_inactive_owner_may_be_closed_to_edits(org):
    """Without the permission an edit of another field fails; a new owner helps."""
    task = org.ids["task0"]
    org.service.load("Task", [{"Id": task, "OwnerId": org.ids["gone"]}])
    url = f"/sobjects/Task/{task}"
    assert org("PATCH", url, {"Subject": "a"})[0] == 204
    org.control("switch", inactive_owners_editable=False)
    status, body = org("PATCH", url, {"Subject": "b"})
    assert (status, body[0]["errorCode"]) == (400, "INACTIVE_OWNER_OR_USER")
    assert org.ids["gone"] in body[0]["message"]
    assert org("PATCH", url, {"OwnerId": org.ids["ann"]})[0] == 204
    assert org("PATCH", url, {"Subject": "b"})[0] == 204
