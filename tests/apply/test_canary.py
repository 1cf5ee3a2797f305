"""The first batch of each system is small; what it shows decides about the rest."""

from datetime import timedelta

import pytest

from syncd.errors import (
    BusyError,
    DryRunRefusedError,
    Problem,
    RetryableError,
)


def updates(stage, count, *, field="WhatId", **options):
    """That many changes of different tasks."""
    return [
        stage.update(n, world=stage.world, field=field, **options) for n in range(count)
    ]


def reverting(stage, *, share):
    """A connector whose org takes back what is written to the first tasks."""
    connector = stage.Connector(stage.world)
    real = connector.write

    def write(writes):
        answers = real(writes)
        for one in writes[:share]:
            stage.world.tasks[one.record_id]["fields"]["WhatId"] = None
        return answers

    connector.write = write
    return connector


@pytest.fixture
def stage(staged, store):
    """Ten tasks; a canary of three."""
    return staged(store.ledger, tasks=10)


@pytest.mark.parametrize("share", [1, 3])
def test_a_canary_that_does_not_stick_stops_the_rest(stage, share):
    """An automation that takes back one would take back others."""
    connector = reverting(stage, share=share)
    got = stage.run(updates(stage, 10), connector=connector, canary=3)
    assert got[:3].count("failed") == share
    assert got[3:] == ["held_back"] * 7
    assert len(stage.world.log) == 3


def test_a_canary_that_cannot_be_read_back_stops_the_rest(stage):
    """Not seen to hold is not held."""
    connector = stage.Connector(stage.world)
    real = connector.current

    def current(refs, fields):
        if stage.world.log:
            raise RetryableError(system="salesforce", code="http_503", status=503)
        return real(refs, fields)

    connector.current = current
    got = stage.run(updates(stage, 10), connector=connector, canary=3)
    assert got == ["done"] * 3 + ["held_back"] * 7


@pytest.mark.parametrize(
    ("fate", "status"),
    [("refused", "refused"), ("retry", "failed"), ("lost before", "parked")],
)
def test_a_canary_of_which_nothing_came_stops_the_rest(stage, fate, status):
    """Refused, failed or lost altogether."""
    got = stage.run(updates(stage, 10), fate, canary=3)
    assert got == [status] * 3 + ["held_back"] * 7


def test_a_batch_that_sent_nothing_vouches_for_nothing(stage):
    """As long as everything is there already the next batch is a canary too."""
    for number in range(3):
        stage.world.edit(f"00T{number:012d}AAA", WhatId=stage.DEAL)
    changes = updates(stage, 10, before={"WhatId": None})
    got = stage.run(changes, "refused", canary=3)
    assert got == ["already"] * 3 + ["refused"] * 3 + ["held_back"] * 4


def test_one_system_vouches_for_no_other(stage):
    """Each has a canary of its own, and one that fails stops only its own."""
    ours = updates(stage, 5)
    theirs = [
        stage.update(n, world=stage.world, system="outreach", key=f"o{n}", id=f"o{n}")
        for n in range(5, 10)
    ]
    outreach = stage.Connector(stage.world, ["refused"])
    both = {"salesforce": stage.Connector(stage.world), "outreach": outreach}
    got = stage.run([*ours, *theirs], connectors=both, canary=2)
    assert got == ["done"] * 5 + ["refused"] * 2 + ["held_back"] * 3


def test_a_system_that_is_doubted_gets_no_write(stage):
    """And what rests on it is held back; the others go on."""
    first = stage.update(1, world=stage.world, system="outreach", key="o", id="o")
    second = stage.update(2, world=stage.world, depends_on=("o",))
    third = stage.update(3, world=stage.world)
    both = {
        "salesforce": stage.Connector(stage.world),
        "outreach": stage.Connector(stage.world),
    }
    doubt = {"outreach": "prospect fell from 90 to 3"}
    got = stage.run([first, second, third], connectors=both, stopped_systems=doubt)
    assert got == ["held_back", "held_back", "done"]
    assert len(stage.world.log) == 1


