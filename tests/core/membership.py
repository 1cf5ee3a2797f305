"""A deal in both systems, for tests of who is on it."""

from collections.abc import Sequence
from typing import Any

from syncd.membership.sides import moved_bases
from syncd.model.membership import Base
from syncd.model.view import AccountView
from syncd.pipeline.judge import build_view

OUT = "contact-on-outreach-opportunity"
BACK = "prospect-on-salesforce-opportunity"
DEAL = "006deal"
ADD = ("outreach", "create", "p-ann", "auto")
ADD_BACK = ("salesforce", "create", "003ann", "review")
REMOVE = ("outreach", "delete", "pr-deal-ann", "review")
REMOVE_BACK = ("salesforce", "delete", "00Kdealann", "review")


def deal(world: Any, *people: str) -> None:
    """A deal in both systems, whose people both know."""
    world.opportunity()
    world.twin()
    for one in people:
        world.contact(one)
        world.prospect(one)


def agreed(world: Any, *people: str, lead: str | None = None, **otherwise: Any) -> None:
    """Both sides once had these people; ``otherwise`` are fields of the base."""
    given = {
        "twin_id": "o-deal",
        "salesforce": tuple(sorted(f"003{one}" for one in people)),
        "outreach": {f"003{one}": f"p-{one}" for one in people},
        "primary": lead if lead is None else lead and f"003{lead}",
    }
    world.bases[DEAL] = Base(opportunity_id=DEAL, **(given | otherwise))


def changes(world: Any) -> Sequence[tuple[str, str, str, str]]:
    """What both rules would write: (system, operation, what, mode)."""
    return sorted(
        (
            change.target.system,
            change.operation,
            change.target.id or change.natural_key.rpartition("|")[2],
            change.mode.value,
        )
        for finding in world.findings(OUT, BACK)
        for change in finding.changes
    )


def view_of(world: Any) -> AccountView:
    """The account view."""
    return build_view(
        world.records(), org=world.context(), policy=world.rules(), now=world.now
    )


def bases(world: Any) -> Sequence[Base]:
    """The bases that a look moves."""
    return list(moved_bases(view_of(world)))
