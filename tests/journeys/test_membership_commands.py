"""Who is on a deal, through the real command line."""

import json
from datetime import timedelta

import pytest

from syncd.sandbox.run import start
from tests.command_line import syncd

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


def planned(path, *arguments):
    """Exit code and changes of a fresh plan, kept as plan.json."""
    done = syncd(path, "plan", *RULES, *arguments, "--exit-code", "-o", "plan.json")
    plan = json.loads((path.parent / "plan.json").read_text())
    return done.returncode, [
        (c["mode"], c["operation"], c["object"]) for c in plan["changes"]
    ]


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
    done = syncd(path, "apply", "plan.json", "--include-review", "--force")
    assert done.returncode == 0, done
    sandbox.clock.advance(timedelta(seconds=30))
    assert planned(path)[1] == []

    role = an_agreed_role(sandbox)
    body = {"object": "OpportunityContactRole", "id": role["Id"]}
    sandbox.salesforce.control("delete", body)
    sandbox.clock.advance(timedelta(seconds=30))
    writes = sandbox.recorders["outreach"].write_calls
    done = syncd(path, "reconcile", *RULES)
    assert done.returncode == 0, done
    assert sandbox.recorders["outreach"].write_calls == writes

    deal = f"--opportunity={role['OpportunityId']}"
    assert planned(path, deal) == (
        3,
        [("review", "delete", "opportunityProspectRole")],
    )
    done = syncd(path, "apply", "plan.json", "--include-review", "--force")
    assert done.returncode == 0, done
    sandbox.clock.advance(timedelta(seconds=30))
    assert planned(path, deal) == (0, [])
