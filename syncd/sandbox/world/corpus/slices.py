"""In what ways an activity is hard to place: the names that figures are cut by."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.tools import holders, open_deals
from syncd.sandbox.world.corpus.truth import Deal, Firm, Occasion

NAMES: Final = (
    "agency",
    "alias",
    "as_of",
    "bulk_edited",
    "cancelled",
    "case",
    "closed_today",
    "contact_moved",
    "created_late",
    "duplicate_contact",
    "free_mail",
    "generic_title",
    "guest",
    "misleading_title",
    "no_show",
    "no_target",
    "one_open",
    "owner_absent",
    "owner_changed",
    "parent_child",
    "renamed",
    "reopened",
    "rescheduled",
    "roles_late",
    "roles_missing",
    "same_name_renewal",
    "series",
    "several_open",
    "stale_rival",
    "two_tools",
)
"""Every slice there is."""

_BACK_TO_BACK: Final = timedelta(days=30)


def slices_of(one: Occasion, knobs: WorldKnobs, *, is_twin: bool) -> frozenset[str]:
    """The slices to which an occasion's activities belong."""
    found = {*_of_people(one), *_of_course(one, knobs)}
    if is_twin:
        found.add("two_tools")
    if one.firm is not None:
        found |= {*_of_rivals(one, one.firm)}
    if one.deal is not None:
        found |= {*_of_deal(one, one.deal, knobs)}
    return frozenset(found)


def _of_people(one: Occasion) -> Iterator[str]:
    guests = one.guests
    if any(guest.before or guest.to_at for guest in guests):
        yield "contact_moved"
    if any(guest.is_duplicated for guest in guests):
        yield "duplicate_contact"
    if any(guest.firm.is_agency for guest in guests):
        yield "agency"
    if any(guest.is_free_mail for guest in guests):
        yield "free_mail"
    if any(guest.written_as or guest.phone for guest in guests):
        yield "alias"
    if one.unlisted or any(not guest.contacts for guest in guests):
        yield "guest"


def _of_course(one: Occasion, knobs: WorldKnobs) -> Iterator[str]:
    told = {
        one.status: one.status != "held",
        "series": one.series is not None,
        "rescheduled": one.moved_from is not None,
        "renamed": bool(one.former_title),
        f"{one.title_kind}_title": one.title_kind in {"generic", "misleading"},
        "no_target": one.about is None,
        "case": one.about is not None and one.deal is None,
        "bulk_edited": knobs.bulk_edits,
    }
    return (name for name, so in told.items() if so)


def _of_rivals(one: Occasion, firm: Firm) -> Iterator[str]:
    rivals = open_deals([firm], one.at)
    yield "several_open" if len(rivals) > 1 else "one_open"
    if any(rival.is_stale and rival is not one.about for rival in rivals):
        yield "stale_rival"
    people = {guest.firm for guest in one.guests}
    if firm.parent in people or any(guest.parent is firm for guest in people):
        yield "parent_child"


def _of_deal(one: Occasion, deal: Deal, knobs: WorldKnobs) -> Iterator[str]:
    at, there = one.at, set(one.guests)
    ever = bool(there & {person for _, person, _ in deal.roles})
    told = {
        "roles_missing": not ever,
        "roles_late": ever and not there & holders(deal, at),
        "owner_absent": deal.owner_at(at) not in one.staff,
        "same_name_renewal": any(
            d is not deal and d.name == deal.name for d in deal.firm.deals
        ),
        "closed_today": deal.is_closed,
        "created_late": deal.created > at,
        "reopened": deal.was_reopened,
        "owner_changed": deal.owner_at(at) is not deal.owner,
        "as_of": _today_misleads(one, deal, knobs),
    }
    return (name for name, so in told.items() if so)


def _today_misleads(one: Occasion, deal: Deal, knobs: WorldKnobs) -> bool:
    """Whether today's state points elsewhere while history singles the deal out.

    It was the account's only open deal then. Today it is closed and another one is
    open or came right after it, or it is in other hands; the services hold what shows
    how it was.
    """
    others = [d for d in deal.firm.deals if d is not deal]
    alone = deal.is_open_at(one.at) and not any(d.is_open_at(one.at) for d in others)
    if knobs.history == "none" or not alone:
        return False
    overtaken = deal.is_closed and any(
        not other.is_closed or _follows(other, deal, one.at) for other in others
    )
    handed_on = knobs.history == "full" and deal.owner_at(one.at) is not deal.owner
    return overtaken or handed_on


def _follows(later: Deal, deal: Deal, at: datetime) -> bool:
    """Whether a deal came right after another and was not there yet."""
    ended = deal.ended
    if ended is None or later.created <= at:
        return False
    return abs(later.created - ended) <= _BACK_TO_BACK
