"""Who made activities for whom: counted as pages come in, it gives tools away."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks, upsert
from syncd.db.lists import is_one_of
from syncd.db.tables import MAKERS

# Someone who creates activities for many others, and hardly any for themselves, is a
# tool: the thresholds keep assistants and new people out.
_TOOL_CREATES: Final = 50
_TOOL_OWNERS: Final = 5
_TOOL_SHARE: Final = 0.8

_OF_MAKERS: Final = sa.select(MAKERS).where(is_one_of(MAKERS.c.maker, "makers"))
_COUNTED: Final = sa.select(MAKERS).where(MAKERS.c.number > 0)


class _Made(msgspec.Struct):
    """What of an activity tells who made it for whom; the rest is not decoded."""

    created_by_id: str | None = None
    owner_id: str | None = None
    is_child: bool = False


_MADE: Final = msgspec.json.Decoder(type=_Made)


def count_makers(
    connection: sa.Connection, *, before: Iterable[str], after: Iterable[str]
) -> None:
    """Activities that read ``before`` so, as JSON, read ``after`` that now."""
    moved = Counter(_pairs(after))
    moved.subtract(_pairs(before))
    changed = {pair: number for pair, number in moved.items() if number}
    known: dict[tuple[str, str], int] = {}
    for some in chunks(sorted({maker for maker, _ in changed})):
        rows_of = connection.execute(_OF_MAKERS, {"makers": some})
        known |= {(row.maker, row.owner): row.number for row in rows_of}
    rows = [
        {"maker": maker, "owner": owner, "number": known.get((maker, owner), 0) + by}
        for (maker, owner), by in sorted(changed.items())
    ]
    upsert(connection, MAKERS, rows)


def _pairs(activities: Iterable[str]) -> Iterator[tuple[str, str]]:
    for body in activities:
        one = _MADE.decode(body)
        if one.created_by_id is not None and not one.is_child:
            yield one.created_by_id, one.owner_id or ""


def tools_by_their_records(connection: sa.Connection) -> frozenset[str]:
    """Salesforce users whom what they made gives away as tools."""
    for_whom: dict[str, dict[str, int]] = {}
    for row in connection.execute(_COUNTED):
        for_whom.setdefault(row.maker, {})[row.owner] = row.number
    return frozenset(m for m, owners in for_whom.items() if _is_tool(m, owners))


def _is_tool(maker: str, owners: dict[str, int]) -> bool:
    others = [number for one, number in owners.items() if one not in {"", maker}]
    made = sum(owners.values())
    return (
        made >= _TOOL_CREATES
        and len(others) >= _TOOL_OWNERS
        and sum(others) >= _TOOL_SHARE * made
    )
