"""The queue of what waits for a person, and what people decided."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from syncd.model.review import Choice, Proposal


class Reviews(Protocol):
    """What waits for a person, and what people decided."""

    def propose(
        self,
        proposals: Iterable[Proposal],
        *,
        rules: Collection[str],
        homes: Collection[str] | None,
    ) -> None:
        """Replace what was proposed by these rules in these homes; None = anywhere.

        What is proposed again keeps the instant at which it was first proposed.
        """
        ...

    def add(self, proposals: Iterable[Proposal]) -> None:
        """Propose these, and leave the others as they are."""
        ...

    def waiting(self) -> Sequence[Proposal]:
        """What waits for a person, what has waited longest first."""
        ...

    def of(self, ids: Sequence[str]) -> Mapping[str, Proposal]:
        """Those of these proposals that still wait, by id."""
        ...

    def withdraw(self, ids: Sequence[str]) -> None:
        """These wait no longer."""
        ...

    def choose(self, choices: Iterable[Choice]) -> None:
        """Remember a person's word; the last one on an activity and target counts."""
        ...

    def choices(self) -> Sequence[Choice]:
        """What people accepted, oldest first."""
        ...
