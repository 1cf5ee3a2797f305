"""Outreach: the two association rules that a task or note can have."""

from syncd.evaluate.baseline import Baseline, Choice, created, latest, modified
from syncd.evaluate.sight import Deal, Sight

_PAGE = "https://developers.outreach.io/api/reference/"


def _deals(sight: Sight) -> list[Deal]:
    """Open deals that a participant stands on, on either side; else the account's."""
    stands_on = [
        deal
        for deal in sight.deals
        if deal.was_open
        and (deal.id in sight.outreach_deals or deal.contacts & sight.contacts)
    ]
    return stands_on or sight.open_under(sight.companies)


def _created(sight: Sight) -> list[Deal]:
    """The most recently created of the prospect's opportunities."""
    return latest(_deals(sight), created)


def _updated(sight: Sight) -> list[Deal]:
    """The most recently updated of the prospect's opportunities."""
    return latest(_deals(sight), modified)


def _baseline(name: str, word: str, choose: Choice) -> Baseline:
    return Baseline(
        name=f"outreach_{name}",
        product=f"Outreach, opportunityAssociation recent_{name}",
        rule=f"the most recently {word} of the prospect's opportunities",
        leaves_out=(
            "what counts as the prospect's and whether closed ones do: open ones by "
            "role are taken, else the account's; the instants are Salesforce's, since "
            "the mirror has none of Outreach's"
        ),
        source=_PAGE,
        choose=choose,
    )


BASELINES = (
    _baseline("created", "created", _created),
    _baseline("updated", "updated", _updated),
)
