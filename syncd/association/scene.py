"""One interaction as the association sees it: people, words and hints.

The interaction's own activities lend their subject and case numbers; what they are
related to today is never read here.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from syncd.association.ground import Ground, Said, series_of, thread_of
from syncd.association.hints import Hint, hints_of, reliability
from syncd.association.history import Tally
from syncd.association.links import (
    SERIES,
    Precedents,
    contacts_of,
    pair_of,
    precedents,
    tally,
)
from syncd.association.past import case_was_open
from syncd.association.words import is_care, numbers, subject_of
from syncd.model.entities import Case, NoteDigest
from syncd.model.interaction import Interaction, Participant, Side
from syncd.model.mail import domain_of, registrable_domain
from syncd.model.record import RecordRef
from syncd.model.words import Talk, split_prints, talk_of, words


class Scene(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What scoring knows of one interaction.

    ``strong`` and ``weak`` are the contacts of people outside, by keys that may and
    may not carry a change; each tuple is one person, empty where only their company's
    domain is known. ``homes`` gives the accounts of each person of ``strong`` (or
    ``weak``) then. ``trust`` is the log-odds that each source's word is right. ``met``
    tells of each person of ``strong``, ``colleagues`` of each of our own users, what
    people related their other interactions to. ``noted`` are prints of what notes,
    invitations and summaries say, ``note_talk`` what they speak of.
    """

    interaction: Interaction
    at: datetime
    title: str
    words: frozenset[str]
    strong: tuple[tuple[str, ...], ...]
    weak: tuple[tuple[str, ...], ...]
    contacts: frozenset[str]
    homes: tuple[frozenset[str], ...]
    accounts: frozenset[str]
    related: frozenset[str]
    users: frozenset[str]
    hints: tuple[Hint, ...]
    trust: dict[str, float]
    series: Precedents
    thread: Precedents
    pair: Precedents
    people: Precedents
    met: tuple[Tally, ...]
    colleagues: Mapping[str, Tally]
    is_cared_for: bool
    said: tuple[tuple[str, Said], ...]
    numbers: frozenset[str]
    talk: Talk
    noted: frozenset[str]
    note_talk: frozenset[str]


def set_scene(ground: Ground, interaction: Interaction) -> Scene:
    """Gather what is known of one interaction."""
    at, links = interaction.starts_at, ground.links
    present = _present(interaction.external)
    known = [(contacts_of(p), p.contact_ids) for p in present if p.contact_ids]
    strong = tuple([surely for surely, _ in known if surely])
    weak = tuple([perhaps for surely, perhaps in known if not surely])
    homes = tuple([_homes(ground, person, at) for person in strong or weak])
    if not homes:
        homes = tuple(_by_domain(ground, present))
        weak = tuple(() for _ in homes)
    accounts = frozenset().union(*homes)
    titles = _titles(ground, interaction)
    title = " · ".join(titles)
    subjects = {s for one in titles if (s := subject_of(one))}
    contacts = frozenset().union(*strong)
    hints = tuple(hints_of(ground.view, ground.outreach_to_crm, interaction))
    users = frozenset(
        [
            p.user_id
            for p in interaction.participants
            if p.user_id is not None and p.side is Side.INTERNAL
        ]
    )
    series_key = interaction.series_key
    notes = _notes(ground, interaction)
    return Scene(
        interaction=interaction,
        at=at,
        title=title,
        words=words(title),
        strong=strong,
        weak=weak,
        contacts=contacts,
        homes=homes,
        accounts=accounts,
        related=_related(ground, accounts),
        users=users,
        hints=hints,
        trust=_trust(ground, interaction, hints),
        series=precedents(
            interaction,
            [links.of_series.get(series_key)] if series_key else (),
            SERIES,
        ),
        thread=precedents(
            interaction, [links.of_subject.get(one) for one in sorted(subjects)]
        ),
        pair=precedents(
            interaction,
            [
                links.of_pair.get(pair_of(interaction.host_user_id, one))
                for one in sorted(contacts)
            ],
        ),
        people=precedents(
            interaction, [links.of_contact.get(one) for one in sorted(contacts)]
        ),
        met=tuple(
            tally(interaction, [links.of_contact.get(one) for one in person])
            for person in strong
        ),
        colleagues={
            user: tally(interaction, [links.of_user.get(user)])
            for user in sorted(users)
        },
        is_cared_for=_is_cared_for(ground, interaction),
        said=_words_of_people(ground, interaction, subjects),
        numbers=_numbers(notes, title),
        talk=talk_of(title),
        noted=frozenset().union(*(split_prints(note.words) for note in notes)),
        note_talk=frozenset([kind for note in notes for kind in note.talk]),
    )


