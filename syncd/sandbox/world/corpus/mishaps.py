"""What happens on the way: meetings are moved and called off, mails are answered."""

from typing import Final

from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.chances import days
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.truth import Occasion
from syncd.sandbox.world.org import OWN_DOMAIN, OrgBuilder

_OTHERS: Final = (
    ("c_18room4@resource.calendar.google.com", "Room 4"),
    ("notes@otter.ai", "Otter Notetaker"),
    (f"sales-team@{OWN_DOMAIN}", "Sales"),
)
_SPAN_DAYS: Final = (1, 9)


def befall(
    one: Occasion, build: OrgBuilder, knobs: WorldKnobs, former_title: str
) -> None:
    """Let a meeting with guests go the way of some; it may have had another title."""
    if one.kind != "meeting" or not one.guests:
        return
    if one.series is None:
        _arrange(one, build, knobs, former_title)
    if one.series is None and build.chance(knobs.cancelled):
        one.status = "cancelled"
    elif build.chance(knobs.no_show):
        one.status = "no_show"


def _arrange(
    one: Occasion, build: OrgBuilder, knobs: WorldKnobs, former_title: str
) -> None:
    random, chance = build.random, build.chance
    if chance(knobs.rescheduled):
        one.moved_from = one.at - days(random, *_SPAN_DAYS)
    if chance(knobs.renamed):
        one.former_title = former_title
    if chance(knobs.crowd):
        one.others = (random.choice(_OTHERS),)
    if chance(knobs.unlisted):
        first, last = random.choice(names.FIRST), random.choice(names.LAST)
        one.unlisted = (f"{first} {last}",)


def answered(
    mails: list[tuple[str, str]],
    title: str,
    title_kind: str,
    build: OrgBuilder,
    knobs: WorldKnobs,
) -> tuple[str, str]:
    """Subject of a new mail, and of what kind it is: an answer's is the first one's."""
    if mails and build.chance(knobs.threads):
        subject, title_kind = build.random.choice(mails)
        return f"Re: {subject}", title_kind
    mails.append((title, title_kind))
    return title, title_kind
