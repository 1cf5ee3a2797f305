"""Facts that could be otherwise, played through on a view.

Each function takes a view and gives another one in which one thing is different:
nothing is scored here, so that what a fact is said to change can be checked by
associating again.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import msgspec

from syncd.association.associate import associate
from syncd.association.ground import lay_ground
from syncd.association.links import Links
from syncd.association.weights import Weights
from syncd.model.association import Association, Fact, FactKind
from syncd.model.entities import ContactRole
from syncd.model.interaction import Interaction, MatchKey, Participant, Side
from syncd.model.policy import AssociationPolicy
from syncd.model.record import RecordRef
from syncd.model.view import AccountView, HomeRecords
from syncd.model.words import fold, print_of, split_prints

_BEFORE: Final = timedelta(days=1)
_TARGETS: Final = {"Opportunity": "opportunities", "Case": "cases"}
_TITLES: Final = {
    "activities": "subject",
    "meetings": "title",
    "engagements": "subject",
    "mailings": "subject",
}
_HINTS: Final = ("engagements", "calls", "mailings")
Edit = Callable[[Any], Any]
"""Gives an entity as it would be, or None when it would not be there."""


def replay(
    view: AccountView,
    key: str,
    facts: Sequence[Fact],
    policy: AssociationPolicy,
    *,
    weights: Weights | None = None,
    links: Links | None = None,
) -> Association:
    """The association of one interaction as it would be if facts were otherwise.

    Args:
        view: The view as it is.
        key: The interaction's key.
        facts: What is otherwise, all at once.
        policy: The thresholds.
        weights: Other weights than those that syncd comes with.
        links: The view's links where they are at hand, and no fact is about them.
    """
    for fact in facts:
        view = apply_fact(view, key, fact)
    ground = lay_ground(view, links=links)
    [interaction] = (one for one in view.interactions if one.key == key)
    return associate(ground, interaction, policy, weights)


def apply_fact(view: AccountView, key: str, fact: Fact) -> AccountView:
    """The view as it would be if one fact about an interaction were otherwise."""
    return _APPLY[fact.kind](view, key, fact)


def _with_records(view: AccountView, records: HomeRecords) -> AccountView:
    return AccountView(
        now=view.now, org=view.org, records=records, interactions=view.interactions
    )


def _edited(records: HomeRecords, names: Collection[str], edit: Edit) -> HomeRecords:
    """Entities of some kinds edited, in the home and among its guests."""
    changed: dict[str, Any] = {}
    for name in names:
        rows = getattr(records, name)
        edited = tuple(new for one in rows if (new := edit(one)) is not None)
        if edited != rows:
            changed[name] = edited
    guests = records.guests and _edited(records.guests, names, edit)
    return replace(records, guests=guests, **changed)


def _ids(fact: Fact) -> frozenset[str]:
    return frozenset(ref.id for ref in fact.refs)


def _role_added(view: AccountView, key: str, fact: Fact) -> AccountView:
    opportunity, contact = fact.refs
    [interaction] = (one for one in view.interactions if one.key == key)
    role = ContactRole(
        id=f"{opportunity.id}+{contact.id}",
        opportunity_id=opportunity.id,
        contact_id=contact.id,
        created_at=interaction.starts_at - _BEFORE,
    )
    roles = (*view.records.roles, role)
    return _with_records(view, replace(view.records, roles=roles))


def _without(*names: str) -> Callable[[AccountView, str, Fact], AccountView]:
    def apply(view: AccountView, _key: str, fact: Fact) -> AccountView:
        gone = _ids(fact)
        records = _edited(
            view.records, names, lambda one: None if one.id in gone else one
        )
        return _with_records(view, records)

    return apply


def _setting(
    names: Collection[str], **values: object
) -> Callable[[AccountView, str, Fact], AccountView]:
    def apply(view: AccountView, _key: str, fact: Fact) -> AccountView:
        about = _ids(fact)

        def edit(one: Any) -> Any:  # noqa: ANN401 - any entity
            here = one.id in about
            return msgspec.structs.replace(one, **values) if here else one

        return _with_records(view, _edited(view.records, names, edit))

    return apply


def _with_interaction(view: AccountView, key: str, edit: Edit) -> AccountView:
    interactions = tuple(
        edit(one) if one.key == key else one for one in view.interactions
    )
    return replace(view, interactions=interactions, associations={}, flips={})


def _owner_present(view: AccountView, key: str, fact: Fact) -> AccountView:
    [user] = fact.refs

    def edit(one: Interaction) -> Interaction:
        person = Participant(
            side=Side.INTERNAL, user_id=user.id, matched_by=MatchKey.CRM_ID
        )
        people = (*one.participants, person)
        return msgspec.structs.replace(one, participants=people)

    return _with_interaction(view, key, edit)


def _owner_absent(view: AccountView, key: str, fact: Fact) -> AccountView:
    [user] = fact.refs

    def edit(one: Interaction) -> Interaction:
        people = tuple(p for p in one.participants if p.user_id != user.id)
        host = None if one.host_user_id == user.id else one.host_user_id
        return msgspec.structs.replace(one, participants=people, host_user_id=host)

    return _with_interaction(view, key, edit)


def _person_known(view: AccountView, key: str, fact: Fact) -> AccountView:
    about = _ids(fact)

    def known(person: Participant) -> Participant:
        if not about & set(person.contact_ids):
            return person
        return msgspec.structs.replace(person, matched_by=MatchKey.EMAIL)

    def edit(one: Interaction) -> Interaction:
        people = tuple(known(person) for person in one.participants)
        return msgspec.structs.replace(one, participants=people)

    return _with_interaction(view, key, edit)


def _word_absent(view: AccountView, key: str, fact: Fact) -> AccountView:
    forms = "|".join(re.escape(word) for word in fact.words)
    pattern = re.compile(rf"(?<![^\W_])(?:{forms})s?(?![^\W_])", re.IGNORECASE)
    bare = frozenset(word.lstrip("0") for word in fact.words)
    prints = frozenset(print_of(fold(word)) for word in fact.words)
    refs = frozenset(ref.id for ref in _refs_of(view, key))

    def edit(one: Any) -> Any:  # noqa: ANN401 - any entity with a title
        if one.id not in refs:
            return one
        values: dict[str, object] = {}
        for name in ("subject", "title"):
            text = getattr(one, name, None)
            if text:
                values[name] = pattern.sub("", text)
        note = getattr(one, "note", None)
        if note is not None:
            values["note"] = msgspec.structs.replace(
                note,
                case_numbers=tuple(
                    n for n in note.case_numbers if n.lstrip("0") not in bare
                ),
                words="".join(sorted(split_prints(note.words) - prints)),
                talk=tuple(kind for kind in note.talk if kind not in fact.words),
            )
        return msgspec.structs.replace(one, **values) if values else one

    return _with_records(view, _edited(view.records, (*_TITLES, "calls"), edit))


def _number_named(view: AccountView, key: str, fact: Fact) -> AccountView:
    [about] = fact.refs
    number = view.cases[about.id].number
    refs = frozenset(ref.id for ref in _refs_of(view, key))

    def edit(one: Any) -> Any:  # noqa: ANN401 - any entity with a note
        if one.id not in refs:
            return one
        note = msgspec.structs.replace(
            one.note, case_numbers=(*one.note.case_numbers, number)
        )
        return msgspec.structs.replace(one, note=note)

    return _with_records(view, _edited(view.records, ("activities", "calls"), edit))


def _refs_of(view: AccountView, key: str) -> tuple[RecordRef, ...]:
    [interaction] = (one for one in view.interactions if one.key == key)
    return interaction.refs


_APPLY: Final[dict[FactKind, Callable[[AccountView, str, Fact], AccountView]]] = {
    FactKind.ROLE_ADDED: _role_added,
    FactKind.ROLE_REMOVED: _without("roles", "removed_roles", "prospect_roles"),
    FactKind.OWNER_PRESENT: _owner_present,
    FactKind.OWNER_ABSENT: _owner_absent,
    FactKind.PERSON_KNOWN: _person_known,
    FactKind.HINT_ABSENT: _setting(_HINTS, opportunity_id=None),
    FactKind.LINK_ABSENT: _setting(("activities",), what_id=None),
    FactKind.WORD_ABSENT: _word_absent,
    FactKind.RIVAL_ABSENT: _without(*_TARGETS.values()),
    FactKind.CHOSEN_ABSENT: _without(*_TARGETS.values()),
    FactKind.STILL_OPEN: _setting(_TARGETS.values(), is_closed=False),
    FactKind.NUMBER_NAMED: _number_named,
}
