"""Twenty: every opportunity of which somebody is the point of contact."""

from syncd.evaluate.baseline import Baseline
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """All deals whose primary contact took part, at any stage and date."""
    return [deal for deal in sight.deals if deal.primary in sight.contacts]


BASELINES = (
    Baseline(
        name="twenty_all",
        product="Twenty, timeline of an opportunity",
        rule="every opportunity whose point of contact took part, any stage, any date",
        leaves_out=(
            "that Salesforce has no point of contact: the primary contact role stands "
            "for it; the first person of several with one address"
        ),
        source="https://github.com/twentyhq/twenty",
        takes_all=True,
        choose=_choose,
    ),
)
