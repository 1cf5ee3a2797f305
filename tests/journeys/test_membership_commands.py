"""Who is on a deal, through the real command line."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from syncd.sandbox.run import start

RULES = (
    "--rule=contact-on-outreach-opportunity",
    "--rule=prospect-on-salesforce-opportunity",
)


@pytest.fixture
def place(tmp_path):
    """A sandbox with its configuration."""
    running = start(accounts=6, seed=5)
    path = running.write_config(tmp_path)
    yield running, path
    running.close()


def syncd(path, *arguments):
    """Run a command to its end; its exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", "syncd", "--config", str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
        cwd=path.parent,
    )
    return done.returncode, done.stdout + done.stderr


def planned(path, *arguments):
    """Exit code and changes of a fresh plan, kept as plan.json."""
    code, _ = syncd(path, "plan", *RULES, *arguments, "--exit-code", "-o", "plan.json")
    plan = json.loads((path.parent / "plan.json").read_text())
    return code, [(c["mode"], c["operation"], c["object"]) for c in plan["changes"]]


def an_agreed_role(sandbox):
    """A contact role of an open deal, not the primary one."""
    tables = sandbox.salesforce.tables
    return next(
        row
        for row in tables.rows("OpportunityContactRole", with_deleted=False)
        if not row["IsPrimary"]
        and not tables.find("Opportunity", row["OpportunityId"])["IsClosed"]
    )


def test_a_contact_that_a_person_removes_stays_removed(place):
    """plan, apply, a removal in Salesforce, reconcile, apply what is proposed, plan."""
    sandbox, path = place
    assert planned(path)[0] == 3
    code, said = syncd(path, "apply", "plan.json", "--include-review", "--force")
    assert code == 0, said
    sandbox.clock.advance(timedelta(seconds=30))
    assert planned(path)[1] == []

    role = an_agreed_role(sandbox)
    body = {"object": "OpportunityContactRole", "id": role["Id"]}
    sandbox.salesforce.control("delete", body)
    sandbox.clock.advance(timedelta(seconds=30))
    writes = sandbox.recorders["outreach"].write_calls
    code, said = syncd(path, "reconcile", *RULES)
    assert code == 0, said
    assert sandbox.recorders["outreach"].write_calls == writes

    deal = f"--opportunity={role['OpportunityId']}"
    assert planned(path, deal) == (
        3,
        [("review", "delete", "opportunityProspectRole")],
    )
    code, said = syncd(path, "apply", "plan.json", "--include-review", "--force")
    assert code == 0, said
    sandbox.clock.advance(timedelta(seconds=30))
    assert planned(path, deal) == (0, [])