def test_the_stop_file_is_looked_at_between_guarded_writes(stage):
    """They go out one by one: the third is not sent, and may be sent later."""
    connector = stage.Connector(stage.world)
    changes = updates(stage, 5, guarded=True)
    got = stage.run(
        changes,
        connector=connector,
        canary=5,
        stop=lambda: len(stage.world.log) >= 2,
    )
    assert got == ["done"] * 2 + ["held_back"] * 3
    assert stage.ledger.open_intents() == []
    assert stage.run(changes, canary=5) == ["already"] * 2 + ["done"] * 3


def test_a_lock_that_is_lost_stops_the_run(stage):
    """Another process may be writing by now."""
    changes = updates(stage, 4, guarded=True)
    got = stage.run(changes, canary=4, lock_held=lambda: len(stage.world.log) < 1)
    assert got == ["done"] + ["held_back"] * 3


@pytest.mark.parametrize("sent", [0, 1])
def test_a_call_that_our_own_session_cuts_short_is_looked_for(stage, sent):
    """The stop file came while a connector was at it: a part may have been sent."""
    connector = stage.Connector(stage.world)
    real = connector.write

    def write(writes):
        real(writes[:sent])
        raise BusyError(Problem(where="syncd.stop", what="is there", remedy="remove"))

    connector.write = write
    changes = updates(stage, 2)
    got = stage.run(changes, connector=connector)
    assert got == ["done"] * sent + ["parked"] * (2 - sent)
    stage.later(minutes=11)
    assert stage.run(changes) == ["already"] * sent + ["done"] * (2 - sent)
    assert len(stage.world.log) == 2


def test_a_dry_run_is_said_aloud_and_leaves_nothing_in_doubt(stage):
    """Whoever applies with a connector that may not write gets an error."""
    connector = stage.Connector(stage.world)

    def refuse():
        raise DryRunRefusedError(system="salesforce", method="PATCH", path="/x")

    connector.before_call = refuse
    with pytest.raises(DryRunRefusedError):
        stage.run(updates(stage, 2), connector=connector)
    assert stage.ledger.open_intents() == []


@pytest.mark.parametrize("happens", [True, False])
def test_a_connector_that_fails_after_sending_is_in_doubt(stage, happens):
    """Its error says nothing about the effect: that is looked for, in one read."""
    connector = stage.Connector(stage.world)
    real, reads = connector.write, []

    def write(writes):
        if happens:
            real(writes)
        stage.world.at += timedelta(seconds=1)
        reads.clear()
        raise RetryableError(system="salesforce", code="http_500", status=500)

    def current(refs, fields):
        reads.append(len(refs))
        return type(connector).current(connector, refs, fields)

    connector.write, connector.current = write, current
    got = stage.run(updates(stage, 3), connector=connector, canary=3)
    assert got == (["done"] * 3 if happens else ["parked"] * 3)
    assert reads[0] == 3
    assert len(reads) == 1 + happens


def test_what_could_not_be_looked_at_says_nothing_about_the_rest(stage):
    """Nothing was sent: the first batch that is sent is the canary."""
    connector = stage.Connector(stage.world)
    real, looks = connector.current, []

    def current(refs, fields):
        looks.append(refs)
        if len(looks) == 1:
            raise RetryableError(system="salesforce", code="http_503", status=503)
        return real(refs, fields)

    connector.current = current
    got = stage.run(updates(stage, 10), connector=connector, canary=3)
    assert got == ["failed"] * 3 + ["done"] * 7


def test_a_canary_that_held_vouches_for_what_comes_after_a_failed_batch(stage):
    """A later batch in which all that is sent is refused stops nothing."""
    first = updates(stage, 3)
    on_it = {"world": stage.world, "depends_on": (first[0].id,)}
    there, refused = stage.update(3, **on_it), stage.update(4, **on_it)
    last = stage.update(5, world=stage.world, depends_on=(there.id,))
    stage.world.edit(there.record_id, WhatId=stage.DEAL)
    got = stage.run([*first, there, refused, last], "done", "refused", canary=3)
    assert got == ["done"] * 3 + ["already", "refused", "done"]
