"""The suite that every connector passes, over real HTTP."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from syncd import clock, plugins
from syncd.errors import AuthError, DryRunRefusedError, RemoteError, RetryableError
from syncd.kit.session import build_session
from syncd.mapping.load import fit, load_mappings
from syncd.model.record import RecordRef
from syncd.ports.connector import ConnectorContext, Level, ReadRequest
from syncd.sandbox.recorder import Fault
from tests.connector_contract.vault import Vault
from tests.sandboxes import company

SYSTEMS = sorted(plugins.connectors())
SINCE = datetime.now(UTC) - timedelta(days=400)
WINDOWED = {"Task", "Event", "call", "task", "mailing", "engagement"}
MAPPINGS = load_mappings(None).objects


DEFAULTS = {
    "salesforce": {
        "auth": "jwt",
        "audience": "",
        "api_version": "62.0",
        "activity_key_field": "",
        "daily_call_share": 0.5,
    },
    "outreach": {"redirect_uri": "", "hourly_call_share": 0.5, "daily_calls": 0},
    "google_calendar": {"token_url": "", "users": ()},
    "chorus": {"rescan_hours": 72, "requests_per_minute": 0},
}


sandbox = company(accounts=6, seed=9, scope="module")
"""One company for the whole suite; tests only read it."""


@pytest.fixture(params=SYSTEMS)
def place(request, sandbox):
    """One connector on a session that sends nothing but its own reads."""
    return connect(request.param, sandbox)


class Connected:
    """A connector with what surrounds it."""

    def __init__(self, system, sandbox, session, connector):
        """Everything a test looks at."""
        self.system = system
        self.sandbox = sandbox
        self.session = session
        self.connector = connector
        self.recorder = sandbox.recorders[system]

    def request(self, name, **options):
        """A read of one object with the fields of its mapping."""
        object_map = MAPPINGS[(self.system, name)]
        fields = self.connector.describe(name)
        if fields is not None:
            object_map = fit(object_map, fields).object_map
        calendars = list(self.sandbox.company.calendars)[:1]
        return ReadRequest(
            object=name,
            fields=object_map.remote_fields(),
            since=SINCE if name in WINDOWED else None,
            scopes=tuple(calendars) if self.system == "google_calendar" else (),
            **options,
        )


def connect(system, sandbox, *, vault=None, **settings):
    """Build a connector as wiring does, in a dry run."""
    spec = plugins.connectors()[system]
    session = build_session(system, reads=spec.reads, dry_run=True)
    service = getattr(sandbox, system)
    given = {**DEFAULTS[system], **service.settings(sandbox.urls[system]), **settings}
    if system == "outreach" and vault is None:
        # One grant a minute: the suite shares one session.
        vault = sandbox.__dict__.setdefault("_vault", Vault())
        stored = vault.values.get("seed_settings")
        given = vault.values.setdefault("seed_settings", stored or given)
    context = ConnectorContext(
        settings=given, session=session, vault=vault or Vault(), now=clock.now
    )
    return Connected(system, sandbox, session, spec.build(context))


def test_it_says_that_its_credentials_are_good(place):
    """A check against a healthy service finds no problem."""
    items = place.connector.check()
    assert items
    assert [item for item in items if item.level is Level.PROBLEM] == []


def test_it_knows_whose_data_this_is(place):
    """The org's identity is there and stays the same."""
    first = place.connector.identity()
    assert first.org_id
    assert place.connector.identity().org_id == first.org_id


def test_a_full_read_ends_with_a_cursor_and_no_doubles(place):
    """Every object's pass has one last page, a cursor, and unique records."""
    for name in place.connector.objects():
        pages = list(place.connector.read(place.request(name)))
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].cursor is not None
        json.dumps(pages[-1].cursor)
        refs = [record.ref for page in pages for record in page.records]
        assert len(refs) == len(set(refs))
        assert all(ref.system == place.system for ref in refs)
        assert all(page.quarantined == () for page in pages)


def test_a_second_read_from_the_cursor_brings_no_news(place):
    """What comes again in the overlap is what was there, in the same version."""
    for name in place.connector.objects():
        first = list(place.connector.read(place.request(name)))
        known = {r.ref: r.version for page in first for r in page.records}
        request = place.request(name, cursor=first[-1].cursor)
        again = [r for page in place.connector.read(request) for r in page.records]
        assert all(known[record.ref] == record.version for record in again)


def test_reading_sends_only_what_is_on_the_list_of_reads(place):
    """No read is refused by the dry run, and none counts as a write."""
    for name in place.connector.objects():
        list(place.connector.read(place.request(name)))
    assert place.session.calls.writes == 0
    assert place.session.calls.reads > 0
    assert place.recorder.write_calls == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_dry_run_refuses_everything_else(place, method):
    """A request off the list never leaves the process."""
    before = place.recorder.calls
    with pytest.raises(DryRunRefusedError):
        place.session.request(method, f"{place.sandbox.urls[place.system]}/anything")
    assert place.recorder.calls == before


