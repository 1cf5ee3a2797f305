"""Outreach's and Chorus's own words for the opportunity, and how far to trust them.

Both follow rules of their own (the most recent opportunity, an old link), so a word
of theirs is evidence, never truth. How good it is is learned from the links that
people made: a source that mostly agrees with them counts for more.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from syncd.association.links import OPPORTUNITY_PREFIX, set_by_person
from syncd.model.interaction import Interaction
from syncd.model.record import RecordRef
from syncd.model.view import AccountView

SOURCES: Final = ("chorus", "outreach")
_PRIOR: Final = 0.75
"""How often a source is right before anything is known of it."""
_PRIOR_COUNT: Final = 12.0
_LEAST, _MOST = 0.2, 0.95

Tally = Mapping[str, tuple[int, int]]
"""By source: how many of its words agree with a person's link, and of how many."""


class Hint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Another system's own word for the opportunity."""

    opportunity_id: str
    source: str
    ref: RecordRef


def hints_of(
    view: AccountView, outreach_to_crm: Mapping[str, str], interaction: Interaction
) -> list[Hint]:
    """What the other systems say of one interaction."""
    found: list[Hint] = []
    for ref in interaction.refs:
        if ref.system == "chorus":
            engagement = view.engagements.get(ref.id)
            target = engagement.opportunity_id if engagement else None
        elif ref.system == "outreach":
            target = outreach_to_crm.get(_named_in_outreach(view, ref))
        else:
            continue
        if target is not None:
            found.append(Hint(opportunity_id=target, source=ref.system, ref=ref))
    return found


def _named_in_outreach(view: AccountView, ref: RecordRef) -> str:
    """The Outreach opportunity of a call or mail; a task's follows a rule."""
    if ref.object == "call":
        call = view.calls.get(ref.id)
        return (call.opportunity_id if call else None) or ""
    mailing = view.mailings.get(ref.id) if ref.object == "mailing" else None
    return (mailing.opportunity_id if mailing else None) or ""


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """How the sources did in all of these."""
    found = dict.fromkeys(SOURCES, (0, 0))
    for one in tallies:
        for source, (agreed, compared) in one.items():
            before = found[source]
            found[source] = (before[0] + agreed, before[1] + compared)
    return found


def own_tally(
    view: AccountView, outreach_to_crm: Mapping[str, str], interaction: Interaction
) -> Tally:
    """What one interaction alone says of the sources: nothing without a link.

    People must have made exactly one.
    """
    hints = hints_of(view, outreach_to_crm, interaction)
    links = set(_links_of_people(view, interaction)) if hints else ()
    if len(links) != 1:
        return {}
    said: dict[str, set[str]] = {}
    for hint in hints:
        said.setdefault(hint.source, set()).add(hint.opportunity_id)
    return {source: (int(names == links), 1) for source, names in said.items()}


def _links_of_people(view: AccountView, interaction: Interaction) -> Iterable[str]:
    for ref in interaction.refs:
        activity = view.activities.get(ref) if ref.system == "salesforce" else None
        if (
            activity is not None
            and (activity.what_id or "").startswith(OPPORTUNITY_PREFIX)
            and set_by_person(activity, interaction, view)
        ):
            yield activity.what_id or ""


def reliability(source: str, tally: Tally, own: Tally) -> float:
    """Log-odds that a source's word is right; 0 when it says nothing.

    Args:
        source: The system that gave its word.
        tally: How it did in this view.
        own: What the interaction that is judged adds to that; taken out again.
    """
    agreed, compared = _PRIOR * _PRIOR_COUNT, _PRIOR_COUNT
    for one, sign in ((tally, 1), (own, -1)):
        more = one.get(source, (0, 0))
        agreed, compared = agreed + sign * more[0], compared + sign * more[1]
    share = min(_MOST, max(_LEAST, agreed / compared))
    return math.log(share / (1.0 - share))
