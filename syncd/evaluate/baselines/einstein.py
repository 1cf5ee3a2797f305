"""Salesforce Einstein Conversation Insights: related record matching."""

from collections import Counter

from syncd.evaluate.baseline import Baseline, latest, modified
from syncd.evaluate.sight import Deal, Sight

_PAGE = "https://help.salesforce.com/s/articleView?id=sales."


def _voice(sight: Sight) -> list[Deal]:
    """Role deals of the one contact, else deals of its account: the last changed."""
    known = [person.contact_ids for person in sight.people if person.contact_ids]
    contacts = known[0] if known else ()
    with_role = sight.open_with_role(contacts)
    return latest(with_role or sight.open_under(sight.companies[:1]), modified)


def _video(sight: Sight) -> list[Deal]:
    """Most people with a role, else the account's deals whose owner took part."""
    with_role = sight.open_with_role(sight.contacts)
    if with_role:
        counts = Counter(
            {deal.id: len(deal.contacts & sight.contacts) for deal in with_role}
        )
        most = max(counts.values())
        return latest([d for d in with_role if counts[d.id] == most], modified)
    owned = [d for d in sight.open_under(sight.companies) if d.owner_id in sight.users]
    by_domain = sight.open_under(sight.domains)
    return latest(owned or by_domain, modified)


BASELINES = (
    Baseline(
        name="eci_voice",
        product="Einstein Conversation Insights, voice calls",
        rule=(
            "the contact's open opportunities by contact role, else by its account; "
            "of several the one with the most recent Last Modified date"
        ),
        leaves_out=(
            "opportunities not modified within two years; matching by phone, which is "
            "ours; Last Modified is today's, not the one of that day"
        ),
        source=f"{_PAGE}ci_related_record_voice.htm",
        choose=_voice,
    ),
    Baseline(
        name="eci_video",
        product="Einstein Conversation Insights, video calls",
        rule=(
            "the open opportunity with the most contact-role participants, then the "
            "most recent Last Modified date; without a role the account's, if their "
            "owner is on the call; else the account of the e-mail domain"
        ),
        leaves_out=(
            "opportunity teams; that team members may stand in for the owner; Last "
            "Modified is today's, not the one of that day"
        ),
        source=f"{_PAGE}ci_related_records.htm",
        choose=_video,
    ),
)
