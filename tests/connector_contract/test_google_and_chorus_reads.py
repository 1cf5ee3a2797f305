"""The Google Calendar and Chorus connectors against their vendors' oddities."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from syncd import clock, plugins
from syncd.errors import AuthError, RemoteError, RetryableError
from syncd.kit import retry
from syncd.kit.session import build_session
from syncd.ports.connector import ConnectorContext, ReadRequest
from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.service import GoogleCalendarService
from syncd.sandbox.server import serve

ANN = "ann@us.example"
SINCE = datetime.now(UTC) - timedelta(days=30)


class Vault:
    """No token is kept."""

    def load(self, name):
        """Nothing."""

    def save(self, name, value):
        """Forgotten."""

    def locked(self, name):
        """One process, one thread."""
        return nullcontext()


@pytest.fixture
def connect(monkeypatch):
    """Builds a reading connector on a service; waits are noted, not waited."""
    servers, waits = [], []
    monkeypatch.setitem(retry.retrying.__kwdefaults__, "sleep", waits.append)

    def build(service, **settings):
        servers.append(serve(service))
        spec = plugins.connectors()[service.name]
        session = build_session(service.name, reads=spec.reads, dry_run=True)
        context = ConnectorContext(
            settings={**service.settings(servers[-1].url), **settings},
            session=session,
            vault=Vault(),
            now=clock.now,
        )
        connector = spec.build(context)
        connector.waits = waits
        return connector

    yield build
    for server in servers:
        server.close()


# --- Google Calendar ------------------------------------------------------------------


@pytest.fixture
def google():
    """Ann with ten meetings."""
    service = GoogleCalendarService(SandboxClock())
    at = datetime.now(UTC).replace(microsecond=0)
    service.load(
        ANN,
        [
            {
                "id": f"meeting{number}",
                "start": {"dateTime": at.isoformat()},
                "end": {"dateTime": (at + timedelta(hours=1)).isoformat()},
            }
            for number in range(10)
        ],
    )
    return service


@pytest.fixture
def calendar(google, connect):
    """The connector on Ann's calendar."""
    return connect(google, token_url="", users=())


def events(connector, cursor=None):
    """Ids as they came, and the last page."""
    request = ReadRequest(
        object="Event", fields=(), since=SINCE, scopes=(ANN,), cursor=cursor
    )
    pages = list(connector.read(request))
    ids = [one.ref.id.rpartition("/")[2] for page in pages for one in page.records]
    return ids, pages[-1]


def test_short_empty_and_repeated_pages_lose_no_event(google, calendar):
    """The pass goes on until there is no page token, whatever a page holds."""
    google.control("page_sizes", {"sizes": [3, 0, 3, 1]})
    google.control("repeat_items", {})
    ids, last = events(calendar)
    assert set(ids) == {f"meeting{number}" for number in range(10)}
    assert len(ids) > 10
    assert last.cursor is not None


def test_a_dead_page_token_ends_the_pass_without_a_cursor(google, calendar):
    """What was read is not called complete; the next pass starts anew."""
    google.control("page_sizes", {"sizes": [3]})
    request = ReadRequest(object="Event", fields=(), since=SINCE, scopes=(ANN,))
    walk = calendar.read(request)
    assert next(walk).cursor is None
    google.control("kill_page_tokens", {})
    with pytest.raises(RemoteError) as refused:
        list(walk)
    assert refused.value.status == 400
    assert len(events(calendar)[0]) == 10


def test_a_calendar_that_is_taken_away_is_skipped_not_emptied(google, calendar):
    """Its token is dead and its list is 404: the page says so and holds nothing."""
    _, first = events(calendar)
    google.control("drop", {"calendar": ANN})
    ids, last = events(calendar, first.cursor)
    assert ids == []
    assert last.skipped_scope
    assert not last.snapshot


def test_the_projects_quota_is_an_overload_like_the_users(google, calendar):
    """Tried again; when it stays, the pass ends as one to repeat."""
    google.control("budget", {"per_project_a_minute": 0})
    with pytest.raises(RetryableError) as refused:
        events(calendar)
    assert refused.value.code == "rateLimitExceeded"
    assert len(calendar.waits) == 4


# --- Chorus ---------------------------------------------------------------------------


@pytest.fixture
def chorus():
    """Two users and 150 meetings without conversations."""
    service = ChorusService(SandboxClock())
    service.load_users([{"id": 1, "email": "ops@us.example"}, {"id": 2}])
    at = datetime.now(UTC).timestamp()
    service.load_engagements(
        {
            "engagement": {
                "engagement_id": f"E{number}",
                "engagement_type": "meeting",
                "date_time": at - 60 * number,
                "processing_state": "done",
                "user_id": 1,
            }
        }
        for number in range(1, 151)
    )
    return service


@pytest.fixture
def recordings(chorus, connect):
    """The connector on it."""
    return connect(chorus, rescan_hours=72, requests_per_minute=0)


def engagements(connector, cursor=None):
    """Ids as they came, and the last page."""
    request = ReadRequest(
        object="engagement",
        fields=(),
        since=None if cursor else SINCE,
        cursor=cursor,
    )
    pages = list(connector.read(request))
    return [one.ref.id for page in pages for one in page.records], pages[-1]


def test_a_pause_without_a_word_holds_the_cursor(chorus, recordings):
    """429 without any header: tried again a while, then left for the next poll."""
    chorus.control("budget", {"per_minute": 40, "pause_s": 600})
    with pytest.raises(RetryableError) as refused:
        engagements(recordings)
    assert refused.value.status == 429
    chorus.control("budget", {"per_minute": 0})
    ids, last = engagements(recordings)
    assert len(ids) == 150
    assert last.cursor is not None


def test_a_pause_that_says_how_long_is_honoured(chorus, recordings):
    """And then the same pass goes on."""
    chorus.control("budget", {"per_minute": 40, "pause_s": 30, "tells": True})
    with pytest.raises(RetryableError):
        engagements(recordings)
    assert set(recordings.waits) == {30.0}


def test_a_dead_key_ends_the_pass_without_a_cursor(chorus, recordings):
    """The window is read again from its beginning, by the next poll."""
    request = ReadRequest(object="engagement", fields=(), since=SINCE)
    walk = recordings.read(request)
    assert next(walk).cursor is None
    chorus.control("expire_keys", {})
    with pytest.raises(RemoteError) as refused:
        list(walk)
    assert refused.value.status == 400
    assert len(engagements(recordings)[0]) == 150


def test_people_who_leave_are_gone_from_the_list_and_the_token_with_its_user(
    chorus, recordings
):
    """The user list is a snapshot; a dead token asks for a person."""
    request = ReadRequest(object="user", fields=())
    (page,) = recordings.read(request)
    assert [one.ref.id for one in page.records] == ["1", "2"]
    chorus.control("deactivate", {"id": 2})
    (page,) = recordings.read(request)
    assert [one.ref.id for one in page.records] == ["1"]
    assert page.snapshot
    chorus.control("deactivate", {"id": 1})
    with pytest.raises(AuthError):
        list(recordings.read(request))
