"""Invitees, child events and private events in the simulated Salesforce."""

from datetime import timedelta

import pytest

from syncd.sandbox.salesforce.table import make_id

WHEN = {"StartDateTime": "2026-10-07T10:00:00Z", "DurationInMinutes": 45}


@pytest.fixture
def guests(org):
    """Two active users beside ann."""
    for number, nick in enumerate(("bob", "eve")):
        org.ids[nick] = make_id("005", 7000 + number)
        row = {"Id": org.ids[nick], "Name": nick, "IsActive": True}
        org.service.load("User", [row])


def event(org, **fields):
    """A new event's id."""
    status, body = org("POST", "/sobjects/Event", {**WHEN, **fields})
    assert status == 201, body
    return body["id"]


def children(org, subject, *, everything=False):
    """Child events of that subject."""
    soql = f"SELECT Id, OwnerId, StartDateTime, WhatId FROM Event \
        WHERE IsChild = true AND Subject = '{subject}' ORDER BY OwnerId"
    return org.query(soql, everything=everything)[1]["records"]


@pytest.fixture
def meeting(org, guests):
    """An event about the deal with two invited users and an invited contact."""
    lists = {
        "AcceptedEventInviteeIds": [org.ids["bob"]],
        "UndecidedEventInviteeIds": [org.ids["eve"], org.ids["cy"]],
    }
    return event(org, Subject="Demo", WhatId=org.ids["deal"], **lists)


def test_each_invited_user_has_a_child_event(org, meeting):
    """One parent, one copy per user, one relation per invitee, none for contacts."""
    copies = children(org, "Demo")
    assert {row["OwnerId"] for row in copies} == {org.ids["bob"], org.ids["eve"]}
    assert {row["WhatId"] for row in copies} == {org.ids["deal"]}
    parent = org("GET", f"/sobjects/Event/{meeting}")[1]
    assert (parent["IsGroupEvent"], parent["GroupEventType"]) == (True, "1")
    soql = "SELECT EventId, RelationId, Status, IsInvitee FROM EventRelation"
    rows = org.query(soql)[1]["records"]
    assert {row["EventId"] for row in rows} == {meeting}
    assert {row["RelationId"]: row["Status"] for row in rows} == {
        org.ids["bob"]: "Accepted",
        org.ids["eve"]: "New",
        org.ids["cy"]: "New",
    }


def test_child_events_follow_their_parent(org, meeting):
    """Edits, deletion and return from the bin."""
    org.clock.advance(timedelta(minutes=1))
    url = f"/sobjects/Event/{meeting}"
    change = {"Subject": "Later", "StartDateTime": "2026-10-08T10:00:00Z"}
    assert org("PATCH", url, change)[0] == 204
    starts = [row["StartDateTime"] for row in children(org, "Later")]
    assert starts == ["2026-10-08T10:00:00.000+0000"] * 2
    org("DELETE", url)
    assert children(org, "Later") == []
    org.control("undelete", object="Event", id=meeting)
    assert len(children(org, "Later")) == 2


def test_of_a_child_event_only_the_reminder_can_be_changed(org, meeting):
    """It can be deleted, though."""
    url = f"/sobjects/Event/{children(org, 'Demo')[0]['Id']}"
    assert org("PATCH", url, {"IsReminderSet": True})[0] == 204
    status, body = org("PATCH", url, {"WhatId": None, "IsReminderSet": True})
    code = "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert (status, body[0]["errorCode"]) == (400, code)
    assert body[0]["fields"] == ["WhatId"]
    assert org("DELETE", url)[0] == 204


