"""Saved plans, as the pipeline asks for them."""

from collections.abc import Sequence
from typing import Protocol

from syncd.model.plan import Change, Plan


class Plans(Protocol):
    """Saved plans."""

    def save(self, plan: Plan) -> None:
        """Keep a plan."""
        ...

    def load(self, plan_id: str) -> Plan | None:
        """A saved plan."""
        ...

    def latest(self, limit: int = 20) -> Sequence[Plan]:
        """Saved plans, newest first."""
        ...

    def find_change(self, change_id: str) -> tuple[Plan, Change] | None:
        """The newest plan that holds this change."""
        ...

    def find_finding(self, finding_id: str) -> Plan | None:
        """The newest plan that holds this finding."""
        ...
