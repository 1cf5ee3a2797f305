"""Yesware: the first recipient that Salesforce knows decides."""

from syncd.evaluate.baseline import Baseline, created, latest
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """The first known person's open deal by role; a lead has none."""
    first = next((p for p in sight.people if p.lead_ids or p.contact_ids), None)
    if first is None or first.lead_ids:
        return []
    return latest(sight.open_with_role(first.contact_ids), created)


BASELINES = (
    Baseline(
        name="yesware",
        product="Yesware, Salesforce sync",
        rule=(
            "the first address in the list that is a lead or contact, leads first; "
            "its open opportunity by contact role, the most recently created one; "
            "else no opportunity but the account"
        ),
        leaves_out=(
            "among contacts with one address the one with the most recent activity: "
            "the opportunities of all of them count"
        ),
        source=(
            "https://support.yesware.com/hc/en-us/articles/15420512919575-"
            "Use-custom-Activity-Fields-to-build-on-your-existing-SFDC-reports"
        ),
        choose=_choose,
    ),
)
