"""One interaction as the association sees it: people, words and hints.

The interaction's own activities lend their subject and case numbers; what they are
related to today is never read here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from syncd.association.ground import (
    PRECEDENT_SPAN,
    Ground,
    Link,
    contacts_of,
    nearby,
)
from syncd.association.past import case_was_open
from syncd.model.entities import Case
from syncd.model.interaction import Interaction, Participant, Side
from syncd.model.record import RecordRef

_WORD: Final = re.compile(r"[0-9a-z]+")
_GENERIC: Final = frozenset(
    re.findall(
        r"\w+",
        "the and with for call meeting sync weekly monthly demo intro initial check "
        "iqm trial quote opportunity opp deal new business renewal renew add addon "
        "expansion upsell account inc ltd llc gmbh corp company group",
    )
)
_SHORTEST: Final = 3
_NUMBER_LENGTH: Final = 5
_WORDING: Final = {
    "renewal": re.compile(r"\brenew(al|als|ing)?\b", re.IGNORECASE),
    "add-on": re.compile(
        r"\b(add[- ]?on|upsell|up-sell|expansion|expand|more seats|additional seats|"
        r"upgrade|cross[- ]?sell)\b",
        re.IGNORECASE,
    ),
    "new": re.compile(
        r"\b(initial call|iqm|trial|discovery|intro(duction)?( call)?|first call)\b",
        re.IGNORECASE,
    ),
}
_SUPPORT: Final = re.compile(
    r"\b(case|ticket|bug|incident|outage|support|troubleshoot(ing)?|escalation)\b",
    re.IGNORECASE,
)


def words(text: str) -> frozenset[str]:
    """Telling words of a name or title: lower-case, generic ones left out."""
    found = _WORD.findall(text.casefold())
    return frozenset(w for w in found if len(w) >= _SHORTEST and w not in _GENERIC)


@dataclass(frozen=True, kw_only=True)
class Hint:
    """Another system's own word for the opportunity."""

    opportunity_id: str
    source: str
    ref: RecordRef


@dataclass(frozen=True, kw_only=True)
class Precedents:
    """Other activities that are related to a deal: opportunity id → their refs."""

    total: int = 0
    refs: Mapping[str, tuple[RecordRef, ...]] = field(default_factory=dict)

    def share(self, opportunity_id: str) -> float:
        """Share of them that are related to this opportunity."""
        own = len(self.refs.get(opportunity_id, ()))
        return own / self.total if self.total else 0.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What scoring knows of one interaction.

    ``strong`` and ``weak`` are the contacts of people outside, by keys that may and
    may not carry a change; each tuple is one person.
    """

    interaction: Interaction
    at: datetime
    title: str
    strong: tuple[tuple[str, ...], ...]
    weak: tuple[tuple[str, ...], ...]
    accounts: frozenset[str]
    related: frozenset[str]
    users: frozenset[str]
    hints: tuple[Hint, ...]
    series: Precedents
    precedents: Precedents
    numbers: frozenset[str]
    wording: str
    is_support: bool

    @property
    def contacts(self) -> frozenset[str]:
        """Contacts of everybody recognised by a strong key."""
        return frozenset(c for person in self.strong for c in person)


def set_scene(ground: Ground, interaction: Interaction) -> Scene:
    """Gather what is known of one interaction."""
    people = interaction.external
    strong = tuple(contacts_of(p) for p in people if contacts_of(p))
    weak = tuple(p.contact_ids for p in people if p.contact_ids and not contacts_of(p))
    accounts = _accounts(ground, strong or weak)
    title = " · ".join(_titles(ground, interaction))
    return Scene(
        interaction=interaction,
        at=interaction.starts_at,
        title=title,
        strong=strong,
        weak=weak,
        accounts=accounts,
        related=frozenset(r for a in accounts for r in ground.related_accounts(a)),
        users=_users(interaction.participants),
        hints=tuple(_hints(ground, interaction)),
        series=_precedents(
            interaction, [ground.links_of_series.get(interaction.series_key or "", ())]
        ),
        precedents=_precedents(
            interaction,
            [
                ground.links_of_contact.get(contact, ())
                for person in strong
                for contact in person
            ],
        ),
        numbers=_numbers(ground, interaction, title),
        wording=next((k for k, p in _WORDING.items() if p.search(title)), ""),
        is_support=_SUPPORT.search(title) is not None,
    )


def _precedents(
    interaction: Interaction, sources: Iterable[Sequence[Link]]
) -> Precedents:
    """Other interactions' links of those weeks, each activity once."""
    found: dict[str, set[RecordRef]] = {}
    for links in sources:
        for link in nearby(links, interaction.starts_at, PRECEDENT_SPAN):
            if link.interaction_key != interaction.key:
                found.setdefault(link.opportunity_id, set()).add(link.ref)
    return Precedents(
        total=sum(len(refs) for refs in found.values()),
        refs={key: tuple(sorted(refs)) for key, refs in found.items()},
    )


