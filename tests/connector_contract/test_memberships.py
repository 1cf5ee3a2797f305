"""The people of many opportunities are read together, and none is missed."""

from collections import defaultdict

import pytest

from syncd.config.load import load_config
from syncd.wiring import open_app
from tests.sandboxes import company

ROLES = {
    "salesforce": "OpportunityContactRole",
    "outreach": "opportunityProspectRole",
}


sandbox = company(accounts=90, seed=9, scope="module")
"""A company with more opportunities than fit one question."""


def people(sandbox, system):
    """Who is on each opportunity that has somebody, as the service has it."""
    found = defaultdict(list)
    if system == "salesforce":
        for row in sandbox.salesforce.tables.rows(ROLES[system], with_deleted=False):
            found[row["OpportunityId"]].append(row["ContactId"])
    else:
        for one in sandbox.outreach.control("resources", {"type": ROLES[system]})[
            "resources"
        ]:
            ends = one["relationships"]
            deal, person = ends["opportunity"]["data"], ends["prospect"]["data"]
            found[str(deal["id"])].append(str(person["id"]))
    return {deal: sorted(some) for deal, some in found.items()}


@pytest.mark.parametrize(
    ("system", "nobody"), [("salesforce", "006000000000000AAA"), ("outreach", "999999")]
)
def test_the_roles_of_many_opportunities_are_read_whole(
    sandbox, system, nobody, tmp_path
):
    """Every role of every one asked for, no other's, in a few calls."""
    person = "ContactId" if system == "salesforce" else "prospect"
    wanted = people(sandbox, system)
    asked = sorted(wanted)[::2]
    assert len(asked) > 100
    with open_app(load_config(sandbox.write_config(tmp_path))) as app:
        connector = app.connectors[system]
        connector.identity()
        before = sandbox.recorders[system].calls
        found = connector.memberships(ROLES[system], [*asked, nobody])
        assert sandbox.recorders[system].calls - before <= 3
    assert found.pop(nobody) == []
    assert {
        deal: sorted(role.fields[person] for role in roles)
        for deal, roles in found.items()
    } == {deal: wanted[deal] for deal in asked}
