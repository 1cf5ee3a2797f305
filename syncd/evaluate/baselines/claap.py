"""Claap: classes of deals by their state around the meeting, then nearest creation."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from syncd.evaluate.baseline import Baseline, created
from syncd.evaluate.sight import Deal, Sight

_WINDOW: Final = timedelta(days=30)
_Class = Callable[[Deal, datetime], bool]


def _is_open(deal: Deal, _at: datetime) -> bool:
    return not deal.opportunity.is_closed


def _created_soon(deal: Deal, at: datetime) -> bool:
    born = created(deal)
    return born is not None and at < born <= at + _WINDOW


def _closed_shortly_before(deal: Deal, at: datetime) -> bool:
    return deal.closed_at is not None and at - _WINDOW <= deal.closed_at <= at


def _closed_after(deal: Deal, at: datetime) -> bool:
    return deal.closed_at is not None and deal.closed_at > at


def _closed_before(deal: Deal, at: datetime) -> bool:
    return deal.closed_at is not None and deal.closed_at <= at


_CLASSES: Final[tuple[_Class, ...]] = (
    lambda deal, _at: deal.was_open,
    _is_open,
    _created_soon,
    _closed_shortly_before,
    _closed_after,
    _closed_before,
)


def _choose(sight: Sight) -> list[Deal]:
    """The first class that has a deal; of several the one created nearest."""
    deals = sight.under(sight.companies)
    for belongs in _CLASSES:
        found = [deal for deal in deals if belongs(deal, sight.at)]
        if found:
            return [min(found, key=lambda deal: (_distance(deal, sight.at), deal.id))]
    return []


def _distance(deal: Deal, at: datetime) -> timedelta:
    born = created(deal)
    return abs(born - at) if born else timedelta.max


BASELINES = (
    Baseline(
        name="claap",
        product="Claap, meeting recordings",
        rule=(
            "of all deals of the contacts' companies the first of: open during the "
            "meeting, open, created within 30 days after, closed within 30 days "
            "before, closed after, closed before; of several the creation date "
            "nearest the meeting"
        ),
        leaves_out="the daily second look during seven days",
        source=(
            "https://intercom.help/claap/en/articles/"
            "10260665-how-are-meeting-recordings-matched-to-crm-objects"
        ),
        choose=_choose,
    ),
)
