"""The simulated Google Calendar: partial answers, occurrences, quotas, consents."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from syncd.sandbox.http import Request

ANN, BOB = "ann@us.example", "bob@us.example"
EVENTS = f"/calendar/v3/calendars/{ANN}/events"
CALENDAR_LIST = "/calendar/v3/users/me/calendarList"
AUTH = "https://www.googleapis.com/auth"
WEEKLY = {
    "id": "series",
    "summary": "Weekly",
    "start": {"dateTime": "2026-11-02T10:00:00+00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-11-02T11:00:00+00:00", "timeZone": "UTC"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
    "organizer": {"email": ANN},
}


# --- partial answers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        (EVENTS, "summary", {"summary": ANN}),
        (
            EVENTS,
            "items(id),summary",
            {"summary": ANN, "items": [{"id": "meeting0000"}]},
        ),
        (EVENTS, "items/organizer/email", {"items": [{"organizer": {"email": ANN}}]}),
        (
            EVENTS,
            "items(id,organizer(self))",
            {"items": [{"id": "meeting0000", "organizer": {"self": True}}]},
        ),
        (
            f"{EVENTS}/meeting0000",
            "id,start/dateTime",
            {"id": "meeting0000", "start": {"dateTime": "2026-11-24T10:00:00Z"}},
        ),
        (
            f"{EVENTS}/meeting0000",
            "organizer/*",
            {"organizer": {"email": ANN, "self": True}},
        ),
        (f"{EVENTS}/meeting0000", "nothing", {}),
    ],
)
def test_only_the_fields_that_are_asked_for_come(ann, path, fields, expected):
    """Nested, in lists, and by wildcard; what is not there is not there."""
    params = {"maxResults": 1} if path == EVENTS else {}
    assert ann("GET", path, fields=fields, **params) == (200, expected)


def test_page_and_sync_tokens_must_be_asked_for_too(ann):
    """A selection that forgets them reads one page and no more."""
    _, page = ann("GET", maxResults=2, fields="items(id)")
    assert "nextPageToken" not in page
    _, page = ann("GET", maxResults=2, fields="items(id),nextPageToken")
    assert page["nextPageToken"]


@pytest.mark.parametrize(
    "fields", ["", "items(", "items(id", "a,,b", "a b", ")", "a//b"]
)
def test_selections_that_are_none_are_refused(ann, fields):
    """400 with the parameter's name."""
    response = ann.send("GET", fields=fields)
    (error,) = json.loads(response.body)["error"]["errors"]
    assert (response.status, error["reason"]) == (400, "invalidParameter")
    assert error["location"] == "fields"


def test_too_many_guests_are_left_out(google, ann):
    """``attendeesOmitted`` stands before anyone may be called missing."""
    guests = [{"email": one} for one in (ANN, BOB, "di@x.example")]
    edit = {"calendar": ANN, "id": "meeting0000", "fields": {"attendees": guests}}
    google.control("edit", edit)
    path = f"{EVENTS}/meeting0000"
    whole = ann("GET", path, maxAttendees=3)[1]
    assert len(whole["attendees"]) == 3
    part = ann("GET", path, maxAttendees=2)[1]
    assert part["attendees"] == [{"email": ANN, "self": True}]
    assert part["attendeesOmitted"] is True


# --- occurrences, pages ---------------------------------------------------------------


def starts(page):
    """Days of the items of a page."""
    return [one["originalStartTime"]["dateTime"][:10] for one in page["items"]]


def test_occurrences_of_one_series(google, ann):
    """With moved ones in their original place, cancelled ones when asked for."""
    google.load(ANN, [WEEKLY])
    path = f"{EVENTS}/series/instances"
    moved = {"start": {"dateTime": "2026-11-10T08:00:00Z"}}
    ann("PATCH", f"{EVENTS}/series_20261109T100000Z", moved)
    ann("DELETE", f"{EVENTS}/series_20261116T100000Z")
    _, page = ann("GET", path)
    assert starts(page) == ["2026-11-02", "2026-11-09", "2026-11-23"]
    assert page["items"][1]["start"] == moved["start"]
    assert "nextSyncToken" not in page
    _, page = ann("GET", path, showDeleted="true")
    assert [one["status"] for one in page["items"]][2] == "cancelled"
    _, page = ann("GET", path, timeMin="2026-11-20T00:00:00Z")
    assert starts(page) == ["2026-11-23"]
    _, page = ann("GET", path, originalStart="2026-11-09T10:00:00Z")
    assert starts(page) == ["2026-11-09"]
    _, page = ann("GET", path, maxResults=2)
    _, last = ann("GET", path, maxResults=2, pageToken=page["nextPageToken"])
    assert starts(page) + starts(last) == ["2026-11-02", "2026-11-09", "2026-11-23"]
    assert ann("GET", f"{EVENTS}/unknown/instances") == (404, "notFound")


