"""The ground of association: one view's indexes, shared by all its interactions."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.association.past import OpportunityPast, pasts
from syncd.identity.directory import layers
from syncd.model.entities import (
    Account,
    Activity,
    Call,
    Case,
    ContactRole,
    Engagement,
    Mailing,
    Meeting,
    Opportunity,
)
from syncd.model.interaction import STRONG_KEYS, Interaction, Participant
from syncd.model.record import RecordRef
from syncd.model.view import AccountView

OPPORTUNITY_PREFIX: Final = "006"
PRECEDENT_SPAN: Final = timedelta(days=45)
NEAREST: Final = 25
"""Links looked at on either side of an interaction; more would tell nothing new."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """One activity that is related to an opportunity; tuples of them are by time."""

    at: datetime
    opportunity_id: str
    interaction_key: str
    ref: RecordRef


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Everything about one view that scoring looks up; built once per view."""

    view: AccountView
    accounts: Mapping[str, Account]
    opportunities: Mapping[str, Opportunity]
    pasts: Mapping[str, OpportunityPast]
    roles: Mapping[str, tuple[ContactRole, ...]]
    by_account: Mapping[str, tuple[str, ...]]
    by_contact: Mapping[str, tuple[str, ...]]
    cases: Mapping[str, Case]
    outreach_to_crm: Mapping[str, str]
    meetings: Mapping[str, Meeting]
    engagements: Mapping[str, Engagement]
    calls: Mapping[str, Call]
    mailings: Mapping[str, Mailing]
    links_of_series: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    links_of_contact: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)

    def related_accounts(self, account_id: str) -> frozenset[str]:
        """Parent and children of an account, as far as the view knows them."""
        own = self.accounts.get(account_id)
        parents = {own.parent_id} if own and own.parent_id else set()
        children = {a.id for a in self.accounts.values() if a.parent_id == account_id}
        return frozenset(parents | children)

    def account_of(self, contact_id: str) -> str | None:
        """The account that a contact lives under."""
        contact = self.view.contacts.get(contact_id)
        return contact.account_id if contact else None


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def nearby(links: Sequence[Link], at: datetime, span: timedelta) -> Sequence[Link]:
    """Links within a span of an instant, the nearest of them on either side."""
    middle = bisect_left(links, at, key=_when)
    low = bisect_left(links, at - span, key=_when)
    high = bisect_right(links, at + span, key=_when)
    return links[max(low, middle - NEAREST) : min(high, middle + NEAREST)]


def _when(link: Link) -> datetime:
    return link.at


def contacts_of(person: Participant) -> tuple[str, ...]:
    """Contacts of a person by keys that may carry a change."""
    return person.contact_ids if person.matched_by in STRONG_KEYS else ()


def lay_ground(view: AccountView) -> Ground:
    """Index one view whose interactions are known."""
    everything = list(layers(view.records))
    opportunities = {o.id: o for x in reversed(everything) for o in x.opportunities}
    roles: dict[str, dict[str, ContactRole]] = {}
    for layer in everything:
        for role in layer.roles:
            roles.setdefault(role.opportunity_id, {})[role.id] = role
    history = [row for layer in everything for row in layer.opportunity_history]
    links = list(_links(view))
    return Ground(
        view=view,
        accounts={x.account.id: x.account for x in everything if x.account},
        opportunities=opportunities,
        pasts=pasts(opportunities, history, view.org.stages),
        roles={
            key: tuple(sorted(found.values(), key=lambda r: r.id))
            for key, found in roles.items()
        },
        by_account=_grouped(
            (o.account_id, o.id) for o in opportunities.values() if o.account_id
        ),
        by_contact=_grouped(
            (role.contact_id, role.opportunity_id)
            for found in roles.values()
            for role in found.values()
        ),
        cases={c.id: c for x in everything for c in x.cases},
        outreach_to_crm=_crm_of_outreach(view),
        meetings={m.id: m for m in view.records.meetings},
        engagements={e.id: e for e in view.records.engagements},
        calls={c.id: c for c in view.records.calls},
        mailings={m.id: m for m in view.records.mailings},
        links_of_series=_links_by(
            (i.series_key, link) for i, link in links if i.series_key
        ),
        links_of_contact=_links_by(
            (contact_id, link)
            for i, link in links
            for person in i.external
            for contact_id in contacts_of(person)
        ),
    )


def _links(view: AccountView) -> Iterable[tuple[Interaction, Link]]:
    for interaction in view.interactions:
        for ref in interaction.refs:
            activity = view.activities.get(ref)
            if activity is None or not _links_to_deal(activity):
                continue
            yield (
                interaction,
                Link(
                    at=interaction.starts_at,
                    opportunity_id=activity.what_id or "",
                    interaction_key=interaction.key,
                    ref=ref,
                ),
            )


def _links_to_deal(activity: Activity) -> bool:
    return (activity.what_id or "").startswith(OPPORTUNITY_PREFIX)


def _links_by(pairs: Iterable[tuple[str, Link]]) -> dict[str, tuple[Link, ...]]:
    found: dict[str, list[Link]] = {}
    for key, link in pairs:
        found.setdefault(key, []).append(link)
    return {
        key: tuple(sorted(links, key=lambda link: (link.at, link.ref)))
        for key, links in found.items()
    }


def _crm_of_outreach(view: AccountView) -> dict[str, str]:
    """Salesforce opportunity of each Outreach opportunity that names exactly one."""
    found: dict[str, str] = {}
    for crm_id, twins in view.outreach_opportunities_of.items():
        for twin in twins:
            found[twin.id] = crm_id
    return found
