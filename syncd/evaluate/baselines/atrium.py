"""Atrium: deals of the person who sent or held it."""

from syncd.evaluate.baseline import Baseline
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """Own open deals by role, else by the contact's account, else by domain."""
    own = {sight.host} if sight.host else sight.users

    def owned(deals: list[Deal]) -> list[Deal]:
        return [deal for deal in deals if deal.owner_id in own]

    return (
        owned(sight.open_with_role(sight.contacts))
        or owned(sight.open_under(sight.companies))
        or owned(sight.open_under(sight.domains))
    )


BASELINES = (
    Baseline(
        name="atrium",
        product="Atrium, matching e-mails and meetings",
        rule=(
            "open opportunities owned by the person who sent it on which the address "
            "has a role; else the open opportunities of the contact's account that "
            "this person owns, all of them; else the same by e-mail domain"
        ),
        leaves_out=(
            "the domain of other contacts, beside the account's website; who the "
            "individual of a meeting is: its host, else everybody of ours"
        ),
        source=(
            "https://support.atriumhq.com/hc/en-us/articles/"
            "360049792191-Matching-Emails-Meetings-to-Accounts-Opportunities"
        ),
        takes_all=True,
        choose=_choose,
    ),
)
