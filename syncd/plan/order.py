"""The order of changes: what others depend on first, then by account and record."""

from collections.abc import Mapping, Sequence

from syncd.model.plan import Change


def depths(changes: Sequence[Change]) -> Mapping[str, int]:
    """How many changes must come before each, along the longest chain.

    A change in a circle gets the length of the way round; circles are a rule's bug
    and must not hang a run.
    """
    by_id = {change.id: change for change in changes}
    found: dict[str, int] = {}

    def depth(change_id: str, seen: frozenset[str]) -> int:
        if change_id in found:
            return found[change_id]
        needs = [one for one in by_id[change_id].depends_on if one in by_id]
        value = 0
        for one in needs:
            if one not in seen:
                value = max(value, 1 + depth(one, seen | {one}))
        found[change_id] = value
        return value

    for change in changes:
        depth(change.id, frozenset({change.id}))
    return found


def in_order(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Changes so that none comes before one that it depends on."""
    depth = depths(changes)
    return tuple(
        sorted(
            changes,
            key=lambda c: (depth[c.id], c.partition, c.system, c.object, c.id),
        )
    )