def _accounts(ground: Ground, people: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    found = {ground.account_of(contact) for person in people for contact in person}
    return frozenset(account for account in found if account)


def _users(people: tuple[Participant, ...]) -> frozenset[str]:
    return frozenset(
        p.user_id for p in people if p.side is Side.INTERNAL and p.user_id is not None
    )


def _titles(ground: Ground, interaction: Interaction) -> list[str]:
    found: list[str] = []
    for ref in interaction.refs:
        activity = ground.view.activities.get(ref)
        meeting = ground.meetings.get(ref.id)
        engagement = ground.engagements.get(ref.id)
        mailing = ground.mailings.get(ref.id) if ref.object == "mailing" else None
        found += [
            text
            for text in (
                activity.subject if activity else None,
                meeting.title if meeting else None,
                engagement.subject if engagement else None,
                mailing.subject if mailing else None,
            )
            if text
        ]
    return sorted(set(found))


def _hints(ground: Ground, interaction: Interaction) -> list[Hint]:
    found: list[Hint] = []
    for ref in interaction.refs:
        if ref.object == "engagement" and ref.id in ground.engagements:
            target = ground.engagements[ref.id].opportunity_id
            source = "chorus"
        elif ref.object in {"call", "mailing"}:
            twin = _outreach_target(ground, ref)
            target, source = ground.outreach_to_crm.get(twin or ""), "outreach"
        else:
            continue
        if target is not None:
            found.append(Hint(opportunity_id=target, source=source, ref=ref))
    return found


def _outreach_target(ground: Ground, ref: RecordRef) -> str | None:
    if ref.object == "call":
        call = ground.calls.get(ref.id)
        return call.opportunity_id if call else None
    mailing = ground.mailings.get(ref.id)
    return mailing.opportunity_id if mailing else None


def _numbers(ground: Ground, interaction: Interaction, title: str) -> frozenset[str]:
    """Numbers that may name a case, without leading zeros."""
    found = {n for n in _WORD.findall(title.casefold()) if n.isdigit()}
    found = {n for n in found if len(n) >= _NUMBER_LENGTH}
    for ref in interaction.refs:
        activity = ground.view.activities.get(ref)
        call = ground.calls.get(ref.id) if ref.object == "call" else None
        for noted in (activity, call):
            if noted is not None:
                found.update(noted.note.case_numbers)
    return frozenset(n.lstrip("0") for n in found)


def names_case(scene: Scene, case: Case) -> bool:
    """Whether the title or a note names this case by its number."""
    return bool(case.number) and case.number.lstrip("0") in scene.numbers


def open_cases(ground: Ground, scene: Scene) -> list[Case]:
    """Cases that are named, or that somebody who took part had open then."""
    return [
        case
        for _, case in sorted(ground.cases.items())
        if names_case(scene, case)
        or (case.contact_id in scene.contacts and case_was_open(case, scene.at))
    ]
