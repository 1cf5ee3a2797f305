"""Baselines: how other tools choose, as far as they publish it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from syncd.evaluate.answers import Answer, Target
from syncd.evaluate.sight import Deal, Sight

Choice = Callable[[Sight], list[Deal]]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """One published rule.

    Attributes:
        name: Its key in figures and reports.
        product: Whose rule it is, and which version of it.
        rule: What the page says, in our words.
        leaves_out: What the page also says, or does not say, that is not here.
        source: The page; empty for a rule of thumb that is nobody's.
        takes_all: It may relate one activity to several deals.
        choose: The deals that an interaction is related to; none is allowed.
    """

    name: str
    product: str
    rule: str
    leaves_out: str
    source: str = ""
    takes_all: bool = False
    choose: Choice

    def answer(self, sight: Sight) -> Answer:
        """The rule's answer, without a probability: no page speaks of any."""
        deals = sorted(self.choose(sight), key=lambda deal: deal.id)
        links = tuple(Target(deal.id, deal.account_id) for deal in deals)
        return Answer(links=links, likeliest=links[0] if len(links) == 1 else None)


def latest(deals: Iterable[Deal], key: Callable[[Deal], datetime | None]) -> list[Deal]:
    """The one deal with the latest instant; of equal ones the first id.

    A deal without the instant comes after all that have it.
    """
    ordered = sorted(deals, key=lambda deal: deal.id)
    if not ordered:
        return []
    return [max(ordered, key=lambda deal: key(deal) or _NEVER)]


def created(deal: Deal) -> datetime | None:
    """When it was created."""
    return deal.opportunity.created_at


def modified(deal: Deal) -> datetime | None:
    """When it was last changed by anybody, as of today."""
    return deal.opportunity.modified_at


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
