"""A refresh token that was granted is not lost, though the store takes nothing."""

from datetime import timedelta

import pytest

from syncd import clock, plugins
from syncd.errors import AuthError, Problem, StoreError
from syncd.kit.session import build_session
from syncd.ports.connector import ConnectorContext
from syncd.sandbox.run import start
from tests.connector_contract.vault import Vault

SETTINGS = {
    "salesforce": {
        "auth": "refresh_token",
        "audience": "",
        "api_version": "62.0",
        "activity_key_field": "",
        "daily_call_share": 0.5,
    },
    "outreach": {"redirect_uri": "", "hourly_call_share": 0.5, "daily_calls": 0},
}
TOKEN_CALLS = {
    "salesforce": "/services/oauth2/token",
    "outreach": "/oauth/token",
}


class Disk(Vault):
    """A vault in memory whose disk can be full for some of the next saves."""

    def __init__(self):
        """Empty, with room."""
        super().__init__()
        self.fails = []

    def save(self, name, value):
        """Keep it, if there is room."""
        if self.fails and self.fails.pop(0):
            raise StoreError(Problem(where="s.db", what="its disk is full", remedy=""))
        super().save(name, value)


@pytest.fixture
def sandbox():
    """A small company whose tokens rotate, and die with their first use."""
    running = start(accounts=2, seed=5)
    running.salesforce.control("rotate_tokens", {})
    yield running
    running.close()


@pytest.fixture(params=sorted(SETTINGS))
def system(request):
    """Each system that replaces refresh tokens."""
    return request.param


@pytest.fixture
def process(sandbox, system):
    """Builds what a process that starts now logs in with."""

    def build(disk, **options):
        spec = plugins.connectors()[system]
        given = {
            **SETTINGS[system],
            **getattr(sandbox, system).settings(sandbox.urls[system]),
            "refresh_token": seeds[system],
            **options,
        }
        context = ConnectorContext(
            settings=given,
            session=build_session(system, reads=spec.reads, dry_run=True),
            vault=disk,
            now=clock.now,
        )
        return spec.build(context)

    seeds = {
        name: getattr(sandbox, name).settings(sandbox.urls[name])["refresh_token"]
        for name in SETTINGS
    }
    return build


def grants(sandbox, system):
    """Token calls that were answered with a token."""
    log = sandbox.recorders[system].log
    return sum(one.path == TOKEN_CALLS[system] and one.status == 200 for one in log)


def expire(sandbox, system):
    """Let the access tokens end, and a minute pass: Outreach grants one a minute."""
    getattr(sandbox, system).control("expire_tokens", {})
    sandbox.clock.advance(timedelta(minutes=2))


def test_nothing_is_asked_for_while_the_store_takes_nothing(sandbox, system, process):
    """A full disk is met before the refresh is sent: the former token still works."""
    disk = Disk()
    disk.fails = [True]
    with pytest.raises(StoreError, match="disk is full"):
        process(disk).identity()
    assert grants(sandbox, system) == 0
    assert process(disk).identity().org_id


def test_what_the_store_could_not_take_is_offered_again(sandbox, system, process):
    """The disk fills up between refresh and store: the same process goes on with it."""
    disk = Disk()
    disk.fails = [False, True]
    first = process(disk)
    with pytest.raises(StoreError, match="disk is full"):
        first.identity()
    assert grants(sandbox, system) == 1
    expire(sandbox, system)
    assert first.identity().org_id
    expire(sandbox, system)
    assert process(disk).identity().org_id, "and so does the next one"


def test_it_is_not_used_until_it_is_stored(sandbox, system, process):
    """As long as the disk stays full no further token is asked for, and none lost."""
    disk = Disk()
    disk.fails = [False, True, True, True]
    first = process(disk)
    for _ in range(3):
        with pytest.raises(StoreError, match="disk is full"):
            first.identity()
    assert grants(sandbox, system) == 1
    expire(sandbox, system)
    assert first.identity().org_id


def test_a_new_seed_wins_over_what_is_stored(system, process):
    """A person who authorises anew is heeded; the stored token is of the old seed."""
    disk = Disk()
    assert process(disk).identity().org_id
    with pytest.raises(AuthError):
        process(disk, refresh_token="never-issued").identity()
