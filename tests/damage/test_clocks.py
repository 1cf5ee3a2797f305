"""Our clock or a service's jumps by an hour, in any direction and between any steps."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from syncd import clock
from syncd.app import App
from syncd.config.settings import RunMode
from syncd.errors import BusyError, GuardError
from syncd.model.policy import Defaults
from syncd.pipeline.apply import Selection
from syncd.sandbox.recorder import Fault
from syncd.service.health import Health
from syncd.service.jobs import ServiceJobs
from tests.sandboxes import company

HOUR = timedelta(hours=1)
WRITERS = ("salesforce", "outreach")
pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


sandbox = company(accounts=4, seed=11)
"""A small company's services."""


@pytest.fixture
def ours(sandbox, monkeypatch):
    """``ours(by)``: our clock jumps, the services' do not."""
    real, jumped = clock.now, timedelta(0)

    def jump(by):
        nonlocal jumped
        jumped += by
        monkeypatch.setattr(clock, "now", lambda: real() + jumped)
        sandbox.clock.advance(-by)

    return jump


def theirs(sandbox, by):
    """Every service's clock is off by this much."""
    for system in sandbox.recorders:
        sandbox.clock.skew(system, by)


def statuses(run):
    """What became of a run's changes."""
    return {item.status.value for item in run.items}


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
@pytest.mark.parametrize("before", ["plan", "apply"])
def test_our_clock_jumps_between_two_steps(app, ours, before, by):
    """The plan is made and applied as if it had not; one of the future is made anew."""
    app.poll()
    if before == "plan":
        ours(by)
    plan = app.plan()
    assert [one for one in plan.changes if one.mode == "auto"]
    if before == "apply":
        ours(by)
        if by < timedelta(0):
            with pytest.raises(BusyError, match="it was made 60 min from now"):
                app.apply(plan, Selection())
            plan = app.plan()
    assert statuses(app.apply(plan, Selection())) <= {"done"}
    assert app.store.ledger.open_intents() == []


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_our_clock_jumps_while_we_write(app, sandbox, ours, by):
    """What was read before the jump is read again before it is written; all is done."""
    app.poll()
    plan = app.plan()
    recorder = sandbox.recorders["salesforce"]
    real = recorder.service

    class Jumping:
        name, is_write, jumped = real.name, staticmethod(real.is_write), False

        def handle(self, request):
            if app.store.ledger.open_intents() and not self.jumped:
                self.jumped = True
                ours(by)
            return real.handle(request)

    recorder.service = Jumping()
    run = app.apply(plan, Selection())
    recorder.service = real
    assert statuses(run) <= {"done"}
    assert app.store.ledger.open_intents() == []


@pytest.mark.parametrize("by", [timedelta(days=2), timedelta(days=-2)])
def test_a_plan_of_another_day_says_so(app, ours, by):
    """Too old, or made in the future: refused with the hours, and with what to do."""
    app.poll()
    plan = app.plan()
    ours(by)
    says = "it is 48 h old" if by > timedelta(0) else "it was made 2880 min from now"
    with pytest.raises(GuardError, match=says):
        app.apply(plan, Selection())


def test_the_service_plans_anew_what_a_jump_dated_in_the_future(app, ours, monkeypatch):
    """The clock is set back between its plan and its writes: the next cycle does it."""
    settings = app.config.settings.model_copy(update={"mode": RunMode.APPLY})
    jobs = ServiceJobs(replace(app, config=replace(app.config, settings=settings)))
    app.poll()
    real = App.apply

    def jumping(*given, **more):
        monkeypatch.setattr(App, "apply", real)
        ours(-HOUR)
        return real(*given, **more)

    monkeypatch.setattr(App, "apply", jumping)
    assert "min from now" in jobs.reconcile()["waiting_for"]
    assert jobs.reconcile()["written"]


def test_what_we_made_after_our_clock_was_set_back_is_not_taken_for_removed(app, ours):
    """The poll of before looks later than the write, and cannot have seen it."""
    app.poll()
    ours(-HOUR)
    plan = app.plan(rules=["contact-on-outreach-opportunity"])
    assert "done" in statuses(app.apply(plan, Selection()))
    assert not app.plan().tombstones
    assert app.store.tombstones.all(now=clock.now(), everything=True) == []


