"""Writes of the simulated Outreach: resources, task actions, batches."""

import pytest

ROLE = {
    "type": "opportunityProspectRole",
    "attributes": {"role": "Evaluator"},
    "relationships": {
        "opportunity": {"data": {"type": "opportunity", "id": 1}},
        "prospect": {"data": {"type": "prospect", "id": 1}},
    },
}


def act(outreach, action, task=1, **params):
    """Do something to a task."""
    params = {f"actionParams[{name}]": value for name, value in params.items()}
    return outreach("POST", f"tasks/{task}/actions/{action}", **params)


@pytest.mark.parametrize(("refuses", "status"), [(False, 201), (True, 422)])
def test_second_roles_are_let_through_or_not(outreach, refuses, status):
    """By default nothing keeps a prospect's role from being made twice."""
    outreach.control("switch", refuse_duplicate_roles=refuses)
    assert outreach("POST", "opportunityProspectRoles", ROLE)[0] == 201
    assert outreach("POST", "opportunityProspectRoles", ROLE)[0] == status


def test_an_id_is_given_once(outreach):
    """A role that is made after the last one went is another one, by its id too."""
    ids = []
    for _ in range(2):
        _, body = outreach("POST", "opportunityProspectRoles", ROLE)
        ids.append(body["data"]["id"])
        outreach("DELETE", f"opportunityProspectRoles/{ids[-1]}")
    assert ids[0] != ids[1]


def test_roles_need_both_sides(outreach):
    """422 without one; 404 for one that is not there; 204 takes the prospect off."""
    half = {**ROLE, "relationships": {"prospect": ROLE["relationships"]["prospect"]}}
    refused = outreach("POST", "opportunityProspectRoles", half)
    assert refused == (422, "validationError")
    outreach.control("hide", type="opportunity", id=1)
    refused = outreach("POST", "opportunityProspectRoles", ROLE)
    assert refused == (404, "resourceNotFound")


@pytest.mark.parametrize(
    ("path", "attributes", "error"),
    [
        ("prospects/1", {"emails": ["p1@x.example"]}, "validationDuplicateValueError"),
        ("prospects/1", {"emails": ["P2@x.example"]}, "validationError"),
        ("prospects/1", {"emails": ["shut@out.example"]}, "validationError"),
        ("prospects/1", {"externalId": "x" * 256}, "validationDataTooLongError"),
        ("prospects/1", {"updatedAt": "2026-01-01T00:00:00Z"}, "validationError"),
        ("tasks/1", {"state": "complete"}, "validationError"),
    ],
)
def test_refused_changes(outreach, path, attributes, error):
    """No-ops, taken and excluded addresses, long text and read-only attributes."""
    outreach.control("exclude", emails=["shut@out.example"])
    kind = path.partition("s/")[0]
    data = {"type": kind, "id": 1, "attributes": attributes}
    assert outreach("PATCH", path, data) == (422, error)
    assert not outreach.service.writes


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tasks/1", "prospect"),
        ("tasks/1", "opportunity"),
        ("opportunities/1", "prospects"),
    ],
)
def test_some_relationships_are_read_only(outreach, path, name):
    """A task's people and deal, and the prospects of a deal, are set elsewhere."""
    kind = {"tasks": "task", "opportunities": "opportunity"}[path.partition("/")[0]]
    data = {"type": kind, "id": 1, "relationships": {name: {"data": None}}}
    assert outreach("PATCH", path, data) == (422, "validationError")


def test_a_relationship_to_null_is_cleared(outreach):
    """And only given fields change."""
    data = {"type": "prospect", "id": 1, "relationships": {"account": {"data": None}}}
    _, body = outreach("PATCH", "prospects/1", data)
    assert body["data"]["relationships"]["account"] == {"data": None}
    assert body["data"]["attributes"]["emails"] == ["p1@x.example"]


