"""The plan: what ops read, keep, compare and apply. Its JSON is a contract."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from syncd.model.tombstone import Tombstone

SCHEMA = "syncd.plan/1"
Names = Mapping[str, Mapping[str, str]]
"""What people call records: by system, then by :func:`name_key`."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The record a finding is about, as shown in a plan."""

    system: str
    object: str
    id: str
    name: str = ""
    url: str = ""


class PlanEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One record and what it says."""

    system: str
    object: str
    id: str
    says: str


class PlanFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as shown in a plan; ``status`` is fixable, review or report."""

    id: str
    rule: str
    practice: tuple[str, ...]
    severity: str
    subject: Subject
    account_id: str | None
    opportunity_id: str | None
    owner: str | None
    message: str
    evidence: tuple[PlanEvidence, ...]
    changes: tuple[str, ...]
    status: str
    why_not: str = ""
    waiting: bool = False
    blocked_by: tuple[str, ...] = ()


class ExpectedFields(msgspec.Struct, frozen=True, kw_only=True):
    """Vendor fields of another record that must still hold.

    A role without ``id`` must not exist.
    """

    system: str
    object: str
    id: str
    fields: Mapping[str, Any]


class Expects(msgspec.Struct, frozen=True, kw_only=True):
    """What must still be true when the change is written."""

    version: str | None = None
    also: tuple[ExpectedFields, ...] = ()


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One write to one record of one system, in vendor field names.

    Attributes:
        key: Idempotency key: the same intended effect has the same key until an
            earlier effect of it was undone or reverted.
        partition: Salesforce account of the record that is written; two changes of
            one partition are never written at the same time.
        guarded: Sent alone under ``If-Unmodified-Since``, because someone outside
            the integration users touched the record lately.
        natural_key: For a create, how its effect is found again.
        undoes: Key of the change that this one takes back; empty = none.
        takes_back: Whether this leaves things as they were before we came: an undo,
            but not the undo of an undo.
        texts: Fields that hold a text copied from a person's record. It is kept for a
            limited time; then ``{"text_sha256", "text_length"}`` stands for it.
    """

    id: str
    key: str
    rule: str
    mode: str
    system: str
    operation: str
    object: str
    record_id: str | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    expects: Expects
    depends_on: tuple[str, ...]
    confidence: float
    reason: str
    evidence: tuple[PlanEvidence, ...]
    action: str | None = None
    partition: str = ""
    guarded: bool = False
    natural_key: str = ""
    finding_ids: tuple[str, ...] = ()
    undoes: str = ""
    takes_back: bool = False
    texts: tuple[str, ...] = ()


class GuardResult(msgspec.Struct, frozen=True, kw_only=True):
    """One limit and what the plan comes to."""

    guard: str
    limit: float
    actual: float
    ok: bool
    detail: str = ""


class ConnectorState(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan was made on."""

    as_of: datetime | None
    complete: bool
    detail: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Calls that applying the plan will need."""

    reads: int = 0
    writes: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """An ordered, digested, saved list of changes with the findings behind them.

    Attributes:
        after_write: Sequence of the ledger's last write when the plan was begun: what
            was written later is news to it, whatever the clocks showed.
        names: What people call the records whose ids stand in the changes, by system
            and ``name_key``; one that is not known is not there.
    """

    schema: str
    plan_id: str
    digest: str
    created_at: datetime
    scope: Mapping[str, Any]
    policy_digest: str
    orgs: Mapping[str, str]
    connectors: Mapping[str, ConnectorState]
    cost: Mapping[str, Cost]
    findings: tuple[PlanFinding, ...]
    changes: tuple[Change, ...]
    guards: tuple[GuardResult, ...]
    notes: tuple[str, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    after_write: int = 0
    names: Names = {}


def name_key(system: str, field: str, value: Any) -> str:  # noqa: ANN401 - JSON value
    """Where the name of what a value refers to stands in a plan; empty for no id.

    Salesforce's ids are unique in an org; Outreach's go with their relationship.
    """
    if not isinstance(value, str) or not value:
        return ""
    return value if system == "salesforce" else f"{field}/{value}"


def effect_key(
    system: str, object_name: str, what: str, fields: Mapping[str, Any]
) -> str:
    """What a change brings about, whatever its values: for counting reverts.

    ``what`` is the record's id, or the natural key of what is created; a natural key
    says it all, so it goes without fields.
    """
    return f"{system}|{object_name}|{what}|{','.join(sorted(fields))}"[:500]


def effect_of(change: Change) -> str:
    """The effect key of a planned change."""
    fields = change.after or change.before
    if change.natural_key:
        return effect_key(change.system, change.object, change.natural_key, {})
    return effect_key(change.system, change.object, change.record_id or "", fields)


def rejected_effect_of(change: Change) -> str:
    """What a person rejects: the effect, of an update with exactly these values."""
    effect = effect_of(change)
    if change.operation != "update":
        return effect
    body = msgspec.json.encode(change.after, order="deterministic")
    return f"{effect[:480]}={hashlib.sha256(body).hexdigest()[:16]}"
