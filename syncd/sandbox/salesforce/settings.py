"""What an org's administrators may have set up one way or another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class OrgSettings:
    """What ``control("switch", {...})`` turns; a fresh org has none of it.

    Attributes:
        shared_activities: Tasks and events have several people. Once on it stays on.
        former_primary_stays: With shared activities, a new WhoId leaves the former
            primary person on the activity; else it is dropped. Not documented.
        inactive_owners_editable: Other fields of a row whose owner is inactive may be
            edited ("Update Records with Inactive Owners").
        tracked_fields: Fields of Opportunity with history tracking.
        duplicate_rules: ``alert`` or ``block`` by object.
        assignment_rules: Id of the owner that an active rule assigns, by object.
    """

    shared_activities: bool = False
    former_primary_stays: bool = True
    inactive_owners_editable: bool = True
    tracked_fields: frozenset[str] = frozenset()
    duplicate_rules: Mapping[str, str] = field(default_factory=dict)
    assignment_rules: Mapping[str, str] = field(default_factory=dict)

    def turn(self, name: str, value: Any) -> None:  # noqa: ANN401 - of its own type
        """Set one switch.

        Raises:
            KeyError: No such switch.
        """
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        setattr(self, name, frozenset(value) if name == "tracked_fields" else value)
