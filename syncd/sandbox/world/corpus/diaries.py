"""What comes when: an agenda for all, and a diary for each of our own people."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from syncd.sandbox.world.corpus.truth import Staffer

_SATURDAY: Final = 5
_FIRST: Final = 13
_LAST: Final = 21
_HOUR: Final = timedelta(hours=1)


def working(at: datetime) -> datetime:
    """The first full hour of office time at or after an instant."""
    at = at.replace(minute=0, second=0, microsecond=0)
    if at.hour >= _LAST:
        at = (at + timedelta(days=1)).replace(hour=_FIRST)
    if at.hour < _FIRST:
        at = at.replace(hour=_FIRST)
    while at.weekday() >= _SATURDAY:
        at = (at + timedelta(days=1)).replace(hour=_FIRST)
    return at


@dataclass(kw_only=True)
class Diaries:
    """Which hours are taken."""

    taken: dict[str, set[datetime]] = field(default_factory=lambda: defaultdict(set))

    def book(self, staff: Iterable[Staffer], after: datetime) -> datetime:
        """Take the first hour at which all of them are free; that hour."""
        ids = [one.id for one in staff]
        at = working(after)
        while any(at in self.taken[one] for one in ids):
            at = working(at + _HOUR)
        for one in ids:
            self.taken[one].add(at)
        return at


@dataclass(kw_only=True)
class Agenda:
    """What is still to come until ``ends``, and is done in the order of time."""

    random: Random
    ends: datetime
    _items: list[tuple[datetime, int, Callable[[datetime], None]]] = field(
        default_factory=list
    )
    _count: int = 0

    def at(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Do something at an instant, unless that is after the end."""
        self._count += 1
        if at < self.ends:
            heapq.heappush(self._items, (at, self._count, act))

    def later(
        self, at: datetime, mean_days: float, act: Callable[[datetime], None]
    ) -> None:
        """Do something after a while that may be short or long, as calls come in."""
        self.at(at + timedelta(days=self.random.expovariate(1 / mean_days)), act)

    def every(
        self, at: datetime, mean_days: float, act: Callable[[datetime], None]
    ) -> None:
        """Do something again and again, after a while each time."""

        def again(then: datetime) -> None:
            self.every(then, mean_days, act)
            act(then)

        self.later(at, mean_days, again)

    def run(self) -> None:
        """Do all of it, and what it leads to."""
        while self._items:
            at, _, act = heapq.heappop(self._items)
            act(at)
