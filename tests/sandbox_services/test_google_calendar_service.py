"""The simulated Google Calendar, held to what is known of the real one."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.service import GoogleCalendarService
from syncd.sandbox.server import serve

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ANN, BOB = "ann@us.example", "bob@us.example"
EVENTS = f"/calendar/v3/calendars/{ANN}/events"
SCOPE = "https://www.googleapis.com/auth/calendar.events"
LIST_SCOPE = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"


def meeting(number, day=24, **fields):
    """An hour's meeting that Ann organizes."""
    return {
        "id": f"meeting{number:04}",
        "summary": f"Meeting {number}",
        "start": {"dateTime": f"2026-11-{day}T10:00:00Z"},
        "end": {"dateTime": f"2026-11-{day}T11:00:00Z"},
        "organizer": {"email": ANN},
        **fields,
    }


def weekly(**fields):
    """A series on Mondays in Berlin, over the end of summer time."""
    zone = "Europe/Berlin"
    return {
        "id": "series",
        "summary": "Weekly",
        "start": {"dateTime": "2026-10-19T10:00:00+02:00", "timeZone": zone},
        "end": {"dateTime": "2026-10-19T11:00:00+02:00", "timeZone": zone},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
        "organizer": {"email": ANN},
        **fields,
    }


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"exp": int(NOW.timestamp()) + 7200}, "invalid_grant"),
        ({"exp": int(NOW.timestamp()) - 1}, "invalid_grant"),
        ({"sub": "nobody@us.example"}, "invalid_grant"),
        ({"scope": f"{SCOPE} https://mail.google.com/"}, "unauthorized_client"),
    ],
)
def test_assertions_that_do_not_do(google, changes, error, token_call):
    """Audience, life, user and every single scope must be right."""
    assert token_call(**changes)[1]["error"] == error


def test_suspended_users_get_no_token_and_tokens_end(google, ann, clock, token_call):
    """A token lives an hour at most; a suspended user gets none."""
    google.control("suspend", {"calendar": BOB})
    assert token_call(BOB)[0] == 400
    clock.advance(timedelta(hours=1))
    assert ann("GET") == (401, "authError")


def test_pages_may_be_short_and_empty(google, ann):
    """Only a missing page token is the end; the sync token comes there alone."""
    google.control("page_sizes", {"sizes": [2, 0]})
    pages, more = [], {}
    while True:
        _, page = ann("GET", **more)
        pages.append(len(page["items"]))
        assert ("nextSyncToken" in page) is ("nextPageToken" not in page)
        if "nextPageToken" not in page:
            break
        more = {"pageToken": page["nextPageToken"]}
    assert pages == [2, 0, 3]


def test_a_delta_holds_what_changed(google, ann):
    """Changed events come whole, deleted ones bare."""
    _, token = ann.listed()
    google.control(
        "edit", {"calendar": ANN, "id": "meeting0001", "fields": {"summary": "New"}}
    )
    google.control("cancel", {"calendar": ANN, "id": "meeting0002"})
    items, following = ann.listed(syncToken=token)
    assert set(items) == {"meeting0001", "meeting0002"}
    assert items["meeting0001"]["summary"] == "New"
    assert items["meeting0002"]["status"] == "cancelled"
    assert "summary" not in items["meeting0002"]
    assert ann.listed(syncToken=following)[0] == {}


@pytest.mark.parametrize(
    "params",
    [
        {"timeMin": "2026-01-01T00:00:00Z"},
        {"timeMax": "2026-01-01T00:00:00Z"},
        {"updatedMin": "2026-11-01T00:00:00Z"},
        {"q": "x"},
        {"orderBy": "updated"},
        {"iCalUID": "x"},
        {"privateExtendedProperty": "a=b"},
        {"showDeleted": "false"},
        {"singleEvents": "true"},
    ],
)
def test_sync_tokens_refuse_other_restrictions(ann, params):
    """Nor does a token serve another query than its own."""
    _, token = ann.listed()
    assert ann("GET", syncToken=token, **params) == (400, "badRequest")


