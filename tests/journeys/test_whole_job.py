"""Poll, plan, apply, and nothing left to do: over HTTP, on both databases."""

import json
from collections import Counter
from datetime import timedelta

import jsonschema
import msgspec
import pytest

from syncd.errors import GuardError
from syncd.pipeline.apply import Selection
from syncd.plan.codec import decode_plan, encode_plan, plan_schema


def automatic(plan):
    """Changes that need nobody."""
    return [change for change in plan.changes if change.mode == "auto"]


def applied(app, plan, **options):
    """Outcomes of an apply, counted."""
    run = app.apply(plan, Selection(**options))
    return Counter(item.status.value for item in run.items)


def later(sandbox):
    """A poll stays some seconds behind the server's clock."""
    sandbox.clock.advance(timedelta(minutes=1))


def test_after_an_apply_nothing_is_left_to_do(app, sandbox):
    """The second plan has no automatic change, and the truth was restored."""
    app.poll()
    plan = app.plan()
    wanted = automatic(plan)
    assert len(wanted) > 20
    assert applied(app, plan) == {"done": len(wanted)}
    later(sandbox)
    app.poll()
    assert automatic(app.plan()) == []
    tasks = {
        row["Id"]: row
        for name in ("Task", "Event")
        for row in sandbox.salesforce.tables.rows(name, with_deleted=False)
    }
    links = [
        change for change in wanted if change.rule == "activity-related-to-opportunity"
    ]
    for change in links:
        truth = sandbox.company.truth[change.record_id]
        assert tasks[change.record_id]["WhatId"] == truth


def test_most_planted_faults_are_found(polled):
    """What was planted inside the judged window is what the findings name."""
    app, sandbox = polled
    found = {(f.rule, f.subject.id) for f in app.plan().findings}
    now = sandbox.clock.now()
    rows = {
        row["Id"]: row
        for name in ("Task", "Event")
        for row in sandbox.salesforce.tables.rows(name, with_deleted=False)
    }
    recent = [
        fault
        for fault in sandbox.company.faults
        if fault.object in {"Task", "Event"}
        and (now - timedelta(days=88)).date().isoformat()
        < str(rows[fault.id].get("ActivityDate") or rows[fault.id]["StartDateTime"])
    ]
    missed = [f for f in recent if (f.rule, f.id) not in found]
    assert len(recent) > 10
    assert len(missed) <= 0.05 * len(recent), missed


def test_applying_a_plan_twice_brings_every_effect_about_once(app, sandbox):
    """The second time everything is there already, and nothing is sent."""
    app.poll()
    plan = app.plan()
    applied(app, plan)
    before = sum(one.write_calls for one in sandbox.recorders.values())
    again = applied(app, plan)
    assert set(again) == {"already"}
    assert sum(one.write_calls for one in sandbox.recorders.values()) == before


def test_the_same_state_gives_the_same_digest(polled):
    """Planning twice on one mirror gives one digest."""
    app, _ = polled
    assert app.plan().digest == app.plan().digest


def test_many_task_fixes_need_few_calls(app, sandbox):
    """A hundred task updates go out in two calls, canary included."""
    app.poll()
    plan = app.plan()
    tasks = [c for c in automatic(plan) if c.object == "Task" and not c.guarded]
    assert len(tasks) > 15
    app.apply(plan, Selection(only=[change.id for change in tasks]))
    assert sandbox.recorders["salesforce"].write_calls <= 3


def test_the_plan_fits_its_published_schema(polled):
    """What `plan --json` prints validates, and reads back as it was."""
    app, _ = polled
    plan = app.plan()
    text = encode_plan(plan)
    jsonschema.validate(json.loads(text), plan_schema())
    assert decode_plan(text, where="test").digest == plan.digest


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: {"changes": p.changes[1:]}, "edited by hand"),
        (lambda p: {"created_at": p.created_at - timedelta(days=3)}, "older than"),
    ],
)
def test_an_unfit_plan_is_refused(polled, change, says):
    """A plan that was edited or is too old writes nothing."""
    app, sandbox = polled
    plan = app.plan()
    unfit = msgspec.structs.replace(plan, **change(plan))
    with pytest.raises(GuardError, match=says):
        app.apply(unfit, Selection())
    assert sum(one.write_calls for one in sandbox.recorders.values()) == 0


def test_a_plan_for_another_org_is_refused(polled):
    """Who connects elsewhere cannot apply yesterday's plan there."""
    from syncd.plan.digest import digest_of

    app, _ = polled
    plan = app.plan()
    orgs = {**plan.orgs, "salesforce": "00D000000000000AAA"}
    digest = digest_of(plan.changes, orgs=orgs)
    foreign = msgspec.structs.replace(plan, orgs=orgs, digest=digest)
    with pytest.raises(GuardError, match="another salesforce org"):
        app.apply(foreign, Selection())


def test_the_stop_file_stops_all_writes(polled):
    """While it exists nothing is written by anyone."""
    app, sandbox = polled
    plan = app.plan()
    app.config.stop_path.write_text("audit")
    with pytest.raises(GuardError, match="stop file"):
        app.apply(plan, Selection())
    app.config.stop_path.unlink()
    assert sum(one.write_calls for one in sandbox.recorders.values()) == 0


def test_a_scope_narrows_the_findings(polled):
    """Planning one account finds that account's faults only."""
    app, _ = polled
    everything = app.plan()
    account = next(f.account_id for f in everything.findings if f.account_id)
    from syncd.model.scope import Scope

    some = app.plan(scope=Scope(accounts=(account[:15],)))
    assert {f.account_id for f in some.findings} == {account}
    expected = [f.id for f in everything.findings if f.account_id == account]
    assert [f.id for f in some.findings] == expected