def test_an_item_can_come_on_two_pages(google, ann):
    """By switch; nothing is missed, the walk still ends."""
    google.control("repeat_items", {})
    seen, more = [], {}
    while True:
        _, page = ann("GET", maxResults=2, **more)
        seen += [one["id"][-1] for one in page["items"]]
        if "nextPageToken" not in page:
            break
        more = {"pageToken": page["nextPageToken"]}
    assert "".join(seen) == "01122334"


def test_a_new_event_is_unknown_for_a_while(google, ann, clock):
    """404 by id right after its making, then as usual; lists have it at once."""
    google.control("late_events", {"seconds": 5})
    made = {"start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}}
    _, event = ann("POST", body={**made, "id": "fresh01"})
    path = f"{EVENTS}/{event['id']}"
    assert ann("GET", path) == (404, "notFound")
    assert ann("PATCH", path, {"summary": "X"}) == (404, "notFound")
    assert event["id"] in ann.listed()[0]
    clock.advance(timedelta(seconds=5))
    assert ann("GET", path)[0] == 200


# --- calendar lists and roles ---------------------------------------------------------


def test_a_users_list_changes_by_sync_token(google, as_user):
    """Shared, lowered, taken away, dropped: each shows, gone ones as deleted."""
    bob = as_user(BOB, f"{AUTH}/calendar.calendarlist.readonly")

    def changes(token):
        _, page = bob("GET", CALENDAR_LIST, syncToken=token)
        items = [(one["id"], one.get("accessRole")) for one in page["items"]]
        return items, page["nextSyncToken"]

    _, page = bob("GET", CALENDAR_LIST)
    assert [one["id"] for one in page["items"]] == [BOB]
    token = page["nextSyncToken"]
    for role in ("writer", "reader", None):
        google.control("share", {"calendar": ANN, "with": BOB, "role": role})
        items, token = changes(token)
        assert items == [(ANN, role)]
    assert changes(token)[0] == []
    google.control("drop", {"calendar": BOB})
    _, page = bob("GET", CALENDAR_LIST, syncToken=token)
    assert page["items"] == [
        {"kind": "calendar#calendarListEntry", "id": BOB, "deleted": True}
    ]


def test_calendar_lists_have_pages_and_tokens_that_die(google, as_user):
    """As lists of events have."""
    bob = as_user(BOB, f"{AUTH}/calendar.readonly")
    google.control("share", {"calendar": ANN, "with": BOB, "role": "reader"})
    _, page = bob("GET", CALENDAR_LIST, maxResults=1)
    assert "nextSyncToken" not in page
    _, last = bob("GET", CALENDAR_LIST, maxResults=1, pageToken=page["nextPageToken"])
    assert [one["id"] for one in last["items"]] == [BOB]
    _, owned = bob("GET", CALENDAR_LIST, minAccessRole="owner")
    assert [one["id"] for one in owned["items"]] == [BOB]
    token = last["nextSyncToken"]
    mixed = {"syncToken": token, "minAccessRole": "owner"}
    assert bob("GET", CALENDAR_LIST, **mixed) == (400, "badRequest")
    google.control("kill_list_tokens", {})
    assert bob("GET", CALENDAR_LIST, syncToken=token) == (410, "fullSyncRequired")


def test_some_writers_do_not_see_private_events(google, as_user):
    """They write the others, and see times only of those."""
    role = "writerWithoutPrivateAccess"
    private = {
        "calendar": ANN,
        "id": "meeting0001",
        "fields": {"visibility": "private"},
    }
    google.control("edit", private)
    google.control("share", {"calendar": ANN, "with": BOB, "role": role})
    bob = as_user(BOB)
    assert "summary" not in bob("GET", f"{EVENTS}/meeting0001")[1]
    assert bob("PATCH", f"{EVENTS}/meeting0001", {"colorId": "1"}) == (403, "forbidden")
    assert bob("PATCH", f"{EVENTS}/meeting0000", {"colorId": "1"})[0] == 200


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("calendar.events.readonly", EVENTS, 200),
        ("calendar.events.readonly", CALENDAR_LIST, 403),
        ("calendar.calendarlist.readonly", CALENDAR_LIST, 200),
        ("calendar.calendarlist.readonly", EVENTS, 403),
        ("calendar.events", f"/calendar/v3/calendars/{ANN}", 403),
        ("calendar.calendars.readonly", f"/calendar/v3/calendars/{ANN}", 200),
    ],
)
def test_each_method_has_its_scopes(as_user, scope, path, status):
    """403 insufficientPermissions without one of them."""
    code, body = as_user(ANN, f"{AUTH}/{scope}")("GET", path)
    assert code == status
    assert (body == "insufficientPermissions") is (status == 403)


