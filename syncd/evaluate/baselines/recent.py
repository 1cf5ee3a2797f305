"""The rule of thumb: where there was activity last, there it belongs."""

from syncd.evaluate.baseline import Baseline, latest
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """The open deal with the most recent related activity before it."""
    return latest(sight.open_under(sight.companies), lambda deal: deal.last_activity_at)


BASELINES = (
    Baseline(
        name="most_recent_activity",
        product="nobody's: a rule of thumb",
        rule=(
            "of the open deals of the people's accounts the one with the most recent "
            "related activity before the interaction"
        ),
        leaves_out="nothing; without any activity the first id is taken",
        choose=_choose,
    ),
)
