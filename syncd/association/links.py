"""Links that exist already: what other interactions were related to, and by whom."""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import msgspec

from syncd.association.words import subject_of
from syncd.model.entities import Activity
from syncd.model.interaction import STRONG_KEYS, Interaction, Participant, Side
from syncd.model.record import RecordRef
from syncd.model.view import AccountView

OPPORTUNITY_PREFIX: Final = "006"
DAY: Final = 86_400_000_000
"""Of the microseconds that links are compared by: cheaper than instants."""
SPAN: Final = 45 * DAY
NEAREST: Final = 12
"""Links looked at on either side of an interaction; more would tell nothing new."""
MONTHS: Final = 150 * DAY
"""How far off other interactions still tell what somebody is met about."""
MOST: Final = 30
"""Of those, looked at on either side."""
_HALVED: Final = 0.5
_ERA: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Custom(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """How links of one kind wear off, and how many of them it takes to be believed."""

    half_life_days: float
    doubt: float

    @cached_property
    def worth(self) -> tuple[float, ...]:
        """What is left of a link that is so many days off."""
        days = range(SPAN // DAY + 1)
        return tuple([_HALVED ** (day / self.half_life_days) for day in days])


HABIT: Final = Custom(half_life_days=12.0, doubt=0.7)
"""What people and subjects have in common: the next week may be about another deal."""
SERIES: Final = Custom(half_life_days=25.0, doubt=0.25)
"""Occurrences of one series: one is almost enough."""


class Link(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One activity that is related to an opportunity; there is one for each.

    ``at`` is in microseconds, see :func:`instant`.
    """

    at: int
    opportunity_id: str
    interaction_key: str
    ref: RecordRef
    by_person: bool


class Worth(msgspec.Struct, kw_only=True, gc=False):
    """Links to one opportunity: how much they are worth together, and which.

    ``strength`` is their share of all links, less where those are few.
    """

    worth: float = 0.0
    strength: float = 0.0
    refs: list[RecordRef] = msgspec.field(default_factory=list)


class Precedents(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Links of other interactions near one: by opportunity, people's and tools'."""

    people: Mapping[str, Worth]
    tools: Mapping[str, Worth]


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Links that have something in common, oldest first, and what they are found by.

    ``times`` are their instants, ``keys`` their interactions.
    """

    links: list[Link] = msgspec.field(default_factory=list)
    times: list[int] = msgspec.field(default_factory=list)
    keys: list[str] = msgspec.field(default_factory=list)

    def around(self, at: int, span: int, most: int) -> slice:
        """Those within the span of an instant, at most so many on either side."""
        times = self.times
        if len(times) <= most:
            low = bisect_left(times, at - span)
            return slice(low, bisect_right(times, at + span, low))
        middle = bisect_left(times, at)
        first, last = max(0, middle - most), min(len(times), middle + most)
        low = bisect_left(times, at - span, first, middle)
        return slice(low, bisect_right(times, at + span, middle, last))


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Every link of one view, by what interactions can have in common.

    ``of_user`` and ``of_deal`` have those that people set, ``of_deal`` one of each
    interaction with a known contact, by opportunity.
    """

    of_series: Mapping[str, Row]
    of_subject: Mapping[str, Row]
    of_contact: Mapping[str, Row]
    of_user: Mapping[str, Row]
    of_deal: Mapping[str, Row]


def contacts_of(person: Participant) -> tuple[str, ...]:
    """Contacts of a person by keys that may carry a change."""
    return person.contact_ids if person.matched_by in STRONG_KEYS else ()


def gather_links(view: AccountView) -> Links:
    """Index the links of a view whose interactions are known."""
    found = sorted(
        (
            (link, subject, interaction)
            for interaction in view.interactions
            for link, subject in _links(view, interaction)
        ),
        key=lambda one: (one[0].at, one[0].ref),
    )
    by_contact = [
        (contact_id, link)
        for link, _, i in found
        for person in i.external
        for contact_id in contacts_of(person)
    ]
    of_deal = {
        (link.opportunity_id, link.interaction_key): link
        for _, link in by_contact
        if link.by_person
    }
    return Links(
        of_series=_index((i.series_key, link) for link, _, i in found),
        of_subject=_index((subject, link) for link, subject, _ in found),
        of_contact=_index(by_contact),
        of_user=_index(
            (person.user_id, link)
            for link, _, i in found
            if link.by_person
            for person in i.participants
            if person.side is Side.INTERNAL
        ),
        of_deal=_index((link.opportunity_id, link) for link in of_deal.values()),
    )


def _index(pairs: Iterable[tuple[str | None, Link]]) -> dict[str, Row]:
    """Links by key, in the order given."""
    found: dict[str, Row] = {}
    for key, link in pairs:
        if key:
            row = found.get(key)
            if row is None:
                row = found[key] = Row()
            row.links.append(link)
            row.times.append(link.at)
            row.keys.append(link.interaction_key)
    return found


def _links(view: AccountView, interaction: Interaction) -> Iterable[tuple[Link, str]]:
    for ref in interaction.refs:
        if ref.system != "salesforce":
            continue
        activity = view.activities.get(ref)
        if activity is None or activity.what_id is None:
            continue
        if not activity.what_id.startswith(OPPORTUNITY_PREFIX):
            continue
        if activity.modified_by_id in view.org.our_user_ids:
            # Else what we wrote would make us surer of the next one, for ever on.
            continue
        link = Link(
            at=instant(interaction.starts_at),
            opportunity_id=activity.what_id,
            interaction_key=interaction.key,
            ref=ref,
            by_person=set_by_person(activity, interaction, view),
        )
        yield link, subject_of(activity.subject)


def set_by_person(
    activity: Activity, interaction: Interaction, view: AccountView
) -> bool:
    """Whether people, as far as the record tells, chose what it is related to.

    A tool that logs in a person's name leaves its marks: an id of its own in the
    activity, or the activity among its own records.
    """
    creator, editor = activity.created_by_id, activity.modified_by_id
    chooser = creator if editor is None else editor
    if chooser in view.org.integration_user_ids or chooser in view.org.our_user_ids:
        return False
    if chooser != creator:
        return True
    if activity.chorus_id is not None:
        return False
    return "outreach" not in [ref.system for ref in interaction.refs]


def instant(at: datetime) -> int:
    """An instant in microseconds."""
    return (at - _ERA) // _MICROSECOND


def precedents(
    own: str,
    at: int,
    index: Mapping[str, Row],
    keys: Iterable[str],
    custom: Custom = HABIT,
) -> Precedents | None:
    """Links of those weeks, each activity once; the nearer, the more it is worth.

    Args:
        own: Key of the interaction that is judged, whose links do not count.
        at: Its instant.
        index: Where links are found.
        keys: Under what.
        custom: How fast links wear off.
    """
    worth = custom.worth
    people: dict[str, Worth] = {}
    tools: dict[str, Worth] = {}
    for link in dict.fromkeys(_nearby(index, keys, at, SPAN, NEAREST)):
        if link.interaction_key == own:
            continue
        kind = people if link.by_person else tools
        one = kind.get(link.opportunity_id)
        if one is None:
            one = kind[link.opportunity_id] = Worth()
        one.worth += worth[abs((link.at - at) // DAY)]
        one.refs.append(link.ref)
    if not people and not tools:
        return None
    for kind in (people, tools):
        if kind:
            total = sum([one.worth for one in kind.values()]) + custom.doubt
            for one in kind.values():
                one.strength = one.worth / total
    return Precedents(people=people, tools=tools)


def tally(
    own: str,
    at: int,
    index: Mapping[str, Row],
    keys: Iterable[str],
    among: Container[str],
) -> dict[str, dict[str, RecordRef]]:
    """Which of some opportunities people related other interactions of those months to.

    By opportunity an activity of each interaction, however many records it has.

    Args:
        own: Key of the interaction that is judged, whose links do not count.
        at: Its instant.
        index: Where links are found.
        keys: Under what.
        among: The opportunities.
    """
    found: dict[str, dict[str, RecordRef]] = {}
    for link in _nearby(index, keys, at, MONTHS, MOST):
        key = link.opportunity_id
        if link.by_person and key in among and link.interaction_key != own:
            found.setdefault(key, {}).setdefault(link.interaction_key, link.ref)
    return found


def count_of(own: str, at: int, links: Links, opportunity_id: str) -> int:
    """How many other interactions of those months people related to an opportunity.

    Args:
        own: Key of the interaction that is judged, which does not count.
        at: Its instant.
        links: Where links are found.
        opportunity_id: The opportunity.
    """
    row = links.of_deal.get(opportunity_id)
    if row is None:
        return 0
    keys = row.keys[row.around(at, MONTHS, MOST)]
    return len(keys) - keys.count(own)


def _nearby(
    index: Mapping[str, Row], keys: Iterable[str], at: int, span: int, count: int
) -> list[Link]:
    """Links within the span of an instant, the nearest of each key on either side."""
    found: list[Link] = []
    for key in keys:
        row = index.get(key)
        if row is not None:
            found += row.links[row.around(at, span, count)]
    return found
