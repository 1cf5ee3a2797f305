"""The ledger: intents before writes, each once; plans and runs that can be found."""

import multiprocessing
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from syncd.errors import BusyError
from syncd.model.outcome import ItemOutcome, ItemStatus, RunOutcome
from syncd.model.plan import SCHEMA, Change, Expects, Plan, effect_of
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.store import Store, open_store

Make = Callable[..., Change]


@pytest.fixture
def change() -> Make:
    """A change with a key of its own."""

    def build(key: str, **more: Any) -> Change:
        values = {
            "id": f"chg_{key}",
            "key": key,
            "rule": "activity-completed",
            "mode": "auto",
            "system": "salesforce",
            "operation": "update",
            "object": "Task",
            "record_id": "00T1",
            "before": {"Status": "Open"},
            "after": {"Status": "Completed"},
            "expects": Expects(version="v1"),
            "depends_on": (),
            "confidence": 1.0,
            "reason": "it took place",
            "evidence": (),
        }
        return Change(**(values | more))

    return build


def _intend(store: Store, now: datetime, *changes: Change) -> list[str]:
    states = store.ledger.intend(
        changes,
        run_id="run_1",
        plan_id="pln_1",
        now=now,
        before={changes[0].key: {"Status": "Open"}},
    )
    return [one.state for one in states]


def _item(change: Change, status: ItemStatus = ItemStatus.DONE) -> ItemOutcome:
    return ItemOutcome(change_id=change.id, status=status, record_id="00T1")


def test_key_is_intended_once(store: Store, change: Make, now: datetime) -> None:
    """A second worker, or a second run, is told what became of the first."""
    one, two = change("k1"), change("k2", record_id="00T2")
    assert _intend(store, now, one) == ["new"]
    assert _intend(store, now, one, two) == ["open", "new"]
    [first, _] = store.ledger.open_intents()
    assert (first.change, first.before) == (one, {"Status": "Open"})
    store.ledger.settle([("k1", "done", _item(one))], now=now + timedelta(seconds=1))
    assert _intend(store, now, one) == ["done"]
    entry = store.ledger.entry_of("chg_k1")
    assert entry is not None
    assert (entry.state, entry.settled_at) == ("done", now + timedelta(seconds=1))
    assert [one.change.key for one in store.ledger.entries("run_1")] == ["k1", "k2"]


def test_what_is_settled_ends_before_the_first_open_write(
    store: Store, change: Make, now: datetime
) -> None:
    """A poll that begins now sees what became of those writes, and of no later one."""
    assert store.ledger.settled_up_to() == store.ledger.last_write() == 0
    one, two = change("k1"), change("k2", record_id="00T2")
    _intend(store, now, one, two)
    first, second = (entry.sequence for entry in store.ledger.open_intents())
    store.ledger.settle([("k2", "done", _item(two))], now=now)
    assert store.ledger.settled_up_to() == first - 1
    assert store.ledger.last_write() == second
    store.ledger.settle([("k1", "done", _item(one))], now=now)
    assert store.ledger.settled_up_to() == second


def test_an_open_effect_is_intended_by_no_other_change(
    store: Store, change: Make, now: datetime
) -> None:
    """Two plans that want the same by different words do not both send it."""
    key = "OpportunityContactRole|006|003"
    one = change("k1", operation="create", natural_key=key)
    two = change("k2", operation="create", natural_key=key, after={"Role": "Buyer"})
    assert _intend(store, now, one) == ["new"]
    assert _intend(store, now, two) == ["open"]
    failed = _item(one, ItemStatus.FAILED)
    store.ledger.settle([("k1", "failed", failed)], now=now)
    assert _intend(store, now, two) == ["new"]


def test_a_run_settles_its_own_attempt_only(
    store: Store, change: Make, now: datetime
) -> None:
    """A run that was given up while it slept does not touch its successor's intent."""
    one = change("k1")
    failed = [("k1", "failed", _item(one, ItemStatus.FAILED))]
    _intend(store, now, one)
    store.ledger.settle(failed, now=now, run_id="run_1")
    states = store.ledger.intend(
        [one], run_id="run_2", plan_id="pln_1", now=now, before={}
    )
    assert [state.state for state in states] == ["new"]
    store.ledger.settle(failed, now=now, run_id="run_1")
    [left] = store.ledger.open_intents()
    assert left.run_id == "run_2"


def test_failed_write_may_be_tried_again(
    store: Store, change: Make, now: datetime
) -> None:
    """Only what certainly did not happen is intended anew."""
    one = change("k1")
    _intend(store, now, one)
    store.ledger.settle([("k1", "failed", _item(one, ItemStatus.FAILED))], now=now)
    assert _intend(store, now, one) == ["new"]
    assert len(store.ledger.open_intents()) == 1


