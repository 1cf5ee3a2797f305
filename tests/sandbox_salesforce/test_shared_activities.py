"""Several people on one activity: Shared Activities in the simulated Salesforce."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.sandbox.salesforce.table import make_id


@pytest.fixture
def shared(org):
    """The org with Shared Activities on, and a third contact."""
    org.control("switch", shared_activities=True)
    org.ids["ed"] = make_id("003", 7777)
    org.service.load("Contact", [{"Id": org.ids["ed"], "LastName": "Ed"}])
    return org


def task(org, **fields):
    """A new task's id; people are named by nickname."""
    status, body = org("POST", "/sobjects/Task", body_of(org, fields))
    assert status == 201, body
    return body["id"]


def body_of(org, fields):
    """Fields with ids in the place of nicknames."""

    def named(value):
        if isinstance(value, list):
            return [org.ids.get(one, one) for one in value]
        return org.ids.get(str(value), value)

    return {name: named(value) for name, value in fields.items()}


def seen(org, task_id):
    """Primary person, others, subject matter and counts of a task, by nickname."""
    nicks = {record_id: nick for nick, record_id in org.ids.items()}
    row = org("GET", f"/sobjects/Task/{task_id}")[1]
    soql = f"SELECT RelationId, IsWhat FROM TaskRelation WHERE TaskId = '{task_id}'"
    rows = org.query(soql)[1]["records"]
    people = {nicks[one["RelationId"]] for one in rows if not one["IsWhat"]}
    whats = [nicks[one["RelationId"]] for one in rows if one["IsWhat"]]
    assert row["WhoCount"] == len(people)
    assert row["WhatCount"] == len(whats)
    assert (whats or [None]) == [nicks.get(row["WhatId"])]
    primary = nicks.get(row["WhoId"])
    assert primary is None or primary in people
    return primary, people - {primary}


def test_without_the_switch_an_activity_has_one_person(org):
    """Neither the list, nor the counts, nor the relation object are there."""
    answer = org("POST", "/sobjects/Task", {"TaskWhoIds": [org.ids["cy"]]})
    assert answer[1][0]["errorCode"] == "INVALID_FIELD"
    assert org.error("SELECT WhoCount FROM Task") == "INVALID_FIELD"
    assert org.error("SELECT Id FROM TaskRelation") == "INVALID_TYPE"


def test_the_switch_shows_in_describe_and_gives_old_activities_their_rows(shared):
    """WhoCount and TaskRelation appear; who was on a task is related to it."""
    names = [f["name"] for f in shared("GET", "/sobjects/Task/describe")[1]["fields"]]
    assert {"WhoCount", "WhatCount"} <= set(names)
    assert shared("GET", "/sobjects/TaskRelation/describe")[0] == 200
    assert seen(shared, shared.ids["task1"]) == ("cy", set())
    assert seen(shared, shared.ids["task0"]) == (None, set())


CHANGES = [
    ({"WhoId": "ed"}, ("ed", {"cy", "di"})),
    ({"WhoId": "di"}, ("di", {"cy"})),
    ({"WhoId": None}, ("di", set())),
    ({"TaskWhoIds": ["di", "ed", "di"]}, ("di", {"ed"})),
    ({"TaskWhoIds": ["di"], "WhoId": "ed"}, ("ed", {"di"})),
    ({"TaskWhoIds": None}, ("cy", set())),
    ({"WhatId": None}, ("cy", {"di"})),
    ({"Subject": "x"}, ("cy", {"di"})),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES)
def test_who_is_primary_after_a_change(shared, change, expected):
    """From a task with cy as primary person, di beside, and the deal."""
    made = task(shared, TaskWhoIds=["cy", "di"], WhatId="deal")
    assert seen(shared, made) == ("cy", {"di"})
    url = f"/sobjects/Task/{made}"
    assert shared("PATCH", url, body_of(shared, change))[0] == 204
    assert seen(shared, made) == expected


def test_an_org_may_drop_the_former_primary_person(shared):
    """What a new WhoId does to it is not documented, so both can be had."""
    shared.control("switch", former_primary_stays=False)
    made = task(shared, TaskWhoIds=["cy", "di"])
    shared("PATCH", f"/sobjects/Task/{made}", {"WhoId": shared.ids["ed"]})
    assert seen(shared, made) == ("ed", {"di"})


