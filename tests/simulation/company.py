"""A small company's four services in memory, and a store that has read them once.

Building and loading a company costs a second; it is done once per process and world,
then copied. A copy is exact: services with their tokens and cursors, the store's file,
and the instant at which both were taken.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.crypt import RSASigner

import syncd.wiring
from syncd.config.load import Config, load_config
from syncd.kit.instants import parse_instant
from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.google_calendar.service import GoogleCalendarService
from syncd.sandbox.outreach.service import OutreachService
from syncd.sandbox.recorder import Recorder
from syncd.sandbox.run import _people_first
from syncd.sandbox.salesforce.service import SalesforceService
from syncd.sandbox.world.company import generate
from syncd.sandbox.world.org import Company, Knobs
from syncd.service.jobs import ServiceJobs
from syncd.store import open_store
from syncd.wiring import App, open_app
from tests.simulation.copies import Original
from tests.simulation.determinism import START, determined
from tests.simulation.postgresql import Server, name_store

WORLDS = 16
ACCOUNTS = 2
SQLITE = "sqlite:///syncd.db"
PORTS = {"salesforce": 1, "outreach": 2, "google_calendar": 3, "chorus": 4}
"""Addresses are only names here: nothing listens."""

_DIRT = Knobs(
    without_roles=0.15,
    role_missing_in_outreach=0.35,
    role_only_in_outreach=0.1,
    what_missing=0.2,
    who_missing=0.1,
    owned_by_tool=0.1,
    left_open=0.1,
    disposition_missing=0.1,
    notes_missing=0.1,
    subject_near_miss=0.3,
)
_POLICY = """\
[segments.first_order]
opportunity_types = ["New Business"]
user_titles = ["Account Executive"]

[defaults]
settle_minutes = {settle}

[rules.call-subject]
segment = "first_order"
"""
_CONFIG = """\
mode = "apply"

[store]
url = "{store}"
{key}

[salesforce]
login_url = "{salesforce}"
auth = "client_credentials"
client_id = "file:sfdc_client_id"
client_secret = "file:sfdc_client_secret"

[outreach]
base_url = "{outreach}"
client_id = "file:outreach_client_id"
client_secret = "file:outreach_client_secret"
refresh_token = "file:outreach_refresh_token"

[google_calendar]
base_url = "{google_calendar}"
service_account = "file:google.json"
users = {users}

[chorus]
base_url = "{chorus}"
token = "file:chorus_token"
requests_per_minute = 0

[limits]
max_changes = 5000
max_share = 1.0
"""


@dataclass(frozen=True, kw_only=True)
class Services:
    """The four services and their common clock.

    Attributes:
        calendars: Addresses of those that syncd reads.
        recordings: When each engagement was, as a time stamp.
    """

    clock: SandboxClock
    salesforce: SalesforceService
    outreach: OutreachService
    google_calendar: GoogleCalendarService
    chorus: ChorusService
    calendars: tuple[str, ...]
    recordings: Mapping[str, float]

    def recorders(self) -> dict[str, Recorder]:
        """Each service behind a recorder of its own, by system."""
        together = (self.salesforce, self.outreach, self.google_calendar, self.chorus)
        return {one.name: Recorder(one, self.clock) for one in together}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Services at one instant, and syncd's files: configuration, store, key."""

    at: datetime
    services: Original[Services]
    files: Mapping[str, bytes]
    store: str

    def lay_out(
        self, folder: Path, *, settle_minutes: int, store: str
    ) -> tuple[Services, Config]:
        """A copy of its own: services in memory, files in this folder.

        ``store`` is the address of a copy of this one's store.
        """
        for name, content in self.files.items():
            _write(folder / name, content)
        name_store(folder, store)
        _write(folder / "policy.toml", _POLICY.format(settle=settle_minutes).encode())
        return self.services.copy(), load_config(folder / "syncd.toml")


@cache
def snapshot(world: int, *, loaded: bool, server: Server | None = None) -> Snapshot:
    """One of the worlds, with a store that has polled everything or with none.

    The store is a database of this server, or else a SQLite file.
    """
    store = server.create() if server else SQLITE
    folder = new_folder("world")
    try:
        with determined(f"world {world}", START) as time, cheap_starts():
            services = _generated(world)
            config = write_config(services, folder, store)
            if server is None:
                _write(folder / "syncd.db", empty_store())
            if loaded:
                with open_app(config, may_write=True) as app:
                    _poll_all(app, services)
            files = {one.name: one.read_bytes() for one in folder.iterdir()}
            original = Original(services)
            return Snapshot(at=time.now(), services=original, files=files, store=store)
    finally:
        shutil.rmtree(folder)


def _poll_all(app: App, services: Services) -> None:
    from tests.simulation.wire import Wire

    Wire(services.recorders()).carry(app)
    jobs = ServiceJobs(app)
    for system in app.connectors:
        jobs.poll(system)