def test_every_attempt_of_a_write_is_kept(
    store: Store, change: Make, now: datetime
) -> None:
    """Refused, tried again and done: the journal has both, under their own runs."""
    one = change("k1")
    effect = effect_of(one)
    _intend(store, now, one)
    assert [w.state for w in store.ledger.past([effect])[effect]] == ["open"]
    refused = _item(one, ItemStatus.REFUSED)
    store.ledger.settle([("k1", "refused", refused)], now=now)
    assert _intend(store, now, one) == ["new"]
    done = msgspec.structs.replace(_item(one), version="v2")
    store.ledger.settle([("k1", "done", done)], now=now + timedelta(seconds=1))
    first, second = store.ledger.past([effect])[effect]
    assert (first.state, second.state) == ("refused", "done")
    assert (first.written_version, second.written_version) == ("", "v2")
    assert second.after == {"Status": "Completed"}
    assert [e.state for e in store.ledger.entries("run_1")] == ["refused", "done"]


def test_a_cleared_tombstone_is_remembered_as_forgiven(
    store: Store, now: datetime
) -> None:
    """It holds nothing back any more, and its effect may be entombed again."""
    stone = Tombstone(
        effect="salesforce|Task|00T1|WhatId",
        kind=TombstoneKind.REVERTED,
        rule="a-rule",
        system="salesforce",
        object="Task",
        what="00T1",
        fields=("WhatId",),
        says="someone changed it back",
        made_at=now,
        expires_at=now + timedelta(days=30),
    )
    store.tombstones.add([stone])
    assert store.tombstones.all(now=now) == [stone]
    assert store.tombstones.all(now=now + timedelta(days=31)) == []
    assert store.tombstones.clear(["tmb_other"], now=now) == []
    [lifted] = store.tombstones.clear([stone.id], now=now + timedelta(days=1))
    assert lifted.is_forgiven(now)
    assert store.tombstones.all(now=now) == []
    assert store.tombstones.all(now=now, everything=True) == [lifted]
    assert store.tombstones.of([stone.effect]) == {stone.effect: lifted}
    store.tombstones.add([stone])
    assert store.tombstones.all(now=now) == [stone]


def test_second_writer_is_refused(store: Store, store_url: str, tmp_path: Path) -> None:
    """One writer per store: the second is told who; the lock is free afterwards."""
    other = open_store(store_url, base=tmp_path)
    holder = rf"another process .*\b{os.getpid()}\)"
    with store.ledger.writer_lock(), pytest.raises(BusyError, match=holder):
        other.ledger.writer_lock().__enter__()
    with other.ledger.writer_lock():
        pass
    other.close()


@pytest.mark.postgresql
def test_a_lock_that_is_lost_with_its_session_is_noticed(
    postgresql_server: sa.URL, tmp_path: Path
) -> None:
    """Whoever holds it asks before every call, and stops."""
    url = postgresql_server.render_as_string(hide_password=False)
    writer = open_store(url, base=tmp_path)
    end = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE 'syncd writer %'"
    )
    with writer.ledger.writer_lock() as held:
        assert held()
        with writer.engine.connect() as connection:
            connection.execute(end)
        assert not held()
        with writer.ledger.writer_lock():
            assert not held()
    writer.close()


def _die_while_writing(url: str, folder: str) -> None:
    store = open_store(url, base=Path(folder))
    store.ledger.writer_lock().__enter__()
    multiprocessing.current_process().kill()


def test_lock_of_a_killed_writer_is_free(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    """A process that was killed holds nothing."""
    spawn = multiprocessing.get_context("spawn")
    writer = spawn.Process(target=_die_while_writing, args=(store_url, str(tmp_path)))
    writer.start()
    writer.join(60)
    writer.close()
    with store.ledger.writer_lock():
        pass


def test_runs_are_kept_newest_first(store: Store, now: datetime) -> None:
    """A run is replaced by its end, and found by its id."""
    for number in range(3):
        run = RunOutcome(
            run_id=f"run_{number}",
            plan_id=None,
            started_at=now + timedelta(hours=number),
            ended_at=None,
            kind="plan",
        )
        store.ledger.open_run(run)
        store.ledger.close_run(run)
    assert [one.run_id for one in store.ledger.runs(2)] == ["run_2", "run_1"]
    found = store.ledger.run("run_0")
    assert found is not None
    assert found.started_at == now
    assert store.ledger.run("run_9") is None


def test_plan_comes_back_as_it_was_and_is_found_by_its_changes(
    store: Store, change: Make, now: datetime
) -> None:
    """Change and finding ids lead to the newest plan that holds them."""
    for number in range(2):
        store.plans.save(
            Plan(
                schema=SCHEMA,
                plan_id=f"pln_{number}",
                digest="sha256:0",
                created_at=now + timedelta(hours=number),
                scope={},
                policy_digest="",
                orgs={"salesforce": "00D"},
                connectors={},
                cost={},
                findings=(),
                changes=(change("k1"),),
                guards=(),
            )
        )
    assert [plan.plan_id for plan in store.plans.latest()] == ["pln_1", "pln_0"]
    assert store.plans.load("pln_9") is None
    found = store.plans.find_change("chg_k1")
    assert found is not None
    assert (found[0].plan_id, found[1]) == ("pln_1", change("k1"))
    assert store.plans.find_change("chg_k9") is None