# --- quotas ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "status", "reason"),
    [
        ("per_user_a_minute", 403, "userRateLimitExceeded"),
        ("per_user_a_minute", 429, "rateLimitExceeded"),
        ("per_project_a_minute", 403, "rateLimitExceeded"),
        ("per_project_a_minute", 429, "rateLimitExceeded"),
    ],
)
def test_one_overload_has_several_faces(google, ann, budget, status, reason):
    """403 or 429, by user or for the project; only the reason tells."""
    google.control("budget", {budget: 1, "status": status})
    assert ann("GET")[0] == 200
    assert ann("GET") == (status, reason)


def test_a_users_quota_is_not_anothers_and_the_projects_is(google, as_user):
    """``quotaUser`` spreads the load of one user; the project's sum stays."""
    ann, bob, own = as_user(), as_user(BOB), "/calendar/v3/calendars/primary/events"
    google.control("budget", {"per_user_a_minute": 1, "per_project_a_minute": 3})
    assert ann("GET", own)[0] == 200
    assert bob("GET", own)[0] == 200
    assert ann("GET", own) == (403, "userRateLimitExceeded")
    assert ann("GET", own, quotaUser="other")[0] == 200
    assert ann("GET", own, quotaUser="third") == (403, "rateLimitExceeded")


def test_quotas_slide(google, ann, clock):
    """A minute after the first call there is room for one; refusals cost nothing."""
    google.control("budget", {"per_user_a_minute": 2, "retry_after_s": 30})
    assert ann("GET")[0] == 200
    clock.advance(timedelta(seconds=59))
    assert ann("GET")[0] == 200
    assert ann.send("GET").headers["Retry-After"] == "30"
    clock.advance(timedelta(seconds=1))
    assert ann("GET")[0] == 200
    assert ann("GET")[0] == 403


def test_usage_limits_stop_writes_alone(google, ann):
    """403 quotaExceeded, while reading goes on."""
    google.control("usage_limits", {})
    path = f"{EVENTS}/meeting0000"
    assert ann("PATCH", path, {"summary": "X"}) == (403, "quotaExceeded")
    assert ann("GET", path)[0] == 200
    google.control("usage_limits", {"on": False})
    assert ann("PATCH", path, {"summary": "X"})[0] == 200


# --- consents of single users ---------------------------------------------------------


@pytest.fixture
def refreshed(google):
    """Status and body of a refresh with what a consent brought."""

    def call(held, **changes):
        form = {"grant_type": "refresh_token", **held, **changes}
        body = urlencode(form).encode()
        response = google.handle(Request(method="POST", path="/token", body=body))
        return response.status, json.loads(response.body)

    return call


def consent(google, **body):
    """Ann's consent to reading."""
    scopes = [f"{AUTH}/calendar.events.readonly"]
    return google.control("consent", {"calendar": ANN, "scopes": scopes, **body})


def test_a_users_refresh_token_serves_again_and_again(google, ann, refreshed):
    """It is not rotated, and its access tokens have its scopes."""
    held = consent(google)
    for _ in range(2):
        status, body = refreshed(held)
        assert (status, "refresh_token" in body) == (200, False)
    ann.token = body["access_token"]
    assert ann("GET")[0] == 200
    assert ann("DELETE", f"{EVENTS}/meeting0000") == (403, "insufficientPermissions")


@pytest.mark.parametrize(
    ("death", "testing"),
    [("revoked", False), ("suspended", False), ("unused", False), ("aged", True)],
)
def test_refresh_tokens_die(google, refreshed, clock, death, testing):
    """Revoked, of a suspended user, six months unused, or a week while in testing."""
    held = consent(google, testing=testing)
    clock.advance(timedelta(days=6))
    assert refreshed(held)[0] == 200
    if death == "revoked":
        google.control("revoke", {"calendar": ANN})
    elif death == "suspended":
        google.control("suspend", {"calendar": ANN})
    else:
        clock.advance(timedelta(days=182 if death == "unused" else 1))
    status, body = refreshed(held)
    assert (status, body["error"]) == (400, "invalid_grant")


def test_another_client_gets_nothing(google, refreshed):
    """401 invalid_client."""
    held = consent(google)
    assert refreshed(held, client_secret="wrong") == (
        401,
        {"error": "invalid_client", "error_description": "Unauthorized"},
    )
