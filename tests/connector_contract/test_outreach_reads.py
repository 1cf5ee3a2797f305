"""The Outreach connector against what only Outreach does, over real HTTP."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from syncd import clock, plugins
from syncd.errors import RemoteError
from syncd.kit.session import build_session
from syncd.ports.connector import ConnectorContext, Level, ReadRequest
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.outreach.service import OutreachService
from syncd.sandbox.server import serve

ROWS = 2_500
STAMP = "2026-11-01T00:00:00.000Z"
FIELDS = ("attributes.emails", "attributes.updatedAt")
DELTA = {"at": "2026-10-31T00:00:00Z"}


class Vault:
    """Tokens in memory."""

    def __init__(self):
        """Empty."""
        self.values = {}

    def load(self, name):
        """The stored value."""
        return self.values.get(name)

    def save(self, name, value):
        """Keep it."""
        self.values[name] = dict(value)

    def locked(self, name):
        """One process, one thread."""
        return nullcontext()


class Busy:
    """An org in which somebody works while its prospects are being listed."""

    name = "outreach"

    def __init__(self):
        """Two and a half pages of prospects, all changed at one time."""
        self.clock = SandboxClock(datetime(2026, 11, 24, 9, tzinfo=UTC))
        self.outreach = OutreachService(self.clock)
        self.outreach.load(
            "prospect",
            [
                {
                    "type": "prospect",
                    "id": number,
                    "attributes": {"emails": [], "updatedAt": STAMP},
                    "relationships": {},
                }
                for number in range(1, ROWS + 1)
            ],
        )
        self.between = []

    def handle(self, request):
        """The answer; after a page of prospects, one thing happens."""
        response = self.outreach.handle(request)
        if request.path.endswith("/prospects") and self.between:
            action, body = self.between.pop(0)
            self.outreach.control(action, body)
        return response


@pytest.fixture
def busy():
    """Such an org."""
    return Busy()


@pytest.fixture
def connector(busy):
    """The connector on it, reading only."""
    server = serve(busy)
    spec = plugins.connectors()["outreach"]
    settings = {
        **busy.outreach.settings(server.url),
        "redirect_uri": "",
        "hourly_call_share": 0.5,
        "daily_calls": 0,
    }
    session = build_session("outreach", reads=spec.reads, dry_run=True)
    context = ConnectorContext(
        settings=settings, session=session, vault=Vault(), now=clock.now
    )
    yield spec.build(context)
    server.close()


def read(connector, cursor=None):
    """Ids in the order in which they came, and the cursor of the pass."""
    request = ReadRequest(object="prospect", fields=FIELDS, cursor=cursor)
    pages = list(connector.read(request))
    return [int(one.ref.id) for page in pages for one in page.records], pages[-1].cursor


@pytest.mark.parametrize("cursor", [None, DELTA], ids=["full", "delta"])
@pytest.mark.parametrize("rows", [False, True], ids=["places", "rows"])
def test_records_edited_while_they_are_listed_make_none_be_missed(
    busy, connector, rows, cursor
):
    """Whatever the vendor's cursors hold, a changed record moves no other one."""
    busy.outreach.control("switch", {"cursors_hold_rows": rows})
    busy.between = [("edit", {"type": "prospect", "id": n}) for n in (3, 5)]
    ids, _ = read(connector, cursor)
    assert set(range(1, ROWS + 1)) - set(ids) == set()


def test_a_cursor_that_dies_leaves_the_last_complete_pass_standing(busy, connector):
    """The pass ends in an error without a cursor; the next one reads it all."""
    busy.outreach.control("switch", {"cursor_life_s": 1})
    walk = connector.read(ReadRequest(object="prospect", fields=FIELDS))
    assert next(walk).cursor is None
    busy.clock.advance(timedelta(seconds=2))
    with pytest.raises(RemoteError) as refused:
        list(walk)
    assert refused.value.status == 400
    busy.outreach.control("switch", {"cursor_life_s": 0})
    assert len(read(connector)[0]) == ROWS


def test_the_check_names_the_scope_that_is_missing(busy, connector):
    """One problem for each resource that cannot be read, with the scope to grant."""
    scopes = ["prospects.read", "users.read", "accounts.read", "tasks.read"]
    busy.outreach.control("scopes", {"scopes": [*scopes, "calls.write"]})
    problems = [one for one in connector.check() if one.level is Level.PROBLEM]
    remedies = " ".join(one.remedy for one in problems)
    assert "calls.read" in remedies
    assert "opportunityProspectRoles.read" in remedies
    assert "prospects.read" not in remedies
    assert all("unauthorizedOauthScope" in one.says for one in problems)


def test_maintenance_ends_when_it_says(busy, connector, monkeypatch):
    """503 with an ISO time: the wait is as long as what is left of it."""
    from syncd.kit import retry

    waits = []

    def wait(seconds):
        waits.append(seconds)
        busy.outreach.control("maintenance", {"seconds": -1})

    monkeypatch.setitem(retry.retrying.__kwdefaults__, "sleep", wait)
    busy.clock.advance(clock.now() - busy.clock.now())
    read(connector)
    busy.outreach.control("maintenance", {"seconds": 30})
    assert len(read(connector)[0]) == ROWS
    (waited,) = waits
    assert 20 < waited <= 31
