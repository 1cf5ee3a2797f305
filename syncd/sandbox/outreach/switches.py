"""Behaviours of the simulated Outreach that differ by org or go wrong at times."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Switches:
    """What ``control("switch", {...})`` turns.

    Attributes:
        strict_rotation: A refresh token dies with its first use.
        grant_limit: One token grant a minute.
        ignore_upper_bound: ``a..b`` is taken as ``a..inf``.
        unsorted: Lists come by id, whatever ``sort`` asks for.
        refuse_duplicate_roles: 422 on a prospect's second role on an opportunity.
        connections_as_map: Data connections as a map instead of a list.
        largest_page: Pages above this size get 502.
    """

    strict_rotation: bool = True
    grant_limit: bool = True
    ignore_upper_bound: bool = False
    unsorted: bool = False
    refuse_duplicate_roles: bool = False
    connections_as_map: bool = False
    largest_page: int = 1000

    def turn(self, name: str, value: bool | int) -> None:  # noqa: FBT001 - its value
        """Set one switch.

        Raises:
            KeyError: No such switch.
        """
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        setattr(self, name, value)
