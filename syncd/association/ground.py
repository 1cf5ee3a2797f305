"""The ground of association: one view's indexes, shared by all its interactions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec

from syncd.association.hints import Tally, own_tally, sum_of
from syncd.association.links import Links, gather_links
from syncd.association.past import OpportunityPast, account_at, pasts
from syncd.association.words import kind_of_deal, subject_of
from syncd.identity.directory import layers
from syncd.model.entities import (
    Account,
    Case,
    ContactRole,
    Meeting,
    Opportunity,
)
from syncd.model.mail import domain_of_website
from syncd.model.record import RecordRef
from syncd.model.review import Choice, Verdict
from syncd.model.view import AccountView
from syncd.model.words import print_of, words


class Stand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One contact on one opportunity: since when, and where that is written.

    ``since`` is None when unknown, and for roles that have been removed: that they
    were there is known, until when is not.
    """

    since: datetime | None
    is_primary: bool
    ref: RecordRef
    only_in_outreach: bool = False

    def had_at(self, at: datetime) -> bool:
        """Whether it is known to have been there then."""
        return self.since is not None and self.since <= at


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What people said to proposals: the id they took last, and those they refused."""

    accepted: str | None = None
    rejected: frozenset[str] = frozenset()


class Deal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One opportunity as scoring looks at it.

    ``stands`` by contact id; ``first_role_at`` is when anybody is first known to have
    had a role; ``prints`` gives the word of each print of its name.
    """

    opportunity: Opportunity
    ref: RecordRef
    past: OpportunityPast
    stands: Mapping[str, tuple[Stand, ...]]
    first_role_at: datetime | None
    words: frozenset[str]
    prints: Mapping[str, str]
    account_words: frozenset[str]
    kind: str

    def is_later_than(self, at: datetime) -> bool:
        """Whether its record was made after an instant."""
        created_at = self.opportunity.created_at
        return created_at is not None and created_at > at

    def had_any_role(self, at: datetime) -> bool:
        """Whether anybody is known to have had a role then."""
        return self.first_role_at is not None and self.first_role_at <= at

    def best_stand(self, person: Iterable[str], at: datetime) -> Stand | None:
        """Of the roles of somebody's contacts the one that says most of an instant."""
        stands = self.stands
        if stands.keys().isdisjoint(person):
            return None
        held = [stand for contact in person for stand in stands.get(contact, ())]
        if len(held) > 1:
            held.sort(key=lambda s: (not s.had_at(at), s.only_in_outreach, s.ref))
        return held[0]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Everything about one view that scoring looks up; built once per view."""

    view: AccountView
    links: Links
    said: Mapping[str, Said]
    accounts: Mapping[str, Account]
    deals: Mapping[str, Deal]
    by_account: Mapping[str, tuple[str, ...]]
    by_contact: Mapping[str, tuple[str, ...]]
    cases: Mapping[str, Case]
    outreach_to_crm: Mapping[str, str]
    meetings: Mapping[str, Meeting]
    _related: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def own_tallies(self) -> Mapping[str, Tally]:
        """Whether the sources' words agree with people's links, by interaction."""
        return {
            one.key: tally
            for one in self.view.interactions
            if (tally := own_tally(self.view, self.outreach_to_crm, one))
        }

    @cached_property
    def hint_tally(self) -> Tally:
        """How often Outreach's and Chorus's words agree with people's links here."""
        return sum_of(self.own_tallies.values())

    @cached_property
    def by_site(self) -> Mapping[str, tuple[str, ...]]:
        """Accounts by the registrable domain of their website, companies' only."""
        nobodys = self.view.org.free_mail | self.view.org.email_domains
        sites = ((domain_of_website(a.website), a.id) for a in self.accounts.values())
        return _grouped(
            (site, key) for site, key in sites if site and site not in nobodys
        )

    @cached_property
    def cases_by_number(self) -> Mapping[str, tuple[Case, ...]]:
        """Cases by their number without leading zeros."""
        found: dict[str, list[Case]] = {}
        for _, case in sorted(self.cases.items()):
            if case.number:
                found.setdefault(case.number.lstrip("0"), []).append(case)
        return {number: tuple(cases) for number, cases in found.items()}

    @cached_property
    def cases_by_contact(self) -> Mapping[str, tuple[Case, ...]]:
        """Cases by the contact that raised them."""
        found: dict[str, list[Case]] = {}
        for _, case in sorted(self.cases.items()):
            if case.contact_id:
                found.setdefault(case.contact_id, []).append(case)
        return {contact: tuple(cases) for contact, cases in found.items()}

    def related_accounts(self, account_id: str) -> frozenset[str]:
        """Parent and children of an account, as far as the view knows them."""
        found = self._related.get(account_id)
        if found is None:
            own = self.accounts.get(account_id)
            parents = {own.parent_id} if own and own.parent_id else set()
            children = {
                a.id for a in self.accounts.values() if a.parent_id == account_id
            }
            found = self._related[account_id] = frozenset(parents | children)
        return found

    def account_of(self, contact_id: str, at: datetime) -> str | None:
        """The account that a contact lived under then."""
        contact = self.view.contacts.get(contact_id)
        if contact is None:
            return None
        former = self.view.records.former
        if not former:
            return contact.account_id
        ref = RecordRef("salesforce", "Contact", contact_id)
        return account_at(contact, former.get(ref, ()), at)


