"""Weflow: only where it is unambiguous."""

from syncd.evaluate.baseline import Baseline
from syncd.evaluate.sight import Deal, Sight


def _choose(sight: Sight) -> list[Deal]:
    """The one open deal by role, else the account's only one; all people agree."""
    found: dict[str, Deal] = {}
    for person in sight.people:
        with_role = sight.open_with_role(person.contact_ids)
        only = with_role or sight.open_under(
            sight.account_of[contact]
            for contact in person.contact_ids
            if contact in sight.account_of
        )
        if len(only) == 1:
            found[only[0].id] = only[0]
    return list(found.values()) if len(found) == 1 else []


BASELINES = (
    Baseline(
        name="weflow",
        product="Weflow, activity capture",
        rule=(
            "an open opportunity on which the contact has a role, if on one only, or "
            "the only open opportunity of the contact's account; else none"
        ),
        leaves_out=(
            "choices that users made by hand and it remembers; which wins when the "
            "contacts of one meeting point to different ones: none is taken"
        ),
        source="https://help.getweflow.com/en/articles/12637148-business-logic",
        choose=_choose,
    ),
)
