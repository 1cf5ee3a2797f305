"""Links that exist already: what other interactions were related to, and by whom."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.association.words import subject_of
from syncd.model.entities import Activity
from syncd.model.interaction import STRONG_KEYS, Interaction, Participant, Side
from syncd.model.record import RecordRef
from syncd.model.view import AccountView

OPPORTUNITY_PREFIX: Final = "006"
SPAN: Final = timedelta(days=45)
NEAREST: Final = 12
"""Links looked at on either side of an interaction; more would tell nothing new."""
MONTHS: Final = timedelta(days=150)
"""How far off other interactions still tell what somebody is met about."""
MOST: Final = 30
"""Of those, looked at on either side."""
_HALVED: Final = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Custom:
    """How links of one kind wear off, and how many of them it takes to be believed."""

    half_life_days: float
    doubt: float


HABIT: Final = Custom(half_life_days=12.0, doubt=0.7)
"""What people and subjects have in common: the next week may be about another deal."""
SERIES: Final = Custom(half_life_days=25.0, doubt=0.25)
"""Occurrences of one series: one is almost enough."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One activity that is related to an opportunity; tuples of them are by time."""

    at: datetime
    opportunity_id: str
    interaction_key: str
    ref: RecordRef
    by_person: bool


@dataclass(kw_only=True, slots=True)
class Worth:
    """Links to one opportunity: how much they are worth together, and which."""

    worth: float = 0.0
    refs: list[RecordRef] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Precedents:
    """Links of other interactions near one: by opportunity, people's and tools'."""

    people: Mapping[str, Worth] = field(default_factory=dict)
    tools: Mapping[str, Worth] = field(default_factory=dict)


NO_PRECEDENTS: Final = Precedents()


def strength(
    links: Mapping[str, Worth], opportunity_id: str, custom: Custom = HABIT
) -> float:
    """How much links speak for one opportunity: its share, less where they are few."""
    own = links[opportunity_id].worth
    return own / (sum(one.worth for one in links.values()) + custom.doubt)


@dataclass(frozen=True, kw_only=True)
class Links:
    """Every link of one view, by what interactions can have in common."""

    of_series: Mapping[str, Sequence[Link]]
    of_subject: Mapping[str, Sequence[Link]]
    of_contact: Mapping[str, Sequence[Link]]
    of_pair: Mapping[str, Sequence[Link]]
    of_user: Mapping[str, Sequence[Link]]


def contacts_of(person: Participant) -> tuple[str, ...]:
    """Contacts of a person by keys that may carry a change."""
    return person.contact_ids if person.matched_by in STRONG_KEYS else ()


def pair_of(host_user_id: str | None, contact_id: str) -> str:
    """Under what the links of one host with one contact are found."""
    return f"{host_user_id}|{contact_id}" if host_user_id else ""


def gather_links(view: AccountView) -> Links:
    """Index the links of a view whose interactions are known."""
    found = [
        (interaction, link, subject)
        for interaction in view.interactions
        for link, subject in _links(view, interaction)
    ]
    return Links(
        of_series=_index((i.series_key, link) for i, link, _ in found),
        of_subject=_index((subject, link) for _, link, subject in found),
        of_contact=_index(
            (contact_id, link)
            for i, link, _ in found
            for person in i.external
            for contact_id in contacts_of(person)
        ),
        of_pair=_index(
            (pair_of(i.host_user_id, contact_id), link)
            for i, link, _ in found
            for person in i.external
            for contact_id in contacts_of(person)
        ),
        of_user=_index(
            (person.user_id, link)
            for i, link, _ in found
            if link.by_person
            for person in i.participants
            if person.side is Side.INTERNAL
        ),
    )


def _index(pairs: Iterable[tuple[str | None, Link]]) -> dict[str, list[Link]]:
    """Links by key, oldest first."""
    found: dict[str, list[Link]] = {}
    for key, link in pairs:
        if key:
            found.setdefault(key, []).append(link)
    for links in found.values():
        links.sort(key=_order)
    return found


def _order(link: Link) -> tuple[datetime, RecordRef]:
    return (link.at, link.ref)


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
            at=interaction.starts_at,
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
    tools = view.org.integration_user_ids | view.org.our_user_ids
    editor = activity.modified_by_id
    if editor is not None and editor != activity.created_by_id:
        return editor not in tools
    if activity.created_by_id in tools or activity.chorus_id is not None:
        return False
    return not any(ref.system == "outreach" for ref in interaction.refs)


def precedents(
    interaction: Interaction,
    sources: Iterable[Sequence[Link]],
    custom: Custom = HABIT,
) -> Precedents:
    """Other interactions' links of those weeks, each activity once.

    The nearer in time, the more a link is worth.
    """
    at, key = interaction.starts_at, interaction.key
    people: dict[str, Worth] = {}
    tools: dict[str, Worth] = {}
    seen: set[RecordRef] = set()
    for links in sources:
        for link in _nearby(links, at):
            if link.interaction_key == key or link.ref in seen:
                continue
            seen.add(link.ref)
            kind = people if link.by_person else tools
            one = kind.get(link.opportunity_id)
            if one is None:
                one = kind[link.opportunity_id] = Worth()
            one.worth += _HALVED ** (abs((link.at - at).days) / custom.half_life_days)
            one.refs.append(link.ref)
    return Precedents(people=people, tools=tools) if seen else NO_PRECEDENTS


def tally(
    interaction: Interaction, sources: Iterable[Sequence[Link]]
) -> dict[str, list[RecordRef]]:
    """What people related other interactions of those months to.

    By opportunity one activity of each interaction, however many records it has.
    """
    at, own = interaction.starts_at, interaction.key
    found: dict[str, list[RecordRef]] = {}
    seen: set[tuple[str, str]] = set()
    for links in sources:
        for link in _nearby(links, at, MONTHS, MOST):
            once = (link.interaction_key, link.opportunity_id)
            if link.by_person and link.interaction_key != own and once not in seen:
                seen.add(once)
                found.setdefault(link.opportunity_id, []).append(link.ref)
    return found


def _nearby(
    links: Sequence[Link],
    at: datetime,
    span: timedelta = SPAN,
    count: int = NEAREST,
) -> Sequence[Link]:
    """Links within the span of an instant, the nearest of them on either side."""
    if not links:
        return ()
    middle = bisect_left(links, at, key=_when)
    low = bisect_left(links, at - span, max(0, middle - count), middle, key=_when)
    most = min(len(links), middle + count)
    return links[low : bisect_right(links, at + span, middle, most, key=_when)]


def _when(link: Link) -> datetime:
    return link.at
