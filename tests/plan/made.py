"""Findings, changes and facts, as plans are built from them."""

from datetime import UTC, datetime

from syncd.mapping.load import load_mappings
from syncd.model.finding import Finding, Mode, ProposedChange, Severity
from syncd.model.plan import ConnectorState
from syncd.model.record import RecordRef
from syncd.plan.build import build_plan
from syncd.plan.inputs import PlanInputs

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MAPPINGS = load_mappings(None).objects
TASK = RecordRef("salesforce", "Task", "00T000000000001AAA")
OTHER = RecordRef("salesforce", "Task", "00T000000000002AAA")
DEAL = RecordRef("salesforce", "Opportunity", "006000000000001AAA")


def inputs(**options):
    """Facts of a healthy org."""
    given = {
        "now": NOW,
        "scope": {},
        "policy_digest": "sha256:0",
        "mappings": MAPPINGS,
        "orgs": {"salesforce": "00D000000000001AAA"},
        "connectors": {"salesforce": ConnectorState(as_of=NOW, complete=True)},
        "after_write": {"salesforce": 1},
        "read_until": {"salesforce": NOW},
    }
    return PlanInputs(**{**given, **options})


def change(target=TASK, after=None, **options):
    """An automatic update of a task."""
    given = {
        "target": target,
        "operation": "update",
        "before": {"what_id": None},
        "after": after or {"what_id": DEAL.id},
        "mode": Mode.AUTO,
        "confidence": 0.99,
        "reason": "because",
        "account_id": "001000000000001AAA",
        "version": "2026-11-20T08:00:00Z",
    }
    return ProposedChange(**{**given, **options})


def finding(*changes, rule="activity-related-to-opportunity", number=1, **options):
    """A finding with these changes."""
    return Finding(
        id=f"fnd_{rule}_{number}",
        rule=rule,
        practices=("0.6",),
        severity=Severity.WARNING,
        subject=TASK,
        message="says so",
        changes=changes,
        **options,
    )


def plan_of(count, **options):
    """A plan with that many task updates."""
    found = [
        finding(
            change(RecordRef("salesforce", "Task", f"00T0000000{n:05d}AAA")), number=n
        )
        for n in range(count)
    ]
    return build_plan(found, inputs=inputs(**options))
