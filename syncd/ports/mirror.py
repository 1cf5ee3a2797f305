"""What the pipeline asks of the mirror; SQLite and PostgreSQL both answer."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from syncd.model.entities import User
from syncd.model.ids import stable_id
from syncd.model.membership import Base
from syncd.model.outcome import PollOutcome
from syncd.model.policy import Policy
from syncd.model.record import Quarantined, Record, RecordRef
from syncd.model.view import HomeRecords, OrgContext


class MirrorPage(msgspec.Struct, frozen=True, kw_only=True):
    """A connector's page after translation; see ``syncd.ports.connector.Page``.

    Attributes:
        pass_id: Of a listing's further page: what its first one was told. Another
            process may list at the same time.
    """

    system: str
    object: str
    scope: str = ""
    records: tuple[Record, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    cursor: Mapping[str, Any] | None = None
    last: bool = False
    snapshot: bool = False
    starts_snapshot: bool = False
    as_of: datetime | None = None
    pass_id: int | None = None


class CommitResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a page changed: records new or moved, records gone, homes made dirty.

    ``pass_id`` goes with the further pages of the listing that it began.
    """

    changed: int = 0
    deleted: int = 0
    dirtied: int = 0
    pass_id: int = 0


class DirtyHome(msgspec.Struct, frozen=True, kw_only=True):
    """A home that must be reconciled; ``mark`` tells later dirtying apart."""

    home: str
    mark: int


class SnapshotDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """Something a poll brought that is not believed.

    A full listing that came back empty or with fewer than half of what was known
    (``before`` and ``after``), or a mapped ``field`` that records have values in and
    that our user may not read any more.
    """

    system: str
    object: str
    scope: str = ""
    before: int = 0
    after: int = 0
    field: str = ""

    @property
    def id(self) -> str:
        """The same for every doubt about one listing or field."""
        return stable_id("dbt", self.system, self.object, self.scope, self.field)

    @property
    def says(self) -> str:
        """What happened, for people."""
        if self.field:
            return f"{self.object}.{self.field} can no longer be read"
        return f"{self.object} fell from {self.before} to {self.after}"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That the mirror was held against the service itself, and what it came to.

    Attributes:
        until: Records made before this instant were compared.
        thorough: Every record's version was compared, not only their number.
        missing: Records that the polls never brought; they are read now.
        stale: Records of which the polls brought an older version; likewise.
        gone: Records that are no longer there; they are deleted here now.
        doubted: Why nothing was deleted, empty when there was no doubt.
    """

    system: str
    object: str
    proved_at: datetime
    until: datetime
    thorough: bool
    missing: int = 0
    stale: int = 0
    gone: int = 0
    doubted: str = ""

    @property
    def repaired(self) -> int:
        """Records that the mirror had wrong."""
        return self.missing + self.stale + self.gone


class Mirror(Protocol):
    """The local copy of all records."""

    def cursors(
        self, system: str
    ) -> Mapping[tuple[str, str], Mapping[str, Any] | None]:
        """What the last committed page carried, by object and scope."""
        ...

    def commit(self, page: MirrorPage, *, now: datetime) -> CommitResult:
        """Store a page: records, filing, dirty homes and cursor in one transaction."""
        ...

    def says_nothing_new(self, page: MirrorPage) -> bool:
        """Whether committing a page would move no more than its cursor.

        Asked of short lists that every poll reads whole; of others it says no.
        """
        ...

    def save_poll(
        self,
        outcome: PollOutcome,
        *,
        cursors: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
    ) -> None:
        """Remember how a connector's poll ended, in one transaction with these cursors.

        They are by object and scope, and of pages that brought nothing new.
        """
        ...

    def polls(self) -> Mapping[str, PollOutcome]:
        """The last poll of each system."""
        ...

    def quarantined(self) -> Sequence[tuple[Quarantined, datetime]]:
        """Records that could not be read, newest first."""
        ...

    def doubts(self) -> Sequence[SnapshotDoubt]:
        """Snapshots that a guard refused to believe and nobody has cleared."""
        ...

    def clear_doubts(self, ids: Collection[str]) -> Sequence[SnapshotDoubt]:
        """Believe these: what was doubted is true; those that were cleared."""
        ...

    def note_unmapped(self, system: str, names: Collection[str]) -> None:
        """Remember which mapped fields (``system.Object.field``) a system lacks.

        One that is newly missing although records have a value in it is doubted.
        """
        ...

    def org(self, policy: Policy) -> OrgContext:
        """What is the same for every account."""
        ...

    def users(self) -> Sequence[User]:
        """Salesforce's users."""
        ...

    def mark_all_dirty(self) -> int:
        """A full pass: every home is to be reconciled; returns how many."""
        ...

    def mark_dirty(self, homes: Iterable[str]) -> int:
        """These homes are to be reconciled; returns how many are new."""
        ...

    def dirty(self, limit: int) -> Sequence[DirtyHome]:
        """Homes to reconcile, longest waiting first."""
        ...

    def clear_dirty(self, homes: Sequence[DirtyHome]) -> None:
        """Reconciled; a home dirtied again since stays dirty."""
        ...

    def homes(
        self,
        *,
        opportunities: Sequence[str] = (),
        accounts: Sequence[str] = (),
        owners: Sequence[str] = (),
    ) -> Sequence[str]:
        """Homes in a scope, sorted; no argument means all. Owners are e-mails."""
        ...

    def load(
        self, homes: Sequence[str], *, since: datetime, max_records: int = 20_000
    ) -> Iterator[Sequence[HomeRecords]]:
        """Views' records in batches cut by records, homes in the order given.

        Activities, calls, mails, meetings and engagements older than ``since`` are
        left out unless open.
        """
        ...

    def move_bases(self, moves: Sequence[tuple[Base, Base | None]]) -> None:
        """Remember what both sides of these opportunities showed; loads carry it.

        Each with what had been remembered when its home was loaded: one that somebody
        else has moved since stays as it is.
        """
        ...

    def get(self, ref: RecordRef) -> Record | None:
        """One record, deleted ones included."""
        ...

    def find(self, record_id: str) -> Sequence[RecordRef]:
        """Records with this id in any system; 15- and 18-character ids are equal."""
        ...

    def naming(self, ids: Sequence[str]) -> Sequence[RecordRef]:
        """Salesforce records that name one of these Salesforce records, in order."""
        ...

    def home_of(self, ref: RecordRef) -> tuple[str, str] | None:
        """The home of a record, and why it is filed there."""
        ...

    def homes_of(self, refs: Collection[RecordRef]) -> Mapping[RecordRef, str]:
        """Homes of those of these records that are live; empty for one without."""
        ...

    def live_counts(self) -> Mapping[tuple[str, str], int]:
        """Live records by (system, object)."""
        ...

    def months(
        self,
        system: str,
        object_name: str,
        *,
        start: datetime | None,
        end: datetime,
    ) -> Mapping[str, int]:
        """Live records made in a span, by month of their making (``2026-03``)."""
        ...

    def versions(
        self,
        system: str,
        object_name: str,
        *,
        start: datetime | None,
        end: datetime,
    ) -> Mapping[str, datetime | None]:
        """Id and the vendor's instant of each live record made in a span."""
        ...

    def save_proof(self, proof: Proof) -> None:
        """Remember the last proof of an object."""
        ...

    def proofs(self) -> Sequence[Proof]:
        """The last proof of each object, by system and object."""
        ...