def lay_ground(view: AccountView, *, links: Links | None = None) -> Ground:
    """Index one view whose interactions are known.

    Args:
        view: The view.
        links: The view's links where they are at hand already.
    """
    everything = list(layers(view.records))
    opportunities = {o.id: o for x in reversed(everything) for o in x.opportunities}
    accounts = {a.id: a for x in reversed(everything) for a in x.every_account}
    stands = _stands(view, opportunities)
    return Ground(
        view=view,
        links=gather_links(view) if links is None else links,
        said=_said(view),
        accounts=accounts,
        deals=_deals(view, opportunities, accounts, stands),
        by_account=_grouped(
            (o.account_id, o.id) for o in opportunities.values() if o.account_id
        ),
        by_contact=_grouped(
            (contact_id, key) for key, held in stands.items() for contact_id in held
        ),
        cases={c.id: c for x in everything for c in x.cases},
        outreach_to_crm=_crm_of_outreach(view),
        meetings={m.id: m for m in view.records.meetings},
    )


def _said(view: AccountView) -> dict[str, Said]:
    """What people said, by interaction, series and subject; the last word counts."""
    found: dict[str, Said] = {}
    for choice in view.org.choices:
        interaction = view.interaction_of.get(choice.activity)
        if interaction is None:
            continue
        activity = view.activities.get(choice.activity)
        subject = subject_of(activity.subject) if activity else ""
        keys = [interaction.key]
        keys += [series_of(interaction.series_key)] if interaction.series_key else []
        keys += [thread_of(subject)] if subject else []
        for key in keys:
            found[key] = _heard(found.get(key, Said()), choice)
    return found


def _heard(before: Said, choice: Choice) -> Said:
    target = choice.target.id
    if choice.verdict is Verdict.ACCEPTED:
        return Said(accepted=target, rejected=before.rejected - {target})
    accepted = None if before.accepted == target else before.accepted
    return Said(accepted=accepted, rejected=before.rejected | {target})


def series_of(series_key: str) -> str:
    """Under what a word about a series is kept."""
    return f"series|{series_key}"


def thread_of(subject: str) -> str:
    """Under what a word about interactions of one subject is kept."""
    return f"subject|{subject}"


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def _deals(
    view: AccountView,
    opportunities: Mapping[str, Opportunity],
    accounts: Mapping[str, Account],
    stands: Mapping[str, Mapping[str, tuple[Stand, ...]]],
) -> dict[str, Deal]:
    everything = list(layers(view.records))
    former = {
        ref.id: versions
        for ref, versions in view.records.former.items()
        if ref.object == "Opportunity"
    }
    past = pasts(
        opportunities,
        (row for layer in everything for row in layer.opportunity_history),
        view.org.stages,
        changes=(row for layer in everything for row in layer.opportunity_changes),
        former=former,
        owners_are_tracked=view.org.owners_are_tracked,
    )
    found = {}
    for key, one in opportunities.items():
        account = accounts.get(one.account_id or "")
        own = words(account.name) if account else frozenset()
        telling = words(one.name) - own
        held = stands.get(key, {})
        known = [s.since for some in held.values() for s in some if s.since]
        found[key] = Deal(
            opportunity=one,
            ref=RecordRef("salesforce", "Opportunity", key),
            past=past[key],
            stands=held,
            first_role_at=min(known, default=None),
            words=telling,
            prints={print_of(word): word for word in sorted(telling)},
            account_words=own,
            kind=kind_of_deal(one),
        )
    return found


def _stands(
    view: AccountView, opportunities: Mapping[str, Opportunity]
) -> dict[str, dict[str, tuple[Stand, ...]]]:
    """Who stands on which opportunity, in Salesforce or in Outreach only."""
    found: dict[str, dict[str, list[Stand]]] = {}
    for layer in layers(view.records):
        for role in layer.roles:
            _note(found, view, role, since=role.created_at)
        for role in layer.removed_roles:
            _note(found, view, role, since=None)
    for key in opportunities:
        known = found.setdefault(key, {})
        for contact_id, stand in _in_outreach(view, key):
            if contact_id not in known:
                known[contact_id] = [stand]
    return {
        key: {
            contact_id: tuple(sorted(some, key=lambda s: s.ref))
            for contact_id, some in held.items()
        }
        for key, held in found.items()
    }


def _note(
    found: dict[str, dict[str, list[Stand]]],
    view: AccountView,
    role: ContactRole,
    *,
    since: datetime | None,
) -> None:
    contact_id = _survivor(view, role.contact_id)
    stand = Stand(
        since=since,
        is_primary=role.is_primary,
        ref=RecordRef("salesforce", "OpportunityContactRole", role.id),
    )
    some = found.setdefault(role.opportunity_id, {}).setdefault(contact_id, [])
    if all(one.ref != stand.ref for one in some):
        some.append(stand)


def _in_outreach(view: AccountView, key: str) -> Iterable[tuple[str, Stand]]:
    for twin in view.outreach_opportunities_of.get(key, ()):
        for role in view.prospect_roles_by_opportunity.get(twin.id, ()):
            prospect = view.prospects.get(role.prospect_id)
            for crm_id in prospect.crm_ids if prospect else ():
                if crm_id.startswith("003"):
                    yield (
                        _survivor(view, crm_id),
                        Stand(
                            since=role.created_at,
                            is_primary=role.is_primary,
                            ref=RecordRef(
                                "outreach", "opportunityProspectRole", role.id
                            ),
                            only_in_outreach=True,
                        ),
                    )


def _survivor(view: AccountView, contact_id: str) -> str:
    seen: set[str] = set()
    merged = view.merged
    while contact_id in merged and contact_id not in seen:
        seen.add(contact_id)
        contact_id = merged[contact_id]
    return contact_id


def _crm_of_outreach(view: AccountView) -> dict[str, str]:
    """Salesforce opportunity of each Outreach opportunity that names exactly one."""
    found: dict[str, str] = {}
    for crm_id, twins in view.outreach_opportunities_of.items():
        for twin in twins:
            found[twin.id] = crm_id
    return found
