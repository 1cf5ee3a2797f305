"""The token service of Google Calendar fails in every way: it is tried again."""

import pytest

from syncd.config.load import load_config
from syncd.sandbox.recorder import Fault
from syncd.wiring import open_app
from tests.sandboxes import company

sandbox = company(accounts=2, seed=5, scope="module")
"""A small company for these tests; they only read it."""


@pytest.fixture
def app(sandbox, tmp_path):
    """An app without any token yet."""
    with open_app(load_config(sandbox.write_config(tmp_path))) as opened:
        opened.poll(only="salesforce")
        yield opened


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/token", drop=True),
        Fault(path="/token", drop=True, after=True),
        Fault(path="/token", status=502, body="<html>Bad Gateway</html>"),
        Fault(path="/token", status=503, headers={"Retry-After": "0"}),
        Fault(path="/token", status=429),
        Fault(path="/token", status=200, body="<html>hello</html>"),
        Fault(path="/token", truncate=7, after=True),
    ],
    ids=["lost", "answer lost", "502", "503", "429", "html", "cut off"],
)
def test_a_broken_token_call_is_tried_again(app, sandbox, fault):
    """Every calendar is read, and no calendar passes for one we may not read."""
    recorder = sandbox.recorders["google_calendar"]
    recorder.break_next(Fault(**vars(fault)))
    (outcome,) = app.poll(only="google_calendar")
    assert outcome.complete
    assert outcome.records
    assert len(outcome.notes) == 1, "only the integration user has no calendar"


def test_a_token_service_that_is_down_leaves_the_poll_incomplete(app, sandbox):
    """It is no refusal: nobody is asked for credentials, and nothing is skipped."""
    recorder = sandbox.recorders["google_calendar"]
    fault = Fault(path="/token", times=1_000, status=503, headers={"Retry-After": "99"})
    recorder.break_next(fault)
    (outcome,) = app.poll(only="google_calendar")
    recorder.mend()
    assert not outcome.complete
    assert not outcome.needs_credentials
