"""Simulated services with a few records, and plain clients for them."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import jwt
import pytest

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.service import GoogleCalendarService
from syncd.sandbox.http import Request
from syncd.sandbox.outreach.service import OutreachService

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
JSON_API = "application/vnd.api+json"
ANN, BOB = "ann@us.example", "bob@us.example"
EVENTS = f"/calendar/v3/calendars/{ANN}/events"
SCOPE = "https://www.googleapis.com/auth/calendar.events"


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


@pytest.fixture
def clock():
    """A clock that stands still."""
    clock = SandboxClock(NOW)
    clock.freeze(NOW)
    return clock


# --- Google Calendar ------------------------------------------------------------------


@pytest.fixture
def google(clock):
    """Ann with five meetings of an hour that she organizes, Bob with none."""
    service = GoogleCalendarService(clock)
    service.load(
        ANN,
        [
            {
                "id": f"meeting{number:04}",
                "summary": f"Meeting {number}",
                "start": {"dateTime": "2026-11-24T10:00:00Z"},
                "end": {"dateTime": "2026-11-24T11:00:00Z"},
                "organizer": {"email": ANN},
            }
            for number in range(5)
        ],
    )
    service.load(BOB, [])
    return service


@pytest.fixture
def token_call(google, clock):
    """Status and body of a service account's token call."""

    def call(user=ANN, scope=SCOPE, **claims):
        settings = google.settings("http://localhost")
        account = json.loads(settings["service_account"])
        at = int(clock.now().timestamp())
        payload = {
            "iss": account["client_email"],
            "sub": user,
            "scope": scope,
            "aud": settings["token_url"],
            "iat": at,
            "exp": at + 3600,
            **claims,
        }
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(payload, account["private_key"], "RS256"),
        }
        body = urlencode(form).encode()
        response = google.handle(Request(method="POST", path="/token", body=body))
        return response.status, json.loads(response.body)

    return call


class GoogleClient:
    """Acts as one user."""

    def __init__(self, service, token):
        """With that user's token."""
        self.service = service
        self.token = token

    def send(self, method, path=EVENTS, body=None, match=None, **params):
        """The answer as it comes."""
        headers = {"authorization": f"Bearer {self.token}"}
        if match:
            headers["if-none-match" if method == "GET" else "if-match"] = match
        return self.service.handle(
            Request(
                method=method,
                path=path,
                query=urlencode(params),
                headers=headers,
                body=json.dumps(body).encode() if body is not None else b"",
            )
        )

    def __call__(self, method, path=EVENTS, body=None, match=None, **params):
        """Status and body, the reason of an error in its place."""
        response = self.send(method, path, body, match, **params)
        answer = json.loads(response.body) if response.body else None
        if response.status >= 400:
            answer = answer["error"]["errors"][0]["reason"]
        return response.status, answer

    def listed(self, **params):
        """Items by id of the first page, and its sync token."""
        _, page = self("GET", **params)
        return {one["id"]: one for one in page["items"]}, page.get("nextSyncToken")


@pytest.fixture
def as_user(google, token_call):
    """A client that acts as somebody."""

    def client(user=ANN, scope=SCOPE):
        return GoogleClient(google, token_call(user, scope)[1]["access_token"])

    return client


@pytest.fixture
def ann(as_user):
    """Ann's client."""
    return as_user()
