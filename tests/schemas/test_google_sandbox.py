"""The simulated Google Calendar, held against Google's discovery document."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar import service
from syncd.sandbox.server import serve

FOLDER = os.environ.get("SYNCD_SCHEMAS", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SYNCD_SCHEMAS names no folder with the vendors' documents"
)
ANN = "ann@us.example"
SCOPES = [
    f"https://www.googleapis.com/auth/{name}"
    for name in ("calendar.events.readonly", "calendar.calendarlist.readonly")
]
SERIES = {
    "id": "series",
    "summary": "Weekly",
    "start": {"dateTime": "2026-11-02T10:00:00+00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-11-02T11:00:00+00:00", "timeZone": "UTC"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "attendees": [{"email": ANN}, {"email": "di@x.example"}],
}


@pytest.fixture(scope="module")
def discovery():
    """The discovery document."""
    path = Path(FOLDER) / "google-calendar-v3-discovery.json"
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def client(discovery):
    """Google's own client, logged in with a user's refresh token."""
    google = service.GoogleCalendarService(SandboxClock())
    google.load(ANN, [SERIES])
    consent = google.control("consent", {"calendar": ANN, "scopes": SCOPES})
    server = serve(google)
    credentials = Credentials(
        None, token_uri=f"{server.url}/token", scopes=SCOPES, **consent
    )
    options = {"api_endpoint": f"{server.url}/calendar/v3/"}
    with build_from_document(
        discovery, credentials=credentials, client_options=options
    ) as client:
        yield client
    server.close()


def schema_of(discovery, name):
    """One schema with all it refers to; what is unknown is an error."""

    def clean(node):
        if isinstance(node, list):
            return [clean(one) for one in node]
        if not isinstance(node, dict):
            return node
        kept = {
            k: {n: clean(v) for n, v in node[k].items()}
            if k == "properties"
            else clean(node[k])
            for k in ("type", "properties", "items", "additionalProperties")
            if k in node
        }
        if kept.get("type") == "any":
            del kept["type"]
        if "properties" in node:
            named = {name: clean(one) for name, one in node["properties"].items()}
            kept |= {"properties": named, "additionalProperties": False}
        return {"$ref": f"#/$defs/{node['$ref']}"} if "$ref" in node else kept

    defs = {key: clean(one) for key, one in discovery["schemas"].items()}
    return {"$ref": f"#/$defs/{name}", "$defs": defs}


def test_answers_of_every_new_endpoint_fit_the_document(discovery, client):
    """Occurrences, calendar lists and events: nothing that Google does not have."""
    events = client.events()
    answers = {
        "Events": [
            events.list(calendarId=ANN, showDeleted=True).execute(),
            events.instances(calendarId=ANN, eventId="series").execute(),
        ],
        "CalendarList": [client.calendarList().list().execute()],
        "Event": [
            events.get(calendarId=ANN, eventId="series", maxAttendees=1).execute()
        ],
    }
    for name, bodies in answers.items():
        schema = schema_of(discovery, name)
        for body in bodies:
            jsonschema.validate(body, schema)
    assert len(answers["Events"][1]["items"]) == 4
    assert answers["Event"][0]["attendeesOmitted"] is True
    assert answers["CalendarList"][0]["nextSyncToken"]


def test_googles_own_client_reads_in_part_and_by_sync_token(client):
    """Its ``fields`` and its paging, without a line of ours."""
    events, pages = client.events(), []
    request = events.list(
        calendarId=ANN,
        singleEvents=True,
        maxResults=3,
        fields="items(id),nextPageToken,nextSyncToken",
    )
    while request is not None:
        pages.append(request.execute())
        request = events.list_next(request, pages[-1])
    assert [len(page["items"]) for page in pages] == [3, 1]
    assert all(set(one) == {"id"} for page in pages for one in page["items"])
    lists = client.calendarList()
    token = lists.list().execute()["nextSyncToken"]
    assert lists.list(syncToken=token).execute()["items"] == []


def test_required_scopes_are_the_documents(discovery):
    """Every scope that a method takes here is one that Google takes for it."""
    for accepted, resource, method in (
        (service.READ, "events", "list"),
        (service.READ, "events", "instances"),
        (service.WRITE, "events", "patch"),
        (service.READ_LIST, "calendarList", "list"),
        (service.READ_CALENDAR, "calendars", "get"),
    ):
        scopes = discovery["resources"][resource]["methods"][method]["scopes"]
        known = {one.rpartition("/")[2] for one in scopes}
        assert accepted <= known, method
