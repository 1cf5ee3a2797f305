"""Outcomes are dated by the clock of the system that was written to."""

from datetime import timedelta

import pytest

from syncd.model.plan import effect_of

HOUR = timedelta(hours=1)


@pytest.fixture
def telling(stage):
    """``telling(off, *script)``: a connector whose system says what time it is."""

    def connector(off, *script):
        class Telling(stage.Connector):
            def server_at(self):
                return stage.world.at + off

        return Telling(stage.world, script)

    return connector


@pytest.mark.parametrize("off", [HOUR, -HOUR])
@pytest.mark.parametrize("script", [("done",), ("lost after",), ("crash after",)])
def test_an_outcome_is_dated_by_the_systems_clock(stage, telling, off, script):
    """However it became known: polls are compared with it, and they go by that one."""
    change = stage.create()
    try:
        stage.run([change], connector=telling(off, *script))
    except stage.Crash:
        stage.run([], connector=telling(off))
    [write] = stage.ledger.past([effect_of(change)])[effect_of(change)]
    assert (write.state, write.settled_at) == ("done", stage.world.at + off)


def test_without_one_it_is_dated_by_ours(stage):
    """A system that does not say what time it is."""
    change = stage.create()
    stage.run([change])
    [write] = stage.ledger.past([effect_of(change)])[effect_of(change)]
    assert write.settled_at == stage.world.at
