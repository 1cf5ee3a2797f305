"""What the service's jobs remember from one cycle to the next."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from syncd import clock
from syncd.model.policy import Defaults
from syncd.sandbox.recorder import Fault
from syncd.service.jobs import ServiceJobs
from tests.sandboxes import company

sandbox = company(accounts=12, seed=11)
"""A company with a call that is mended once it is old enough."""


@pytest.fixture
def jobs(app):
    """Jobs over an app that has polled everything once and mended everything."""
    found = ServiceJobs(app)
    for system in app.connectors:
        found.poll(system)
    found.reconcile()
    for system in app.connectors:
        found.poll(system)
    found.reconcile()
    return found


def open_deal(sandbox):
    """A deal at work that has a contact role in both systems."""
    tables = sandbox.salesforce.tables
    roles = list(tables.rows("OpportunityContactRole", with_deleted=False))
    deals = {
        deal["Id"]: deal
        for deal in tables.rows("Opportunity", with_deleted=False)
        if not deal["IsClosed"]
    }
    return next(deals[r["OpportunityId"]] for r in roles if r["OpportunityId"] in deals)


def newcomer(sandbox, deal):
    """A person makes one more contact of the account a contact of this deal."""
    tables = sandbox.salesforce.tables
    there = {
        role["ContactId"]
        for role in tables.rows("OpportunityContactRole", with_deleted=False)
        if role["OpportunityId"] == deal["Id"]
    }
    contact = next(
        one["Id"]
        for one in tables.rows("Contact", with_deleted=False)
        if one["AccountId"] == deal["AccountId"] and one["Id"] not in there
    )
    fields = {"OpportunityId": deal["Id"], "ContactId": contact}
    body = {"object": "OpportunityContactRole", "fields": fields}
    sandbox.salesforce.control("insert", body)


def roles_in_outreach(sandbox):
    """How many prospect roles there are."""
    found = sandbox.outreach.control("resources", {"type": "opportunityProspectRole"})
    return len(found["resources"])


def test_what_an_incomplete_poll_held_back_is_done_after_a_complete_one(jobs, sandbox):
    """The poll that makes up for it brings nothing new, and still it is judged."""
    before = roles_in_outreach(sandbox)
    sandbox.clock.advance(timedelta(minutes=5))
    newcomer(sandbox, open_deal(sandbox))
    sandbox.clock.advance(timedelta(minutes=1))
    sandbox.recorders["outreach"].break_next(Fault(times=1, status=400))
    assert not jobs.poll("outreach")["complete"]
    jobs.poll("salesforce")
    jobs.reconcile()
    assert roles_in_outreach(sandbox) == before
    assert jobs.poll("outreach")["complete"]
    jobs.reconcile()
    assert roles_in_outreach(sandbox) == before + 1


def test_what_is_too_young_is_done_when_its_time_has_come(
    jobs, app, sandbox, monkeypatch
):
    """Nobody touches the call again: the time to settle ends by itself."""
    tables = sandbox.salesforce.tables
    task = next(
        row
        for row in tables.rows("Task", with_deleted=False)
        if row["Status"] == "Completed" and str(row["Subject"]).startswith("[Outreach]")
        if tables.find("Opportunity", row["WhatId"])["IsClosed"] is False
    )
    body = {"object": "Task", "id": task["Id"], "fields": {"CallDisposition": None}}
    policy = app.policy
    patient = msgspec.structs.replace(policy, defaults=Defaults(settle_minutes=30))
    jobs = ServiceJobs(replace(app, policy=patient))
    sandbox.clock.advance(timedelta(minutes=5))
    sandbox.salesforce.control("edit", body)
    sandbox.clock.advance(timedelta(minutes=1))
    jobs.poll("salesforce")
    jobs.reconcile()
    assert tables.find("Task", task["Id"])["CallDisposition"] is None
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    jobs.reconcile()
    assert tables.find("Task", task["Id"])["CallDisposition"]


def test_what_the_stop_file_held_back_is_done_when_it_is_gone(jobs, app, sandbox):
    """Dirty homes wait, and nothing is written meanwhile."""
    before = roles_in_outreach(sandbox)
    sandbox.clock.advance(timedelta(minutes=5))
    newcomer(sandbox, open_deal(sandbox))
    sandbox.clock.advance(timedelta(minutes=1))
    jobs.poll("salesforce")
    app.config.stop_path.touch()
    assert "stop file" in jobs.reconcile()["waiting_for"]
    assert roles_in_outreach(sandbox) == before
    app.config.stop_path.unlink()
    jobs.reconcile()
    assert roles_in_outreach(sandbox) == before + 1


def test_a_note_that_could_not_be_read_is_copied_when_it_can_be(app, sandbox):
    """Nothing moves meanwhile, so no poll would bring it up again."""
    jobs = ServiceJobs(app)
    for system in app.connectors:
        jobs.poll(system)
    sandbox.recorders["outreach"].break_next(Fault(path="/calls", status=400))
    jobs.reconcile()
    [plan] = app.store.plans.latest(1)
    unread = [f for f in plan.findings if f.rule == "call-notes" and f.waiting]
    assert {f.why_not for f in unread} == {
        "the text cannot be read as it was judged; it waits until it can"
    }
    jobs.reconcile()
    tasks = sandbox.salesforce.tables.stored("Task")
    assert all(tasks[f.subject.id]["Description"] for f in unread)