def test_fetch_gives_records_as_they_are_and_none_for_what_is_gone(place):
    """Known records come back, unknown ones are None."""
    name = {"outreach": "call"}.get(place.system, place.connector.objects()[-1])
    request = place.request(name)
    page = next(p for p in place.connector.read(request) if p.records)
    known = page.records[0].ref
    gone = {
        "salesforce": "00U000000000099EAA",
        "outreach": "999999",
        "google_calendar": f"{known.id.partition('/')[0]}/nosuchevent",
        "chorus": "F" * 32,
    }[place.system]
    missing = RecordRef(place.system, name, gone)
    found = place.connector.fetch([known, missing], request.fields)
    assert found[known] is not None
    assert found[missing] is None


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "body": "<html>maintenance</html>"},
        {"status": 200, "body": '{"half": '},
        {"status": 200, "body": "[]"},
    ],
)
def test_a_broken_page_is_tried_again_and_loses_nothing(place, fault, monkeypatch):
    """A page that is not what it should be costs a retry, no record."""
    monkeypatch.setattr(clock, "sleep_s", lambda _: None)
    name = place.connector.objects()[-1]
    whole = [
        r.ref
        for page in place.connector.read(place.request(name))
        for r in page.records
    ]
    path = {
        "salesforce": "/query",
        "outreach": f"/{name}s",
        "google_calendar": "/events",
        "chorus": "/v3/engagements",
    }[place.system]
    place.recorder.break_next(Fault(method="GET", path=path, **fault))
    try:
        pages = list(place.connector.read(place.request(name)))
    except RetryableError:
        pages = list(place.connector.read(place.request(name)))
    assert [r.ref for page in pages for r in page.records] == whole


def test_being_told_to_wait_is_honoured(place, no_waiting):
    """A 503 with Retry-After is waited out, then the read goes on."""
    name = place.connector.objects()[0]
    list(place.connector.read(place.request(name)))
    wait = {"Retry-After": "7"}
    fault = Fault(method="GET", path="^(?!.*token)", status=503, headers=wait)
    place.recorder.break_next(fault)
    list(place.connector.read(place.request(name)))
    assert 7.0 in no_waiting


@pytest.mark.parametrize("status", [403, 429])
def test_googles_quota_is_waited_out_as_long_as_it_says(sandbox, no_waiting, status):
    """Also where it comes as 403: the reason decides, and Retry-After counts."""
    place = connect("google_calendar", sandbox)
    list(place.connector.read(place.request("Event")))
    body = json.dumps({"error": {"errors": [{"reason": "userRateLimitExceeded"}]}})
    told = {"Retry-After": "7"}
    place.recorder.break_next(
        Fault(path="/events", status=status, headers=told, body=body)
    )
    list(place.connector.read(place.request("Event")))
    assert no_waiting == [7.0]


@pytest.mark.parametrize("system", ["google_calendar", "chorus"])
def test_read_only_connectors_have_no_way_to_write(system):
    """They offer no write, and their sources name no changing method."""
    import importlib
    from pathlib import Path

    assert not plugins.connectors()[system].writes
    folder = Path(importlib.import_module(f"connectors.{system}").__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    for word in ("session.post", "session.put", "session.patch", "session.delete"):
        assert word not in source


@pytest.mark.parametrize("auth", ["jwt", "client_credentials", "refresh_token"])
def test_salesforce_logs_in_by_every_flow(sandbox, auth):
    """Each configured flow leads to the same org."""
    place = connect("salesforce", sandbox, auth=auth)
    assert place.connector.identity().org_id == sandbox.salesforce.org_id


@pytest.mark.parametrize(
    ("system", "wrong"),
    [
        ("salesforce", {"client_id": "nobody"}),
        ("outreach", {"refresh_token": "never-issued"}),
        ("chorus", {"token": "nobody"}),
    ],
)
def test_refused_credentials_are_an_auth_error(sandbox, system, wrong):
    """Wrong credentials ask for a person; they are not tried over and over."""
    place = connect(system, sandbox, vault=Vault(), **wrong)
    if system == "outreach":
        # Otherwise the answer is that a grant was given less than a minute ago.
        sandbox.outreach.control("expire_tokens", {})
    with pytest.raises(AuthError):
        place.connector.identity()


@pytest.mark.parametrize(
    "answer",
    ["<html>Maintenance</html>", '"text"', requests.ConnectionError()],
    ids=["html", "text", "nobody"],
)
@pytest.mark.parametrize("system", sorted(DEFAULTS))
def test_an_answer_that_is_none_is_our_own_error(sandbox, system, answer, no_waiting):
    """A gateway's page with status 200, or no answer at all, stops one connector."""
    place = connect(system, sandbox, vault=Vault(), users=["a@northwind-cloud.com"])
    with responses.RequestsMock(assert_all_requests_are_fired=False) as everything:
        for method in (responses.GET, responses.POST):
            everything.add(method, re.compile(".*"), body=answer)
        with pytest.raises(RemoteError):
            first_call(place)


def first_call(place):
    """What a poll does first; Google's and Chorus's identities ask nobody."""
    place.connector.identity()
    return list(place.connector.read(place.request(place.connector.objects()[-1])))