@pytest.mark.parametrize("who", ["ours", "theirs"])
@pytest.mark.parametrize("corrected", [False, True], ids=["wrong now", "wrong before"])
def test_a_parked_write_is_not_given_up_by_a_jump(
    app, sandbox, ours, monkeypatch, who, corrected
):
    """Whichever clock jumps forward, and whenever: ten minutes must really pass."""
    app.poll()

    def jump(by):
        if who == "ours":
            ours(by)
        else:
            sandbox.clock.advance(by)

    if corrected:
        jump(-HOUR)
    plan = app.plan(rules=["contact-on-outreach-opportunity"])
    drop = Fault(method="POST", path="opportunityProspectRoles", drop=True)
    sandbox.recorders["outreach"].break_next(drop)
    assert statuses(app.apply(plan, Selection(first=1))) == {"parked"}
    jump(HOUR)
    app.settle()
    assert len(app.store.ledger.open_intents()) == 1
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + HOUR + timedelta(minutes=11))
    app.settle()
    assert app.store.ledger.open_intents() == []


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_services_whose_clocks_are_an_hour_off_are_read_and_written(app, sandbox, by):
    """Apart from Google, whose grants are dated: that is said, and nothing is lost."""
    theirs(sandbox, by)
    for _ in range(2):
        polls = {one.system: one for one in app.poll()}
        assert all(polls[name].complete for name in (*WRITERS, "chorus"))
        google = polls["google_calendar"]
        assert not google.complete
        assert "clock_differs" in google.error
        assert "set it by NTP" in google.error
        sandbox.salesforce.control("expire_tokens", {})
    run = app.apply(app.plan(), Selection())
    assert statuses(run) <= {"done"}
    theirs(sandbox, timedelta(0))
    assert all(one.complete for one in app.poll())


def made_up(sandbox, number):
    """A new account in Salesforce and a new prospect in Outreach."""
    made = sandbox.salesforce.control(
        "insert", {"object": "Account", "fields": {"Name": f"Late {number} Ltd"}}
    )
    return made["id"]


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_polls_miss_nothing_while_a_services_clock_jumps_there_and_back(
    app, sandbox, by
):
    """What is made before, during and after the jump is all read."""
    app.poll()
    ids = [made_up(sandbox, 1)]
    sandbox.clock.advance(timedelta(minutes=1))
    sandbox.clock.skew("salesforce", by)
    ids.append(made_up(sandbox, 2))
    app.poll()
    ids.append(made_up(sandbox, 3))
    sandbox.clock.advance(timedelta(minutes=1))
    app.poll()
    sandbox.clock.skew("salesforce", timedelta(0))
    ids.append(made_up(sandbox, 4))
    sandbox.clock.advance(timedelta(minutes=30))
    ids.append(made_up(sandbox, 5))
    sandbox.clock.advance(timedelta(minutes=1))
    app.poll()
    assert [one for one in ids if not app.store.mirror.find(one)] == []


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_tokens_are_renewed_after_a_jump_of_ours(app, sandbox, ours, by):
    """Expired or refused, they are renewed without a person."""
    app.poll()
    ours(by)
    sandbox.salesforce.control("expire_tokens", {})
    sandbox.outreach.control("expire_tokens", {})
    polls = {one.system: one for one in app.poll()}
    assert not [one for one in polls.values() if one.needs_credentials]
    assert all(polls[name].complete for name in (*WRITERS, "chorus"))


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_wrong_clock_of_ours_ripens_nothing(app, sandbox, ours, by):
    """Somebody is at work on a task: what waits for them to settle goes on waiting."""
    defaults = Defaults(settle_minutes=30)
    app = replace(app, policy=msgspec.structs.replace(app.policy, defaults=defaults))
    app.poll()
    task = next(one for one in app.plan().changes if one.object == "Task")
    edit = {"Priority": "High"}
    body = {"object": "Task", "id": task.record_id, "fields": edit}
    sandbox.clock.advance(timedelta(minutes=5))
    sandbox.salesforce.control("edit", body)
    sandbox.clock.advance(timedelta(minutes=1))
    ours(by)
    app.poll()
    plan = app.plan()
    assert task.record_id not in {change.record_id for change in plan.changes}
    mine = [one for one in plan.findings if one.subject.id == task.record_id]
    assert any(one.waiting for one in mine)


@pytest.mark.parametrize(
    ("by", "says"),
    [(-HOUR, "yet to come"), (-timedelta(minutes=4), None), (HOUR, "was last read at")],
)
def test_health_says_that_polls_wait_for_our_clock(app, ours, by, says):
    """A schedule that counts in our clock stands still until that has caught up."""
    app.poll()
    ours(by)
    reasons = Health(app).reasons()
    assert bool(reasons) is (says is not None)
    assert all(str(says) in one for one in reasons)
