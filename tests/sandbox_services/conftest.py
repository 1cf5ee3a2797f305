"""A simulated Outreach with a few records, and a plain client for it."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request
from syncd.sandbox.outreach.service import OutreachService

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
JSON_API = "application/vnd.api+json"


def to_one(kind, number):
    """A to-one relationship."""
    return {"data": {"type": kind, "id": number}}


class OutreachClient:
    """Logs in and speaks JSON:API."""

    def __init__(self):
        """An org with 120 prospects of one account, a deal, a rep and a task."""
        self.clock = SandboxClock(NOW)
        self.clock.freeze(NOW)
        self.service = OutreachService(self.clock)
        stamp = "2026-11-01T00:00:00.000Z"
        self.load("account", 1, {"name": "Acme", "updatedAt": stamp})
        for number in range(1, 121):
            emails = [f"p{number}@x.example"]
            self.load(
                "prospect",
                number,
                {"emails": emails, "updatedAt": stamp, "custom7": "x"},
                {"account": to_one("account", 1)},
                dataConnections=[{"id": "003", "type": "Contact"}],
            )
        self.load("user", 1, {"email": "rep@us.example", "locked": False})
        self.load("opportunity", 1, {"name": "Deal", "createdAt": stamp})
        task = {"state": "incomplete", "action": "in_person", "dueAt": stamp}
        self.load("task", 1, task, {"prospect": to_one("prospect", 1)})
        self.seed = self.service.settings("")["refresh_token"]
        self.token = self.grant()[1]["access_token"]

    def load(self, kind, number, attributes, relationships=None, **more):
        """Put one resource in."""
        one = {"type": kind, "id": number, "attributes": attributes, **more}
        one["relationships"] = relationships or {}
        self.service.load(kind, [one])

    def control(self, action, **body):
        """What goes on behind a caller's back."""
        return self.service.control(action, body)

    def wait(self, **by):
        """Let time pass."""
        self.clock.advance(timedelta(**by))

    def grant(self, refresh_token=None, **form):
        """Status and body of a token call."""
        form = {
            **self.service.settings(""),
            "grant_type": "refresh_token",
            **({"refresh_token": refresh_token} if refresh_token else {}),
            **form,
        }
        body = urlencode(form).encode()
        request = Request(method="POST", path="/oauth/token", body=body)
        answer = self.service.handle(request)
        return answer.status, json.loads(answer.body)

    def log_in_again(self):
        """A new access token, a good while later."""
        self.wait(seconds=61)
        self.token = self.grant()[1]["access_token"]

    def send(self, method, path, data=None, media=JSON_API, **params):
        """The answer as it comes."""
        return self.service.handle(
            Request(
                method=method,
                path=f"/api/v2/{path}".rstrip("/"),
                query=urlencode(params),
                headers={
                    "authorization": f"Bearer {self.token}",
                    "content-type": media,
                },
                body=json.dumps({"data": data}).encode() if data else b"",
            )
        )

    def __call__(self, method, path, data=None, media=JSON_API, **params):
        """Status and body, the id of an error in its place."""
        response = self.send(method, path, data, media, **params)
        if response.status >= 500 or not response.body:
            return response.status, None
        body = json.loads(response.body)
        return response.status, body["errors"][0]["id"] if "errors" in body else body

    def follow(self, page):
        """The page behind ``links.next``, or None."""
        link = page.get("links", {}).get("next")
        if link is None:
            return None
        path, _, query = link.partition("/api/v2/")[2].partition("?")
        request = Request(
            method="GET",
            path=f"/api/v2/{path}",
            query=query,
            headers={"authorization": f"Bearer {self.token}"},
        )
        response = self.service.handle(request)
        return json.loads(response.body) | {"status": response.status}

    def attributes(self, path):
        """A resource's attributes as it stands now."""
        return self("GET", path)[1]["data"]["attributes"]


@pytest.fixture
def outreach():
    """A client that has logged in."""
    return OutreachClient()
