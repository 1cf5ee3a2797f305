"""Several real processes apply one plan minutes apart: every effect comes once."""

import json
import signal
import threading
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from syncd.sandbox.http import Response
from tests.chaos.witness import Witness, judge
from tests.command_line import begin, syncd

_SOON, _LATE = timedelta(minutes=3), timedelta(minutes=14)
_LOST = Response(status=503, drop=True)


class Road:
    """Between syncd and a service: the first write is held up there.

    Attributes:
        reached: Set once that write is under way.
    """

    def __init__(self, recorder, *, after_its_effect=False):
        """Holds up the write, or its answer."""
        self.reached = threading.Event()
        self._ends = threading.Event()
        self._ended = threading.Event()
        self._arrives = True
        self._after = after_its_effect
        self._recorder = recorder
        self._real = recorder.handle
        recorder.handle = self._handle

    def _handle(self, request):
        if self.reached.is_set() or not self._recorder.service.is_write(request):
            return self._real(request)
        answer = self._real(request) if self._after else None
        self.reached.set()
        self._ends.wait(150)
        if answer is None:
            answer = self._real(request) if self._arrives else _LOST
        self._ended.set()
        return answer

    def ends(self, *, arrives=True):
        """It gets through, if it does; when this returns it has had its effect."""
        self._arrives = arrives
        self._ends.set()
        assert self._ended.wait(60)


class Scene:
    """A saved plan, and two services that are watched while it is applied."""

    def __init__(self, app, path, sandbox):
        """Polls and plans."""
        app.poll()
        self._app, self._path, self._sandbox = app, path, sandbox
        self._witnesses = {}
        for name in ("salesforce", "outreach"):
            recorder = sandbox.recorders[name]
            self._witnesses[name] = recorder.service = Witness(recorder.service)
        self._plan = app.plan()
        self._past = timedelta(0)
        self._wanted = [
            msgspec.to_builtins(c) for c in self._plan.changes if c.mode == "auto"
        ]
        assert len(self._wanted) > 20

    def first(self):
        """A process that begins to apply the plan."""
        return begin(self._path, "apply", self._plan.plan_id)

    def after(self, past):
        """Another one, so much time after the first: exit code, statuses, message."""
        self._sandbox.clock.advance(past - self._past)
        self._past = past
        code, out, said = syncd(
            self._path, "apply", self._plan.plan_id, "--json", later=past
        )
        items = json.loads(out)["items"] if out else ()
        return code, Counter(item["status"] for item in items), said

    def writes(self):
        """Writes that reached a service so far."""
        return sum(one.writes for one in self._witnesses.values())

    def is_done_once(self):
        """By the services' records, and by the ledger."""
        verdict = judge(self._wanted, self._witnesses)
        assert (verdict.doubled, verdict.lost) == ([], [])
        assert self._app.store.ledger.open_intents() == []
        done = Counter(
            entry.change.id
            for run in self._app.store.ledger.runs()
            for entry in self._app.store.ledger.entries(run.run_id)
            if entry.state == "done"
        )
        assert done == Counter({change["id"]: 1 for change in self._wanted})


@pytest.fixture
def scene(app, config, sandbox, tmp_path):
    """On both databases in turn."""
    return Scene(app, tmp_path / "conf" / "syncd.toml", sandbox)


def test_nobody_overtakes_a_writer_that_has_been_at_it_for_minutes(scene, sandbox):
    """Half-way and held up: whoever comes later is refused, then finds all done."""
    road = Road(sandbox.recorders["salesforce"], after_its_effect=True)
    first = scene.first()
    assert road.reached.wait(60)
    before = scene.writes()
    for past in (_SOON, _LATE):
        code, statuses, said = scene.after(past)
        assert (code, statuses) == (4, Counter()), said
    assert scene.writes() == before
    road.ends()
    code, out, said = first.ended()
    assert code == 0, said + out
    before = scene.writes()
    code, statuses, said = scene.after(_LATE + _SOON)
    assert (code, set(statuses)) == (0, {"already"}), said
    assert scene.writes() == before
    scene.is_done_once()


@pytest.mark.parametrize(
    ("system", "arrives"),
    [
        ("salesforce", "at once"),
        ("salesforce", "late"),
        ("outreach", "late"),
        ("outreach", "never"),
    ],
)
def test_who_comes_minutes_after_a_killed_writer_does_the_rest(
    scene, sandbox, system, arrives
):
    """Killed amid a write that has had, has yet to have, or never has its effect."""
    at_once = arrives == "at once"
    road = Road(sandbox.recorders[system], after_its_effect=at_once)
    first = scene.first()
    assert road.reached.wait(60)
    first.send_signal(signal.SIGKILL)
    first.ended()
    code, statuses, said = scene.after(_SOON)
    assert statuses["done"], said
    assert (code == 0) is at_once, said
    assert (statuses["parked"] == 0) is at_once, "it may be under way for ten minutes"
    road.ends(arrives=arrives != "never")
    code, statuses, said = scene.after(_LATE)
    assert (code, set(statuses) - {"done"}) == (0, {"already"}), said
    scene.is_done_once()