def _generated(world: int) -> Services:
    company = generate(seed=world, accounts=ACCOUNTS, now=START, knobs=_DIRT)
    _forget_the_past(company)
    clock = SandboxClock()
    salesforce, outreach = SalesforceService(clock), OutreachService(clock)
    google, chorus = GoogleCalendarService(clock), ChorusService(clock)
    for name in sorted(company.salesforce, key=_people_first):
        salesforce.load(name, company.salesforce[name])
    for kind, resources in company.outreach.items():
        outreach.load(kind, resources)
    for address, events in company.calendars.items():
        google.load(address, events)
    chorus.load_users(company.chorus_users)
    chorus.load_engagements(company.engagements)
    return Services(
        clock=clock,
        salesforce=salesforce,
        outreach=outreach,
        google_calendar=google,
        chorus=chorus,
        calendars=tuple(company.calendars)[:ACCOUNTS],
        recordings={
            one["engagement"]["engagement_id"]: one["engagement"]["date_time"]
            for one in company.engagements
        },
    )


def _forget_the_past(company: Company) -> None:
    """Leave out what happened before the open deals began: it only costs time."""
    since = START - timedelta(days=200)
    for name in ("Task", "Event"):
        rows = company.salesforce[name]
        rows[:] = [row for row in rows if parse_instant(row["CreatedDate"]) >= since]
    kept = {row["Id"] for row in company.salesforce["Task"]}
    company.outreach["call"] = [
        call
        for call in company.outreach["call"]
        if {one["id"] for one in call["dataConnections"]} & kept
    ]
    company.engagements = [
        one
        for one in company.engagements
        if one["engagement"]["date_time"] >= since.timestamp()
    ]
    for events in company.calendars.values():
        events[:] = [e for e in events if e["start"]["dateTime"] >= since.isoformat()]


def write_config(services: Services, folder: Path, store: str) -> Config:
    """A configuration for these services, credentials in files beside it."""
    urls = {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()}
    salesforce = services.salesforce.settings(urls["salesforce"])
    google = services.google_calendar.settings(urls["google_calendar"])
    files = {
        "policy.toml": _POLICY.format(settle=0),
        "sfdc_client_id": salesforce["client_id"],
        "sfdc_client_secret": salesforce["client_secret"],
        "store.key": Fernet.generate_key().decode(),
        "google.json": google["service_account"],
        "chorus_token": services.chorus.settings(urls["chorus"])["token"],
        "syncd.toml": _CONFIG.format(
            **urls,
            users=list(services.calendars),
            store=store,
            key="" if store == SQLITE else 'encryption_key = "file:store.key"',
        ),
    }
    for name, text in files.items():
        _write(folder / name, text.encode())
    write_outreach_login(services, folder)
    return load_config(folder / "syncd.toml")


def write_outreach_login(services: Services, folder: Path) -> None:
    """What an operator does who authorises syncd in Outreach (again)."""
    settings = services.outreach.settings("")
    for name in ("client_id", "client_secret", "refresh_token"):
        _write(folder / f"outreach_{name}", settings[name].encode())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def new_folder(name: str) -> Path:
    """An empty folder, in memory where the machine has such a place.

    The same address each time: a store there is reached by the same engine.
    """
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() else Path(gettempdir())
    folder = base / f"syncd-simulation-{os.getpid()}-{name}"
    folder.mkdir(mode=0o700)
    return folder


@cache
def empty_store() -> bytes:
    """A store with its tables and nothing in them."""
    folder = new_folder("empty")
    try:
        open_store(f"sqlite:///{folder}/syncd.db", base=folder).close()
        return (folder / "syncd.db").read_bytes()
    finally:
        shutil.rmtree(folder)


@contextmanager
def cheap_starts() -> Iterator[None]:
    """Starting a process again reads nothing anew that nobody has changed.

    Keys are generated and parsed once, mappings and policies read once; both are
    values, so a restarted process could not tell. An engine keeps compiled statements;
    its connections are closed with the process.
    """
    with ExitStack() as stack:
        for target, name, value in (
            (sa, "create_engine", _engine),
            (rsa, "generate_private_key", _private_key),
            (RSASigner, "from_string", _signer),
            (syncd.wiring, "load_mappings", _mappings),
            (syncd.wiring, "load_policy", _policy),
        ):
            stack.enter_context(patch.object(target, name, value))
        yield


_create_engine = sa.create_engine
_generate_private_key = rsa.generate_private_key
_from_string = RSASigner.from_string
_load_mappings = syncd.wiring.load_mappings
_load_policy = syncd.wiring.load_policy


_engines: dict[sa.URL, sa.Engine] = {}


def _engine(url: sa.URL, **kwargs: Any) -> sa.Engine:
    if url not in _engines:
        _engines[url] = _create_engine(url, **kwargs)
    return _engines[url]


@cache
def _private_key(**kwargs: int) -> rsa.RSAPrivateKey:
    return _generate_private_key(**kwargs)


@cache
def _signer(key: str, key_id: str | None = None) -> RSASigner:
    return _from_string(key, key_id)


def _mappings(path: Path) -> object:
    return _parsed_mappings() if not path.exists() else _load_mappings(path)


@cache
def _parsed_mappings() -> object:
    return _load_mappings(Path("/nonexistent"))


def _policy(path: Path, rules: Mapping[str, object]) -> object:
    return _parsed_policy(path.read_bytes(), path, tuple(rules.items()))


_policies: dict[bytes, object] = {}


def _parsed_policy(text: bytes, path: Path, rules: tuple[object, ...]) -> object:
    if text not in _policies:
        _policies[text] = _load_policy(path, dict(rules))
    return _policies[text]
