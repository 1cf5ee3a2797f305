"""The org as everything that judges must know it: what people said included."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from syncd.model.outcome import PollOutcome
from syncd.model.policy import Policy
from syncd.model.tombstone import Tombstone
from syncd.model.view import OrgContext
from syncd.pipeline.membership import knowing_the_plug_in
from syncd.pipeline.poll import FactMirror
from syncd.pipeline.review import with_choices
from syncd.ports.reviews import Reviews

_APART: Final = timedelta(minutes=5)  # two clocks that are right


def judged_at(polls: Mapping[str, PollOutcome], *, now: datetime) -> datetime:
    """As of when to judge: our clock, unless the last poll found it ahead.

    A clock that was set forth must not end a grace or settle time early, nor have a
    meeting be over before it began; one that was set back only lets us wait longer.
    What happened between that poll and now is measured by ours. ``polls`` are the last
    ones, by system.
    """
    last = polls.get("salesforce")
    if last is None or last.as_of is None or last.read_until is None:
        return now
    ahead = last.as_of - last.read_until
    return now - ahead if ahead > _APART else now


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
