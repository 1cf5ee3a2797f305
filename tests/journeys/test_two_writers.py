"""Several real processes over one store: every effect once, the loser told by whom."""

import json
import signal
import socket
import threading
from collections import Counter

import pytest

from tests.command_line import begin, syncd


class Gate:
    """Holds back the answers to a service's writes until it is opened."""

    def __init__(self, recorder):
        """Requests take effect first; their answers wait."""
        self.reached = threading.Event()
        self.open = threading.Event()
        self._recorder = recorder
        self._real = recorder.handle
        recorder.handle = self._handle

    def _handle(self, request):
        answer = self._real(request)
        if self._recorder.service.is_write(request) and not self.open.is_set():
            self.reached.set()
            self.open.wait(120)
        return answer


@pytest.fixture
def path(config, tmp_path):
    """Of the configuration for the sandbox, on both databases in turn."""
    return tmp_path / "conf" / "syncd.toml"


def effects(sandbox):
    """Roles in both systems by their two sides, and writes of each task."""
    tables = sandbox.salesforce.tables
    rows = tables.rows("OpportunityContactRole", with_deleted=False)
    found = sandbox.outreach.control("resources", {"type": "opportunityProspectRole"})
    sides = [one["relationships"] for one in found["resources"]]
    return Counter(
        [
            *((row["OpportunityId"], row["ContactId"]) for row in rows),
            *(
                (one["opportunity"]["data"]["id"], one["prospect"]["data"]["id"])
                for one in sides
            ),
        ]
    )


def planned(app):
    """A saved plan with many automatic changes."""
    app.poll()
    plan = app.plan()
    assert sum(change.mode == "auto" for change in plan.changes) > 20
    return plan


def names(holder, said, store_url):
    """Whether a refusal names the process that holds the lock."""
    host = f"{socket.gethostname()}:" if store_url.startswith("postgresql") else "pid "
    return f"another process is writing changes ({host}{holder})" in said


def test_the_loser_of_two_applies_is_told_who_writes(app, path, sandbox, store_url):
    """It ends in 4 and has written nothing; afterwards everything is there already."""
    plan = planned(app)
    gate = Gate(sandbox.recorders["salesforce"])
    first = begin(path, "apply", plan.plan_id)
    assert gate.reached.wait(60)
    code, _, said = syncd(path, "apply", plan.plan_id)
    assert code == 4
    assert names(first.pid, said, store_url), said
    gate.open.set()
    code, out, said = first.ended()
    assert code == 0, said + out
    before = sum(one.write_calls for one in sandbox.recorders.values())
    code, out, said = syncd(path, "apply", plan.plan_id, "--json")
    assert code == 0, said
    assert {item["status"] for item in json.loads(out)["items"]} == {"already"}
    assert sum(one.write_calls for one in sandbox.recorders.values()) == before
    assert set(effects(sandbox).values()) == {1}


def test_applies_that_start_together_write_everything_once(app, path, sandbox):
    """Whoever wins; the others are refused or find everything there."""
    plan = planned(app)
    together = [begin(path, "apply", plan.plan_id) for _ in range(3)]
    codes = Counter(process.ended()[0] for process in together)
    assert set(codes) <= {0, 4}
    assert codes[0] >= 1
    assert set(effects(sandbox).values()) == {1}
    done = Counter(
        entry.change.id
        for run in app.store.ledger.runs()
        for entry in app.store.ledger.entries(run.run_id)
        if entry.state == "done"
    )
    assert set(done.values()) == {1}
    assert len(done) == sum(change.mode == "auto" for change in plan.changes)


def test_a_writer_that_was_killed_leaves_no_lock_and_no_doubt(app, path, sandbox):
    """Kill -9 between effect and answer: the next process finds the effect."""
    plan = planned(app)
    gate = Gate(sandbox.recorders["salesforce"])
    first = begin(path, "apply", plan.plan_id)
    assert gate.reached.wait(60)
    first.send_signal(signal.SIGKILL)
    first.ended()
    gate.open.set()
    left = app.store.ledger.open_intents()
    assert left
    code, out, _ = syncd(path, "status", "--json")
    assert code == 0
    assert len(json.loads(out)["parked"]) == len(left)
    code, out, said = syncd(path, "runs", left[0].run_id)
    assert out.count("parked") == len(left), said
    code, out, said = syncd(path, "apply", plan.plan_id, "--json")
    assert code == 0, said + out
    assert {i["status"] for i in json.loads(out)["items"]} == {"done", "already"}
    assert app.store.ledger.open_intents() == []
    assert set(effects(sandbox).values()) == {1}
    code, out, said = syncd(path, "runs", left[0].run_id)
    assert out.count("found later") == len(left), said


def test_apply_is_refused_while_the_service_writes(app, path, sandbox, store_url):
    """And the service's cycle is undisturbed: every effect once, nothing left."""
    plan = planned(app)
    app.store.mirror.mark_all_dirty()
    gate = Gate(sandbox.recorders["salesforce"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    service = begin(path, "run", SYNCD_WEB__LISTEN=listen)
    try:
        assert gate.reached.wait(90)
        code, _, said = syncd(path, "apply", plan.plan_id)
        assert code == 4
        assert names(service.pid, said, store_url), said
        gate.open.set()
        for _ in range(40):
            code, out, said = syncd(path, "apply", plan.plan_id, "--json")
            if code == 0:
                break
        assert code == 0, said + out
    finally:
        gate.open.set()
        service.send_signal(signal.SIGTERM)
        service.ended()
    assert set(effects(sandbox).values()) == {1}
    assert app.store.ledger.open_intents() == []
