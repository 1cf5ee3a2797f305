"""The simulated Outreach, held to what is known of the real one."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request
from syncd.sandbox.outreach.service import OutreachService

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
JSON_API = "application/vnd.api+json"


class Client:
    """Logs in and speaks JSON:API."""

    def __init__(self):
        """An org with 120 prospects, an opportunity and a task."""
        self.clock = SandboxClock(NOW)
        self.clock.freeze(NOW)
        self.service = OutreachService(self.clock)
        prospects = [
            {
                "type": "prospect",
                "id": number,
                "attributes": {"emails": [f"p{number}@x.example"]},
                "dataConnections": [{"id": "003", "type": "Contact"}],
            }
            for number in range(1, 121)
        ]
        self.service.load("prospect", prospects)
        for kind in ("opportunity", "task"):
            one = {"type": kind, "id": 1, "attributes": {"state": "incomplete"}}
            self.service.load(kind, [one])
        self.seed = self.service.settings("")["refresh_token"]
        self.token = self.grant()[1]["access_token"]

    def grant(self, refresh_token=None):
        """Status and body of a token call."""
        form = {
            **self.service.settings(""),
            "grant_type": "refresh_token",
            **({"refresh_token": refresh_token} if refresh_token else {}),
        }
        body = urlencode(form).encode()
        request = Request(method="POST", path="/oauth/token", body=body)
        answer = self.service.handle(request)
        return answer.status, json.loads(answer.body)

    def __call__(self, method, path, data=None, media=JSON_API, **params):
        """Status and body, the id of an error in its place."""
        response = self.service.handle(
            Request(
                method=method,
                path=f"/api/v2/{path}",
                query=urlencode(params),
                headers={
                    "authorization": f"Bearer {self.token}",
                    "content-type": media,
                },
                body=json.dumps({"data": data}).encode() if data else b"",
            )
        )
        if response.status >= 500 or not response.body:
            return response.status, None
        body = json.loads(response.body)
        return response.status, body["errors"][0]["id"] if "errors" in body else body


@pytest.fixture
def outreach():
    """A client that has logged in."""
    return Client()


ROLE = {
    "type": "opportunityProspectRole",
    "attributes": {"role": "Evaluator"},
    "relationships": {
        "opportunity": {"data": {"type": "opportunity", "id": 1}},
        "prospect": {"data": {"type": "prospect", "id": 1}},
    },
}


@pytest.mark.parametrize(("strict", "status"), [(True, 400), (False, 200)])
def test_refresh_tokens_rotate(outreach, strict, status):
    """One grant a minute; whether the former refresh token dies is a switch."""
    outreach.service.control("switch", {"strict_rotation": strict})
    assert outreach.grant()[0] == 429
    outreach.clock.advance(timedelta(seconds=61))
    assert outreach.grant(outreach.seed)[0] == status


def test_lists_go_by_opaque_cursors(outreach):
    """Fifty a page by default, the rest behind links.next."""
    _, page = outreach("GET", "prospects", count="true")
    assert len(page["data"]) == 50
    assert page["meta"]["count"] == 120
    assert "page%5Bafter%5D" in page["links"]["next"]
    params = {"page[after]": "120"}
    assert outreach("GET", "prospects", **params) == (400, "badRequest")


def test_wide_pages_can_break(outreach):
    """502 above a size, as heavy pages do."""
    outreach.service.control("switch", {"largest_page": 50})
    assert outreach("GET", "prospects", **{"page[size]": "100"})[0] == 502
    assert outreach("GET", "prospects", **{"page[size]": "50"})[0] == 200


@pytest.mark.parametrize(("refuses", "status"), [(False, 201), (True, 422)])
def test_second_roles_are_let_through_or_not(outreach, refuses, status):
    """By default nothing keeps a prospect's role from being made twice."""
    outreach.service.control("switch", {"refuse_duplicate_roles": refuses})
    assert outreach("POST", "opportunityProspectRoles", ROLE)[0] == 201
    assert outreach("POST", "opportunityProspectRoles", ROLE)[0] == status


@pytest.mark.parametrize(
    ("path", "attributes", "error"),
    [
        ("prospects/1", {"emails": ["p1@x.example"]}, "validationDuplicateValueError"),
        ("prospects/1", {"emails": ["P2@x.example"]}, "validationError"),
        ("prospects/1", {"emails": ["shut@out.example"]}, "validationError"),
        ("prospects/1", {"externalId": "x" * 256}, "validationDataTooLongError"),
        ("tasks/1", {"state": "complete"}, "validationError"),
    ],
)
def test_refused_changes(outreach, path, attributes, error):
    """No-ops, taken and excluded addresses, long text and read-only attributes."""
    outreach.service.control("exclude", {"emails": ["shut@out.example"]})
    kind = path.partition("s/")[0]
    data = {"type": kind, "id": 1, "attributes": attributes}
    assert outreach("PATCH", path, data) == (422, error)
    assert not outreach.service.writes


def test_hidden_records_look_deleted(outreach):
    """404 and no place in lists: not visible and gone are one."""
    outreach.service.control("hide", {"type": "prospect", "id": 1})
    assert outreach("GET", "prospects/1") == (404, "resourceNotFound")
    _, page = outreach("GET", "prospects", **{"filter[id]": "1"})
    assert page["data"] == []


@pytest.mark.parametrize(("as_map", "shape"), [(False, list), (True, dict)])
def test_data_connections_come_when_asked_for(outreach, as_map, shape):
    """In either of two shapes."""
    outreach.service.control("switch", {"connections_as_map": as_map})
    assert "meta" not in outreach("GET", "prospects/1")[1]["data"]
    _, body = outreach("GET", "prospects/1", provideDataConnections="true")
    assert isinstance(body["data"]["meta"]["dataConnections"], shape)


def test_calls_are_not_changed_and_media_types_matter(outreach):
    """405 on calls; 415 on plain JSON; 429 over the budget."""
    data = {"type": "call", "id": 1, "attributes": {"note": "x"}}
    assert outreach("PATCH", "calls/1", data)[0] == 405
    plain = outreach("PATCH", "prospects/1", data, media="application/json")
    assert plain == (415, "unsupportedMediaType")
    outreach.service.control("budget", {"hourly_limit": 1})
    assert outreach("GET", "prospects") == (429, "rateLimitExceeded")
