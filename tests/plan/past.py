"""Changes, our earlier writes of them, and the facts that a plan holds them against."""

from datetime import UTC, datetime, timedelta

from syncd.model.plan import Change, ConnectorState, Expects, effect_of
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite, Tombstone, TombstoneKind
from syncd.plan.inputs import PlanInputs, Touch

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
TASK = RecordRef("salesforce", "Task", "00T000000000001AAA")
ROLE = RecordRef("salesforce", "OpportunityContactRole", "00K000000000001AAA")
DEAL = "006000000000001AAA"
SEEN = "2026-11-24T08:00:00Z"
OLDER = "2026-11-20T08:00:00Z"


def update(**options):
    """Relate a task to the deal; someone has emptied the field meanwhile."""
    given = {
        "id": "chg_1",
        "key": "k2",
        "rule": "a-rule",
        "mode": "auto",
        "system": "salesforce",
        "operation": "update",
        "object": "Task",
        "record_id": TASK.id,
        "before": {"WhatId": None},
        "after": {"WhatId": DEAL},
        "expects": Expects(version=SEEN),
        "depends_on": (),
        "confidence": 0.99,
        "reason": "because",
        "evidence": (),
    }
    return Change(**{**given, **options})


def create():
    """Add a contact to the deal."""
    return update(
        operation="create",
        object=ROLE.object,
        record_id=None,
        before={},
        after={"OpportunityId": DEAL, "ContactId": "003000000000001AAA"},
        natural_key=f"OpportunityContactRole|{DEAL}|003000000000001AAA",
        expects=Expects(),
    )


def wrote(**options):
    """Our write of yesterday, read back."""
    given = {
        "sequence": 1,
        "key": "k1",
        "operation": "update",
        "record_id": TASK.id,
        "after": {"WhatId": DEAL},
        "state": "done",
        "settled_at": YESTERDAY,
        "written_version": "2026-11-23T09:00:00Z",
    }
    return PastWrite(**{**given, **options})


def made(**options):
    """The role that we made yesterday."""
    return wrote(
        operation="create",
        record_id=ROLE.id,
        after=create().after,
        **options,
    )


def inputs(change, *past, **options):
    """A polled org whose ledger has these writes."""
    given = {
        "now": NOW,
        "scope": {},
        "policy_digest": "",
        "mappings": {},
        "orgs": {},
        "connectors": {"salesforce": ConnectorState(as_of=NOW, complete=True)},
        "past": {effect_of(change): past},
        "after_write": {"salesforce": 1},
        "read_until": {"salesforce": NOW},
        "tools": frozenset({"tool", "us"}),
        "our_users": {"salesforce": "us"},
    }
    return PlanInputs(**{**given, **options})


def made_stone(change, **options):
    """The tombstone of this change's effect."""
    given = {
        "effect": effect_of(change),
        "kind": TombstoneKind.REVERTED,
        "rule": "a-rule",
        "system": "salesforce",
        "object": change.object,
        "what": change.natural_key or change.record_id,
        "fields": tuple(change.after),
        "says": "it was so",
        "made_at": NOW,
    }
    return Tombstone(**{**given, **options})


def by(user):
    """Who last edited the task."""
    return {TASK: Touch(at=NOW, by=user)}


def kind_of(found):
    """The kind of the new tombstone; None = there is none."""
    return None if found is None or found.tombstone is None else found.tombstone.kind