def test_without_the_invitation_the_child_event_is_gone(org, meeting):
    """By the relation or by the list; the last one leaves no group event."""
    soql = f"SELECT Id FROM EventRelation WHERE RelationId = '{org.ids['bob']}'"
    (row,) = org.query(soql)[1]["records"]
    assert org("DELETE", f"/sobjects/EventRelation/{row['Id']}")[0] == 204
    assert [one["OwnerId"] for one in children(org, "Demo")] == [org.ids["eve"]]
    url = f"/sobjects/Event/{meeting}"
    assert org("PATCH", url, {"UndecidedEventInviteeIds": []})[0] == 204
    assert children(org, "Demo") == []
    assert org("GET", url)[1]["IsGroupEvent"] is False


def test_an_answer_changes_the_status_of_the_invitation(org, meeting):
    """Through the relation row, whose status can be updated."""
    soql = f"SELECT Id FROM EventRelation WHERE RelationId = '{org.ids['cy']}'"
    (row,) = org.query(soql)[1]["records"]
    url = f"/sobjects/EventRelation/{row['Id']}"
    assert org("PATCH", url, {"Status": "Declined"})[0] == 204
    assert org("GET", url)[1]["Status"] == "Declined"


def test_nobody_is_invited_twice_or_to_a_child_event(org, meeting):
    """Both are refused."""
    relation = {"EventId": meeting, "RelationId": org.ids["bob"]}
    answer = org("POST", "/sobjects/EventRelation", relation)
    assert answer[1][0]["errorCode"] == "DUPLICATE_VALUE"
    child = children(org, "Demo")[0]["Id"]
    relation = {"EventId": child, "RelationId": org.ids["ann"]}
    answer = org("POST", "/sobjects/EventRelation", relation)
    assert answer[1][0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


def test_the_key_of_an_event_stays_with_the_parent(org, guests):
    """Else an upsert by it would find several records."""
    invited = {"UndecidedEventInviteeIds": [org.ids["bob"]]}
    event(org, Subject="Keyed", Syncd_Key__c="event:1", **invited)
    url = "/sobjects/Event/Syncd_Key__c/event%3A1"
    assert org("PATCH", url, {"Location": "here"})[0] == 200


PRIVATE = [{"WhoId": "cy"}, {"WhatId": "deal"}, {"EventWhoIds": ["cy"]}]


@pytest.mark.parametrize("fields", PRIVATE)
def test_a_private_event_refuses_relations(org, fields):
    """On create, on update, by list and by relation row; publicity lifts it."""
    org.control("switch", shared_activities=True)
    body = {
        name: [org.ids[one] for one in value]
        if isinstance(value, list)
        else org.ids[value]
        for name, value in fields.items()
    }
    status, answer = org("POST", "/sobjects/Event", {**WHEN, "IsPrivate": True, **body})
    assert (status, answer[0]["errorCode"]) == (400, "FIELD_INTEGRITY_EXCEPTION")
    url = f"/sobjects/Event/{event(org, IsPrivate=True)}"
    assert org("PATCH", url, body)[1][0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    relation = {"EventId": url[-18:], "RelationId": org.ids["cy"], "IsParent": True}
    answer = org("POST", "/sobjects/EventRelation", relation)
    assert answer[1][0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert org("PATCH", url, {"IsPrivate": False, **body})[0] == 204


def test_shared_events_tell_people_and_invitees_apart(org, guests):
    """EventWhoIds makes parent relations; invitees are no people of the event."""
    org.control("switch", shared_activities=True)
    people = [org.ids["cy"], org.ids["di"]]
    invited = {"UndecidedEventInviteeIds": [org.ids["bob"], org.ids["di"]]}
    made = event(org, Subject="Both", EventWhoIds=people, **invited)
    row = org("GET", f"/sobjects/Event/{made}")[1]
    assert (row["WhoId"], row["WhoCount"]) == (org.ids["cy"], 2)
    soql = f"SELECT RelationId, IsParent, IsInvitee FROM EventRelation \
        WHERE EventId = '{made}'"
    rows = org.query(soql)[1]["records"]
    assert sorted(r["RelationId"] for r in rows if r["IsParent"]) == sorted(people)
    assert sum(r["IsInvitee"] for r in rows) == 2
    assert len(children(org, "Both")) == 1
