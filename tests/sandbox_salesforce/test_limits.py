"""What one org lets its clients ask: sizes, calls of a day, long requests, hosts."""

from datetime import timedelta

import pytest
import requests

from syncd.sandbox.http import Request

LIMIT = "REQUEST_LIMIT_EXCEEDED"


def _refusal(answer):
    status, body = answer
    return status, body[0]["errorCode"], body[0]["message"]


@pytest.mark.parametrize(
    ("address", "header", "status"),
    [(17_000, 0, 414), (0, 17_000, 431), (9_000, 9_000, 431), (7_000, 7_000, 404)],
)
def test_too_much_in_address_or_headers_is_told_apart(org, address, header, status):
    """An address of its own length is 414; what headers make too long is 431."""
    answer = org.answer(
        "GET", f"/nothing?{'x' * address}", headers={"x-padding": "y" * header}
    )
    assert answer.status == status


def test_a_used_up_day_refuses_calls_until_it_rolls_on(org):
    """Calls count for 24 hours; refused ones are not counted."""
    org.control("set_allowance", daily=10, stop_at=12)
    org.control("set_usage", calls=11)
    answer = org.answer("GET", "/limits")
    assert answer.status == 200
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=12/10"
    for _ in range(2):
        refused = _refusal(org("GET", "/limits"))
        assert refused == (403, LIMIT, "TotalRequests Limit exceeded.")
    assert org.service.calls == 12
    org.clock.advance(timedelta(hours=24))
    assert org("GET", "/limits")[0] == 200
    assert org.service.calls == 1


def test_a_paid_org_goes_on_beyond_its_allowance_for_a_while(org):
    """Usage passes the allowance before calls are refused."""
    org.control("set_usage", calls=149_999)
    assert org("GET", "/limits")[0] == 200
    assert _refusal(org("GET", "/limits"))[:2] == (403, LIMIT)


def test_long_requests_close_the_gate_for_others(org):
    """Five requests that have run for 20 seconds keep any other out."""
    org.control("set_allowance", long_requests=5)
    org.control("slow_requests", path="query", seconds=60, times=5)
    soql = "/query?q=SELECT+Id+FROM+Task"
    delays = [org.answer("GET", soql).delay_s for _ in range(5)]
    assert delays == [60] * 5
    assert org("GET", soql)[0] == 200
    org.clock.advance(timedelta(seconds=20))
    refused = _refusal(org("GET", "/limits"))
    assert refused == (403, LIMIT, "ConcurrentPerOrgLongTxn Limit exceeded.")
    org.clock.advance(timedelta(seconds=40))
    assert org("GET", "/limits")[0] == 200


def test_short_requests_do_not_close_the_gate(org):
    """Below 20 seconds a request counts for nothing."""
    org.control("set_allowance", long_requests=1)
    org.control("slow_requests", seconds=19, times=3)
    for _ in range(3):
        assert org("GET", "/limits")[0] == 200
    org.clock.advance(timedelta(seconds=18))
    assert org("GET", "/limits")[0] == 200


def test_a_slow_answer_is_slow_over_http(org, over_http):
    """The time is taken on the wire, and only by the request it was meant for."""
    org.control("slow_requests", path="limits", seconds=0.4)
    url = "https://org.example/services/data/v62.0/limits"
    token = {"Authorization": org.headers["authorization"]}
    session = over_http()
    with pytest.raises(requests.Timeout):
        session.get(url, headers=token, timeout=0.2)
    assert session.get(url, headers=token, timeout=5).status_code == 200


def test_one_apps_share_stands_beside_the_orgs(org):
    """Other tools' calls do not count towards it."""
    org.control("set_allowance", app="syncd", app_daily=250)
    before = org.service.calls
    org.control("set_usage", calls=70_000)
    org("GET", "/limits")
    info = org.answer("GET", "/limits").headers["Sforce-Limit-Info"]
    assert before == 0
    assert info == ("api-usage=70002/100000; per-app-api-usage=2/250(appName=syncd)")


def test_another_host_does_not_know_the_session(org):
    """A session is good at the host that its token was given for."""
    assert org("GET", "/limits", headers={"host": "login.example"})[0] == 401
    assert org("GET", "/limits")[0] == 200


def test_an_org_can_move_to_another_instance(org):
    """Old sessions end; the new token names the host that answers from now on."""
    org.control("move_instance", host="new.example")
    assert org("GET", "/limits")[0] == 401
    org.login()
    assert org("GET", "/limits")[0] == 401
    assert org("GET", "/limits", headers={"host": "new.example"})[0] == 200


def test_a_known_path_by_an_unknown_method_is_refused(org):
    """The method is what is wrong, not the address."""
    assert _refusal(org("POST", "/limits"))[:2] == (405, "METHOD_NOT_ALLOWED")


def test_a_retired_version_is_gone(org):
    """Version 30 is the last that is no longer served."""
    answers = [org("GET", f"/services/data/v{v}.0/limits")[0] for v in (30, 31)]
    assert answers == [410, 200]


def test_the_list_of_versions_needs_no_session(org):
    """It is neither counted nor refused."""
    answer = org.service.handle(Request(method="GET", path="/services/data/"))
    assert answer.status == 200
    assert org.service.calls == 0
