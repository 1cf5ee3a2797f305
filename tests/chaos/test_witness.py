"""The storm's witness sees what must not be: it is no rubber stamp."""

import pytest

from syncd.config.load import load_config
from syncd.ports.connector import Write
from syncd.wiring import open_app
from tests.chaos.storm import Figures, Weather
from tests.chaos.witness import Witness, judge
from tests.sandboxes import company

ROLE = "OpportunityContactRole"


sandbox = company(accounts=2, seed=5)
"""A small company."""


@pytest.fixture
def salesforce(sandbox, tmp_path):
    """A connector that may write, before a service that is watched."""
    recorder = sandbox.recorders["salesforce"]
    recorder.service = Witness(recorder.service)
    with open_app(load_config(sandbox.write_config(tmp_path)), may_write=True) as app:
        yield app.connectors["salesforce"]


def judged(sandbox, change):
    """What the witness says of one change of a plan."""
    verdict = judge([change], {"salesforce": sandbox.recorders["salesforce"].service})
    return len(verdict.doubled), len(verdict.lost)


def write(change):
    """The change as it is sent."""
    return Write(
        key="k",
        operation=change["operation"],
        object=change["object"],
        record_id=change["record_id"],
        fields=change["after"],
    )


@pytest.mark.parametrize(
    ("times", "verdict"), [(0, (0, 1)), (1, (0, 0)), (2, (1, 0)), (3, (1, 0))]
)
@pytest.mark.parametrize("operation", ["create", "update"])
def test_what_is_lost_and_what_is_doubled_is_seen(
    sandbox, salesforce, operation, times, verdict
):
    """No effect is lost, one is right, more are doubled; whatever was answered."""
    change = {
        "id": "chg_1",
        "system": "salesforce",
        "object": ROLE if operation == "create" else "Task",
        "operation": operation,
        "record_id": None,
        "after": {"Subject": "Said anew"},
    }
    if operation == "create":
        deals = sandbox.company.salesforce["Opportunity"]
        people = sandbox.company.salesforce["Contact"]
        taken = {
            (row["OpportunityId"], row["ContactId"])
            for row in sandbox.salesforce.tables.rows(ROLE, with_deleted=False)
        }
        deal, person = next(
            (deal["Id"], person["Id"])
            for deal in deals
            for person in people
            if (deal["Id"], person["Id"]) not in taken
        )
        change["after"] = {"OpportunityId": deal, "ContactId": person}
    else:
        change["record_id"] = sandbox.company.salesforce["Task"][0]["Id"]
    for _ in range(times):
        salesforce.write([write(change)])
    assert judged(sandbox, change) == verdict


def test_every_bar_that_is_missed_is_named():
    """Fewer changes or kills than asked for are as bad as an effect that is lost."""
    weather = Weather(accounts=1, changes=10, kills=2)
    assert Figures(changes=10, kills=2).missed(weather) == []
    assert len(Figures(changes=9, kills=1, open_intents=1).missed(weather)) == 3
    assert len(Figures(changes=10, kills=2, left_in_next_plan=1).missed(weather)) == 1