@pytest.mark.parametrize("status", [405, 404])
def test_calls_and_mailings_cannot_be_changed_but_by_switch(outreach, status):
    """Refused in either of two ways, and let through where an org allows it."""
    outreach.load("call", 1, {"outcome": "completed"})
    outreach.control("switch", refused_method_status=status)
    data = {"type": "call", "id": 1, "attributes": {"note": "x"}}
    assert outreach("PATCH", "calls/1", data)[0] == status
    outreach.control("switch", change_calls=True)
    assert outreach("PATCH", "calls/1", data)[0] == 200
    assert outreach.attributes("calls/1")["note"] == "x"


def test_a_call_is_logged_and_deleted_and_no_event_is_made(outreach):
    """Calls are posted with their fingerprint; the activity log is for reading."""
    call = {"type": "call", "attributes": {"vendorCallId": "k1", "note": "hello"}}
    status, body = outreach("POST", "calls", call)
    assert status == 201
    assert outreach("DELETE", f"calls/{body['data']['id']}")[0] == 204
    assert outreach("POST", "events", {"type": "event"})[0] == 405


def test_media_types_and_documents_matter(outreach):
    """415 on plain JSON, with its odd key; 400 on what is no document."""
    data = {"type": "prospect", "id": 1, "attributes": {"title": "x"}}
    plain = outreach("PATCH", "prospects/1", data, media="application/json")
    assert plain == (415, "unsupportedMediaType")
    assert b'"details"' in outreach.send("PATCH", "prospects/1", data, "x/y").body
    assert outreach("PATCH", "prospects/1", ["x"]) == (400, "badRequest")
    other = {**data, "id": 2}
    assert outreach("PATCH", "prospects/1", other) == (422, "validationError")


def test_a_mailing_that_is_made_counts_as_critical(outreach):
    """It would have been sent to a customer."""
    outreach("POST", "mailings", {"type": "mailing", "attributes": {"subject": "x"}})
    assert outreach.control("state")["critical"] == {"mails": 1}


# --- tasks ----------------------------------------------------------------------------


def test_a_task_stands_under_its_subject(outreach):
    """The subject alone is written; what it is of shows by itself."""
    subject = {"data": {"type": "opportunity", "id": 1}}
    data = {"type": "task", "attributes": {}, "relationships": {"subject": subject}}
    _, body = outreach("POST", "tasks", data)
    assert body["data"]["relationships"]["opportunity"] == subject
    assert body["data"]["attributes"]["state"] == "incomplete"


def test_completion_leaves_a_note_on_the_prospect(outreach):
    """Only an action completes a task."""
    assert act(outreach, "markComplete", completionNote="done")[0] == 200
    task = outreach.attributes("tasks/1")
    assert (task["state"], task["completed"]) == ("complete", True)
    assert task["completedAt"] == "2026-11-24T09:00:00.000Z"
    _, notes = outreach("GET", "prospectNotes", **{"filter[prospect][id]": "1"})
    assert notes["data"][0]["attributes"]["message"] == "done"


def test_meeting_in_person_is_logged_with_its_disposition(outreach):
    """And completes the task."""
    outreach.load("taskDisposition", 4, {"name": "Met"})
    assert act(outreach, "logMeetInPerson") == (400, "badRequest")
    wrong = act(outreach, "logMeetInPerson", taskDispositionId="9")
    assert wrong == (400, "badRequest")
    _, body = act(outreach, "logMeetInPerson", taskDispositionId="4")
    held = body["data"]["relationships"]["taskDisposition"]
    assert held == {"data": {"type": "taskDisposition", "id": 4}}
    assert outreach.attributes("tasks/1")["state"] == "complete"


@pytest.mark.parametrize(
    ("due", "params", "after"),
    [
        ("2026-11-01T00:00:00.000Z", {}, "2026-11-25T09:00:00.000Z"),
        ("2026-12-01T00:00:00.000Z", {}, "2026-12-02T00:00:00.000Z"),
        (None, {"dueAt": "2027-01-01T00:00:00Z"}, "2027-01-01T00:00:00.000Z"),
    ],
)
def test_snoozing_is_for_a_day(outreach, due, params, after):
    """From now or from when it was due, whichever is later."""
    outreach.control("edit", type="task", id=1, attributes={"dueAt": due})
    act(outreach, "snooze", **params)
    assert outreach.attributes("tasks/1")["dueAt"] == after


