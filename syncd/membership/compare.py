"""The three-way comparison of two sides with their base. Ids only; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncd.model.membership import Base


class Standing(StrEnum):
    """What two sides and their base say about one contact."""

    ABSENT = "absent"
    AGREED = "agreed"
    ADDED_IN_SALESFORCE = "added_in_salesforce"
    ADDED_IN_OUTREACH = "added_in_outreach"
    REMOVED_IN_SALESFORCE = "removed_in_salesforce"
    REMOVED_IN_OUTREACH = "removed_in_outreach"
    UNCLEAR = "unclear"  # Outreach has somebody who may or may not be this contact


class Primary(StrEnum):
    """What two sides and their base say about the primary contact."""

    AGREED = "agreed"
    MOVED_IN_SALESFORCE = "moved_in_salesforce"
    MOVED_IN_OUTREACH = "moved_in_outreach"
    MOVED_APART = "moved_apart"
    NEVER_AGREED = "never_agreed"
    UNCLEAR = "unclear"  # one side has several


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides of one opportunity as they are now.

    Attributes:
        twin_id: The opportunity in Outreach.
        salesforce: Contacts with a role.
        outreach: Contact → prospect, for prospects that surely are that contact.
        doubtful: Contacts that a prospect there may be, among others.
        strangers: Prospects there that are no contact we know.
        salesforce_primary: The primary contact; empty = nobody, None = several.
        outreach_primary: Likewise; a prospect that is no single contact stands as
            ``prospect <id>``, which equals no contact.
    """

    twin_id: str
    salesforce: frozenset[str]
    outreach: Mapping[str, str]
    doubtful: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    salesforce_primary: str | None = ""
    outreach_primary: str | None = ""


def standing(sides: Sides, base: Base, contact_id: str) -> Standing:
    """How one contact stands.

    Present on one side only, a contact was taken off the other side if it was seen
    there before, and is new otherwise. One that crosses over between two looks counts
    as taken off: what a person removed is never brought back.
    """
    here = contact_id in sides.salesforce
    there = contact_id in sides.outreach
    if here and there:
        return Standing.AGREED
    seen_as = base.outreach.get(contact_id)
    if not there and (contact_id in sides.doubtful or seen_as in sides.strangers):
        return Standing.UNCLEAR
    if here:
        gone = seen_as is not None
        return Standing.REMOVED_IN_OUTREACH if gone else Standing.ADDED_IN_SALESFORCE
    if there:
        gone = contact_id in base.salesforce
        return Standing.REMOVED_IN_SALESFORCE if gone else Standing.ADDED_IN_OUTREACH
    return Standing.ABSENT


def primary(sides: Sides, base: Base) -> Primary:
    """How the primary contact stands; several on one side compare with nothing."""
    ours, theirs, was = sides.salesforce_primary, sides.outreach_primary, base.primary
    if ours is None or theirs is None:
        return Primary.UNCLEAR
    if ours == theirs:
        return Primary.AGREED
    if was is None:
        return Primary.NEVER_AGREED
    if theirs == was:
        return Primary.MOVED_IN_SALESFORCE
    if ours == was:
        return Primary.MOVED_IN_OUTREACH
    return Primary.MOVED_APART


def moved(sides: Sides, base: Base) -> Base:
    """The base after this look at both sides.

    Agreement is only ever what both sides show, person by person. While one side lacks
    an agreed contact the base keeps it on both, so that it stays known as taken off.
    """
    kept = {
        one
        for one in {*base.salesforce, *base.outreach}
        if standing(sides, base, one) is not Standing.ABSENT
    }
    outreach = {one: how for one, how in base.outreach.items() if one in kept}
    outreach |= sides.outreach
    agreed = primary(sides, base) is Primary.AGREED
    return Base(
        opportunity_id=base.opportunity_id,
        twin_id=sides.twin_id,
        salesforce=tuple(sorted(sides.salesforce | kept.intersection(base.salesforce))),
        outreach=dict(sorted(outreach.items())),
        primary=sides.salesforce_primary if agreed else base.primary,
    )
