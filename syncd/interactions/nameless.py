"""People whom a recorder knows by name only, found among those who were invited."""

from collections.abc import Iterable, Sequence

import msgspec

from syncd.identity.directory import Directory
from syncd.identity.names import fold_name, name_of_mailbox
from syncd.model.interaction import STRONG_KEYS, Participant, Side


def without_doubles(
    directory: Directory, people: Iterable[Participant]
) -> list[Participant]:
    """Everybody, those without address merged into the one invited person they name.

    A full name must be that of exactly one person with an address; a first name too,
    and then on the customer's side. Nobody fits: the person stays as they are.
    """
    everybody = list(people)
    if not any(map(_has_name_only, everybody)):
        return everybody
    addressed = [p for p in everybody if p.email]
    names = [_names(directory, person) for person in addressed]
    return [
        person if place is None else _as(person, addressed[place])
        for person in everybody
        for place in [_place(person, addressed, names)]
    ]


def _names(directory: Directory, person: Participant) -> frozenset[str]:
    known = [person.name or ""]
    known += [
        directory.contacts[i].name
        for i in person.contact_ids
        if i in directory.contacts
    ]
    user = directory.org.users.get(person.user_id or "")
    known += [user.name] if user else []
    found = {fold_name(name) for name in known} | {name_of_mailbox(person.email or "")}
    return frozenset(found - {""})


def _has_name_only(person: Participant) -> bool:
    """Whether only a name is known of somebody outside."""
    is_known = person.email or (person.contact_ids and person.matched_by in STRONG_KEYS)
    return not is_known and bool(person.name) and person.side is Side.EXTERNAL


def _place(
    person: Participant,
    addressed: Sequence[Participant],
    names: Sequence[frozenset[str]],
) -> int | None:
    """Which of the people with an address this one is, None for nobody."""
    name = fold_name(person.name or "")
    if not name or not _has_name_only(person):
        return None
    hits = {i: addressed[i].email for i, known in enumerate(names) if name in known}
    if not hits and " " not in name:
        hits = {
            i: addressed[i].email
            for i, known in enumerate(names)
            if addressed[i].side is Side.EXTERNAL
            and any(one.split()[0] == name for one in known)
        }
    return min(hits) if len(set(hits.values())) == 1 else None


def _as(person: Participant, known: Participant) -> Participant:
    return msgspec.structs.replace(known, attended=person.attended)
