"""The real command line, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import jsonschema
import pytest

from syncd.sandbox.run import start
from tests.command_line import syncd


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A sandbox with its configuration."""
    folder = tmp_path_factory.mktemp("commands")
    running = start(accounts=10, seed=5)
    path = running.write_config(folder)
    yield running, path
    running.close()


def cold(path, *arguments):
    """Run a command to its end as a shell does, which forks from nothing warm."""
    return subprocess.run(
        [sys.executable, "-m", "syncd", "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
        cwd=path.parent,
    )


def test_the_way_from_check_to_an_empty_plan(place):
    """check, sync, plan, apply, plan: each with its exit code and its output."""
    running, path = place
    checked = cold(path, "check")
    assert checked.returncode == 0, checked.stderr
    assert "credentials" in checked.stdout
    assert syncd(path, "sync").returncode == 0
    planned = cold(path, "plan", "--exit-code", "-o", "plan.json")
    assert planned.returncode == 3, planned.stderr
    plan = json.loads((path.parent / "plan.json").read_text())
    assert plan["schema"] == "syncd.plan/1"
    first = cold(path, "apply", "plan.json", "--first", "2")
    assert (first.returncode, "2 done" in first.stdout) == (0, True), first.stderr
    rest = syncd(path, "apply", "plan.json", "--include-review")
    assert rest.returncode == 0, rest.stdout
    running.clock.advance(__import__("datetime").timedelta(minutes=1))
    again = syncd(path, "reconcile", "--json")
    assert again.returncode == 0, again.stderr
    assert syncd(path, "runs").stdout.count("run_") >= 3
    status = json.loads(syncd(path, "status", "--json").stdout)
    assert status["connectors"]["salesforce"]["complete"]


def test_every_finding_change_and_record_can_be_explained(place):
    """Explain answers for a finding, a change, an activity and an opportunity."""
    _, path = place
    plan = json.loads(syncd(path, "plan", "--json").stdout)
    finding = plan["findings"][0]
    ids = [finding["id"], finding["subject"]["id"]]
    ids += [change["id"] for change in plan["changes"][:1]]
    ids += [f["opportunity_id"] for f in plan["findings"] if f["opportunity_id"]][:1]
    for one in ids:
        told = syncd(path, "explain", one)
        assert told.returncode == 0, told.stderr
        assert "http://" in told.stdout
    unknown = syncd(path, "explain", "00T000000000099AAA")
    assert unknown.returncode == 2
    assert "no record" in unknown.stderr
    account = finding["account_id"]
    assert syncd(path, "account", account).returncode == 0


def test_a_run_is_undone_by_commands(tmp_path):
    """undo, its dry run, and the tombstones that it leaves."""
    running = start(accounts=6, seed=5)
    path = running.write_config(tmp_path)
    assert syncd(path, "reconcile", "--dry-run").returncode == 0
    run = json.loads(syncd(path, "reconcile", "--json").stdout)
    shown = syncd(path, "undo", run["run_id"], "--dry-run", "--json")
    plan = json.loads(shown.stdout)
    schema = json.loads(syncd(path, "plan", "--schema").stdout)
    jsonschema.validate(plan, schema)
    assert plan["scope"] == {"undo": run["run_id"]}
    assert len(plan["changes"]) == len(run["items"])
    assert json.loads(syncd(path, "tombstones", "list", "--json").stdout) == []
    undone = syncd(path, "undo", run["run_id"])
    assert undone.returncode == 0, undone.stdout
    stones = json.loads(syncd(path, "tombstones", "list", "--json").stdout)
    assert len(stones) == len(run["items"])
    assert stones[0]["id"] in syncd(path, "tombstones", "list").stdout
    lifted = syncd(path, "tombstones", "clear", stones[0]["id"])
    assert lifted.returncode == 0, lifted.stderr
    left = json.loads(syncd(path, "tombstones", "list", "--json").stdout)
    assert len(left) == len(stones) - 1
    running.close()


def test_proposals_are_decided_by_commands(tmp_path):
    """Review: list, accept and reject, as tables and as JSON."""
    running = start(accounts=12, seed=11)
    path = running.write_config(tmp_path)
    assert syncd(path, "plan").returncode == 0
    waiting = json.loads(syncd(path, "review", "list", "--json").stdout)
    updates = [one["id"] for one in waiting if one["change"]["operation"] == "update"]
    first, second = updates[:2]
    table = syncd(path, "review", "list").stdout
    assert all(one["id"] in table for one in waiting)
    owner = next(one["findings"][0]["owner"] for one in waiting)
    some = json.loads(syncd(path, "review", "list", "--owner", owner, "--json").stdout)
    assert 0 < len(some) <= len(waiting)
    accepted = syncd(path, "review", "accept", first)
    assert (accepted.returncode, "1 done" in accepted.stdout) == (0, True)
    rejected = syncd(path, "review", "reject", second)
    assert "a person rejected it" in rejected.stdout
    left = json.loads(syncd(path, "review", "list", "--json").stdout)
    assert {first, second}.isdisjoint(one["id"] for one in left)
    stones = json.loads(syncd(path, "tombstones", "list", "--json").stdout)
    assert [stone["kind"] for stone in stones] == ["rejected"]
    running.close()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("review", "accept", "chg_none"), 2, "does not wait for review"),
        (("review", "reject", "chg_none"), 2, "does not wait for review"),
        (("undo", "run_none"), 2, "no such run"),
        (("tombstones", "clear", "tmb_none"), 2, "no such tombstone"),
        (("doubts", "clear", "dbt_none"), 2, "no such doubt"),
        (("apply", "pln_none"), 2, "no such plan"),
        (("apply", "missing.json"), 2, "not a file"),
        (("plan", "--rule", "call-subjet"), 2, "did you mean 'call-subject'"),
        (("plan", "--since", "soon"), 2, "YYYY-MM-DD"),
        (("plan", "--format", "pdf"), 2, "no such format"),
        (("sync", "--connector", "hubspot"), 2, "is not configured"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_wrong_usage_ends_in_2_with_advice(place, arguments, code, says):
    """A wrong call says what is wrong and shows no traceback."""
    _, path = place
    done = syncd(path, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_configuration_ends_in_2(tmp_path):
    """Every mistake is listed."""
    path = tmp_path / "syncd.toml"
    path.write_text("mod = 'x'\n[limits]\nmax_share = 9\n")
    done = syncd(path, "sync")
    assert done.returncode == 2
    assert "2 problems" in done.stderr


def test_an_encryption_key_that_is_none_ends_in_2(place):
    """It is a mistake of the configuration, like any other."""
    _, path = place
    given = {"SYNCD_STORE__ENCRYPTION_KEY": "env:KEY_OF_STORE", "KEY_OF_STORE": "short"}
    done = syncd(path, "status", **given)
    assert done.returncode == 2, done.stdout
    assert "store.encryption_key: is not a Fernet key" in done.stderr


def test_a_refused_token_ends_in_6(place, tmp_path):
    """Credentials that are refused ask for a person."""
    _, path = place
    secret = path.parent / "sfdc_client_id"
    kept = secret.read_text()
    secret.write_text("another-app")
    try:
        done = syncd(path, "check")
    finally:
        secret.write_text(kept)
    assert done.returncode == 6, done.stdout


def test_init_writes_a_configuration_that_loads(tmp_path):
    """The files that init writes need nothing but secrets."""
    done = syncd(tmp_path / "none.toml", "init", str(tmp_path))
    assert done.returncode == 0, done.stderr
    again = syncd(tmp_path / "none.toml", "init", str(tmp_path))
    assert again.returncode == 2
    checked = syncd(tmp_path / "syncd.toml", "status")
    assert checked.returncode == 0, checked.stderr
    secrets = syncd(tmp_path / "syncd.toml", "sync")
    assert secrets.returncode == 2
    assert "is not set" in secrets.stderr


def test_help_does_not_load_what_it_does_not_need():
    """The heavy libraries are not imported for a help page."""
    code = (
        "import sys; from syncd.cli.main import build_app; build_app();"
        "print([m for m in ('sqlalchemy', 'dbos', 'simple_salesforce', 'fastapi',"
        " 'pydantic', 'alembic', 'lark', 'requests', 'rich') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


class Service:
    """``syncd run`` as a process."""

    def __init__(self, path, port):
        """Start it."""
        self.port = port
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syncd", "--config", str(path), "run"],
            env={**os.environ, "SYNCD_WEB__LISTEN": f"127.0.0.1:{port}"},
            stderr=subprocess.PIPE,
            text=True,
        )

    def get(self, route):
        """Status and body of a route; None while nothing listens."""
        try:
            url = f"http://127.0.0.1:{self.port}{route}"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None

    def stop(self, number):
        """Send a signal and wait for the end; what it said on stderr."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=20)[1]


def eventually(check, *, within_s=120.0):
    """Wait until something holds."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail("it never came about")


def free_port():
    """A port that nobody listens on."""
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def test_the_service_mends_what_others_break_and_survives_kill_9(tmp_path: Path):
    """A fault made by another user is mended unasked; a killed service goes on."""
    running = start(accounts=6, seed=2)
    path = running.write_config(tmp_path)
    tables = running.salesforce.tables
    first = Service(path, free_port())
    try:
        eventually(lambda: '"ready":true' in (first.get("/readyz") or ""))
        assert "syncd_live_records" in first.get("/metrics")
        second = syncd(path, "run")
        assert second.returncode == 4
        assert str(first.process.pid) in second.stderr

        us = running.salesforce.user_id

        def ours():
            rows = tables.rows("Task", with_deleted=False)
            return [row for row in rows if row["LastModifiedById"] == us]

        eventually(ours)
        first.stop(signal.SIGKILL)
        rows = tables.rows("Task", with_deleted=False)
        calls = [row for row in rows if row["Subject"].startswith("[Outreach]")]
        task = max((r for r in calls if r["IsClosed"]), key=lambda r: r["ActivityDate"])
        truth = task["WhatId"]
        body = {"object": "Task", "id": task["Id"], "fields": {"Status": "Open"}}
        running.salesforce.control("edit", body)
        first = Service(path, free_port())
        eventually(lambda: tables.find("Task", task["Id"])["IsClosed"])
        assert tables.find("Task", task["Id"])["WhatId"] == truth
        began = time.monotonic()
        said = first.stop(signal.SIGTERM)
        assert time.monotonic() - began < 10
        assert "stopped" in said
        assert first.process.returncode == 0
    finally:
        if first.process.poll() is None:
            first.stop(signal.SIGKILL)
        running.close()
