"""HubSpot: the latest open deal."""

from syncd.evaluate.baseline import Baseline, created, latest
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """Of the first contact's company, the open deal created last."""
    return latest(sight.open_under(sight.companies[:1]), created)


BASELINES = (
    Baseline(
        name="hubspot_latest_open",
        product="HubSpot, automatic associations of a meeting on a contact",
        rule="the contact's primary company, and its latest open deal",
        leaves_out=(
            "settings that an account may change; deals that the contact itself is "
            "associated with: the company's are taken"
        ),
        source=(
            "https://developers.hubspot.com/docs/api-reference/2027-03-beta/"
            "crm/associations/auto-associations/guide"
        ),
        choose=_choose,
    ),
)
