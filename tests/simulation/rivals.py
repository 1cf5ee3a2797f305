"""People who are at the same records as syncd, at the same moment."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from syncd.model.plan import Change
from tests.simulation.company import Services
from tests.simulation.desk import Desk
from tests.simulation.history import PERSON

_ROLE = "opportunityProspectRole"
_CREATES = (_ROLE, "create")


class Rivals(Desk):
    """They pick what is planned, which nobody can know, to meet it more often.

    Attributes:
        acts: Weight, who it is, and the act, as ``Upheavals`` has them.
        planned: The changes of the last plan that are to be made by themselves.
    """

    def __init__(self, services: Services, rng: Random) -> None:
        """Nothing is planned."""
        super().__init__(services, rng)
        self.planned: Callable[[], Sequence[Change]] = tuple
        self.acts: tuple[tuple[int, str, Callable[[], str]], ...] = (
            (7, PERSON, self.edit_what_is_planned),
            (1, PERSON, self._do_what_is_planned),
            (2, PERSON, self._make_the_role_that_is_planned),
        )

    def edit_what_is_planned(self) -> str:
        """Or was just written: the same field gets a value of somebody's own."""
        choices: dict[str, Sequence[Any]] = {
            "Subject": ("Lunch", "Call 3 - Demo"),
            "WhatId": [deal["Id"] for deal in self._rows("Opportunity")],
            "WhoId": [contact["Id"] for contact in self._rows("Contact")],
            "OwnerId": self._reps,
            "Description": ("talked about the weather",),
            "CallDisposition": ("Connected", "Left Voicemail", "No Answer"),
        }
        edits = [
            (change, name, value)
            for change in self._updates()
            for name in sorted(change.after)
            for value in choices.get(name, ())
            if value not in {change.before.get(name), change.after[name]}
        ]
        return self._edit(*self._rng.choice(edits)) if edits else ""

    def _do_what_is_planned(self) -> str:
        """Somebody has the same idea."""
        changes = self._updates()
        if not changes:
            return ""
        change = self._rng.choice(changes)
        name = self._rng.choice(sorted(change.after))
        return self._edit(change, name, change.after[name])

    def _updates(self) -> list[Change]:
        return [
            change
            for change in self.planned()
            if change.object in {"Task", "Event"} and change.operation == "update"
        ]

    def _edit(self, change: Change, name: str, value: Any) -> str:
        record_id = str(change.record_id)
        self._in_salesforce("edit", change.object, record_id, {name: value})
        return f"edits a {change.object} that is planned to be written"

    def _make_the_role_that_is_planned(self) -> str:
        changes = [c for c in self.planned() if (c.object, c.operation) == _CREATES]
        if not changes:
            return ""
        after = self._rng.choice(changes).after
        relations = {
            name: {"data": {"type": name, "id": int(after[name])}}
            for name in ("opportunity", "prospect")
        }
        resource = {"attributes": {"primary": False}, "relationships": relations}
        self._outreach.control("insert", {"type": _ROLE, "resource": resource})
        return "makes a prospect role that is planned to be made"
