"""The services show a world to the real connectors, which understand all of it."""

import csv
import signal
import subprocess
import sys
import time

import pytest
import requests
import time_machine

from syncd.config.load import load_config
from syncd.sandbox.run import start
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.wiring import open_app
from tests.sandbox_world.conftest import NOW

_ROUGH = {
    "roles_missing": 0.5,
    "moved": 0.2,
    "duplicates": 0.2,
    "phone_only": 0.1,
    "leads": 0.1,
    "unknown": 0.1,
    "plus_tag": 0.1,
    "unlisted": 0.3,
    "series": 1.0,
    "cases": 2.0,
}


@pytest.fixture
def polled(generator, tmp_path):
    """A rough world in its services, and an app that has polled them once."""
    with time_machine.travel(NOW, tick=True):
        knobs = WorldKnobs(generator=generator, **_ROUGH)
        running = start(seed=2, accounts=5, now=NOW, world=knobs)
        try:
            with open_app(load_config(running.write_config(tmp_path))) as app:
                outcomes = app.poll()
                yield running.company, app, outcomes
        finally:
            running.close()


def test_nothing_of_a_world_is_quarantined_or_lost(polled):
    """Every row that a service was given is a record of the mirror."""
    company, app, outcomes = polled
    assert all(one.complete for one in outcomes), [one.error for one in outcomes]
    assert sum(one.quarantined for one in outcomes) == 0
    counts = app.store.mirror.live_counts()
    for name in ("Account", "Contact", "Opportunity", "Task", "Event", "Case"):
        assert counts.get(("salesforce", name), 0) == len(company.salesforce[name])
    for kind in ("prospect", "opportunityProspectRole", "call", "mailing"):
        assert counts[("outreach", kind)] == len(company.outreach[kind])
    assert counts[("chorus", "engagement")] == len(company.engagements)


def test_records_that_speak_of_one_occasion_are_found_by_their_names(polled):
    """The truth about what is one speaks of records as the mirror names them."""
    company, app, _ = polled
    cancelled = {
        f"google_calendar/Event/{email}/{event['id']}"
        for email, events in company.calendars.items()
        for event in events
        if event["status"] == "cancelled"
    }
    missing = [
        name
        for name in company.same
        if name not in cancelled
        and name
        not in {str(ref) for ref in app.store.mirror.find(name.split("/", 2)[2])}
    ]
    assert missing == []


def test_the_services_serve_what_was_written(generator):
    """Over HTTP: Chorus' summaries, trackers where they are asked for."""
    with time_machine.travel(NOW, tick=True):
        knobs = WorldKnobs(generator=generator, summaries=1.0)
        running = start(seed=2, accounts=3, now=NOW, world=knobs)
    try:
        settings = running.chorus.settings(running.urls["chorus"])
        made = {
            one["engagement"]["engagement_id"]: one["engagement"]
            for one in running.company.engagements
        }
        headers = {"Authorization": settings["token"]}

        def get(path):
            url = f"{running.urls['chorus']}{path}"
            return requests.get(url, headers=headers, timeout=10).json()

        plain = get("/v3/engagements")["engagements"]
        asked = get("/v3/engagements?with_trackers=true")["engagements"]
        number = plain[0]["engagement_id"]
        data = get(f"/api/v1/conversations/{number}")["data"]
    finally:
        running.close()
    assert plain
    for one, more in zip(plain, asked, strict=True):
        of = made[one["engagement_id"]]
        assert one["meeting_summary"] == of["meeting_summary"]
        assert one["action_items"] == of["action_items"]
        assert "tracker_matches" not in one
        assert more["tracker_matches"] == of["tracker_matches"]
    assert any(one["meeting_summary"] for one in plain)
    assert any(one["tracker_matches"] for one in asked)
    assert data["attributes"]["summary"] == made[number]["meeting_summary"]


def test_the_command_serves_a_world_and_writes_its_labels(tmp_path):
    """``syncd sandbox --world --labels``: a row for every activity that is served."""
    (tmp_path / "world.toml").write_text("roles_missing = 0.6\n")
    command = [sys.executable, "-m", "syncd", "sandbox", "--accounts", "2"]
    command += ["--world", "world.toml", "--labels", "labels.csv"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        until = time.monotonic() + 60
        while "[limits]" not in process.stdout.readline():
            assert time.monotonic() < until
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
        assert process.wait(timeout=20) == 0
    with (tmp_path / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20
    assert {row["activity_id"][:3] for row in rows} == {"00T", "00U"}
