"""One interaction as the association sees it: people, words and hints.

The interaction's own activities lend their subject and case numbers; what they are
related to today is never read here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from syncd.association.ground import Ground, Said, series_of, thread_of
from syncd.association.hints import Hint, hints_of, reliability
from syncd.association.links import (
    HABIT,
    SERIES,
    Precedents,
    instant,
    precedents,
)
from syncd.association.past import case_was_open
from syncd.association.words import is_care, numbers, subject_of
from syncd.model.entities import Case, NoteDigest
from syncd.model.interaction import (
    EXTERNAL,
    INTERNAL,
    STRONG_KEYS,
    Interaction,
    Participant,
)
from syncd.model.mail import domain_of, registrable_domain
from syncd.model.record import RecordRef
from syncd.model.words import Talk, talk_of, words

_People = tuple[tuple[str, ...], ...]


class Scene(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What scoring knows of one interaction; ``instant`` is ``at`` in microseconds.

    ``strong`` and ``weak`` are the contacts of people outside, by keys that may and
    may not carry a change; each tuple is one person, empty where only their company's
    domain is known. ``homes`` gives the accounts of each person of ``strong`` (or
    ``weak``) then, ``strangers_homes`` those that the domains of unknown people tell
    beside them. ``trust`` is the log-odds that each source's word is right.
    ``precedents`` are those that there are, by what interactions have in common with
    it. ``noted`` are the prints of what notes, invitations and summaries say,
    ``note_talk`` what they speak of.
    """

    interaction: Interaction
    at: datetime
    instant: int
    title: str
    words: frozenset[str]
    strong: tuple[tuple[str, ...], ...]
    weak: tuple[tuple[str, ...], ...]
    contacts: frozenset[str]
    homes: tuple[frozenset[str], ...]
    strangers_homes: tuple[frozenset[str], ...]
    accounts: frozenset[str]
    related: frozenset[str]
    users: frozenset[str]
    hints: tuple[Hint, ...]
    trust: dict[str, float]
    precedents: Mapping[str, Precedents]
    is_cared_for: bool
    said: tuple[tuple[str, Said], ...]
    numbers: frozenset[str]
    talk: Talk
    noted: str
    note_talk: frozenset[str]


def set_scene(ground: Ground, interaction: Interaction) -> Scene:
    """Gather what is known of one interaction."""
    at = interaction.starts_at
    when = instant(at)
    present, users = _present(interaction)
    strong, weak, strangers = _recognised(present)
    homes = tuple([_homes(ground, person, at) for person in strong or weak])
    strangers_homes = tuple(_by_domain(ground, strangers)) if strangers else ()
    if not homes:
        homes, strangers_homes = strangers_homes, ()
        weak = tuple([() for _ in homes])
    accounts = frozenset().union(*homes)
    contacts = frozenset().union(*strong)
    titles, notes = _told(ground, interaction)
    title = " · ".join(titles)
    subjects = sorted({s for one in titles if (s := subject_of(one))})
    hints = tuple(hints_of(ground.view, ground.outreach_to_crm, interaction))
    return Scene(
        interaction=interaction,
        at=at,
        instant=when,
        title=title,
        words=words(title),
        strong=strong,
        weak=weak,
        contacts=contacts,
        homes=homes,
        strangers_homes=strangers_homes,
        accounts=accounts,
        related=_related(ground, accounts),
        users=users,
        hints=hints,
        trust=_trust(ground, interaction, hints) if hints else {},
        precedents=_precedents(ground, interaction, when, subjects, sorted(contacts)),
        is_cared_for=_is_cared_for(ground, interaction),
        said=_words_of_people(ground, interaction, subjects) if ground.said else (),
        numbers=_numbers(notes, title),
        talk=talk_of(title),
        noted="".join([note.words for note in notes]),
        note_talk=frozenset([kind for note in notes for kind in note.talk]),
    )


def _present(interaction: Interaction) -> tuple[list[Participant], frozenset[str]]:
    """Those from outside who did not stay away, or else all; and our own users."""
    came: list[Participant] = []
    users: list[str] = []
    for person in interaction.participants:
        side = person.side
        if side is EXTERNAL:
            if person.attended is not False:
                came.append(person)
        elif side is INTERNAL and person.user_id is not None:
            users.append(person.user_id)
    return came or list(interaction.external), frozenset(users)


def _recognised(
    present: Iterable[Participant],
) -> tuple[_People, _People, list[Participant]]:
    """Contacts of people by strong and by weak keys, and those who are no contact's."""
    strong: list[tuple[str, ...]] = []
    weak: list[tuple[str, ...]] = []
    strangers: list[Participant] = []
    for person in present:
        if not person.contact_ids:
            strangers.append(person)
        elif person.matched_by in STRONG_KEYS:
            strong.append(person.contact_ids)
        else:
            weak.append(person.contact_ids)
    return tuple(strong), tuple(weak), strangers


