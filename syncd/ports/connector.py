"""What every connector offers; one contract suite holds them all to it.

A connector lives in ``connectors/<name>`` and exposes ``CONNECTOR``, a
:class:`ConnectorSpec`. It imports only ``syncd.errors``, ``syncd.redact``,
``syncd.kit``, ``syncd.model`` and this module, and knows neither store nor mappings.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec
import requests

from syncd.model.record import Quarantined, RawRecord, RecordRef


class ReadPattern(msgspec.Struct, frozen=True, kw_only=True):
    """A request that changes nothing: method and a full-match regular expression.

    Attributes:
        path: Matched against the URL's path without host and query.
        parts: For a request that carries others: method and path of each, from its
            body; ValueError if there is anything else in it. It is a read only if
            every part is a GET of the connector's list.
    """

    method: str
    path: str
    parts: Callable[[bytes], Sequence[tuple[str, str]]] | None = None


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class CheckItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that ``syncd check`` looked at; a problem carries its remedy."""

    system: str
    name: str
    level: Level
    says: str
    remedy: str = ""
    needs_credentials: bool = False


class OrgIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose data this is; plans for another org are refused.

    ``server_at`` is the server's clock (HTTP ``Date``); ``user_id`` is the user we
    act as, whose writes are our own echo.
    """

    org_id: str
    user_id: str = ""
    server_at: datetime | None = None


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What an org's own metadata says of one field."""

    name: str
    type: str = ""
    updateable: bool = True
    createable: bool = True
    filterable: bool = True
    nillable: bool = True
    length: int = 0
    external_id: bool = False
    unique: bool = False


class ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to read of one object.

    Attributes:
        fields: Remote fields to ask for (vendor names or dotted paths), from mappings.
        cursor: What the last committed page carried; None reads from the start.
        full: Read everything anew, so that what is not seen is gone.
        since: Oldest activity wanted; None for people, accounts and deals.
        scopes: Calendars to read (addresses); empty for the other systems.
    """

    object: str
    fields: tuple[str, ...]
    cursor: Mapping[str, Any] | None = None
    full: bool = False
    since: datetime | None = None
    scopes: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of one object, committed in one transaction with ``cursor``.

    Attributes:
        scope: Part of the object that the cursor and the snapshot speak of: a
            calendar's address; empty for the other systems.
        cursor: Stored with the records; the next pass starts there. None keeps the
            stored one (the pass is not resumable at this page).
        last: The pass over this object and scope ends with this page.
        snapshot: Set with ``last``: the pass listed everything there is, so records
            of this object and scope that the pass did not bring are gone.
        starts_snapshot: First page of such a pass.
        total: Records expected in the pass, for progress bars; None = unknown.
        as_of: Server's instant up to which the object was read.
        skipped_scope: Why this scope could not be read at all (user without a
            calendar), empty otherwise.
    """

    object: str
    scope: str = ""
    records: tuple[RawRecord, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    cursor: Mapping[str, Any] | None = None
    last: bool = False
    snapshot: bool = False
    starts_snapshot: bool = False
    total: int | None = None
    as_of: datetime | None = None
    skipped_scope: str = ""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One write, in vendor field names (Outreach flat, relationships as ids).

    Attributes:
        key: Idempotency key, returned with the outcome.
        guarded_by: For a guarded update: the LastModifiedDate it must still have.
        marker: Key to leave in the created record where the object has room for it.
    """

    key: str
    operation: str
    object: str
    record_id: str | None
    fields: Mapping[str, Any]
    action: str | None = None
    guarded_by: datetime | None = None
    marker: str = ""


class WriteStatus(StrEnum):
    """What the remote said to one write."""

    DONE = "done"
    REFUSED = "refused"  # will never work: data, validation rule, permission
    CONFLICT = "conflict"  # moved since it was read
    RETRY = "retry"  # certainly not written; a later try may work
    AMBIGUOUS = "ambiguous"  # may or may not have been written


class WriteOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The remote's answer to one write; ``code`` is the vendor's."""

    key: str
    status: WriteStatus
    record_id: str | None = None
    code: str = ""
    detail: str = ""


class Connector(Protocol):
    """Reads one remote system. Every method may raise the errors of syncd.errors."""

    system: str

    def check(self) -> Sequence[CheckItem]:
        """Credentials, permissions, clock skew, budget: every problem at once."""
        ...

    def identity(self) -> OrgIdentity:
        """Whose data this is."""
        ...

    def objects(self) -> tuple[str, ...]:
        """Objects in the order they are best read (people before activities)."""
        ...

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """Fields this org has for an object; None where the system has no metadata."""
        ...

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages of one object, changes since the cursor or everything."""
        ...

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some records of one object; None = gone or hidden."""
        ...

    def link(self, ref: RecordRef) -> str:
        """Address where a person can look at the record; empty if there is none."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A connector that answers several questions of one poll with one call.

    Optional beside :class:`Connector`; what is asked ahead changes no answer.
    """

    def refresh(self) -> None:
        """A poll begins: look whether what is known of the org's metadata holds."""
        ...

    def read_ahead(self, requests: Sequence[ReadRequest]) -> None:
        """Fetch the first pages of what ``read`` is asked next, one per object."""
        ...


@runtime_checkable
class TellsTime(Protocol):
    """A connector whose system says what time it is, beside :class:`Connector`."""

    def server_at(self) -> datetime | None:
        """The system's instant of its last answer; None before the first."""
        ...


class Current(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it stands now, in the flat vendor names that plans use.

    Attributes:
        version: As in a plan's ``expects.version``: SystemModstamp in Salesforce,
            ``updatedAt`` in Outreach, ISO 8601 with ``Z``.
        created_at: The system's instant of its making, None where it does not say.
        modified_at: Last change by a user (Salesforce LastModifiedDate).
        modified_by: Id of that user, None where the system does not say.
    """

    ref: RecordRef
    version: str
    created_at: datetime | None = None
    modified_at: datetime | None = None
    modified_by: str | None = None
    fields: Mapping[str, Any] = {}


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Live records of one object by the instant at which they were made.

    Attributes:
        start: The first instant that belongs to it; None = from the beginning.
        end: The first instant that does not.
    """

    object: str
    start: datetime | None
    end: datetime

    def has(self, made_at: datetime | None) -> bool:
        """Whether a record that was made then belongs to the span."""
        if made_at is None or made_at >= self.end:
            return False
        return self.start is None or made_at >= self.start


class ProvableConnector(Connector, Protocol):
    """A connector whose records can be counted or listed: Salesforce and Outreach."""

    def provable(self) -> tuple[str, ...]:
        """Objects that can be held against the mirror."""
        ...

    def count(self, span: Span) -> int | None:
        """How many records there are; None where the system has no trusty count."""
        ...

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """Id and instant of the present version of each record, page by page."""
        ...


class WritingConnector(Connector, Protocol):
    """A connector that can also write: Salesforce and Outreach."""

    def write(self, writes: Sequence[Write]) -> Sequence[WriteOutcome]:
        """Send writes in as few calls as the vendor allows; one outcome per write.

        Never repeats a write that may have taken effect.
        """
        ...

    def write_calls(self, writes: Sequence[Write]) -> int:
        """Calls that ``write`` would need."""
        ...

    def current(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, Current | None]:
        """Records (of any writable object) as they stand now; None = gone or hidden.

        ``fields`` are flat vendor names; reads are batched.
        """
        ...

    def find_effect(self, write: Write) -> Current | None:
        """Look for what a create of unknown outcome made; None = not there (yet).

        Not for roles: their two sides tell them, in ``memberships``.
        """
        ...

    def memberships(
        self, object_name: str, opportunity_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Current]]:
        """The complete role set of each of these opportunities, read now."""
        ...


class TokenVault(Protocol):
    """Where rotated tokens survive a restart, encrypted; given to connectors."""

    def load(self, name: str) -> Mapping[str, Any] | None:
        """The stored value, None when there is none."""
        ...

    def save(self, name: str, value: Mapping[str, Any]) -> None:
        """Store durably before returning."""
        ...

    def locked(self, name: str) -> Any:  # noqa: ANN401 - a context manager
        """Hold this while refreshing: one refresher per credential."""
        ...


class ConnectorContext(msgspec.Struct, frozen=True, kw_only=True):
    """What wiring hands to a connector.

    Attributes:
        settings: This connector's section of syncd.toml, secrets resolved.
        session: The only way out; in a dry run it refuses what is not a read.
        vault: Rotated tokens.
        now: Our clock, for token lifetimes only.
    """

    settings: Mapping[str, Any]
    session: requests.Session
    vault: TokenVault
    now: Callable[[], datetime]


class ConnectorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One connector, as its package's ``CONNECTOR``.

    Attributes:
        reads: Every request that a dry run may send.
        writes: Whether ``build`` gives a WritingConnector.
        proves: Whether it gives a ProvableConnector.
    """

    system: str
    title: str
    reads: tuple[ReadPattern, ...]
    build: Callable[[ConnectorContext], Connector]
    writes: bool = False
    proves: bool = False
