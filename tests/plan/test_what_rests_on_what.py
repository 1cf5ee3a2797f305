"""What is held back holds back what rests on it; what is made again has a new key."""

from datetime import timedelta

import msgspec
import pytest

from syncd.model.finding import Evidence
from syncd.model.plan import ConnectorState, effect_of
from syncd.model.record import RecordRef
from syncd.plan.build import build_plan
from syncd.plan.inputs import Touch
from tests.plan.made import DEAL, NOW, OTHER, TASK, change, finding, inputs
from tests.plan.past import made

CONTACT = "003000000000001AAA"
THIRD = RecordRef("salesforce", "Task", "00T000000000003AAA")


def role(**options):
    """Somebody who is missing on the deal."""
    return change(
        RecordRef("salesforce", "OpportunityContactRole", ""),
        operation="create",
        before={},
        after={"opportunity_id": DEAL.id, "contact_id": CONTACT},
        natural_key=f"OpportunityContactRole|{DEAL.id}|{CONTACT}",
        **options,
    )


def test_all_that_rests_on_what_is_held_back_is_held_back():
    """Directly or through others, with the reason; whatever else there is goes on."""
    first = change(OTHER, operation="delete", before={}, after={})
    second = change(TASK, after_keys=(first.effect_key,))
    third = change(THIRD, after_keys=(second.effect_key,))
    free = change(RecordRef("salesforce", "Task", "00T000000000004AAA"))
    chain = [first, second, third, free]
    found = [finding(one, number=n) for n, one in enumerate(chain)]
    states = {"outreach": ConnectorState(as_of=None, complete=False)}
    plan = build_plan(found, inputs=inputs(connectors=states))
    assert [one.record_id for one in plan.changes] == [free.target.id]
    told = [one for one in plan.findings if not one.changes]
    assert len(told) == 3
    assert all("while outreach is incomplete" in one.why_not for one in told)
    assert all(one.waiting for one in told)
    assert plan.notes == (), "it waits, and is not at rest"


def test_what_was_made_and_may_be_made_again_has_a_new_key():
    """Else the ledger would take the new write for the old one."""
    (first,) = build_plan([finding(role())], inputs=inputs()).changes
    later = finding(role(since=NOW - timedelta(hours=1)))
    past = {effect_of(first): [made()]}
    (again,) = build_plan([later], inputs=inputs(past=past)).changes
    assert again.key != first.key


@pytest.mark.parametrize(
    ("target", "operation", "after"),
    [
        (RecordRef("outreach", "call", "7"), "update", {"note": "x"}),
        (TASK, "delete", {}),
    ],
)
def test_only_updates_of_salesforce_are_guarded(target, operation, after):
    """Nothing else can be refused by the server because a record moved."""
    one = change(target, operation=operation, before={})
    one = msgspec.structs.replace(one, after=after)
    facts = inputs(touched={target: Touch(at=NOW, by="rep")})
    assert not build_plan([finding(one)], inputs=facts).changes[0].guarded


def test_a_change_shows_its_evidence():
    """The finding's, where it has none of its own."""
    said = Evidence(ref=TASK, says="it says so")
    plan = build_plan([finding(change(), evidence=(said,))], inputs=inputs())
    for shown in (plan.changes[0].evidence, plan.findings[0].evidence):
        assert [(one.id, one.says) for one in shown] == [(TASK.id, "it says so")]
