"""Tokens of the simulated Outreach: OAuth, scopes, server-to-server, budgets."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import jwt
import pytest

from syncd.sandbox.http import Request

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 200)])
def test_refresh_tokens_rotate(outreach, strict, status):
    """One grant a minute; whether the former refresh token dies is a switch."""
    outreach.control("switch", strict_rotation=strict)
    assert outreach.grant()[0] == 429
    outreach.wait(seconds=61)
    assert outreach.grant(outreach.seed)[0] == status


@pytest.mark.parametrize(("days", "status"), [(13, 200), (14, 400)])
def test_refresh_tokens_live_fourteen_days(outreach, days, status):
    """From the refresh that brought them; then a person must authorise again."""
    outreach.wait(days=days)
    code, body = outreach.grant()
    assert code == status
    assert ("error" in body) is (status == 400)


def test_a_code_brings_a_refresh_token_once(outreach):
    """The consent of a person in the browser, exchanged a single time."""
    outreach.wait(seconds=61)
    code = outreach.control("authorize")["code"]
    status, body = outreach.grant(grant_type="authorization_code", code=code)
    assert (status, body["expires_in"]) == (200, 7200)
    outreach.wait(seconds=61)
    assert outreach.grant(body["refresh_token"])[0] == 200
    outreach.wait(seconds=61)
    again = outreach.grant(grant_type="authorization_code", code=code)
    assert again == (400, {"error": "invalid_grant"})


def test_of_many_refresh_tokens_the_oldest_dies_without_a_word(outreach):
    """A hundred live at most."""
    outreach.control("switch", grant_limit=False)
    first = outreach.service.settings("")["refresh_token"]
    for _ in range(99):
        code = outreach.control("authorize")["code"]
        outreach.grant(grant_type="authorization_code", code=code)
    outreach.control("switch", strict_rotation=False)
    assert outreach.grant(first)[0] == 200
    for _ in range(2):
        code = outreach.control("authorize")["code"]
        outreach.grant(grant_type="authorization_code", code=code)
    assert outreach.grant(first) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("scopes", "method", "path", "missing"),
    [
        (["prospects.read"], "GET", "prospects", None),
        (["prospects.all"], "GET", "prospects", None),
        (["prospects.write"], "GET", "prospects", "prospects.read"),
        (["prospects.read"], "PATCH", "prospects/1", "prospects.write"),
        (["prospects.write"], "DELETE", "prospects/1", "prospects.delete"),
        (["tasks.read"], "POST", "tasks/1/actions/markComplete", "tasks.write"),
        (["prospects.read"], "GET", "tasks", "tasks.read"),
    ],
)
def test_scopes_do_not_include_each_other(outreach, scopes, method, path, missing):
    """403 with the scope by name; writing does not give reading."""
    outreach.control("scopes", scopes=scopes)
    status, body = outreach.grant()
    assert (status, body["scope"]) == (200, " ".join(scopes))
    outreach.token = body["access_token"]
    response = outreach.send(method, path)
    assert (response.status == 403) is (missing is not None)
    if missing:
        (error,) = json.loads(response.body)["errors"]
        assert error["id"] == "unauthorizedOauthScope"
        assert missing in error["detail"]


def test_access_tokens_end_between_two_pages(outreach):
    """Two hours, also in the middle of a list."""
    _, page = outreach("GET", "prospects")
    outreach.wait(hours=2)
    assert outreach.follow(page)["status"] == 401


def app_token(outreach, install=None, **claims):
    """Status and answer of an S2S token call."""
    settings = outreach.service.s2s_settings()
    at = int(outreach.clock.now().timestamp())
    payload = {"iss": settings["app_guid"], "iat": at, "exp": at + 3600, **claims}
    signed = jwt.encode(payload, settings["private_key"], "RS256")
    number = install or settings["install_id"]
    response = outreach.service.handle(
        Request(
            method="POST",
            path=f"/api/app/installs/{number}/actions/accessToken",
            headers={"authorization": f"Bearer {signed}"},
        )
    )
    return response.status, json.loads(response.body)


def test_an_app_without_a_user_reaches_a_part_only(outreach):
    """Its token lives an hour, and there is no way to a role or a stage with it."""
    status, body = app_token(outreach)
    assert status == 200
    outreach.token = body["data"]["meta"]["accessToken"]
    assert outreach("GET", "prospects")[0] == 200
    for path in ("opportunityProspectRoles", "opportunityStages", "callDispositions"):
        assert outreach("GET", path) == (403, "unauthorizedOauthScope")
    mailing = {"type": "mailing", "attributes": {}}
    assert outreach("POST", "mailings", mailing) == (403, "unauthorizedOauthScope")
    outreach.wait(hours=1)
    assert outreach("GET", "prospects") == (401, "unauthorized")


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"iss": "another"}, 401),
        ({"exp": int(NOW.timestamp()) + 3601}, 401),
        ({"exp": int(NOW.timestamp())}, 401),
        ({"install": "2"}, 404),
    ],
)
def test_app_tokens_that_do_not_do(outreach, claims, status):
    """Issuer, life and install must be right."""
    assert app_token(outreach, **claims)[0] == status


def test_app_tokens_must_be_signed_by_the_apps_key(outreach):
    """Another key, or none, gives no access."""
    settings = outreach.service.s2s_settings()
    claims = {"iss": settings["app_guid"], "iat": 0, "exp": 3600}
    unsigned = jwt.encode(claims, "x" * 32, "HS256")
    request = Request(
        method="POST",
        path=f"/api/app/installs/{settings['install_id']}/actions/accessToken",
        headers={"authorization": f"Bearer {unsigned}"},
    )
    assert outreach.service.handle(request).status == 401


def test_an_uninstalled_app_is_shut_out(outreach):
    """Its tokens end, and no more are made; the user's own go on."""
    user = outreach.token
    outreach.token = app_token(outreach)[1]["data"]["meta"]["accessToken"]
    outreach.control("uninstall")
    assert outreach("GET", "prospects") == (401, "unauthorized")
    assert app_token(outreach, install="1")[0] == 404
    outreach.token = user
    assert outreach("GET", "prospects")[0] == 200


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("seconds", lambda text: NOW.timestamp() + int(text)),
        ("epoch", float),
        ("http", lambda text: parsedate_to_datetime(text).timestamp()),
        ("iso", lambda text: datetime.fromisoformat(text).timestamp()),
    ],
)
def test_an_exceeded_budget_says_when_to_come_again(outreach, form, read):
    """In each form that there is, and until the hour ends, whatever the token."""
    outreach.control("switch", retry_after=form)
    outreach.control("budget", hourly_limit=20)
    assert outreach.send("GET", "").headers["X-RateLimit-Remaining"] == "19"
    outreach.control("spend", calls=19)
    response = outreach.send("GET", "prospects")
    assert response.status == 429
    assert read(response.headers["Retry-After"]) == NOW.timestamp() + 3600
    outreach.log_in_again()
    assert outreach("GET", "prospects") == (429, "rateLimitExceeded")
    outreach.wait(hours=1)
    assert outreach("GET", "prospects")[0] == 200


def test_maintenance_names_its_end(outreach):
    """503 with an instant in place of seconds, for log-in and reads alike."""
    outreach.control("maintenance", seconds=90)
    response = outreach.send("GET", "prospects")
    assert response.status == 503
    assert response.headers["Retry-After"] == "2026-11-24T09:01:30Z"
    assert outreach.grant()[0] == 503
    outreach.wait(seconds=90)
    assert outreach("GET", "prospects")[0] == 200
