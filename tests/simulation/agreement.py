"""Who was seen on both sides of a deal, so that syncd must know it from then on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from tests.simulation.company import Services
from tests.simulation.desk import crm_ids
from tests.simulation.history import OURS, UNDO, History

_THERE = "opportunityProspectRole"
_ROLES = frozenset({"OpportunityContactRole", _THERE})
_SEEN_FOR_SURE = timedelta(minutes=15)  # longer than any clock is off, and overlaps


class Pair(NamedTuple):
    """One person on one deal, as each side names them: deal and person."""

    salesforce: tuple[str, str]
    outreach: tuple[str, str]


class Agreements:
    """Looks at the services only; syncd tells what it polled and judged.

    Attributes:
        since: Number of the exchange by which syncd had seen a pair on both sides.
    """

    def __init__(self, services: Services, history: History) -> None:
        """Nobody has been seen."""
        self._services = services
        self._history = history
        self._shown: frozenset[Pair] = frozenset()
        self.since: dict[Pair, int] = {}

    def polled(self, *, touches: int) -> None:
        """All systems were read completely, the first of them after so many touches."""
        rolls = [t for t in self._history.touches if t.ref.object in _ROLES]
        now = self._services.clock.now()
        moved = len(self._history.touches) != touches
        lately = rolls and now - rolls[-1].at < _SEEN_FOR_SURE
        self._shown = frozenset() if moved or lately else self._pairs()

    def judged(self) -> None:
        """Every home was judged as the last poll showed it."""
        for pair in self._shown:
            self.since.setdefault(pair, self._history.number)

    def left_in_outreach(self) -> Iterator[str]:
        """Deals, as Salesforce names them, that somebody has been taken off there."""
        deals = self._names("opportunity")
        for touch in self._history.touches:
            is_theirs = touch.who not in {OURS, UNDO}
            if is_theirs and touch.is_delete and touch.ref.object == _THERE:
                yield deals.get(str(touch.old["opportunity"]), "")

    def _pairs(self) -> frozenset[Pair]:
        """Who has a role on both sides of an open deal now."""
        deals, people = self._names("opportunity"), self._names("prospect")
        stored = self._services.salesforce.tables.stored
        lives = {n for n, row in stored("Opportunity").items() if not row["IsClosed"]}
        now = self._history.now
        here = {
            (row["OpportunityId"], row["ContactId"])
            for ref, row in now.items()
            if ref.object == "OpportunityContactRole" and row["OpportunityId"] in lives
        }
        there = {
            (str(row["opportunity"]), str(row["prospect"]))
            for ref, row in now.items()
            if ref.object == _THERE
        }
        return frozenset(
            Pair(salesforce=(deals[deal], people[person]), outreach=(deal, person))
            for deal, person in there
            if (deals.get(deal), people.get(person)) in here
        )

    def _names(self, kind: str) -> dict[str, str]:
        """Outreach ids with the one Salesforce id that each has."""
        found = self._services.outreach.control("resources", {"type": kind})
        return {
            str(one["id"]): ids[0]
            for one in found["resources"]
            if len(ids := crm_ids(one)) == 1
        }
