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
        cursors_hold_rows: A cursor holds the last row: rows that move are seen twice.
            Otherwise it holds a place: rows behind one that moves are missed.
        cursor_life_s: Cursors die after this time; 0 = never.
        stale_cursor_status: What a dead cursor is answered: 400 or 422.
        under_load: Counts are zero and truncated.
        largest_count: Counts are truncated above this.
        change_calls: Calls and mailings can be changed.
        refused_method_status: What an unknown method is answered: 405 or 404.
        retry_after: Form of that header: ``seconds``, ``epoch``, ``http`` or ``iso``.
        batch_step_s: How long each step of a batch takes.
    """

    strict_rotation: bool = True
    grant_limit: bool = True
    ignore_upper_bound: bool = False
    unsorted: bool = False
    refuse_duplicate_roles: bool = False
    connections_as_map: bool = False
    largest_page: int = 1000
    cursors_hold_rows: bool = False
    cursor_life_s: int = 0
    stale_cursor_status: int = 400
    under_load: bool = False
    largest_count: int = 2_000_000
    change_calls: bool = False
    refused_method_status: int = 405
    retry_after: str = "epoch"
    batch_step_s: int = 1

    def turn(self, name: str, value: bool | int | str) -> None:  # noqa: FBT001 - its value
        """Set one switch.

        Raises:
            KeyError: No such switch.
        """
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        setattr(self, name, value)