@pytest.mark.parametrize("death", ["killed", "aged", "shared"])
def test_sync_tokens_die(google, ann, clock, death, token_call):
    """By decree, by age, and when the calendar's readers change."""
    _, token = ann.listed()
    if death == "killed":
        google.control("kill_sync_tokens", {})
    elif death == "shared":
        google.control("share", {"calendar": ANN, "with": BOB, "role": "reader"})
    else:
        clock.advance(timedelta(days=29))
        at = int(clock.now().timestamp())
        _, body = token_call(iat=at, exp=at + 3600)
        ann.token = body["access_token"]
    assert ann("GET", syncToken=token) == (410, "fullSyncRequired")


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        ({"pageToken": "x"}, (400, "badRequest")),
        ({"orderBy": "startTime"}, (400, "badRequest")),
        ({"timeMin": "2026-01-01T00:00:00"}, (400, "badRequest")),
        ({"updatedMin": "2025-01-01T00:00:00Z"}, (410, "updatedMinTooLongAgo")),
    ],
)
def test_refused_listings(ann, params, answer):
    """Parameters that cannot do are named as such."""
    assert ann("GET", **params) == answer


def test_series_are_shown_both_ways(google, ann):
    """Masters or occurrences; local time holds over the end of summer time."""
    google.load(ANN, [weekly()])
    whole, _ = ann.listed(q="Weekly")
    assert list(whole) == ["series"]
    items, _ = ann.listed(q="Weekly", singleEvents="true", orderBy="startTime")
    assert list(items) == [
        "series_20261019T080000Z",
        "series_20261026T090000Z",
        "series_20261102T090000Z",
    ]
    assert {one["recurringEventId"] for one in items.values()} == {"series"}


def test_exceptions_of_a_series(google, ann):
    """A moved and a cancelled occurrence; then the whole series ends."""
    google.load(ANN, [weekly()])
    _, token = ann.listed(singleEvents="true")
    moved = {"start": {"dateTime": "2026-10-27T09:00:00Z"}}
    ann("PATCH", f"{EVENTS}/series_20261026T090000Z", moved)
    assert ann("DELETE", f"{EVENTS}/series_20261102T090000Z")[0] == 204
    items, token = ann.listed(singleEvents="true", syncToken=token)
    one = items["series_20261026T090000Z"]
    assert one["start"] == moved["start"]
    assert one["originalStartTime"]["dateTime"] == "2026-10-26T10:00:00+01:00"
    assert items["series_20261102T090000Z"]["status"] == "cancelled"
    ann("DELETE", f"{EVENTS}/series")
    items, _ = ann.listed(singleEvents="true", syncToken=token)
    assert {one["status"] for one in items.values()} == {"cancelled"}
    assert "series_20261019T080000Z" in items


def test_versions_guard_writes_and_spare_reads(ann):
    """An old etag gives 412 on a write, a present one 304 on a read."""
    path = f"{EVENTS}/meeting0000"
    etag = ann("GET", path)[1]["etag"]
    assert ann("GET", path, match=etag)[0] == 304
    assert ann("PATCH", path, {"summary": "A"}, match=etag)[0] == 200
    assert ann("PATCH", path, {"summary": "B"}, match=etag) == (412, "conditionNotMet")
    assert ann.service.writes == {(ANN, "meeting0000"): 1}


def test_ids_stay_taken_and_deletions_are_told_apart(ann):
    """409 on a living and on a deleted id; 410 the second time; 404 for unknown."""
    event = meeting(9)
    assert ann("POST", body=event)[0] == 200
    assert ann("POST", body=event) == (409, "duplicate")
    path = f"{EVENTS}/{event['id']}"
    assert ann("DELETE", path)[0] == 204
    assert ann("DELETE", path) == (410, "deleted")
    assert ann("POST", body=event) == (409, "duplicate")
    assert ann("POST", body={**event, "id": "NOT-AN-ID"}) == (400, "invalid")
    assert ann("DELETE", f"{EVENTS}/unknown") == (404, "notFound")


def test_extended_properties_are_cut_in_silence(ann):
    """Long keys go, long values are cut, a patch merges, an update wipes."""
    path = f"{EVENTS}/meeting0000"
    held = {"k" * 45: "x", "long": "v" * 2000, "old": "1"}
    _, event = ann("PATCH", path, {"extendedProperties": {"private": held}})
    private = event["extendedProperties"]["private"]
    assert set(private) == {"long", "old"}
    assert len(private["long"]) == 1024
    _, event = ann("PATCH", path, {"extendedProperties": {"private": {"old": None}}})
    assert set(event["extendedProperties"]["private"]) == {"long"}
    _, event = ann("PUT", path, meeting(0))
    assert "extendedProperties" not in event


