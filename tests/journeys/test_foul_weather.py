"""Lost answers, refusals, people editing, services down."""

from collections import Counter
from datetime import timedelta

import pytest

from syncd.pipeline.apply import Selection
from syncd.sandbox.recorder import Fault
from syncd.wiring import open_app


def role_pairs(sandbox):
    """How often each prospect is on each opportunity in Outreach."""
    found = sandbox.outreach.control("resources", {"type": "opportunityProspectRole"})
    return Counter(
        (
            role["relationships"]["opportunity"]["data"]["id"],
            role["relationships"]["prospect"]["data"]["id"],
        )
        for role in found["resources"]
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True, "after": True},
        {"status": 502, "after": True, "body": "<html>bad gateway</html>"},
        {"truncate": 5, "after": True},
    ],
)
def test_a_lost_answer_never_doubles(app, sandbox, fault):
    """The write took effect, its answer was lost: it is found, not repeated."""
    app.poll()
    plan = app.plan(rules=["contact-on-outreach-opportunity"])
    assert plan.changes
    sandbox.recorders["outreach"].break_next(
        Fault(method="POST", path="opportunityProspectRoles", times=3, **fault)
    )
    run = app.apply(plan, Selection())
    assert {item.status.value for item in run.items} <= {"done"}
    assert set(role_pairs(sandbox).values()) == {1}


def test_an_effect_that_is_not_visible_is_parked_then_given_up(app, sandbox):
    """A write that never arrived is looked for, and tried anew only much later."""
    app.poll()
    plan = app.plan(rules=["contact-on-outreach-opportunity"])
    sandbox.recorders["outreach"].break_next(
        Fault(method="POST", path="opportunityProspectRoles", drop=True)
    )
    run = app.apply(plan, Selection(first=1))
    assert [item.status.value for item in run.items] == ["parked"]
    assert len(app.store.ledger.open_intents()) == 1
    again = app.apply(plan, Selection(first=1))
    assert [item.status.value for item in again.items] == ["parked"]
    assert set(role_pairs(sandbox).values()) == {1}


def test_a_person_wins_who_edits_between_plan_and_apply(app, sandbox):
    """A record that moved since the plan is not written."""
    app.poll()
    plan = app.plan()
    change = next(
        c
        for c in plan.changes
        if c.mode == "auto" and c.object == "Task" and "Subject" not in c.after
    )
    body = {
        "object": "Task",
        "id": change.record_id,
        "fields": {"Subject": "My own words"},
    }
    sandbox.salesforce.control("edit", body)
    before = dict(sandbox.salesforce.tables.find("Task", change.record_id))
    run = app.apply(plan, Selection(only=[change.id]))
    assert [item.status.value for item in run.items] == ["stale"]
    assert sandbox.salesforce.tables.find("Task", change.record_id) == before


def test_a_deal_that_closed_meanwhile_gets_no_link(app, sandbox):
    """A fact that a change rests on is looked at again."""
    app.poll()
    plan = app.plan(rules=["activity-related-to-opportunity"])
    change = next(c for c in plan.changes if c.mode == "auto" and c.expects.also)
    deal = change.after["WhatId"]
    body = {"object": "Opportunity", "id": deal, "fields": {"StageName": "Closed Lost"}}
    sandbox.salesforce.control("edit", body)
    run = app.apply(plan, Selection(only=[change.id]))
    assert [item.status.value for item in run.items] == ["stale"]


def test_one_refused_row_does_not_keep_the_others(app, sandbox):
    """Partial failure: a locked row fails, the rest of its collection is done."""
    app.poll()
    plan = app.plan()
    tasks = [c for c in plan.changes if c.mode == "auto" and c.object == "Task"]
    sandbox.salesforce.control("lock", {"id": tasks[0].record_id, "times": 9})
    run = app.apply(plan, Selection(only=[change.id for change in tasks]))
    counts = Counter(item.status.value for item in run.items)
    assert counts["done"] >= len(tasks) - 3
    assert counts["failed"] >= 1


def test_one_connector_down_does_not_keep_the_other_from_being_read(app, sandbox):
    """Outreach answers 503: Salesforce is read, and nothing rests on absence."""
    sandbox.recorders["outreach"].break_next(
        Fault(times=10_000, status=503, headers={"Retry-After": "120"})
    )
    polls = {poll.system: poll for poll in app.poll()}
    assert polls["salesforce"].complete
    assert not polls["outreach"].complete
    plan = app.plan()
    assert not plan.connectors["outreach"].complete
    assert not [change for change in plan.changes if change.system == "outreach"]


def test_one_connector_down_does_not_keep_the_other_from_being_written(
    app, config, sandbox
):
    """A process that starts while Outreach is down still mends Salesforce."""
    app.poll()
    plan = app.plan(rules=["activity-completed"])
    assert {change.system for change in plan.changes} == {"salesforce"}
    sandbox.recorders["outreach"].break_next(
        Fault(times=10_000, status=503, headers={"Retry-After": "120"})
    )
    with open_app(config, may_write=True) as started:
        run = started.apply(plan, Selection())
    assert {item.status.value for item in run.items} == {"done"}


def test_an_expired_session_is_renewed_once_and_the_poll_goes_on(app, sandbox):
    """A token that dies between two polls costs one more log-in."""
    app.poll()
    sandbox.salesforce.control("expire_tokens", {})
    sandbox.outreach.control("expire_tokens", {})
    assert all(poll.complete for poll in app.poll())


def test_a_revoked_token_asks_for_a_person(app, sandbox):
    """A refresh token that is refused is not tried again and again."""
    sandbox.outreach.control("revoke", {})
    polls = {poll.system: poll for poll in app.poll()}
    assert polls["outreach"].needs_credentials
    tokens = [e for e in sandbox.recorders["outreach"].log if e.path == "/oauth/token"]
    assert len(tokens) == 1


def test_a_rotated_token_survives_a_restart(app, config, sandbox):
    """The next process goes on with the stored token and needs no refresh."""
    app.poll()
    with open_app(config) as other:
        assert all(poll.complete for poll in other.poll())
    log = sandbox.recorders["outreach"].log
    assert sum(one.path == "/oauth/token" for one in log) == 1


def test_a_late_visible_row_is_not_missed(app, sandbox):
    """A row that becomes visible behind the watermark is read by the overlap."""
    app.poll()
    made = sandbox.salesforce.control(
        "insert", {"object": "Account", "fields": {"Name": "Late Ltd"}}
    )
    sandbox.salesforce.control("delay_commit", {"id": made["id"], "seconds": 120})
    sandbox.clock.advance(timedelta(seconds=60))
    app.poll()
    assert app.store.mirror.find(made["id"]) == []
    sandbox.clock.advance(timedelta(seconds=90))
    app.poll()
    assert len(app.store.mirror.find(made["id"])) == 1


def test_a_role_deleted_without_trace_is_noticed(app, sandbox):
    """A contact role that vanished from Salesforce vanishes from the mirror."""
    app.poll()
    before = app.store.mirror.live_counts()[("salesforce", "OpportunityContactRole")]
    role = next(
        iter(
            sandbox.salesforce.tables.rows("OpportunityContactRole", with_deleted=False)
        )
    )
    body = {"object": "OpportunityContactRole", "id": role["Id"]}
    sandbox.salesforce.control("delete", body)
    sandbox.clock.advance(timedelta(minutes=1))
    app.poll()
    after = app.store.mirror.live_counts()[("salesforce", "OpportunityContactRole")]
    assert after == before - 1
