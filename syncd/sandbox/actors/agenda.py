"""What an actor is going to do, and when: driven by the clock, without threads."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

from syncd.sandbox.outreach.errors import RefusalError as OutreachRefusal
from syncd.sandbox.salesforce.errors import RefusalError as SalesforceRefusal

Row = dict[str, Any]
Job = Callable[[datetime], None]


class System(Protocol):
    """A simulated system as actors reach it: by its hooks, under its own rules."""

    def control(self, action: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        """Do something behind everybody's back."""
        ...

    def load(self, kind: str, rows: Iterable[Row], /) -> None:
        """Put rows in as they are."""
        ...


class RecordingTool(Protocol):
    """A tool that records meetings and calls."""

    def recordings(self) -> list[Row]:
        """Every ``{"engagement": …, "conversation": …}`` so far."""
        ...


class Agenda:
    """Jobs in the order of their time; equal times in the order of their coming."""

    def __init__(self) -> None:
        """Nothing to do."""
        self.refused: list[str] = []
        self._jobs: list[tuple[datetime, int, Job]] = []
        self._numbers = count()

    def add(self, at: datetime, job: Job) -> None:
        """Do something at that time or as soon after it as anybody asks.

        The job is given the instant at which it is done.
        """
        heappush(self._jobs, (at, next(self._numbers), job))

    def run_due(self, now: datetime) -> int:
        """Do what is due; how many jobs that was.

        What a system refuses is noted in ``refused`` by its code: a tool that meets a
        validation rule or a deleted record goes on to its next job.
        """
        done = 0
        while self._jobs and self._jobs[0][0] <= now:
            _, _, job = heappop(self._jobs)
            done += 1
            try:
                job(now)
            except SalesforceRefusal as refusal:
                self.refused.append(refusal.code)
            except OutreachRefusal as refusal:
                self.refused.append(refusal.error_id)
        return done

    @property
    def waiting(self) -> int:
        """How many jobs are still to come."""
        return len(self._jobs)
