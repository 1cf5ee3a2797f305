"""Writes of unknown outcome are settled also when there is nothing new to write."""

from datetime import timedelta

from syncd import clock
from syncd.pipeline.apply import Selection
from syncd.pipeline.runs import run_as_it_stands
from syncd.sandbox.recorder import Fault
from syncd.service.jobs import ServiceJobs

ROLES = "opportunityProspectRoles"


def later(monkeypatch, minutes):
    """Our own clock moves on."""
    at = clock.now() + timedelta(minutes=minutes)
    monkeypatch.setattr(clock, "now", lambda: at)


def parked(app, sandbox):
    """A run of one change whose request never arrived."""
    app.poll()
    plan = app.plan(rules=["contact-on-outreach-opportunity"])
    fault = Fault(method="POST", path=ROLES, drop=True)
    sandbox.recorders["outreach"].break_next(fault)
    run = app.apply(plan, Selection(first=1))
    assert [item.status.value for item in run.items] == ["parked"]
    return run


def test_a_service_without_news_looks_gives_up_and_plans_anew(
    app, sandbox, monkeypatch
):
    """Its cycles settle what is open; after ten minutes the change is made."""
    run = parked(app, sandbox)
    change = app.store.ledger.open_intents()[0].change
    jobs = ServiceJobs(app)
    mirror = app.store.mirror
    mirror.clear_dirty(mirror.dirty(100_000))

    assert jobs.poll("outreach")["dirty"]
    assert jobs.reconcile() == {"homes": 0}
    assert len(app.store.ledger.open_intents()) == 1
    (item,) = run_as_it_stands(app.store.ledger, run.run_id).items
    assert item.status.value == "parked"

    later(monkeypatch, minutes=11)
    assert jobs.poll("outreach")["dirty"]
    assert jobs.reconcile()["written"] >= 1
    assert app.store.ledger.open_intents() == []
    (item,) = run_as_it_stands(app.store.ledger, run.run_id).items
    assert (item.status.value, item.detail) == ("failed", "it never took effect")
    entry = app.store.ledger.entry_of(change.id)
    assert (entry.state, entry.change.key) == ("done", change.key)


def test_a_plan_waits_for_a_write_of_unknown_outcome(app, sandbox, monkeypatch):
    """It is shown as waiting; the plan after its settling has it again."""
    run = parked(app, sandbox)
    change = app.store.ledger.open_intents()[0].change
    app.poll()
    waiting = app.plan(rules=["contact-on-outreach-opportunity"])
    assert change.id not in {one.id for one in waiting.changes}
    assert [f for f in waiting.findings if "answer to our write" in f.why_not]
    later(monkeypatch, minutes=11)
    app.poll()
    again = app.plan(rules=["contact-on-outreach-opportunity"])
    assert change.id in {one.id for one in again.changes}
    assert run_as_it_stands(app.store.ledger, run.run_id).items[0].status == "failed"


def test_what_did_not_come_about_stays_to_be_done(app, sandbox):
    """A cycle that was stopped, or whose writes failed, leaves its homes dirty."""
    app.poll()
    jobs = ServiceJobs(app)
    app.config.stop_path.write_text("audit")
    assert "stop file" in jobs.reconcile()["waiting_for"]
    assert app.store.mirror.dirty(1)
    app.config.stop_path.unlink()
    fault = Fault(method="PATCH|POST|DELETE", path="composite", status=503, times=99)
    sandbox.recorders["salesforce"].break_next(fault)
    jobs.reconcile()
    assert app.store.mirror.dirty(1)
