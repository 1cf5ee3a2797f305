"""What a plan is made from, beside the findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from syncd.mapping.schema import Mappings
from syncd.model.plan import ConnectorState, Names
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite, Tombstone


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one run; a cap of 0 is none; see docs/configuration.md."""

    max_changes: int = 200
    max_share: float = 0.05
    max_changes_per_rule: int = 0
    max_changes_per_owner: int = 0
    canary: int = 10
    plan_max_age_hours: float = 24


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """Who last changed a record, and when."""

    at: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class PlanInputs:
    """Facts that a plan depends on; every one of them is a value.

    Attributes:
        texts: Texts read for ``TextOf`` values, by record and canonical field.
        touched: Last change of each record, where it is known.
        tools: Users whose edits nobody would miss: integration users and ourselves.
        past: Settled writes of each effect, oldest first, by effect key.
        tombstones: By effect key; cleared and expired ones too.
        made: Whether a record that we made is in the mirror and lives, by record;
            absent = not seen there yet.
        our_users: Ids of the users we write as, by system.
        tombstone_days: How long a new tombstone holds; 0 = until it is cleared.
        live: Live records by (system, object), for the share limit.
        after_write: Sequence of the last write that each system's last poll came
            after, with all writes before it.
        read_until: The system's own instant up to which each system was last read.
        last_write: Sequence of the ledger's last write when the plan was begun.
        doubts: Snapshots that were not believed, in words.
        links: Addresses of records for people, by ``system.object``.
        names: What people call records, by system and ``name_key``.
    """

    now: datetime
    scope: Mapping[str, Any]
    policy_digest: str
    mappings: Mappings
    orgs: Mapping[str, str]
    connectors: Mapping[str, ConnectorState]
    limits: Limits = field(default_factory=Limits)
    texts: Mapping[tuple[RecordRef, str], str] = field(default_factory=dict)
    touched: Mapping[RecordRef, Touch] = field(default_factory=dict)
    tools: frozenset[str] = frozenset()
    past: Mapping[str, Sequence[PastWrite]] = field(default_factory=dict)
    tombstones: Mapping[str, Tombstone] = field(default_factory=dict)
    made: Mapping[RecordRef, bool] = field(default_factory=dict)
    our_users: Mapping[str, str] = field(default_factory=dict)
    tombstone_days: int = 0
    live: Mapping[tuple[str, str], int] = field(default_factory=dict)
    after_write: Mapping[str, int] = field(default_factory=dict)
    read_until: Mapping[str, datetime] = field(default_factory=dict)
    last_write: int = 0
    doubts: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    notes: tuple[str, ...] = ()
