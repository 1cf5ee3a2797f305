"""Undo: a run is taken back where the value is still ours, and stays taken back."""

from datetime import timedelta

import pytest

from syncd import clock
from syncd.errors import UsageError
from syncd.pipeline.apply import Selection

STAMPS = {
    "SystemModstamp",
    "LastModifiedDate",
    "LastModifiedById",
    "CompletedDateTime",
}


def later(monkeypatch, minutes):
    """Our own clock moves on, so that polls count as later than writes."""
    at = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: at)


def salesforce_state(sandbox):
    """Live activities and roles by id, without what the system stamps."""
    tables = sandbox.salesforce.tables
    activities = {
        row["Id"]: {n: v for n, v in row.items() if n not in STAMPS}
        for name in ("Task", "Event")
        for row in tables.rows(name, with_deleted=False)
    }
    roles = sorted(
        (row["OpportunityId"], row["ContactId"])
        for row in tables.rows("OpportunityContactRole", with_deleted=False)
    )
    return activities, roles


def outreach_state(sandbox):
    """Prospect roles as pairs."""
    found = sandbox.outreach.control("resources", {"type": "opportunityProspectRole"})
    return sorted(
        (
            role["relationships"]["opportunity"]["data"]["id"],
            role["relationships"]["prospect"]["data"]["id"],
        )
        for role in found["resources"]
    )


def state(sandbox):
    """Everything that syncd could have written."""
    return salesforce_state(sandbox), outreach_state(sandbox)


def applied(app, **selection):
    """A run of everything that is automatic."""
    app.poll()
    run = app.apply(app.plan(), Selection(force=True, **selection))
    assert {item.status.value for item in run.items} == {"done"}
    return run


def links(change):
    """Whether a change relates a Task to a deal."""
    return change.object == "Task" and change.after.keys() == {"WhatId"}


def test_undo_restores_what_was_there_and_it_stays_so(app, sandbox, monkeypatch):
    """Apart from stamps; the next cycle does none of it again."""
    before = state(sandbox)
    run = applied(app)
    after = state(sandbox)
    assert after != before

    plan, undone = app.undo(run.run_id)
    assert {item.status.value for item in undone.items} == {"done"}
    assert [f for f in plan.findings if f.why_not] == []
    assert state(sandbox) == before

    later(monkeypatch, minutes=5)
    app.poll()
    again = app.plan()
    assert [c for c in again.changes if c.mode == "auto"] == []
    held = [f for f in again.findings if "it was undone" in f.why_not]
    assert held
    assert len(app.store.tombstones.all(now=clock.now())) == len(run.items)

    _, redone = app.undo(undone.run_id)
    assert {item.status.value for item in redone.items} == {"done"}
    assert state(sandbox) == after
    assert app.store.tombstones.all(now=clock.now()) == []


def test_undo_leaves_what_a_person_changed_since(app, sandbox):
    """It is listed with the field; the rest goes back."""
    run = applied(app)
    entries = app.store.ledger.entries(run.run_id)
    task = next(e.change for e in entries if links(e.change))
    deals = sandbox.salesforce.tables.rows("Opportunity", with_deleted=False)
    known = {task.before["WhatId"], task.after["WhatId"]}
    other = next(deal["Id"] for deal in deals if deal["Id"] not in known)
    body = {"object": "Task", "id": task.record_id, "fields": {"WhatId": other}}
    sandbox.salesforce.control("edit", body)
    plan, undone = app.undo(run.run_id)
    assert len(undone.items) == len(run.items) - 1
    row = sandbox.salesforce.tables.find("Task", task.record_id)
    assert row["WhatId"] == other
    [left] = [f for f in plan.findings if f.why_not]
    assert left.subject.id == task.record_id
    assert left.why_not == "someone changed WhatId"


def test_undo_of_one_change_leaves_the_others(app, sandbox):
    """--only takes back what it names."""
    run = applied(app)
    after = state(sandbox)
    one = next(i for i in run.items if i.record_id)
    plan, undone = app.undo(run.run_id, only=[one.change_id])
    assert len(plan.changes) == len(undone.items) == 1
    assert state(sandbox) != after
    with pytest.raises(UsageError, match="no such change"):
        app.plan_undo(run.run_id, only=["chg_none"])
    with pytest.raises(UsageError, match="no such run"):
        app.plan_undo("run_none")


def test_a_second_undo_of_a_run_finds_nothing_to_do(app, sandbox):
    """Undo is idempotent: what is back is left, with the reason."""
    run = applied(app)
    app.undo(run.run_id)
    before = state(sandbox)
    plan, again = app.undo(run.run_id)
    assert (plan.changes, again.items) == ((), ())
    assert all(f.why_not for f in plan.findings)
    assert state(sandbox) == before


def test_clearing_a_tombstone_lets_it_be_done_again(app, sandbox, monkeypatch):
    """A person changed their mind: the next plan has it, under a new key."""
    run = applied(app)
    after = state(sandbox)
    app.undo(run.run_id)
    later(monkeypatch, minutes=5)
    stones = app.store.tombstones.all(now=clock.now())
    app.store.tombstones.clear([one.id for one in stones], now=clock.now())
    later(monkeypatch, minutes=5)
    second = applied(app)
    assert len(second.items) == len(run.items)
    assert state(sandbox) == after


def test_a_person_who_takes_a_link_back_is_heeded(app, sandbox, monkeypatch):
    """The link we made and a colleague removed is not made again."""
    run = applied(app)
    entries = app.store.ledger.entries(run.run_id)
    task = next(e.change for e in entries if links(e.change))
    fields = {"WhatId": task.before["WhatId"]}
    body = {"object": "Task", "id": task.record_id, "fields": fields}
    sandbox.salesforce.control("edit", body)
    later(monkeypatch, minutes=5)
    app.poll()
    plan = app.plan()
    assert [c for c in plan.changes if c.record_id == task.record_id] == []
    [stone] = app.store.tombstones.all(now=clock.now())
    assert (stone.kind.value, stone.what) == ("reverted", task.record_id)
    assert [t.id for t in plan.tombstones] == [stone.id]


def test_a_role_that_a_person_removed_is_not_made_again(app, sandbox, monkeypatch):
    """Salesforce keeps no trace of a removed contact role; its absence is enough."""
    run = applied(app, include_review=True)
    entries = app.store.ledger.entries(run.run_id)
    role = next(e for e in entries if e.change.object == "OpportunityContactRole")
    body = {"object": "OpportunityContactRole", "id": role.record_id}
    sandbox.salesforce.control("delete", body)
    later(monkeypatch, minutes=5)
    app.poll()
    plan = app.plan()
    wanted = [c for c in plan.changes if c.natural_key == role.change.natural_key]
    assert wanted == []
    stones = app.store.tombstones.all(now=clock.now())
    assert role.change.natural_key in {one.what for one in stones}