def _present(people: tuple[Participant, ...]) -> list[Participant]:
    """Those who did not stay away, unless that leaves nobody."""
    came = [p for p in people if p.attended is not False]
    return came or list(people)


def _homes(ground: Ground, person: Iterable[str], at: datetime) -> frozenset[str]:
    found = [ground.account_of(contact_id, at) for contact_id in person]
    return frozenset([one for one in found if one])


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
    found: set[str] = set()
    for account in accounts:
        found |= ground.related_accounts(account)
    return frozenset(found - accounts)


def _trust(
    ground: Ground, interaction: Interaction, hints: tuple[Hint, ...]
) -> dict[str, float]:
    if not hints:
        return {}
    own = ground.own_tallies.get(interaction.key, {})
    return {
        source: reliability(source, ground.hint_tally, own)
        for source in {hint.source for hint in hints}
    }


def _titles(ground: Ground, interaction: Interaction) -> list[str]:
    found: set[str] = set()
    view = ground.view
    for ref in interaction.refs:
        text: str | None = None
        if ref.system == "salesforce":
            activity = view.activities.get(ref)
            text = activity.subject if activity else None
        elif ref.object == "engagement":
            engagement = view.engagements.get(ref.id)
            text = engagement.subject if engagement else None
        elif ref.object == "mailing":
            mailing = view.mailings.get(ref.id)
            text = mailing.subject if mailing else None
        elif ref.object == "Event":
            meeting = ground.meetings.get(ref.id)
            text = meeting.title if meeting else None
        if text:
            found.add(text)
    return sorted(found)


def _is_cared_for(ground: Ground, interaction: Interaction) -> bool:
    """Whether somebody whose work is care after the sale held it."""
    host = ground.view.org.users.get(interaction.host_user_id or "")
    return host is not None and is_care(host.title or host.role or "")


def _words_of_people(
    ground: Ground, interaction: Interaction, subjects: set[str]
) -> tuple[tuple[str, Said], ...]:
    """What people said to proposals for this interaction, its series, its thread."""
    if not ground.said:
        return ()
    keys = [("own", interaction.key)]
    if interaction.series_key:
        keys.append(("series", series_of(interaction.series_key)))
    keys += [("thread", thread_of(one)) for one in sorted(subjects)]
    return tuple((how, ground.said[key]) for how, key in keys if key in ground.said)


def _notes(ground: Ground, interaction: Interaction) -> list[NoteDigest]:
    """What was judged of every text that is kept of an interaction."""
    view = ground.view
    found: list[NoteDigest | None] = []
    for ref in interaction.refs:
        if ref.system == "salesforce":
            activity = view.activities.get(ref)
            found.append(activity.note if activity else None)
        elif ref.object == "engagement":
            engagement = view.engagements.get(ref.id)
            found.append(engagement.note if engagement else None)
        elif ref.object == "call":
            call = view.calls.get(ref.id)
            found.append(call.note if call else None)
        elif ref.object == "Event":
            meeting = ground.meetings.get(ref.id)
            found.append(meeting.note if meeting else None)
    return [note for note in found if note is not None]


def _numbers(notes: Iterable[NoteDigest], title: str) -> frozenset[str]:
    """Numbers that may name a case, without leading zeros."""
    named = {n.lstrip("0") for note in notes for n in note.case_numbers}
    return numbers(title) | named


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