def _homes(ground: Ground, person: Iterable[str], at: datetime) -> frozenset[str]:
    return frozenset([home for one in person if (home := ground.account_of(one, at))])


def _by_domain(
    ground: Ground, people: Iterable[Participant]
) -> Iterator[frozenset[str]]:
    """The one account whose website has a stranger's domain, for each who has one."""
    for person in people:
        domain = registrable_domain(domain_of(person.email)) if person.email else ""
        found = ground.by_site.get(domain, ())
        if len(found) == 1:
            yield frozenset(found)


def _related(ground: Ground, accounts: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*map(ground.related_accounts, accounts)) - accounts


def _trust(
    ground: Ground, interaction: Interaction, hints: tuple[Hint, ...]
) -> dict[str, float]:
    own = ground.own_tallies.get(interaction.key, {})
    return {
        source: reliability(source, ground.hint_tally, own)
        for source in {hint.source for hint in hints}
    }


def _told(
    ground: Ground, interaction: Interaction
) -> tuple[list[str], list[NoteDigest]]:
    """Titles, each once and sorted, and what was judged of every text that is kept."""
    titles: set[str] = set()
    notes: list[NoteDigest] = []
    for ref in interaction.refs:
        title, note = _text_of(ground, ref)
        if title:
            titles.add(title)
        if note is not None:
            notes.append(note)
    return sorted(titles), notes


def _text_of(ground: Ground, ref: RecordRef) -> tuple[str | None, NoteDigest | None]:
    view = ground.view
    if ref.system == "salesforce":
        if (activity := view.activities.get(ref)) is not None:
            return activity.subject, activity.note
    elif ref.object == "engagement":
        if (engagement := view.engagements.get(ref.id)) is not None:
            return engagement.subject, engagement.note
    elif ref.object == "Event":
        if (meeting := ground.meetings.get(ref.id)) is not None:
            return meeting.title, meeting.note
    else:
        mailing = view.mailings.get(ref.id) if ref.object == "mailing" else None
        call = view.calls.get(ref.id) if ref.object == "call" else None
        return mailing.subject if mailing else None, call.note if call else None
    return None, None


def _precedents(
    ground: Ground,
    interaction: Interaction,
    at: int,
    subjects: Sequence[str],
    contacts: Sequence[str],
) -> dict[str, Precedents]:
    """Links of interactions that have something in common with this one."""
    links, series = ground.links, interaction.series_key
    own = interaction.key
    found: dict[str, Precedents] = {}
    for name, index, keys, custom in (
        ("series", links.of_series, (series,) if series else (), SERIES),
        ("thread", links.of_subject, subjects, HABIT),
        ("habit", links.of_contact, contacts, HABIT),
    ):
        some = precedents(own, at, index, keys, custom) if keys else None
        if some is not None:
            found[name] = some
    return found


def _is_cared_for(ground: Ground, interaction: Interaction) -> bool:
    """Whether somebody whose work is care after the sale held it."""
    host = ground.view.org.users.get(interaction.host_user_id or "")
    return host is not None and is_care(host.title or host.role or "")


def _words_of_people(
    ground: Ground, interaction: Interaction, subjects: Sequence[str]
) -> tuple[tuple[str, Said], ...]:
    """What people said to proposals for this interaction, its series, its thread."""
    keys = [("own", interaction.key)]
    if interaction.series_key:
        keys.append(("series", series_of(interaction.series_key)))
    keys += [("thread", thread_of(one)) for one in subjects]
    return tuple((how, ground.said[key]) for how, key in keys if key in ground.said)


def _numbers(notes: Iterable[NoteDigest], title: str) -> frozenset[str]:
    """Numbers that may name a case, without leading zeros."""
    named = [n.lstrip("0") for note in notes for n in note.case_numbers]
    return numbers(title).union(named) if named else numbers(title)


def names_case(scene: Scene, case: Case) -> bool:
    """Whether the title or a note names this case by its number."""
    return bool(case.number) and case.number.lstrip("0") in scene.numbers


def open_cases(ground: Ground, scene: Scene) -> list[Case]:
    """Cases that are named, or that somebody who took part had open then."""
    if not ground.cases:
        return []
    found = {
        case.id: case
        for number in scene.numbers
        for case in ground.cases_by_number.get(number, ())
    }
    for contact_id in scene.contacts:
        for case in ground.cases_by_contact.get(contact_id, ()):
            if case_was_open(case, scene.at):
                found[case.id] = case
    return [case for _, case in sorted(found.items())]


def ref_of_user(user_id: str) -> RecordRef:
    """Where one of our own people lives."""
    return RecordRef("salesforce", "User", user_id)
