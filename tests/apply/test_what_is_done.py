"""A plan that is applied again passes over what is on record as done."""

from collections import Counter

import pytest


@pytest.fixture
def reading(stage):
    """A connector that counts what it is asked, by method."""
    connector = stage.Connector(stage.world)
    connector.asked = Counter()
    for name in ("current", "memberships", "write"):
        real = getattr(connector, name)

        def counted(*arguments, _name=name, _real=real):
            connector.asked[_name] += 1
            return _real(*arguments)

        setattr(connector, name, counted)
    return connector


def person(stage, number, **fields):
    """A person edits a task, a while after what was written there."""
    stage.later(seconds=30)
    stage.world.edit(f"00T{number:012d}AAA", by=stage.PERSON, **fields)


def test_what_is_done_costs_no_call_when_a_plan_is_applied_again(stage, reading):
    """Neither its record nor its deal is read; what is left is done as ever."""
    done = [stage.update(n, world=stage.world) for n in (0, 1)]
    done.append(stage.create())
    assert stage.run(done, canary=1) == ["done", "done", "done"]
    assert stage.run(done, connector=reading) == ["already"] * 3
    assert not reading.asked
    left = stage.update(2, world=stage.world)
    assert stage.run([*done, left], connector=reading) == ["already"] * 3 + ["done"]
    assert reading.asked == {"current": 2, "write": 1}, "looked at, and read back"


def test_what_only_the_done_rests_on_costs_no_call(stage, reading):
    """A chain of which nothing is left is not read from its beginning."""
    first = stage.update(0, world=stage.world)
    chain = [first, stage.update(1, world=stage.world, depends_on=(first.id,))]
    assert stage.run(chain) == ["done", "done"]
    assert stage.run(chain, connector=reading) == ["already", "already"]
    assert not reading.asked


def test_what_is_done_does_not_use_up_the_canary(stage, reading):
    """A restarted run gets to what is left at once, not in small batches."""
    stage = type(stage)(stage.ledger, tasks=40)
    changes = [stage.update(n, world=stage.world) for n in range(40)]
    reading.world = stage.world
    stage.run(changes[:38], canary=2)
    assert stage.run(changes, canary=2, connector=reading)[38:] == ["done", "done"]
    assert reading.asked["current"] == 2


def test_what_a_person_made_of_it_since_is_theirs(stage):
    """It was done once, and is neither done again nor called stale."""
    change = stage.update(0, world=stage.world)
    stage.run([change])
    person(stage, 0, WhatId=None)
    assert stage.run([change]) == ["already"]
    assert stage.world.tasks[change.record_id]["fields"]["WhatId"] is None


@pytest.mark.parametrize("between", [0, 1])
def test_what_is_left_is_held_back_when_a_person_took_its_ground_away(stage, between):
    """What is still to be done has all that it rests on looked at again."""
    chain = [stage.update(0, world=stage.world)]
    for number in range(1, between + 2):
        chain.append(
            stage.update(number, world=stage.world, depends_on=(chain[-1].id,))
        )
    *done, last = chain
    assert set(stage.run(done)) == {"done"}
    person(stage, 0, WhatId=None)
    statuses = stage.run([*done, last])
    assert (statuses[0], statuses[-1]) == ("stale", "held_back")
    assert stage.world.tasks[last.record_id]["fields"]["WhatId"] is None


def test_what_was_undone_stays_undone(stage):
    """The plan of before is applied again after an undo: nothing is written."""
    change = stage.update(0, world=stage.world)
    stage.run([change])
    back = stage.update(0, world=stage.world, value=None, takes_back=True)
    stage.later(minutes=1)
    assert stage.run([back]) == ["done"]
    assert stage.run([change]) == ["already"]
    assert stage.world.tasks[change.record_id]["fields"]["WhatId"] is None


def test_what_failed_or_is_not_known_is_no_less_looked_at(stage):
    """Only what is certain is passed over."""
    lost, failed = stage.update(0, world=stage.world), stage.create()
    stage.run([lost], "lost before")
    stage.run([failed], "retry")
    assert stage.run([lost, failed]) == ["parked", "done"]


def test_the_ledger_tells_the_last_attempt(stage):
    """By key; a key that was never intended is left out."""
    change = stage.update(0, world=stage.world)
    stage.run([change], "retry")
    known = stage.ledger.known([change.key, "never"])
    assert {key: one.state for key, one in known.items()} == {change.key: "failed"}
    stage.run([change])
    assert stage.ledger.known([change.key])[change.key].state == "done"
