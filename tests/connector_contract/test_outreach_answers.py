"""A page with status 200 that is not Outreach's own is no success and no crash."""

import pytest

from syncd.config.load import load_config
from syncd.ports.connector import Write, WriteStatus
from syncd.sandbox.recorder import Fault
from syncd.wiring import open_app
from tests.sandboxes import company

ROLE = "opportunityProspectRole"
PAGE = {"status": 200, "body": "<html>please log in to the network</html>"}


sandbox = company(accounts=2, seed=5)
"""A small company."""


@pytest.fixture
def connector(sandbox, tmp_path):
    """Outreach's connector, allowed to write and not logged in yet."""
    config = load_config(sandbox.write_config(tmp_path))
    with open_app(config, may_write=True) as opened:
        yield opened.connectors["outreach"]


def first_role(sandbox):
    """A prospect role."""
    found = sandbox.outreach.control("resources", {"type": ROLE})["resources"]
    return found[0]


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_a_write_that_is_answered_with_a_page_is_in_doubt(
    connector, sandbox, operation
):
    """It is looked for, and neither taken for done nor for refused."""
    role = first_role(sandbox)
    sides = {
        name: str(role["relationships"][name]["data"]["id"])
        for name in ("opportunity", "prospect")
    }
    write = Write(
        key="k",
        operation=operation,
        object=ROLE,
        record_id=None if operation == "create" else str(role["id"]),
        fields={"create": sides, "update": {"primary": True}}.get(operation, {}),
    )
    sandbox.recorders["outreach"].break_next(
        Fault(method="POST|PATCH|DELETE", path="Roles", **PAGE)
    )
    (outcome,) = connector.write([write])
    assert outcome.status is WriteStatus.AMBIGUOUS
    assert not sandbox.outreach.writes


def test_a_page_instead_of_the_root_document_is_asked_for_again(connector, sandbox):
    """Whose org it is must be known before anything is written."""
    sandbox.recorders["outreach"].break_next(Fault(path="/api/v2/?$", **PAGE))
    assert connector.identity().org_id
