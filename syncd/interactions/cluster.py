"""Clusters in the making: records that speak of one interaction, and why."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from syncd.model.entities import (
    Activity,
    Call,
    Engagement,
    Mailing,
    Meeting,
    OutreachTask,
)
from syncd.model.record import RecordRef


class Cluster(msgspec.Struct, kw_only=True):
    """Members of one interaction; ``reasons`` says for each why it belongs here."""

    meetings: list[Meeting] = msgspec.field(default_factory=list)
    engagements: list[Engagement] = msgspec.field(default_factory=list)
    calls: list[Call] = msgspec.field(default_factory=list)
    mailings: list[Mailing] = msgspec.field(default_factory=list)
    outreach_tasks: list[OutreachTask] = msgspec.field(default_factory=list)
    activities: list[Activity] = msgspec.field(default_factory=list)
    reasons: dict[RecordRef, str] = msgspec.field(default_factory=dict)

    def absorb(self, other: "Cluster") -> None:
        """Take over another cluster's members."""
        self.meetings += other.meetings
        self.engagements += other.engagements
        self.calls += other.calls
        self.mailings += other.mailings
        self.outreach_tasks += other.outreach_tasks
        self.activities += other.activities
        self.reasons |= other.reasons


class Clusters:
    """All clusters of a view; merging keeps handles valid (union-find)."""

    def __init__(self) -> None:
        self._items: list[Cluster] = []
        self._parents: list[int] = []

    def add(self, cluster: Cluster) -> int:
        """Keep a cluster; gives its handle."""
        self._items.append(cluster)
        self._parents.append(len(self._parents))
        return len(self._items) - 1

    def root(self, handle: int) -> int:
        """The handle of the cluster that this one lives in now."""
        while self._parents[handle] != handle:
            self._parents[handle] = self._parents[self._parents[handle]]
            handle = self._parents[handle]
        return handle

    def get(self, handle: int) -> Cluster:
        """The cluster behind a handle."""
        return self._items[self.root(handle)]

    def merge(self, first: int, second: int) -> int:
        """Make two clusters one; the earlier handle survives."""
        low, high = sorted((self.root(first), self.root(second)))
        if low != high:
            self._items[low].absorb(self._items[high])
            self._parents[high] = low
        return low

    def items(self) -> list[tuple[int, Cluster]]:
        """Every cluster once, with its handle."""
        return [
            (handle, item)
            for handle, item in enumerate(self._items)
            if self._parents[handle] == handle
        ]


class TimeIndex:
    """Handles by owner and start, for look-ups within a tolerance."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[datetime, int]]] = {}

    def add(self, owners: Iterable[str], at: datetime, handle: int) -> None:
        """File a handle under each owner."""
        for owner in owners:
            insort(self._rows.setdefault(owner, []), (at, handle))

    def near(self, owner: str, at: datetime, tolerance: timedelta) -> list[int]:
        """Handles of this owner that start within the tolerance, earliest first."""
        rows = self._rows.get(owner)
        if rows is None:
            return []
        low = bisect_left(rows, (at - tolerance, -1))
        high = bisect_right(rows, (at + tolerance, len(rows) + 2**40))
        return list(dict.fromkeys(handle for _, handle in rows[low:high]))
