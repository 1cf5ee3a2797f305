"""Clusters of one view while they grow, with the indexes that joining needs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.identity.directory import Directory
from syncd.interactions.cluster import Cluster, Clusters, TimeIndex
from syncd.interactions.outside import NOBODY, Outside
from syncd.interactions.people import People
from syncd.model.interaction import Participant, Side
from syncd.model.view import OrgContext

MEETING_TOLERANCE: Final = timedelta(minutes=15)


@dataclass(kw_only=True)
class Gathering:
    """What is known while records are put together.

    ``by_time`` files clusters by start under our own people's addresses and under the
    keys of the people outside. The other indexes give handles: by engagement id, by
    Salesforce id of a data connection, by Outreach task id.
    """

    org: OrgContext
    directory: Directory
    people: People
    clusters: Clusters = field(default_factory=Clusters)
    by_time: TimeIndex = field(default_factory=TimeIndex)
    by_engagement: dict[str, int] = field(default_factory=dict)
    by_crm_id: dict[str, list[int]] = field(default_factory=dict)
    by_outreach_task: dict[str, int] = field(default_factory=dict)
    _outside: dict[int, Outside] = field(default_factory=dict)

    def add(
        self,
        cluster: Cluster,
        outside: Outside,
        owners: Collection[str],
        starts: Iterable[datetime],
    ) -> int:
        """Keep a cluster of other systems' records; gives its handle."""
        handle = self.clusters.add(cluster)
        self._outside[handle] = outside
        for at in sorted(set(starts)):
            self.by_time.add(sorted({*owners, *outside.keys}), at, handle)
        return handle

    def known(self, handle: int) -> Outside:
        """People outside in a cluster, as other systems than Salesforce name them."""
        return self._outside.get(self.clusters.root(handle), NOBODY)

    def may_join(self, first: int, second: int) -> bool:
        """Whether two clusters can be one: never with people of different companies."""
        return not self.known(first).is_foreign_to(self.known(second))

    def join(self, first: int, second: int, says: str) -> int:
        """Make two clusters one; ``says`` why the second belongs to the first."""
        added = self.clusters.get(second)
        added.reasons = dict.fromkeys(added.reasons, says)
        outside = self.known(first) | self.known(second)
        handle = self.clusters.merge(first, second)
        self._outside[handle] = outside
        return handle

    def near(
        self, names: Iterable[str], at: datetime, tolerance: timedelta
    ) -> list[int]:
        """Clusters under any of these names that start within the tolerance."""
        return sorted(
            {
                self.clusters.root(handle)
                for name in names
                for handle in self.by_time.near(name, at, tolerance)
            }
        )

    def address_of(self, user_id: str | None) -> str | None:
        """The address under which a user's clusters are filed."""
        user = self.org.users.get(user_id or "")
        return user.email.casefold() if user and user.email else None


def own_addresses(gathering: Gathering, people: Iterable[Participant]) -> set[str]:
    """Addresses of our own people among these: as written, and as Salesforce has it."""
    found: set[str] = set()
    for person in people:
        if person.side is Side.INTERNAL:
            found |= {person.email} if person.email else set()
            known = gathering.address_of(person.user_id)
            found |= {known} if known else set()
    return found
