"""Gong: the present default, and the earlier rule with contact roles."""

from datetime import timedelta
from typing import Final

from syncd.evaluate.baseline import Baseline, created
from syncd.evaluate.sight import Deal, Sight

_AROUND: Final = timedelta(days=14)


def _default(sight: Sight) -> list[Deal]:
    """Open deals whose owner took part, else all open deals."""
    deals = sight.open_under({*sight.companies, *sight.domains})
    return [deal for deal in deals if deal.owner_id in sight.users] or deals


def _with_roles(sight: Sight) -> list[Deal]:
    """Deals open then or within 14 days; those with a participant's role, if any."""
    deals = [
        deal
        for deal in sight.under({*sight.companies, *sight.domains})
        if deal.was_open or _is_near(sight, deal)
    ]
    return [deal for deal in deals if deal.contacts & sight.contacts] or deals


def _is_near(sight: Sight, deal: Deal) -> bool:
    """Whether it was opened up to 14 days after, or closed up to 14 days before."""
    born, closed = created(deal), deal.closed_at
    opened_after = born is not None and sight.at < born <= sight.at + _AROUND
    closed_before = closed is not None and sight.at - _AROUND <= closed <= sight.at
    return opened_after or closed_before


BASELINES = (
    Baseline(
        name="gong_default",
        product="Gong, default association",
        rule=(
            "accounts of the contacts, else of the website's domain; of their open "
            "deals those whose owner is a participant, without any all of them"
        ),
        leaves_out=(
            "how status and close date together decide that a deal is open: its "
            "state at the conversation is taken"
        ),
        source="https://help.gong.io/v1/docs/default-crm-entity-association",
        takes_all=True,
        choose=_default,
    ),
    Baseline(
        name="gong_14_days_roles",
        product="Gong, earlier rule with contact roles",
        rule=(
            "deals open at the conversation, opened up to 14 days after it or closed "
            "up to 14 days before it; those with a participant's contact role, if any"
        ),
        leaves_out="the further narrowing, which could not be read, to at most five",
        source=(
            "https://contact.gong.io/hc/en-us/articles/"
            "4815696533389-How-Gong-activities-are-associated-to-deals-in-your-CRM"
        ),
        takes_all=True,
        choose=_with_roles,
    ),
)
