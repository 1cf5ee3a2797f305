"""Which changes of a plan are applied: what was asked for, and what it needs."""

from datetime import UTC, datetime

import pytest

from syncd.errors import UsageError
from syncd.model.plan import Change, Expects, Plan
from syncd.pipeline.apply import Selection

AT = datetime(2026, 3, 2, tzinfo=UTC)


def change(name, *needs, mode="auto", rule="one"):
    """A change of a task."""
    return Change(
        id=name,
        key=f"key of {name}",
        rule=rule,
        mode=mode,
        system="salesforce",
        operation="update",
        object="Task",
        record_id="00T000000000001AAA",
        before={},
        after={"Subject": name},
        expects=Expects(),
        depends_on=needs,
        confidence=1.0,
        reason="",
        evidence=(),
    )


PLAN = Plan(
    schema="syncd.plan/1",
    plan_id="pln_1",
    digest="",
    created_at=AT,
    scope={},
    policy_digest="",
    orgs={},
    connectors={},
    cost={},
    findings=(),
    guards=(),
    changes=(
        change("a"),
        change("proposed", mode="review"),
        change("b", "a"),
        change("waits", "proposed"),
        change("c", "b"),
    ),
)


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({}, "a b waits c"),
        ({"include_review": True}, "a proposed b waits c"),
        ({"first": 1}, "a"),
        ({"first": 3}, "a b waits"),
        ({"only": ["c"]}, "a b c"),
        ({"only": ["waits"]}, "proposed waits"),
        ({"only": ["proposed"]}, "proposed"),
    ],
)
def test_what_is_asked_for_comes_with_what_it_needs(options, chosen):
    """Dependencies come along; a proposal only where a person asks for it."""
    assert " ".join(one.id for one in Selection(**options).of(PLAN)) == chosen


@pytest.mark.parametrize("options", [{"only": ["zzz"]}, {"rules": ["no-such-rule"]}])
def test_what_the_plan_does_not_have_is_refused(options):
    """A mistyped id must not look like nothing to do."""
    with pytest.raises(UsageError):
        Selection(**options).of(PLAN)
