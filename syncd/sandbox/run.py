"""Starts the sandbox: services on loopback ports, loaded with a generated company."""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from syncd import clock as real_clock
from syncd.sandbox.actors.actors import Actors
from syncd.sandbox.chorus.service import ChorusService
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.control import ControlService
from syncd.sandbox.google_calendar.service import GoogleCalendarService
from syncd.sandbox.http import Service
from syncd.sandbox.outreach.service import OutreachService
from syncd.sandbox.recorder import Recorder
from syncd.sandbox.salesforce.service import SalesforceService
from syncd.sandbox.server import RunningServer, serve
from syncd.sandbox.world.company import generate
from syncd.sandbox.world.corpus.build import generate_world
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.org import Company

_POLICY: Final = """\
# The generated company's own policy.
[segments.first_order]
opportunity_types = ["New Business"]
user_titles = ["Account Executive"]

[defaults]
settle_minutes = 0  # this company's tools log at once

[rules.call-subject]
segment = "first_order"
"""


@dataclass(frozen=True, kw_only=True)
class RunningSandbox:
    """The sandbox until it is closed.

    Attributes:
        recorders: Request log, counts and faults of each service.
        actors: Other tools at work in the services; off until turned on.
        company: What is true; no service shows it.
    """

    clock: SandboxClock
    salesforce: SalesforceService
    outreach: OutreachService
    google_calendar: GoogleCalendarService
    chorus: ChorusService
    recorders: Mapping[str, Recorder]
    actors: Actors
    servers: Mapping[str, RunningServer]
    company: Company

    @property
    def urls(self) -> Mapping[str, str]:
        """Address of each service."""
        return {name: server.url for name, server in self.servers.items()}

    def write_config(self, folder: Path) -> Path:
        """Write a ready syncd.toml, policy.toml and key files; the former's path.

        Credentials go into files that only their owner can read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        salesforce = self.salesforce.settings(self.urls["salesforce"])
        outreach = self.outreach.settings(self.urls["outreach"])
        google = self.google_calendar.settings(self.urls["google_calendar"])
        chorus = self.chorus.settings(self.urls["chorus"])
        secret = {
            "sfdc_client_id": salesforce["client_id"],
            "sfdc_client_secret": salesforce["client_secret"],
            "sfdc.pem": salesforce["private_key"],
            "outreach_client_id": outreach["client_id"],
            "outreach_client_secret": outreach["client_secret"],
            "outreach_refresh_token": outreach["refresh_token"],
            "google.json": google["service_account"],
            "chorus_token": chorus["token"],
        }
        for name, text in secret.items():
            _write_secret(folder / name, text)
        path = folder / "syncd.toml"
        path.write_text(self._config(salesforce["username"]), encoding="utf-8")
        (folder / "policy.toml").write_text(_POLICY, encoding="utf-8")
        return path

    def _config(self, username: str) -> str:
        return f"""\
mode = "apply"

[salesforce]
login_url = "{self.urls["salesforce"]}"
auth = "jwt"
client_id = "file:sfdc_client_id"
username = "{username}"
private_key = "file:sfdc.pem"
poll_interval_s = 5

[outreach]
base_url = "{self.urls["outreach"]}"
client_id = "file:outreach_client_id"
client_secret = "file:outreach_client_secret"
refresh_token = "file:outreach_refresh_token"
poll_interval_s = 5

[google_calendar]
base_url = "{self.urls["google_calendar"]}"
service_account = "file:google.json"
poll_interval_s = 5

[chorus]
base_url = "{self.urls["chorus"]}"
token = "file:chorus_token"
requests_per_minute = 0
poll_interval_s = 5

[web]
listen = "127.0.0.1:0"

[limits]
max_changes = 5000
max_share = 0.6
"""

    def close(self) -> None:
        """Stop every service; they end together, as each looks up now and then."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(RunningServer.close, self.servers.values()))


def start(
    *,
    seed: int = 7,
    accounts: int = 60,
    port: int = 0,
    now: datetime | None = None,
    activity_key_field: str = "",
    world: WorldKnobs | None = None,
) -> RunningSandbox:
    """Generate a company and serve it.

    Args:
        seed: The same seed gives the same company.
        accounts: How many customers it has.
        port: First of the ports to use; 0 takes free ones.
        now: The company's present; None = the real one.
        activity_key_field: External-ID field on Activity that the org has, if any.
        world: Settings of a company with a latent truth instead of the usual one.
    """
    clock = SandboxClock(now)
    salesforce = SalesforceService(
        clock, activity_key_field=activity_key_field, seed=seed
    )
    outreach = OutreachService(clock)
    google_calendar, chorus = GoogleCalendarService(clock), ChorusService(clock)
    present = now or real_clock.now()
    if world is None:
        company = generate(seed=seed, accounts=accounts, now=present)
    else:
        company = generate_world(world, seed=seed, accounts=accounts, now=present)
    for name in sorted(company.salesforce, key=_people_first):
        salesforce.load(name, company.salesforce[name])
    for kind, resources in company.outreach.items():
        outreach.load(kind, resources)
    for address, events in company.calendars.items():
        google_calendar.load(address, events)
    chorus.load_users(company.chorus_users)
    chorus.load_engagements(company.engagements)
    together = (salesforce, outreach, google_calendar, chorus)
    actors = Actors(clock, salesforce, outreach, chorus)
    recorders = {service.name: Recorder(service, clock) for service in together}
    services: dict[str, Service] = {
        **recorders,
        "control": ControlService(recorders, clock, actors),
    }
    servers = {
        name: serve(service, port + index if port else 0)
        for index, (name, service) in enumerate(services.items())
    }
    return RunningSandbox(
        clock=clock,
        salesforce=salesforce,
        outreach=outreach,
        google_calendar=google_calendar,
        chorus=chorus,
        recorders=recorders,
        actors=actors,
        servers=servers,
        company=company,
    )


def _people_first(name: str) -> tuple[bool, bool, str]:
    """Value lists, then what others point at, then activities."""
    return (
        name in {"Task", "Event"},
        name not in {"OpportunityStage", "TaskStatus"},
        name,
    )


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
