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


@pytest.mark.parametrize(
    "text",
    ["30", "1795511400", "Tue, 24 Nov 2026 09:10:00 GMT", "2026-11-24T09:10:00Z"],
)
def test_every_form_of_retry_after_can_be_played(recorder, url, text):
    """Seconds, epoch, HTTP date and ISO, set over the control port."""
    control = ControlService({"chorus": recorder}, SandboxClock())
    fault = {"status": 429, "headers": {"Retry-After": text}}
    body = json.dumps(fault).encode()
    control.handle(Request(method="POST", path="/faults/chorus", body=body))
    with requests.sessions.Session() as session:
        answer = session.get(f"{url}/v3/users", timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, text)


def test_slow_and_cut_answers_are_the_services_own(recorder, url):
    """A client's time limit is met, and so is a body that ends too early."""
    with requests.sessions.Session() as session:
        recorder.break_next(Fault(delay_s=0.5))
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{url}/v3/users", timeout=0.1)
        recorder.break_next(Fault(delay_s=0.01))
        assert session.get(f"{url}/v3/users", timeout=5).status_code == 401
        recorder.break_next(Fault(truncate=1))
        token = recorder.service.settings("")["token"]
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            session.get(f"{url}/v3/users", headers={"Authorization": token}, timeout=5)


def test_an_answer_can_be_lost_after_the_effect(outreach):
    """The write has happened, the caller sees 504."""
    recorder = Recorder(outreach.service, outreach.clock)
    recorder.break_next(Fault(method="PATCH", status=504, after=True))
    data = {"type": "prospect", "id": 1, "attributes": {"title": "CTO"}}
    answer = recorder.handle(
        Request(
            method="PATCH",
            path="/api/v2/prospects/1",
            headers={
                "authorization": f"Bearer {outreach.token}",
                "content-type": "application/vnd.api+json",
            },
            body=json.dumps({"data": data}).encode(),
        )
    )
    assert answer.status == 504
    assert outreach.attributes("prospects/1")["title"] == "CTO"


def test_a_fault_can_wait_for_a_write(outreach):
    """What is read before it, by whatever method, goes well."""
    recorder = Recorder(outreach.service, outreach.clock)
    recorder.break_next(Fault(writes=True, status=502))
    headers = {
        "authorization": f"Bearer {outreach.token}",
        "content-type": "application/vnd.api+json",
    }

    def status(method):
        data = {"type": "prospect", "id": 1, "attributes": {"title": "CTO"}}
        body = b"" if method == "GET" else json.dumps({"data": data}).encode()
        path = "/api/v2/prospects/1"
        asked = Request(method=method, path=path, headers=headers, body=body)
        return recorder.handle(asked).status

    assert [status(one) for one in ("GET", "PATCH", "PATCH")] == [200, 502, 200]


def test_the_control_port_reaches_a_service(recorder):
    """Hooks answer with the service's state; unknown ones with 404."""
    control = ControlService({"chorus": recorder}, SandboxClock())
    path = "/services/chorus/state"
    answer = control.handle(Request(method="POST", path=path, body=b"{}"))
    assert json.loads(answer.body) == {"engagements": 0, "critical": 0}
    unknown = Request(method="POST", path="/services/chorus/nothing", body=b"{}")
    assert control.handle(unknown).status == 404
