"""Slices: hard kinds of activities, told from the data and the label."""

from collections.abc import Iterator
from typing import Final

from syncd.evaluate.answers import Answer, Target
from syncd.evaluate.sight import Deal, Sight
from syncd.model.interaction import Interaction

SLICES: Final = {
    "several_open": "two or more deals of the people's accounts were open",
    "several_accounts": "people of two or more accounts took part",
    "roles_missing": "nobody who took part has a role on the label's deal",
    "owner_absent": "the owner of the label's deal did not take part",
    "as_of": "the label's deal is closed today and another of those accounts is open",
    "closed_today": "the label's deal is closed today, or only that held the link back",
    "series": "one occurrence of a series",
    "case": "the label is a case",
    "no_target": "the label is empty",
}
"""What each slice holds; a labels file may bring more."""


def slices_of(
    interaction: Interaction, sight: Sight, truth: Target | None, answer: Answer
) -> frozenset[str]:
    """Names of the slices that one labelled activity is in."""
    deal = next((d for d in sight.deals if truth and d.id == truth.id), None)
    found = {
        *_of_interaction(interaction, sight),
        *(_of_deal(deal, sight) if deal else ()),
    }
    if truth is None:
        found.add("no_target")
    elif truth.id.startswith(_CASE_PREFIX):
        found.add("case")
    if answer.because_open_then:
        found.add("closed_today")
    return frozenset(found)


def _of_interaction(interaction: Interaction, sight: Sight) -> Iterator[str]:
    if len(sight.open_under(sight.companies)) > 1:
        yield "several_open"
    if len(sight.companies) > 1:
        yield "several_accounts"
    if interaction.series_key is not None:
        yield "series"


def _of_deal(deal: Deal, sight: Sight) -> Iterator[str]:
    if not deal.contacts & sight.contacts:
        yield "roles_missing"
    if deal.owner_id not in sight.users:
        yield "owner_absent"
    if deal.opportunity.is_closed:
        yield "closed_today"
        others = (one.opportunity for one in sight.under(sight.companies))
        if deal.was_open and not all(other.is_closed for other in others):
            yield "as_of"


_CASE_PREFIX: Final = "500"