def test_a_relation_added_by_itself_is_on_the_task(shared):
    """The first person becomes primary, further ones do not; stamps stay."""
    made = task(shared, Subject="x")
    stamp = shared("GET", f"/sobjects/Task/{made}")[1]["SystemModstamp"]
    shared.clock.advance(timedelta(minutes=1))
    for nick in ("di", "cy", "deal"):
        relation = {"TaskId": made, "RelationId": shared.ids[nick]}
        assert shared("POST", "/sobjects/TaskRelation", relation)[0] == 201
    assert seen(shared, made) == ("di", {"cy"})
    row = shared("GET", f"/sobjects/Task/{made}")[1]
    assert row["WhatId"] == shared.ids["deal"]
    assert row["AccountId"] == shared.ids["acme"]
    assert row["SystemModstamp"] == stamp


def relation_of(org, task_id, nick):
    """URL of a relation row."""
    soql = f"SELECT Id, RelationId FROM TaskRelation WHERE TaskId = '{task_id}'"
    for row in org.query(soql)[1]["records"]:
        if row["RelationId"] == org.ids[nick]:
            return f"/sobjects/TaskRelation/{row['Id']}"
    return ""


def test_without_its_primary_person_a_task_gets_another(shared):
    """Another one until nobody is left; a deleted relation leaves no trace."""
    made = task(shared, TaskWhoIds=["cy", "di"], WhatId="deal")
    assert shared("DELETE", relation_of(shared, made, "cy"))[0] == 204
    assert seen(shared, made) == ("di", set())
    assert shared("DELETE", relation_of(shared, made, "di"))[0] == 204
    assert shared("DELETE", relation_of(shared, made, "deal"))[0] == 204
    assert seen(shared, made) == (None, set())
    soql = f"SELECT Id FROM TaskRelation WHERE TaskId = '{made}'"
    assert shared.query(soql, everything=True)[1]["totalSize"] == 0


