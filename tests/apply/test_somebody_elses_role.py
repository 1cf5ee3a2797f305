"""A lost write of ours, and a role that somebody made in its place."""

from datetime import timedelta

import pytest

TEN = timedelta(minutes=10)


@pytest.mark.parametrize("clock", [timedelta(0), timedelta(hours=-1)])
@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(0), "done"),
        (TEN, "done"),
        (TEN + timedelta(seconds=1), "failed"),
        (timedelta(hours=5), "failed"),
    ],
)
def test_a_role_made_later_is_not_ours(stage, after, state, clock):
    """No call takes more than ten minutes, whatever our own clock shows by then.

    What the ledger took for ours, an undo of the run would remove.
    """
    [status] = stage.run([stage.create()], "lost before")
    assert status == "parked"
    stage.later(seconds=after.total_seconds())
    stage.world.make(stage.create().after)
    stage.later(seconds=1)
    stage.run([], now=lambda: stage.world.at + clock)
    assert stage.states() == [state]


def test_a_role_of_ours_that_is_found_late_is_ours(stage):
    """When it was made counts, not when it was edited or looked for."""
    with pytest.raises(stage.Crash):
        stage.run([stage.create()], "crash after")
    stage.later(hours=5)
    for role in stage.world.roles.values():
        role["at"] = stage.world.at
    stage.run([])
    assert stage.states() == ["done"]


def test_a_role_whose_making_is_not_told_is_taken_for_ours(stage):
    """Without the instant of its making nothing speaks against it."""
    stage.run([stage.create()], "lost before")
    stage.later(hours=5)
    stage.world.make(stage.create().after)
    for role in stage.world.roles.values():
        del role["made"]
    stage.run([])
    assert stage.states() == ["done"]
