"""The org as everything that judges must know it: what people said included."""

from collections.abc import Collection

from syncd.model.policy import Policy
from syncd.model.tombstone import Tombstone
from syncd.model.view import OrgContext
from syncd.pipeline.membership import knowing_the_plug_in
from syncd.pipeline.poll import FactMirror
from syncd.pipeline.review import with_choices
from syncd.ports.reviews import Reviews


def org_as_known(
    mirror: FactMirror,
    policy: Policy,
    *,
    stones: Collection[Tombstone],
    reviews: Reviews,
) -> OrgContext:
    """What is the same for every account, with what people chose and refused.

    ``stones`` are those that stand. A plan and an explanation that knew different
    things would give different answers.
    """
    org = knowing_the_plug_in(mirror.org(policy), mirror)
    return with_choices(org, reviews=reviews, stones=stones)
