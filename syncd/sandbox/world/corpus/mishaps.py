"""What happens on the way: meetings are moved or called off, threads go on."""

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


def carried_on(
    earlier: dict[str, list[tuple[str, str]]],
    kind: str,
    fresh: tuple[str, str],
    build: OrgBuilder,
    knobs: WorldKnobs,
) -> tuple[str, str]:
    """Title of a new occasion and of what kind it is, or an earlier one's.

    Mails are answered; invitations are copied from the last one, half as often.

    Args:
        earlier: Titles about the same deal so far, by kind of occasion; the fresh one
            is added when it is used.
        kind: ``meeting``, ``call`` or ``mail``.
        fresh: What it is called otherwise.
        build: The source of chance.
        knobs: ``threads`` says how often.
    """
    known = earlier.setdefault(kind, [])
    rate = {"mail": knobs.threads, "meeting": knobs.threads / 2}.get(kind, 0.0)
    if known and build.chance(rate):
        title, said = build.random.choice(known) if kind == "mail" else known[-1]
        return (f"Re: {title}" if kind == "mail" else title), said
    known.append(fresh)
    return fresh
