"""Guests: records of other accounts that a home's records speak of.

A view carries them as candidates. So a home is looked at again when one of its guests
moved, though the guest is filed elsewhere.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from syncd.db.engine import chunks
from syncd.db.lists import is_one_of
from syncd.db.tables import FILING, FILING_KEYS, KEY_HOMES
from syncd.mirror.clerk import filed_domains

GUESTS: Final = frozenset(
    {
        ("salesforce", "Account"),
        ("salesforce", "Contact"),
        ("salesforce", "Opportunity"),
        ("salesforce", "OpportunityHistory"),
        ("salesforce", "OpportunityFieldHistory"),
        ("salesforce", "OpportunityContactRole"),
        ("salesforce", "Case"),
        ("outreach", "prospect"),
        ("outreach", "opportunity"),
        ("outreach", "opportunityProspectRole"),
    }
)
"""Systems and objects whose records are shown to other homes."""


def guest_homes(
    connection: sa.Connection, homes: Sequence[str]
) -> dict[str, list[str]]:
    """Other homes whose people, deals or accounts a home's records name."""
    found: dict[str, list[str]] = {home: [] for home in homes}
    query = _pairs(filed_domains(connection), of_hosts=True)
    for some in chunks(homes):
        for home, other in connection.execute(query, {"homes": some}):
            found[home].append(other)
    return found


def host_homes(connection: sa.Connection, homes: Collection[str]) -> set[str]:
    """The other way round: homes that show guests of these homes."""
    if not homes:
        return set()
    query = _pairs(filed_domains(connection), of_hosts=False)
    found: set[str] = set()
    for some in chunks(sorted(homes)):
        rows = connection.execute(query, {"homes": some})
        found.update(host for host, _ in rows)
    return found


@lru_cache(maxsize=8)
def _pairs(own_domains: frozenset[str], *, of_hosts: bool) -> sa.Select[Any]:
    """Pairs of host and guest home; the hosts, or else the guests, among ``homes``.

    Our own people's addresses make none, nor does the mere domain of a stranger.
    """
    ours = [
        FILING_KEYS.c.key.endswith(f"@{domain}", autoescape=True)
        for domain in sorted(own_domains)
    ]
    given = FILING.c.home if of_hosts else KEY_HOMES.c.home
    return (
        sa.select(FILING.c.home, KEY_HOMES.c.home)
        .join(
            FILING_KEYS,
            sa.and_(
                FILING.c.system == FILING_KEYS.c.system,
                FILING.c.object == FILING_KEYS.c.object,
                FILING.c.id == FILING_KEYS.c.id,
            ),
        )
        .join(KEY_HOMES, KEY_HOMES.c.key == FILING_KEYS.c.key)
        .where(
            is_one_of(given, "homes"),
            KEY_HOMES.c.home != FILING.c.home,
            KEY_HOMES.c.home != "",
            FILING.c.home != "",
            sa.not_(sa.or_(FILING_KEYS.c.key.startswith("site:"), *ours)),
        )
        .distinct()
        .order_by(FILING.c.home, KEY_HOMES.c.home)
    )
