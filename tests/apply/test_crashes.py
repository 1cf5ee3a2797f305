"""A process that dies at any boundary of a write: exactly one effect, ledger whole."""

import pytest


class Dying:
    """A ledger whose process dies before or after one of its commits."""

    def __init__(self, ledger, crash, *, method, moment, call=1):
        """``call`` counts the commits by ``method`` that it takes."""
        self._ledger = ledger
        self._crash = crash
        self._method = method
        self._moment = moment
        self._left = call

    def __getattr__(self, name):
        """Everything but the deadly method is the real ledger's."""
        real = getattr(self._ledger, name)
        return self._deadly(real) if name == self._method else real

    def _deadly(self, real):
        def method(*args, **kwargs):
            self._left -= 1
            if self._left == 0 and self._moment == "before":
                raise self._crash
            result = real(*args, **kwargs)
            if self._left == 0:
                raise self._crash
            return result

        return method


BOUNDARIES = {
    "before the intent": {"method": "intend", "moment": "before"},
    "after the intent": {"method": "intend", "moment": "after"},
    "before the write": {"script": "crash before"},
    "after the write": {"script": "crash after"},
    "before the outcome": {"method": "settle", "moment": "before"},
    "after the outcome": {"method": "settle", "moment": "after"},
    "before the verified version": {"method": "settle", "moment": "before", "call": 2},
    "after the verified version": {"method": "settle", "moment": "after", "call": 2},
}
WAS_SENT = {name for name in BOUNDARIES if "intent" not in name} - {"before the write"}


def prepared(stage, kind):
    """A change of each operation, made on what stands there now."""
    if kind == "create":
        return stage.create()
    if kind == "delete":
        return stage.remove(stage.world.make(stage.create().after))
    if kind == "guarded":
        return stage.update(1, world=stage.world, guarded=True)
    return stage.update(1, world=stage.world)


def effect(stage, kind):
    """How often the effect stands there, and how often it was sent."""
    world = stage.world
    if kind == "create":
        return len(world.pairs()), len(world.ever_made)
    if kind == "delete":
        gone = not world.roles
        return int(gone), sum(op == "delete" for op, *_ in world.log)
    related = world.tasks["00T000000000001AAA"]["fields"]["WhatId"] == stage.DEAL
    return int(related), sum(op == "update" for op, *_ in world.log)


@pytest.mark.parametrize("kind", ["create", "update", "guarded", "delete"])
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_killed_at_any_boundary_and_restarted_ends_in_one_effect(stage, boundary, kind):
    """New processes, at once and after ten minutes, neither repeat nor lose it."""
    change = prepared(stage, kind)
    told = BOUNDARIES[boundary]
    if "script" in told:
        dying = stage.executor(told["script"])
    else:
        dying = stage.executor(ledger=Dying(stage.ledger, stage.Crash, **told))
    with pytest.raises(stage.Crash):
        dying.run([change])
    sent = boundary in WAS_SENT
    assert effect(stage, kind) == (int(sent), int(sent))

    first = stage.run([change])
    assert effect(stage, kind)[1] <= 1
    stage.later(minutes=11)
    second = stage.run([change])
    assert effect(stage, kind) == (1, 1)
    assert set(first) <= {"already", "done", "parked"}
    assert set(second) <= {"already", "done"}
    assert stage.ledger.open_intents() == []
    assert set(stage.states()) <= {"done", "failed"}
    assert stage.states().count("done") == 1


def test_a_crash_in_a_batch_leaves_what_was_answered_on_record(stage):
    """Guarded writes go one by one: what was answered before the crash is done."""
    changes = [stage.update(n, world=stage.world, guarded=True) for n in range(4)]
    with pytest.raises(stage.Crash):
        stage.run(changes, "done", "done", "done", "crash before", canary=4)
    states = [entry.state for entry in stage.ledger.entries("run_1")]
    assert states == ["done", "done", "done", "open"]


def test_a_process_that_slept_does_not_send_what_it_read_before(stage):
    """A paused process wakes, looks again, and heeds what a person did meanwhile."""
    changes = [stage.update(n, world=stage.world, guarded=True) for n in range(2)]
    connector = stage.Connector(stage.world)

    def sleep_once():
        connector.before_call = lambda: None
        stage.later(minutes=30)
        stage.world.edit("00T000000000001AAA", WhatId="006000000000009AAA")

    connector.before_call = sleep_once
    assert stage.run(changes, connector=connector) == ["done", "stale"]
    task = stage.world.tasks["00T000000000001AAA"]["fields"]
    assert task["WhatId"] == "006000000000009AAA"


def test_after_a_lost_answer_the_rest_is_looked_at_again(stage):
    """Whoever made the next role while its effect was looked for made the only one."""
    changes = [stage.create(f"00300000000000{n}AAA") for n in range(3)]
    connector = stage.Connector(stage.world, ["lost after"])
    connector.write_calls = len
    real = connector.memberships

    def made_meanwhile(*asked):
        if stage.world.log:
            connector.memberships = real
            stage.world.make(changes[1].after)
        return real(*asked)

    connector.memberships = made_meanwhile
    statuses = stage.run(changes, connector=connector, canary=3)
    assert statuses == ["done", "already", "done"]
    assert len(stage.world.roles) == len(changes)


def test_reading_that_takes_too_long_sends_nothing(stage):
    """What cannot be sent within a minute of being read is left for a later run."""
    connector = stage.Connector(stage.world)
    real = connector.current

    def slow(refs, fields):
        stage.later(minutes=2)
        return real(refs, fields)

    connector.current = slow
    changes = [stage.update(1, world=stage.world)]
    assert stage.run(changes, connector=connector) == ["failed"]
    assert stage.world.log == []
    assert stage.ledger.open_intents() == []
    assert stage.run(changes) == ["done"]


@pytest.mark.parametrize("first_jump", [1, -1])
@pytest.mark.parametrize("then", [1, -1])
def test_a_create_that_another_plan_made_since_is_stale(stage, first_jump, then):
    """Two saved plans want one record in different words: it is made once.

    Whatever our clock did between the plan, the first write and the second.
    """
    before = stage.ledger.last_write()
    stage.later(hours=first_jump)
    first = stage.create(after={**stage.create().after, "Role": "Evaluator"})
    assert stage.run([first], planned_after=before) == ["done"]
    stage.later(hours=then)
    stage.world.roles.clear()  # and a person removed it
    older = stage.create(generation=1)
    assert stage.run([older], planned_after=before) == ["stale"]
    after = stage.ledger.last_write()
    assert stage.run([older], planned_after=after) == ["done"]


def test_a_system_that_cannot_be_asked_keeps_its_intents(stage):
    """Settling goes on with the others, and the run goes on."""
    from syncd.errors import RetryableError

    stage.run([stage.create()], "lost before")
    stage.later(minutes=11)
    connector = stage.Connector(stage.world)

    def down(*_):
        raise RetryableError(system="salesforce", code="http_503", status=503)

    connector.memberships = down
    other = stage.update(1, world=stage.world)
    assert stage.run([other], connector=connector) == ["done"]
    assert len(stage.ledger.open_intents()) == 1


def test_retryable_failures_are_tried_once_a_run_and_never_count_as_refusals(stage):
    """A row lock is no poison: each run tries once, and the effect comes in the end."""
    change = stage.update(1, world=stage.world)
    for _ in range(4):
        assert stage.run([change], "retry", "retry") == ["failed"]
    from syncd.model.plan import effect_of

    assert stage.ledger.past([effect_of(change)]) == {}
    assert stage.run([change]) == ["done"]
