"""The first batch of each system is small, and vouches for the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change

_BAD: Final = frozenset({ItemStatus.REFUSED, ItemStatus.FAILED, ItemStatus.PARKED})


@dataclass(kw_only=True)
class Canary:
    """What became of the first writes of a run, by system.

    Attributes:
        sent: Changes that left us, by id.
        unstuck: Changes that did not stand there when they were read back.
        unverified: Changes that could not be read back.
        proven: Systems whose canary was seen to hold.
        failed: Why a system gets no more writes in this run.
    """

    sent: set[str] = field(default_factory=set)
    unstuck: set[str] = field(default_factory=set)
    unverified: set[str] = field(default_factory=set)
    proven: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)

    def judge(
        self, batch: Sequence[Change], outcomes: Mapping[str, ItemOutcome]
    ) -> None:
        """Draw the conclusion from a batch; one that sent nothing shows nothing.

        A single refused row is an outcome like others. A value that did not stick is
        not: an automation works against us, and it would against the rest.
        """
        system = batch[0].system
        ids = {change.id for change in batch} & self.sent
        if system in self.proven or system in self.failed or not ids:
            return
        statuses = {outcomes[one].status for one in ids}
        if ids & self.unstuck:
            self.failed[system] = "the first batch did not stick"
        elif ids & self.unverified:
            self.failed[system] = "the first batch could not be read back"
        elif statuses <= _BAD:
            self.failed[system] = "the first batch did not hold"
        elif ItemStatus.DONE in statuses:
            self.proven.add(system)
