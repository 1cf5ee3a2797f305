"""How tools pick the opportunity of what they log: by the rules that they publish.

They see what Salesforce and Outreach say at that moment, never what is true, so they
err as the real ones do.

Sources: Outreach API reference (``opportunityAssociation``: ``recent_created``,
``recent_updated``, ``noop``, over a prospect's opportunities); Salesforce Help,
"Einstein Conversation Insights" (``recent_updated``; for video ``most_roles`` and then
the most recently updated); Weflow's help (``only_one``: of the only open opportunity).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from syncd.sandbox.world.corpus.knobs import Rule
from syncd.sandbox.world.corpus.truth import Deal, Firm, Person

_NIGHTLY: Final = 2
"""At this hour (UTC) the nightly job edits every open deal."""


def modified_at(deal: Deal, at: datetime, *, bulk_edits: bool) -> datetime:
    """When a deal's record had last been modified, seen from an instant."""
    moves = [deal.created, *(s.at for s in deal.steps), *(o for o, _ in deal.owners)]
    last = max((move for move in moves if move <= at), default=deal.created)
    if not (bulk_edits and deal.is_open_at(at)):
        return last
    night = at.replace(hour=_NIGHTLY, minute=0, second=0, microsecond=0)
    return max(last, night)


def open_deals(firms: Iterable[Firm], at: datetime) -> list[Deal]:
    """What the accounts' open opportunities were at an instant."""
    return [d for firm in firms for d in firm.deals if d.is_open_at(at)]


def holders(deal: Deal, at: datetime) -> set[Person]:
    """Who had a contact role on a deal at an instant."""
    return {person for _, person, since in deal.roles if since <= at}


def pick(
    rule: Rule,
    among: Sequence[Deal],
    guests: Sequence[Person],
    at: datetime,
    *,
    bulk_edits: bool,
) -> Deal | None:
    """The opportunity that a tool's rule takes at an instant; None = it takes none."""

    def updated(deal: Deal) -> tuple[datetime, str]:
        return modified_at(deal, at, bulk_edits=bulk_edits), deal.id

    if rule == "none" or not among:
        return None
    if rule == "only_one":
        return among[0] if len(among) == 1 else None
    if rule == "recent_created":
        return max(among, key=lambda deal: (deal.created, deal.id))
    if rule == "recent_updated":
        return max(among, key=updated)
    there = set(guests)
    return max(among, key=lambda deal: (len(there & holders(deal, at)), *updated(deal)))
