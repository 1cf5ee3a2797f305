"""Fields that the simulated Salesforce works out, and stamps that do not move."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DEAL = "LastActivityDate, HasOpenActivity, HasOverdueTask, ContactId, SystemModstamp"


def deal(org):
    """The deal as a query shows it."""
    soql = f"SELECT {DEAL} FROM Opportunity WHERE Id = '{org.ids['deal']}'"
    return org.query(soql)[1]["records"][0]


def test_an_opportunity_shows_its_activities_without_moving_its_stamps(org):
    """An open task makes it overdue; closed, it dates the last activity."""
    before = deal(org)
    assert (before["HasOpenActivity"], before["HasOverdueTask"]) == (True, True)
    assert before["LastActivityDate"] is None
    org.clock.advance(timedelta(minutes=1))
    org("PATCH", f"/sobjects/Task/{org.ids['task0']}", {"Status": "Completed"})
    after = deal(org)
    assert (after["HasOpenActivity"], after["HasOverdueTask"]) == (False, False)
    assert after["LastActivityDate"] == "2026-09-01"
    assert after["SystemModstamp"] == before["SystemModstamp"]


def test_a_future_event_is_open_and_counts_as_the_last_activity(org):
    """The latest date wins; once the event is deleted, it no longer counts."""
    fields = {"WhatId": org.ids["deal"], "WhoId": org.ids["cy"]}
    when = {"StartDateTime": "2026-11-05T10:00:00Z", "DurationInMinutes": 30}
    event = org("POST", "/sobjects/Event", {**fields, **when})[1]["id"]
    assert deal(org)["LastActivityDate"] == "2026-11-05"
    for name, nick in (("Account", "acme"), ("Contact", "cy")):
        url = f"/sobjects/{name}/{org.ids[nick]}?fields=LastActivityDate"
        assert org("GET", url)[1]["LastActivityDate"] == "2026-11-05"
    org("DELETE", f"/sobjects/Event/{event}")
    assert deal(org)["LastActivityDate"] is None


def test_time_alone_makes_a_task_overdue(org):
    """No write is needed."""
    org("PATCH", f"/sobjects/Task/{org.ids['task0']}", {"ActivityDate": "2026-10-06"})
    assert deal(org)["HasOverdueTask"] is False
    org.clock.advance(timedelta(days=1))
    assert deal(org)["HasOverdueTask"] is True


@pytest.mark.parametrize("field", ["HasOpenActivity", "HasOverdueTask"])
def test_these_flags_can_be_read_but_not_filtered(org, field):
    """Describe says so, and a condition is refused."""
    soql = f"SELECT Id FROM Opportunity WHERE {field} = true"
    assert org.error(soql) == "INVALID_FIELD"


def test_the_contact_of_an_opportunity_mirrors_its_primary_role(org):
    """Given on create, it makes a primary role; afterwards it only follows."""
    fields = {"Name": "New", "StageName": "Discovery", "CloseDate": "2026-12-31"}
    contact = {"ContactId": org.ids["cy"]}
    made = org("POST", "/sobjects/Opportunity", {**fields, **contact})[1]["id"]
    url = f"/sobjects/Opportunity/{made}"
    assert org("GET", url)[1]["ContactId"] == org.ids["cy"]
    soql = f"SELECT Role, IsPrimary FROM OpportunityContactRole \
        WHERE OpportunityId = '{made}'"
    (role,) = org.query(soql)[1]["records"]
    assert (role["Role"], role["IsPrimary"]) == (None, True)
    status, body = org("PATCH", url, contact)
    assert (status, body[0]["errorCode"]) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    role = {"OpportunityId": made, "ContactId": org.ids["di"], "IsPrimary": True}
    org("POST", "/sobjects/OpportunityContactRole", role)
    assert org("GET", url)[1]["ContactId"] == org.ids["di"]


def test_completion_is_dated_anew_by_another_closed_status(org):
    """Saving the same closed status keeps the date, another one resets it."""
    org.service.load("TaskStatus", [{"MasterLabel": "Deferred", "IsClosed": True}])
    url = f"/sobjects/Task/{org.ids['task0']}"
    dates = []
    for status in ("Completed", "Completed", "Deferred", "Not Started"):
        org.clock.advance(timedelta(minutes=1))
        org("PATCH", url, {"Status": status, "Priority": "High"})
        row = org("GET", url)[1]
        dates.append(row["CompletedDateTime"])
    assert dates[0] == dates[1] == "2026-10-06T09:16:27.000+0000"
    assert dates[2:] == ["2026-10-06T09:18:27.000+0000", None]
    assert row["IsHighPriority"] is True


def test_field_history_is_kept_for_tracked_fields_only(org):
    """One row per changed field; the values cannot be filtered."""
    url = f"/sobjects/Opportunity/{org.ids['deal']}"
    org("PATCH", url, {"NextStep": "Call"})
    org.control("switch", tracked_fields=["NextStep"])
    org("PATCH", url, {"NextStep": "Meet", "Type": "Renewal"})
    soql = "SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory"
    (row,) = org.query(f"{soql} ORDER BY CreatedDate, Id")[1]["records"]
    assert (row["Field"], row["OldValue"], row["NewValue"]) == (
        "NextStep",
        "Call",
        "Meet",
    )
    assert org.error(f"{soql} WHERE NewValue = 'Meet'") == "INVALID_FIELD"
    org("DELETE", url)
    assert org.query(soql, everything=True)[1]["totalSize"] == 0


def test_merged_contacts_leave_two_roles_on_one_opportunity(org):
    """Nothing collapses them, and their stamps do not move."""
    for nick in ("cy", "di"):
        role = {"OpportunityId": org.ids["deal"], "ContactId": org.ids[nick]}
        org("POST", "/sobjects/OpportunityContactRole", role)
    soql = "SELECT ContactId, SystemModstamp FROM OpportunityContactRole"
    stamps = {row["SystemModstamp"] for row in org.query(soql)[1]["records"]}
    org.clock.advance(timedelta(minutes=1))
    org.control("merge", object="Contact", id=org.ids["cy"], losers=[org.ids["di"]])
    rows = org.query(soql)[1]["records"]
    assert [row["ContactId"] for row in rows] == [org.ids["cy"]] * 2
    assert {row["SystemModstamp"] for row in rows} == stamps


@pytest.mark.parametrize("how", ["delete", "purge"])
def test_a_role_may_point_at_a_contact_that_is_gone(org, how):
    """Its ContactId dangles; a new role of a deleted contact is refused."""
    role = {"OpportunityId": org.ids["deal"], "ContactId": org.ids["cy"]}
    org("POST", "/sobjects/OpportunityContactRole", role)
    org.control(how, object="Contact", id=org.ids["cy"])
    soql = "SELECT ContactId FROM OpportunityContactRole"
    assert org.query(soql)[1]["records"][0]["ContactId"] == org.ids["cy"]
    status, body = org("POST", "/sobjects/OpportunityContactRole", role)
    code = "ENTITY_IS_DELETED" if how == "delete" else "INVALID_CROSS_REFERENCE_KEY"
    assert (status, body[0]["errorCode"]) == (400, code)


def test_roles_come_back_with_their_opportunity(org):
    """From the recycle bin under the same ids."""
    role = {"OpportunityId": org.ids["deal"], "ContactId": org.ids["cy"]}
    made = org("POST", "/sobjects/OpportunityContactRole", role)[1]["id"]
    org("DELETE", f"/sobjects/Opportunity/{org.ids['deal']}")
    org.control("undelete", object="Opportunity", id=org.ids["deal"])
    soql = "SELECT Id FROM OpportunityContactRole"
    assert [row["Id"] for row in org.query(soql)[1]["records"]] == [made]


DERIVED = ("LastActivityDate", "HasOpenActivity", "HasOverdueTask", "ContactId")
PEOPLE, WHATS = ("cy", "di", None), ("deal", "acme", None)
STEPS = st.one_of(
    st.tuples(
        st.just("task"),
        st.sampled_from(PEOPLE),
        st.sampled_from(WHATS),
        st.sampled_from(("Completed", "Not Started")),
    ),
    st.tuples(st.just("role"), st.sampled_from(PEOPLE[:2]), st.booleans()),
    st.tuples(st.just("relate"), st.integers(0, 9), st.sampled_from(WHATS)),
    st.tuples(st.sampled_from(("delete", "undelete")), st.integers(0, 9)),
    st.tuples(st.just("day")),
)


def _step(org, made, step):
    """Do one thing; refused ones change nothing."""
    what, *given_ = step
    named = [org.ids.get(str(one)) for one in given_]
    if what == "task":
        fields = {"WhoId": named[0], "WhatId": named[1], "Status": given_[2]}
        body = {**fields, "ActivityDate": org.clock.now().date().isoformat()}
        made.append(org("POST", "/sobjects/Task", body)[1]["id"])
    elif what == "role":
        role = {"OpportunityId": org.ids["deal"], "ContactId": named[0]}
        body = {**role, "IsPrimary": given_[1]}
        org("POST", "/sobjects/OpportunityContactRole", body)
    elif what == "relate" and made:
        url = f"/sobjects/Task/{made[given_[0] % len(made)]}"
        org("PATCH", url, {"WhatId": named[1]})
    elif what == "delete" and made:
        org("DELETE", f"/sobjects/Task/{made[given_[0] % len(made)]}")
    elif what == "undelete" and made:
        one = made[given_[0] % len(made)]
        org.control("undelete", object="Task", id=one)
    elif what == "day":
        org.clock.advance(timedelta(days=1))


@given(steps=st.lists(STEPS, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_kept_up_step_by_step_is_what_the_rows_say(org, steps):
    """Looked at after each step, the fields are those worked out from scratch."""
    tables, made, began = org.service.tables, [], org.clock.now()
    before = tables.snapshot()
    for step in steps:
        _step(org, made, step)
        shown = _derived(tables)
        tables.stored("Task")  # lent out, so everything is looked at again
        assert shown == _derived(tables)
    tables.restore(before)
    org.clock.freeze(began)


def _derived(tables):
    return [
        {name: row.get(name) for name in DERIVED}
        for kind in ("Account", "Contact", "Opportunity")
        for row in tables.held(kind).values()
    ]