def test_conference_data_needs_its_version(ann):
    """Without the parameter it is passed over; with it, kept."""
    path, data = f"{EVENTS}/meeting0000", {"conferenceData": {"conferenceId": "a"}}
    assert "conferenceData" not in ann("PATCH", path, data)[1]
    assert "conferenceData" in ann("PATCH", path, data, conferenceDataVersion=1)[1]


def test_guests_have_copies_of_their_own(google, ann, as_user):
    """Same iCalUID, own etag and self flags; shared fields are the organizer's."""
    guests = [{"email": ANN}, {"email": BOB, "responseStatus": "needsAction"}]
    _, mine = ann("POST", body=meeting(7, attendees=guests), sendUpdates="none")
    bob, path = (
        as_user(BOB),
        f"/calendar/v3/calendars/primary/events/{mine['id']}",
    )
    _, his = bob("GET", path)
    assert his["iCalUID"] == mine["iCalUID"]
    assert his["etag"] != mine["etag"]
    assert [one.get("self", False) for one in his["attendees"]] == [False, True]
    assert bob("PATCH", path, {"summary": "X"}) == (403, "forbiddenForNonOrganizer")
    guests = [*his["attendees"][:1], {**his["attendees"][1], "comment": "late"}]
    assert bob("PATCH", path, {"attendees": guests})[0] == 200
    ann("DELETE", f"{EVENTS}/{mine['id']}")
    assert bob("GET", path)[1]["status"] == "cancelled"
    assert google.control("mails", {})["mails"] == {"none": 3}


def test_calendars_show_by_role(google, ann, as_user):
    """Unshared: 404. Shared weakly: times only. Dropped: gone, from the list too."""
    bob = as_user(BOB)
    assert bob("GET") == (404, "notFound")
    google.control("share", {"calendar": ANN, "with": BOB, "role": "freeBusyReader"})
    _, page = bob("GET")
    assert {"summary", "attendees"}.isdisjoint(page["items"][0])
    assert bob("PATCH", f"{EVENTS}/meeting0000", {"summary": "X"})[0] == 403
    bob = as_user(BOB, LIST_SCOPE)
    _, calendars = bob("GET", "/calendar/v3/users/me/calendarList")
    assert [one["id"] for one in calendars["items"]] == [ANN, BOB]
    google.control("drop", {"calendar": ANN})
    assert ann("GET") == (404, "notFound")


def test_reading_scopes_do_not_write(google, as_user):
    """403 insufficientPermissions without a writing scope."""
    reader = as_user(ANN, f"{SCOPE}.readonly")
    answer = reader("PATCH", f"{EVENTS}/meeting0000", {"summary": "X"})
    assert answer == (403, "insufficientPermissions")


def test_googles_own_client_is_served():
    """Its discovery document, log-in, sync token to 410, and an etag to 412."""
    google = GoogleCalendarService(SandboxClock())
    google.load(ANN, [meeting(number) for number in range(3)])
    server = serve(google)
    try:
        info = json.loads(google.settings(server.url)["service_account"])
        credentials = Credentials.from_service_account_info(
            info,
            scopes=[SCOPE],
            subject=ANN,
            additional_claims={"aud": info["token_uri"]},
        )
        client = build(
            "calendar",
            "v3",
            credentials=credentials,
            client_options={"api_endpoint": f"{server.url}/calendar/v3/"},
            cache_discovery=False,
        )
        with client:
            events = client.events()
            first = events.list(calendarId=ANN, maxResults=2).execute()
            request = events.list(
                calendarId=ANN, maxResults=2, pageToken=first["nextPageToken"]
            )
            token = request.execute()["nextSyncToken"]
            google.control("kill_sync_tokens", {})
            with pytest.raises(HttpError) as gone:
                events.list(calendarId=ANN, syncToken=token).execute()
            patch = events.patch(
                calendarId=ANN, eventId="meeting0000", body={"summary": "X"}
            )
            patch.headers["If-Match"] = '"old"'
            with pytest.raises(HttpError) as moved:
                patch.execute()
        assert (gone.value.status_code, moved.value.status_code) == (410, 412)
    finally:
        server.close()
