"""What vanished between two polls stops its own system's writes until cleared."""

from collections import Counter

import pytest

from syncd.errors import BusyError
from syncd.pipeline.apply import Selection
from syncd.wiring import open_app


def statuses(plan, run):
    """Outcomes by system."""
    systems = {change.id: change.system for change in plan.changes}
    return Counter((systems[i.change_id], i.status.value) for i in run.items)


@pytest.fixture
def loses(app, config, sandbox):
    """``loses(field)``: polled once with it; then another process, without it."""
    opened = []

    def build(field):
        app.poll()
        assert app.store.mirror.doubts() == []
        hidden = {"object": "Task", "field": field}
        sandbox.salesforce.control("hide_field", hidden)
        opened.append(open_app(config, may_write=True))
        return opened[0].__enter__()

    yield build
    for one in opened:
        one.__exit__(None, None, None)


def test_a_field_that_can_no_longer_be_read_stops_that_systems_writes(loses, sandbox):
    """Outreach goes on; a person who says it is meant so lets Salesforce go on."""
    app = loses("CompletedDateTime")
    app.poll()
    (doubt,) = app.store.mirror.doubts()
    assert doubt.says == "Task.completed_at can no longer be read"
    plan = app.plan()
    guard = next(g for g in plan.guards if g.guard == "snapshots_believed")
    assert (guard.ok, doubt.id in guard.detail) == (False, True)

    auto = [change for change in plan.changes if change.mode == "auto"]
    only = [change.id for change in auto if change.system == "salesforce"]
    assert only
    with pytest.raises(BusyError, match=rf"completed_at .*{doubt.id}"):
        app.apply(plan, Selection(only=only))
    run = app.apply(plan, Selection())
    assert statuses(plan, run)[("salesforce", "held_back")] == len(only)
    assert statuses(plan, run)[("outreach", "done")] > 0
    assert sandbox.recorders["salesforce"].write_calls == 0
    app.poll()
    assert app.store.mirror.doubts() == [doubt]

    assert app.store.mirror.clear_doubts([doubt.id]) == [doubt]
    app.poll()
    assert app.store.mirror.doubts() == []
    again = app.apply(plan, Selection())
    assert statuses(plan, again)[("salesforce", "done")] == len(only)


def test_a_needed_field_that_can_no_longer_be_read_stops_the_writes_too(loses, sandbox):
    """The poll is incomplete, and a plan made before it is not applied either."""
    app = loses("WhatId")
    plan = app.plan()
    polls = {poll.system: poll for poll in app.poll()}
    assert not polls["salesforce"].complete
    run = app.apply(plan, Selection())
    assert statuses(plan, run)[("salesforce", "done")] == 0
    assert sandbox.recorders["salesforce"].write_calls == 0
