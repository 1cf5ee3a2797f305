"""Findings: breaches of a practice with their evidence, and the changes that mend."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from syncd.model.record import RecordRef


class Severity(StrEnum):
    """How much a breach matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Mode(StrEnum):
    """What may be done about a rule's findings."""

    AUTO = "auto"
    REVIEW = "review"
    REPORT = "report"
    OFF = "off"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One record and what it says; never personal content beyond names and dates."""

    ref: RecordRef
    says: str


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about another record that must still hold when the change is written.

    ``fields`` are canonical names and values. A role without id must not exist: that
    nobody has put this person on this opportunity again.
    """

    ref: RecordRef
    fields: Mapping[str, Any]


class TextOf(msgspec.Struct, frozen=True, kw_only=True, tag="text_of"):
    """Stands for a text that the mirror does not keep; read when the plan is made.

    ``sha256`` is the digest that the text must still have.
    """

    ref: RecordRef
    field: str
    length: int
    sha256: str


class ProposedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One write that a rule proposes, in canonical field names.

    Attributes:
        target: Record to write; for a create, ``id`` is empty.
        operation: ``create``, ``update``, ``delete`` or ``action``.
        natural_key: For a create: what makes the effect recognisable, for example
            ``OpportunityContactRole|006…|003…``; unique per intended record.
        before: Canonical field → present value; for a create empty.
        after: Canonical field → wanted value; a ``TextOf`` is filled in later.
        also: Facts of other records that must still hold.
        after_keys: Natural keys or ``record|field`` keys of changes that come first.
        mode: ``auto`` or ``review``; a rule's mode can only lower it.
        account_id: Salesforce account whose records are locked by this write.
        version: Version of the record this was decided on; None for a create.
        since: When what this change follows came about, by Salesforce's clock; what
            became of earlier writes of the same effect does not speak against it.
            None = not known.
    """

    target: RecordRef
    operation: str
    after: Mapping[str, Any]
    before: Mapping[str, Any] = {}
    natural_key: str = ""
    action: str | None = None
    also: tuple[Expectation, ...] = ()
    after_keys: tuple[str, ...] = ()
    mode: Mode = Mode.REVIEW
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    account_id: str | None = None
    version: str | None = None
    since: datetime | None = None

    @property
    def effect_key(self) -> str:
        """What ``after_keys`` of other changes refer to."""
        if self.natural_key:
            return self.natural_key
        return "|".join((str(self.target), *sorted(self.after)))


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A breach of a practice.

    Attributes:
        id: ``stable_id("fnd", rule, subject, discriminator)``; never contains the home.
        subject_name: Subject line or name, for people; may be empty.
        why_not: Why no change is safe, when ``changes`` is empty.
        waiting: True while a settle or grace period runs; shown, never planned.
        blocked_by: Connectors whose poll was incomplete and that this needs.
    """

    id: str
    rule: str
    practices: tuple[str, ...]
    severity: Severity
    subject: RecordRef
    message: str
    subject_name: str = ""
    account_id: str | None = None
    opportunity_id: str | None = None
    owner: str | None = None
    evidence: tuple[Evidence, ...] = ()
    changes: tuple[ProposedChange, ...] = ()
    why_not: str = ""
    waiting: bool = False
    blocked_by: tuple[str, ...] = ()
