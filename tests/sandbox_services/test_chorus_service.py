"""The simulated Chorus, held to what is known of the real one."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.http import Request

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def engagement(number, **fields):
    """An engagement as ``/v3/engagements`` shows it."""
    at = NOW.timestamp() - 60 * number
    return {
        "engagement_id": f"{number:032X}",
        "engagement_type": "meeting",
        "date_time": at,
        "duration": 900.5,
        "user_id": 7,
        "participants": [{"name": "Ann", "email": None}],
        **fields,
    }


@pytest.fixture
def chorus(clock):
    """A service with 250 engagements, a minute apart."""
    service = ChorusService(clock)
    service.load_users([{"id": 7, "email": "rep@us.example", "meta": {}}])
    service.load_engagements(
        {
            "engagement": engagement(number),
            "conversation": {
                "id": f"{number:032X}",
                "name": "Demo",
                "meeting": {"ical_uid": f"{number}@google.com"},
            },
        }
        for number in range(1, 251)
    )
    return service


def get(service, path, *, token=None, **params):
    """Status and body of one read."""
    token = service.settings("")["token"] if token is None else token
    response = service.handle(
        Request(
            method="GET",
            path=path,
            query=urlencode(params),
            headers={"authorization": token} if token else {},
        )
    )
    return response.status, json.loads(response.body) if response.body else None


def walk(service, **params):
    """Ids by page, to the empty page."""
    pages, more = [], {}
    while True:
        _, body = get(service, "/v3/engagements", **params, **more)
        pages.append([one["engagement_id"] for one in body["engagements"]])
        if not body["engagements"]:
            return pages
        more = {"continuation_key": body["continuation_key"]}


def test_pages_are_of_a_hundred_and_an_empty_one_ends_them(chorus):
    """A full walk sees everything once, newest first, keys holding a blank."""
    pages = walk(chorus)
    assert [len(page) for page in pages] == [100, 100, 50, 0]
    assert pages[0][0] == f"{1:032X}"
    assert len({one for page in pages for one in page}) == 250
    _, body = get(chorus, "/v3/engagements")
    assert " " in body["continuation_key"]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"min_date": (NOW - timedelta(minutes=10)).isoformat()}, 10),
        ({"max_date": (NOW - timedelta(minutes=240)).isoformat()}, 11),
        ({"engagement_type": "dialer"}, 0),
        ({"engagement_id": f"{3:032X},{4:032X}"}, 2),
        ({"user_id": "8"}, 0),
        ({"min_duration": "901"}, 0),
        ({"participants_email": "ann@x.example"}, 0),
    ],
)
def test_filters_choose_engagements(chorus, params, count):
    """Every filter narrows the listing as its name says."""
    assert sum(len(page) for page in walk(chorus, **params)) == count


def test_a_key_alone_keeps_or_forgets_the_filters(chorus):
    """Which of the two is a switch, as clients of the real service differ on it."""
    bound = (NOW - timedelta(minutes=150)).isoformat()
    _, first = get(chorus, "/v3/engagements", min_date=bound)
    key = {"continuation_key": first["continuation_key"]}
    assert len(get(chorus, "/v3/engagements", **key)[1]["engagements"]) == 50
    chorus.control("switch", {"key_forgets_filters": True})
    _, second = get(chorus, "/v3/engagements", **key)
    assert len(second["engagements"]) == 100


def test_a_key_can_repeat_and_can_die(chorus):
    """Clients must not turn in circles, and restart a window whose key has died."""
    chorus.control("switch", {"repeat_key": True})
    _, first = get(chorus, "/v3/engagements")
    key = {"continuation_key": first["continuation_key"]}
    assert get(chorus, "/v3/engagements", **key)[1] == first
    chorus.control("expire_keys", {})
    assert get(chorus, "/v3/engagements", **key)[0] == 400


@pytest.mark.parametrize(
    ("state", "token", "status"),
    [
        ("active", "", 401),
        ("active", "wrong", 401),
        ("deactivated", None, 401),
        ("refused", None, 403),
    ],
)
def test_tokens_that_do_not_do(chorus, state, token, status):
    """Each way in which a token fails has its own answer."""
    chorus.control("token", {"state": state})
    assert get(chorus, "/v3/users", token=token)[0] == status


def test_raw_and_bearer_tokens_do(chorus):
    """Both forms of the header are accepted."""
    token = chorus.settings("")["token"]
    assert get(chorus, "/v3/users", token=f"Bearer {token}")[0] == 200
    assert get(chorus, "/api/v1/users/me")[1]["data"]["id"] == "7"


def test_meeting_metadata_comes_only_when_asked_for(chorus):
    """The join key to the calendar needs its parameter; ``fields`` narrows."""
    path = f"/api/v1/conversations/{1:032X}"
    assert "meeting" not in get(chorus, path)[1]["data"]["attributes"]
    _, body = get(chorus, path, include_meeting_metadata="true", fields="meeting")
    assert body["data"]["attributes"] == {"meeting": {"ical_uid": "1@google.com"}}


def test_fields_appear_in_stages_and_engagements_late(chorus, clock):
    """An engagement of two days ago shows now, and its opportunity later still."""
    late = engagement(9000, engagement_id="LATE", opportunity_id=None)
    chorus.control("add", {"engagement": late, "visible_after_s": 60})
    assert walk(chorus, engagement_id="LATE") == [[]]
    filling = {"engagement_id": "LATE", "engagement": {"opportunity_id": "006"}}
    chorus.control("fill", {**filling, "after_s": 120})
    clock.advance(timedelta(seconds=61))
    _, body = get(chorus, "/v3/engagements", engagement_id="LATE")
    assert body["engagements"][0]["opportunity_id"] is None
    clock.advance(timedelta(seconds=60))
    _, body = get(chorus, "/v3/engagements", engagement_id="LATE")
    assert body["engagements"][0]["opportunity_id"] == "006"


def test_private_and_unseen_engagements_are_absent(chorus):
    """Absence proves nothing: private, removed and others' recordings look alike."""
    number = f"{1:032X}"
    chorus.control("private", {"engagement_id": number})
    assert walk(chorus, engagement_id=number) == [[]]
    assert get(chorus, f"/api/v1/conversations/{number}")[0] == 404
    chorus.control("view", {"user_ids": [8]})
    assert walk(chorus) == [[]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v3/engagements/1"),
        ("POST", "/v3/upload"),
        ("PATCH", "/api/v1/conversations/1"),
    ],
)
def test_writes_are_refused_and_counted(chorus, method, path):
    """Whatever is no read counts as critical; validation does not."""
    headers = {"authorization": chorus.settings("")["token"]}
    answer = chorus.handle(Request(method=method, path=path, headers=headers))
    assert answer.status == 403
    assert chorus.control("state", {})["critical"] == 1


def test_validation_is_a_read(chorus):
    """A future meeting can be judged without a change; its type must be JSON:API."""
    headers = {"authorization": chorus.settings("")["token"]}
    attributes = {"link": "https://acme.zoom.us/j/123456789"}
    request = Request(
        method="POST",
        path="/api/v1/conversations:validate",
        headers=headers | {"content-type": "application/vnd.api+json"},
        body=json.dumps({"data": {"attributes": attributes}}).encode(),
    )
    answer = chorus.handle(request)
    assert json.loads(answer.body)["data"]["attributes"]["recordable"] is True
    plain = Request(method="POST", path=request.path, headers=headers, body=b"{}")
    assert chorus.handle(plain).status == 415
    assert not chorus.writes
