"""Faults before a service, over real HTTP, and the control port."""

import json

import pytest
import requests

from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.control import ControlService
from syncd.sandbox.http import Request
from syncd.sandbox.recorder import Fault, Recorder
from syncd.sandbox.server import serve


@pytest.fixture
def recorder():
    """Chorus behind a recorder."""
    clock = SandboxClock()
    return Recorder(ChorusService(clock), clock)


@pytest.fixture
def url(recorder):
    """Where it is served."""
    server = serve(recorder)
    yield server.url
    server.close()


def test_faults_hit_as_often_as_told(recorder, url):
    """A 503 with its pause once, then the service itself."""
    recorder.break_next(Fault(status=503, headers={"Retry-After": "2"}))
    with requests.sessions.Session() as session:
        broken = session.get(f"{url}/v3/users", timeout=5)
        assert (broken.status_code, broken.headers["Retry-After"]) == (503, "2")
        assert session.get(f"{url}/v3/users", timeout=5).status_code == 401
    assert [one.status for one in recorder.log] == [503, 401]


@pytest.mark.parametrize("fault", [Fault(drop=True), Fault(drop=True, after=True)])
def test_dropped_answers_break_the_connection(recorder, url, fault):
    """Before or after the effect, the client sees the same."""
    recorder.break_next(fault)
    with (
        requests.sessions.Session() as session,
        pytest.raises(requests.ConnectionError),
    ):
        session.get(f"{url}/v3/users", timeout=5)


def test_the_control_port_reaches_a_service(recorder):
    """Hooks answer with the service's state; unknown ones with 404."""
    control = ControlService({"chorus": recorder}, SandboxClock())
    path = "/services/chorus/state"
    answer = control.handle(Request(method="POST", path=path, body=b"{}"))
    assert json.loads(answer.body) == {"engagements": 0, "critical": 0}
    unknown = Request(method="POST", path="/services/chorus/nothing", body=b"{}")
    assert control.handle(unknown).status == 404