@pytest.mark.parametrize(
    ("action", "params", "name", "value"),
    [
        (
            "reschedule",
            {"dueAt": "2027-01-01T00:00:00+01:00"},
            "dueAt",
            "2026-12-31T23:00:00.000Z",
        ),
        ("updateNote", {"note": "call back"}, "note", "call back"),
        (
            "updateOpportunityAssociation",
            {"opportunityAssociation": "noop"},
            "opportunityAssociation",
            "noop",
        ),
    ],
)
def test_actions_set_what_they_are_named_for(outreach, action, params, name, value):
    """One attribute each."""
    assert act(outreach, action, **params)[0] == 200
    assert outreach.attributes("tasks/1")[name] == value
    assert outreach.service.writes == {("task", "1"): 1}


def test_a_rule_picks_the_tasks_opportunity(outreach):
    """The newest of its prospect's; no opportunity can be named."""
    outreach.load("opportunity", 2, {"createdAt": "2026-11-20T00:00:00.000Z"})
    for number in (1, 2):
        to = {"data": {"type": "opportunity", "id": number}}
        role = {**ROLE, "relationships": {**ROLE["relationships"], "opportunity": to}}
        outreach("POST", "opportunityProspectRoles", role)
    rule = {"opportunityAssociation": "recent_created"}
    _, body = act(outreach, "updateOpportunityAssociation", **rule)
    held = body["data"]["relationships"]["opportunity"]["data"]
    assert held == {"type": "opportunity", "id": 2}


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("reassignOwner", {}),
        ("reassignOwner", {"ownerId": "nobody"}),
        ("reassignOwner", {"ownerId": "99"}),
        ("reschedule", {"dueAt": "tomorrow"}),
        ("reschedule", {"dueAt": "2027-01-01T00:00:00"}),
        ("updateNote", {"note": "x", "loud": "yes"}),
        ("updateOpportunityAssociation", {"opportunityAssociation": "1"}),
        ("explode", {}),
    ],
)
def test_parameters_that_do_not_do(outreach, action, params):
    """400, and nothing has happened."""
    assert act(outreach, action, **params) == (400, "badRequest")
    assert not outreach.service.writes


def test_locked_users_are_let_through_and_counted(outreach):
    """Nothing refuses a user who has left; a careful client never names one."""
    act(outreach, "reassignOwner", ownerId="1")
    assert outreach.control("state")["critical"] == {}
    outreach.control("lock", id=1)
    assert outreach.attributes("users/1")["locked"] is True
    assert act(outreach, "reassignOwner", ownerId="1")[0] == 200
    owner = {"owner": {"data": {"type": "user", "id": 1}}}
    outreach(
        "PATCH", "prospects/1", {"type": "prospect", "id": 1, "relationships": owner}
    )
    assert outreach.control("state")["critical"] == {"assigned_to_locked_user": 2}


# --- batches --------------------------------------------------------------------------


def batch(outreach, action, attributes=None, **params):
    """Start a batch."""
    data = {"type": "batch", "attributes": attributes or {}}
    named = {f"actionParams{name}": value for name, value in params.items()}
    return outreach("POST", f"batches/actions/{action}", data, **named)


def state(outreach, number=1):
    """State of a batch."""
    return outreach.attributes(f"batches/{number}")["state"]


def test_a_batch_waits_for_confirmation_then_works(outreach):
    """Its steps take time; the records change in the last one."""
    wanted = {"ids": [1, 2], "tags": ["vip"]}
    status, body = batch(outreach, "prospectsAddTags", wanted)
    assert (status, body["data"]["attributes"]["state"]) == (200, "pending")
    confirm = "batches/1/actions/confirm"
    assert outreach("POST", confirm) == (422, "validationError")
    outreach.wait(seconds=1)
    assert state(outreach) == "confirming"
    wrong = outreach("POST", confirm, **{"actionParams[confirmedCount]": "3"})
    assert wrong == (422, "validationError")
    assert outreach("POST", confirm, **{"actionParams[confirmedCount]": "2"})[0] == 200
    assert "tags" not in outreach.attributes("prospects/1")
    outreach.wait(seconds=1)
    assert state(outreach) == "finished"
    assert outreach.attributes("prospects/1")["tags"] == ["vip"]
    assert "tags" not in outreach.attributes("prospects/3")


