"""The simulated Chorus: people, feeds, errors, pauses."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.http import Request

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
USERS = [
    {"id": 7, "email": "ops@us.example", "team_ids": [1]},
    {
        "id": 8,
        "email": "rep@us.example",
        "team_ids": [1, 2],
        "license_type": "LISTENER",
        "meta": {"sf_record_id": "005000000000001AAA"},
    },
]


def engagement(number, **fields):
    """A meeting of user 8."""
    return {
        "engagement_id": f"E{number}",
        "engagement_type": "meeting",
        "date_time": NOW.timestamp() - 60 * number,
        "duration": 900.5,
        "user_id": 8,
        "participants": [],
        **fields,
    }


@pytest.fixture
def chorus(clock):
    """Two users, four engagements of several kinds, forty-five e-mails, a moment."""
    service = ChorusService(clock)
    service.load_users(USERS)
    rows = [
        engagement(1),
        engagement(2, user_id=7),
        engagement(3, engagement_type="dialer", content_type="missed_dialer_call"),
        engagement(4, engagement_type="dialer"),
    ]
    talk = {"type": "conversation", "name": "Demo"}
    service.load_engagements({"engagement": one, "conversation": talk} for one in rows)
    service.load_feed(
        "emails",
        [
            {"id": number, "sent": (NOW - timedelta(hours=number)).isoformat()}
            for number in range(45)
        ],
    )
    service.load_feed("moments", [{"id": 1, "shared_on": "2026-11-20"}])
    return service


@pytest.fixture
def get(chorus):
    """Status and body of one read."""

    def call(path, **params):
        response = chorus.handle(
            Request(
                method="GET",
                path=path,
                query=urlencode(params),
                headers={"authorization": chorus.settings("")["token"]},
            )
        )
        return response.status, json.loads(response.body) if response.body else None

    return call


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"team_id": "2"}, ["E1", "E3", "E4"]),
        ({"team_id": "1,9"}, ["E1", "E2", "E3", "E4"]),
        ({"team_id": "9"}, []),
        ({"content_type": "missed_dialer_call"}, ["E3"]),
        ({"content_type": "dialer"}, ["E4"]),
        ({"engagement_type": "dialer"}, ["E3", "E4"]),
    ],
)
def test_teams_and_finer_kinds_choose_engagements(get, params, found):
    """A team by its members; a kind finer than the type where there is one."""
    _, body = get("/v3/engagements", **params)
    assert [one["engagement_id"] for one in body["engagements"]] == found


def test_users_come_in_both_styles(get):
    """A flat array and JSON:API; licences differ, and not everyone is in Salesforce."""
    _, flat = get("/v3/users")
    assert [one["license_type"] for one in flat] == ["RECORDER", "LISTENER"]
    assert [one["meta"].get("sf_record_id") for one in flat] == [
        None,
        "005000000000001AAA",
    ]
    _, body = get("/api/v1/users")
    assert [one["id"] for one in body["data"]] == ["7", "8"]
    attributes = {k: v for k, v in flat[1].items() if k != "id"}
    assert body["data"][1] == {"id": "8", "type": "user", "attributes": attributes}
    assert get("/api/v1/users/8")[1]["data"] == body["data"][1]
    assert get("/api/v1/users/me")[1]["data"]["id"] == "7"
    assert get("/api/v1/users/99")[0] == 404
    _, teams = get("/api/v1/teams")
    assert [one["id"] for one in teams["data"]] == ["1", "2"]


def test_inactive_people_are_not_listed(chorus, get):
    """Their recordings stay; a token dies with its user."""
    chorus.control("deactivate", {"id": 8})
    assert [one["id"] for one in get("/v3/users")[1]] == [7]
    assert get("/api/v1/users/8")[0] == 404
    assert len(get("/v3/engagements", team_id="2")[1]["engagements"]) == 3
    chorus.control("deactivate", {"id": 7})
    status, body = get("/v3/users")
    assert (status, body["errors"]) == (401, [{"code": "ZI0001"}])


def test_a_user_can_change(chorus, get):
    """Another licence, or the link to Salesforce lost."""
    fields = {"license_type": "RECORDER", "meta": {}}
    chorus.control("user", {"id": 8, "fields": fields})
    assert get("/v3/users")[1][1] == {
        **USERS[1],
        **fields,
        "default_meeting_link": None,
    }


# --- feeds ----------------------------------------------------------------------------


def test_emails_go_by_a_cursor_in_meta(get):
    """Twenty a page by default, none twice, no cursor at the end."""
    seen, sizes, more = [], [], {}
    while True:
        _, body = get("/api/v1/emails", **more)
        sizes.append(len(body["data"]))
        seen += [one["id"] for one in body["data"]]
        cursor = body["meta"]["page"].get("cursor")
        if cursor is None:
            break
        more = {"page[after]": cursor}
    assert sizes == [20, 20, 5]
    assert len(set(seen)) == 45


@pytest.mark.parametrize(
    ("window", "count"),
    [
        ("2026-11-24T05:00:00+00:00:2026-11-24T08:00:00+00:00", 4),
        ("2026-11-24T05:00:00:*", 5),
        ("*:2026-11-22T13:00:00Z", 1),
        ("2026-11-23:2026-11-24", 25),
        ("*:*", 45),
    ],
)
def test_emails_are_bounded_by_when_they_were_sent(get, window, count):
    """``from:to`` with dates or instants, either end open."""
    params = {"filter[email.sent]": window, "page[size]": "100"}
    assert len(get("/api/v1/emails", **params)[1]["data"]) == count


@pytest.mark.parametrize(
    ("path", "params", "parameter"),
    [
        ("emails", {"filter[email.sent]": "yesterday"}, "filter[email.sent]"),
        ("emails", {"page[size]": "101"}, "page[size]"),
        ("emails", {"page[after]": "20"}, "page[after]"),
        ("moments", {}, "filter[shared_on]"),
        ("moments", {"page[size]": "5"}, "filter[shared_on]"),
    ],
)
def test_refused_lists_name_the_parameter(get, path, params, parameter):
    """400 as a JSON:API error with its source; moments need their filter."""
    status, body = get(f"/api/v1/{path}", **params)
    (error,) = body["errors"]
    assert (status, error["status"], error["title"]) == (400, "400", "Bad Request")
    assert error["source"] == {"parameter": parameter}


def test_moments_come_with_their_filter(get):
    """And only then."""
    _, body = get("/api/v1/moments", **{"filter[shared_on]": "2026-11-01:*"})
    assert [one["id"] for one in body["data"]] == ["1"]


# --- errors and pauses ----------------------------------------------------------------


def test_unknown_paths_and_conversations_are_json_api_errors(get):
    """404 with id, code, status, title and detail."""
    for path in ("/api/v1/conversations/NOPE", "/api/v1/accounts", "/v3/nothing"):
        status, body = get(path)
        assert status == 404
        assert set(body["errors"][0]) == {"id", "code", "status", "title", "detail"}


def test_a_token_that_is_barred_says_so_and_no_more(chorus, get):
    """The one body that is known."""
    chorus.control("token", {"state": "refused"})
    detail = "API may not be called using this token."
    assert get("/v3/users") == (403, {"errors": [{"detail": detail}]})


@pytest.mark.parametrize("status", [415, 400])
def test_another_media_type_is_refused_in_either_way(chorus, status):
    """With the header as the source."""
    chorus.control("switch", {"wrong_type_status": status})
    token = chorus.settings("")["token"]
    response = chorus.handle(
        Request(
            method="POST",
            path="/api/v1/conversations:validate",
            headers={"authorization": token, "content-type": "application/json"},
            body=b"{}",
        )
    )
    assert response.status == status
    (error,) = json.loads(response.body)["errors"]
    assert error["source"] == {"header": "Content-Type"}


def test_conversations_have_a_type_of_their_own(get):
    """``recording`` or ``conversation``."""
    data = get("/api/v1/conversations/E1")[1]["data"]
    assert data == {"id": "E1", "type": "conversation", "attributes": {"name": "Demo"}}


def test_making_a_summary_anew_is_critical(chorus, get):
    """It is a read by its method, and changes what people have read."""
    get("/api/v1/conversations/E1", skip_summary_generation="true")
    assert chorus.control("state", {})["critical"] == 0
    get("/api/v1/conversations/E1", force_regeneration="true")
    assert chorus.control("state", {})["critical"] == 1


@pytest.mark.parametrize("tells", [False, True])
def test_too_many_calls_cost_a_pause(chorus, get, clock, tells):
    """429 with or without a header until it is over, then as before."""
    chorus.control("budget", {"per_minute": 2, "pause_s": 600, "tells": tells})
    assert [get("/v3/users")[0] for _ in range(3)] == [200, 200, 429]
    clock.advance(timedelta(seconds=90))
    response = chorus.handle(Request(method="GET", path="/v3/users"))
    assert response.status == 429
    assert response.headers.get("Retry-After") == ("510" if tells else None)
    clock.advance(timedelta(seconds=510))
    assert get("/v3/users")[0] == 200


def test_unknown_switches_are_an_error(chorus):
    """A misspelt switch would make a test that cannot fail."""
    with pytest.raises(KeyError):
        chorus.control("switch", {"repeat_keys": True})