def test_a_task_relation_cannot_be_changed(shared):
    """It is made and deleted, never updated."""
    made = task(shared, TaskWhoIds=["cy", "di"])
    url = relation_of(shared, made, "di")
    answer = shared("PATCH", url, {"RelationId": shared.ids["ed"]})
    assert answer[1][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


CROWD = [make_id("003", 8000 + number) for number in range(51)]
REFUSED = [
    ({"TaskWhoIds": CROWD}, "FIELD_INTEGRITY_EXCEPTION"),
    ({"TaskWhoIds": ["lee", "cy"]}, "FIELD_INTEGRITY_EXCEPTION"),
    ({"TaskWhoIds": ["lee"], "WhatId": "deal"}, "FIELD_INTEGRITY_EXCEPTION"),
    ({"TaskWhoIds": ["deal"]}, "MALFORMED_ID"),
    ({"TaskWhoIds": CROWD[:50]}, None),
    ({"TaskWhoIds": ["lee"]}, None),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED)
def test_one_lead_or_fifty_contacts(shared, fields, code):
    """Other companies of people are refused whole."""
    shared.service.load("Contact", [{"Id": one, "LastName": "C"} for one in CROWD])
    before = shared.query("SELECT Id FROM Task")[1]["totalSize"]
    status, body = shared("POST", "/sobjects/Task", body_of(shared, fields))
    assert (body[0]["errorCode"] if status == 400 else None) == code
    after = shared.query("SELECT Id FROM Task")[1]["totalSize"]
    assert after - before == (code is None)


REFUSED_RELATIONS = [
    ("cy", "DUPLICATE_VALUE"),
    ("deal", "DUPLICATE_VALUE"),
    ("acme", "FIELD_INTEGRITY_EXCEPTION"),
    ("lee", "FIELD_INTEGRITY_EXCEPTION"),
    ("ann", "MALFORMED_ID"),
]


@pytest.mark.parametrize(("nick", "code"), REFUSED_RELATIONS)
def test_a_relation_that_a_task_cannot_have_is_refused(shared, nick, code):
    """Twice the same, a second subject matter, a lead beside a contact, a user."""
    made = task(shared, WhoId="cy", WhatId="deal")
    relation = {"TaskId": made, "RelationId": shared.ids[nick]}
    status, body = shared("POST", "/sobjects/TaskRelation", relation)
    assert (status, body[0]["errorCode"]) == (400, code)


def test_relations_go_and_come_back_with_their_task(shared):
    """Into the recycle bin and out of it."""
    made = task(shared, TaskWhoIds=["cy", "di"])
    soql = f"SELECT IsDeleted FROM TaskRelation WHERE TaskId = '{made}'"
    shared("DELETE", f"/sobjects/Task/{made}")
    rows = shared.query(soql, everything=True)[1]["records"]
    assert [row["IsDeleted"] for row in rows] == [True, True]
    shared.control("undelete", object="Task", id=made)
    assert shared.query(soql)[1]["totalSize"] == 2


def test_merged_contacts_are_on_a_task_once(shared):
    """Whether the loser was the primary person or another one."""
    tasks = [task(shared, TaskWhoIds=both) for both in (["cy", "di"], ["di", "cy"])]
    winner, loser = shared.ids["cy"], shared.ids["di"]
    shared.control("merge", object="Contact", id=winner, losers=[loser])
    assert [seen(shared, one) for one in tasks] == [("cy", set())] * 2


def test_a_converted_leads_task_is_related_to_contact_and_deal(shared):
    """Its relation rows move with WhoId and WhatId."""
    made = task(shared, WhoId="lee")
    shared.control(
        "convert_lead",
        id=shared.ids["lee"],
        contact=shared.ids["cy"],
        opportunity=shared.ids["deal"],
    )
    assert seen(shared, made) == ("cy", set())


def test_a_failed_batch_takes_relations_back(shared):
    """All or none includes what follows from a row."""
    good = {"attributes": {"type": "Task"}, "TaskWhoIds": [shared.ids["cy"]]}
    bad = {"attributes": {"type": "Task"}, "Nope": 1}
    before = shared.query("SELECT Id FROM TaskRelation")[1]["totalSize"]
    body = {"allOrNone": True, "records": [good, bad]}
    shared("POST", "/composite/sobjects", body)
    assert shared.query("SELECT Id FROM TaskRelation")[1]["totalSize"] == before


PEOPLE = st.sampled_from(("cy", "di", "ed", "lee"))
STEPS = st.one_of(
    st.tuples(st.just("WhoId"), st.none() | PEOPLE),
    st.tuples(st.just("WhatId"), st.sampled_from(("deal", "acme", None))),
    st.tuples(st.just("TaskWhoIds"), st.none() | st.lists(PEOPLE, max_size=3)),
    st.tuples(st.just("relate"), PEOPLE | st.sampled_from(("deal", "acme"))),
    st.tuples(st.just("unrelate"), PEOPLE | st.sampled_from(("deal", "acme"))),
    st.tuples(st.just("bin"), st.none()),
)


@given(stays=st.booleans(), steps=st.lists(STEPS, max_size=10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_an_activity_and_its_relation_rows_never_disagree(shared, stays, steps):
    """Primary person, subject matter and counts are those of the rows.

    That holds after every write, a refused one included; a lead is always alone.
    """
    before = shared.service.tables.snapshot()
    shared.control("switch", former_primary_stays=stays)
    made = task(shared, Subject="x")
    url = f"/sobjects/Task/{made}"
    for what, value in steps:
        if what == "relate":
            relation = {"TaskId": made, "RelationId": shared.ids[value]}
            shared("POST", "/sobjects/TaskRelation", relation)
        elif what == "unrelate":
            shared("DELETE", relation_of(shared, made, value) or "/none")
        elif what == "bin":
            shared("DELETE", url)
            shared.control("undelete", object="Task", id=made)
        else:
            shared("PATCH", url, body_of(shared, {what: value}))
        primary, others = seen(shared, made)
        if "lee" in {primary, *others}:
            assert not others
            assert shared("GET", url)[1]["WhatId"] is None
    shared.service.tables.restore(before)