def test_a_batch_can_be_canceled(outreach):
    """Then nothing has changed, and it cannot be confirmed."""
    batch(outreach, "prospectsDestroyAll", {"ids": [1]})
    outreach.wait(seconds=1)
    assert outreach("POST", "batches/1/actions/cancel")[0] == 200
    outreach.wait(seconds=5)
    assert state(outreach) == "canceled"
    assert outreach("POST", "batches/1/actions/confirm")[0] == 422
    assert outreach("GET", "prospects/1")[0] == 200


def test_partial_failure_is_normal(outreach):
    """The batch finishes; its items say which records failed, and why."""
    outreach.control("protect", type="prospect", id=2)
    outreach.control("hide", type="prospect", id=3)
    wanted = {"ids": [1, 2, 3], "opportunityId": "1"}
    batch(
        outreach, "prospectsAssignOpportunity", wanted, **{"[skipConfirmation]": "true"}
    )
    outreach.wait(seconds=1)
    outreach("GET", "batches/1")
    outreach.wait(seconds=1)
    done = outreach.attributes("batches/1")
    assert (done["state"], done["total"], done["failures"]) == ("finished", 3, 2)
    _, items = outreach("GET", "batchItems", **{"filter[batch][id]": "1"})
    failed = [one["attributes"] for one in items["data"] if one["attributes"]["failed"]]
    assert [one["data"] for one in failed] == ["2", "3"]
    assert all(one["info"] for one in failed)
    _, roles = outreach("GET", "opportunityProspectRoles")
    assert len(roles["data"]) == 1


def test_records_changed_together_share_their_stamp(outreach):
    """A bulk edit gives many rows one ``updatedAt``."""
    more = {"[skipConfirmation]": "true", "[filter][id][lte]": "60"}
    batch(outreach, "prospectsBulkModify", {"title": "CTO"}, **more)
    for _ in range(2):
        outreach.wait(seconds=1)
        outreach("GET", "batches/1")
    changed = {"filter[title]": "CTO", "page[size]": "100"}
    _, page = outreach("GET", "prospects", **changed)
    assert len(page["data"]) == 60
    assert len({one["attributes"]["updatedAt"] for one in page["data"]}) == 1


def test_a_batch_without_filter_hits_everything_and_is_critical(outreach):
    """The counter is what a test of a client asserts to be empty."""
    batch(outreach, "prospectsDestroyAll", {"ids": [1]})
    batch(outreach, "prospectsAddTags", {"tags": ["x"]}, **{"[filter][id][]": "1"})
    assert outreach.control("state")["critical"] == {}
    _, body = batch(outreach, "prospectsDestroyAll")
    assert body["data"]["attributes"]["total"] == 120
    assert outreach.control("state")["critical"] == {"batch_over_everything": 1}


@pytest.mark.parametrize(
    ("action", "attributes", "answer"),
    [
        ("prospectsAssignOwner", {"ids": [1]}, (422, "validationError")),
        ("prospectsExplode", {"ids": [1]}, (404, "resourceNotFound")),
    ],
)
def test_batches_that_cannot_do(outreach, action, attributes, answer):
    """What an action needs must be there, and so must the action."""
    assert batch(outreach, action, attributes) == answer


def test_batches_need_both_scopes(outreach):
    """Their own, and the one of the records."""
    outreach.control("scopes", scopes=["batches.write"])
    outreach.token = outreach.grant()[1]["access_token"]
    refused = batch(outreach, "prospectsAddTags", {"ids": [1], "tags": ["x"]})
    assert refused == (403, "unauthorizedOauthScope")
