"""What another tool sees of an interaction: its people, and the deals around them.

People are recognised as syncd recognises them, which flatters the tools. Whether a deal
was open, whose it was, and where a person worked is asked as of the interaction, since
tools decide when it takes place; roles and last changes are today's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from syncd.association.past import Phase, account_at, pasts
from syncd.model.entities import Account, Activity, ContactRole, Opportunity
from syncd.model.interaction import Interaction, Participant, Side
from syncd.model.mail import domain_of, registrable_domain
from syncd.model.record import RecordRef
from syncd.model.view import AccountView, HomeRecords


@dataclass(frozen=True, kw_only=True)
class Deal:
    """One opportunity beside one interaction.

    Attributes:
        was_open: At the interaction.
        owner_id: Who owned it then; today's owner where nothing tells.
        closed_at: When it was closed for good; None while open or unknown.
        contacts: Who holds a contact role today.
        primary: The primary contact, None without one.
        last_activity_at: The latest activity before the interaction that is related
            to it, other records of the same interaction left out.
    """

    opportunity: Opportunity
    was_open: bool
    owner_id: str | None
    closed_at: datetime | None
    contacts: frozenset[str]
    primary: str | None
    last_activity_at: datetime | None

    @property
    def id(self) -> str:
        """The opportunity's id."""
        return self.opportunity.id

    @property
    def account_id(self) -> str | None:
        """The account that it lies under."""
        return self.opportunity.account_id


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One interaction as a tool sees it.

    Attributes:
        people: Participants from outside, in the order of the records.
        users: Our own people who took part.
        host: Ours who held or sent it; None if unknown.
        deals: Every deal of the people's accounts, of the accounts of their domains,
            and of their roles, by id.
        account_of: Account of each known contact then, in the people's order.
        domains: Accounts found by the website's domain of people without a contact.
        outreach_deals: Deals that a participant's prospect has a role on in Outreach.
    """

    at: datetime
    people: tuple[Participant, ...]
    users: frozenset[str]
    host: str | None
    deals: tuple[Deal, ...]
    account_of: Mapping[str, str]
    domains: frozenset[str]
    outreach_deals: frozenset[str]

    @cached_property
    def contacts(self) -> frozenset[str]:
        """Contacts of everybody from outside."""
        return frozenset(c for person in self.people for c in person.contact_ids)

    @cached_property
    def companies(self) -> tuple[str, ...]:
        """Accounts of everybody known, in the people's order, each once."""
        return tuple(dict.fromkeys(self.account_of.values()))

    def under(self, accounts: Iterable[str]) -> list[Deal]:
        """Deals of these accounts."""
        wanted = set(accounts)
        return [deal for deal in self.deals if deal.account_id in wanted]

    def open_under(self, accounts: Iterable[str]) -> list[Deal]:
        """Deals of these accounts that were open."""
        return [deal for deal in self.under(accounts) if deal.was_open]

    def open_with_role(self, contacts: Iterable[str]) -> list[Deal]:
        """Open deals on which one of these contacts has a role."""
        wanted = set(contacts)
        return [d for d in self.deals if d.was_open and d.contacts & wanted]


class Lookout:
    """One view's indexes, shared by all its interactions."""

    def __init__(self, view: AccountView) -> None:
        """Nothing of the associator's own choices is read."""
        self._view = view
        layers = [one for one in (view.records.guests, view.records) if one]
        self._pasts = pasts(
            view.opportunities,
            (row for layer in layers for row in layer.opportunity_history),
            view.org.stages,
            changes=(row for layer in layers for row in layer.opportunity_changes),
            former={
                ref.id: versions
                for ref, versions in view.records.former.items()
                if ref.object == "Opportunity"
            },
            owners_are_tracked=view.org.owners_are_tracked,
        )
        self._websites = _websites(view.accounts.values())
        self._related = _related(view)
        self._outreach = _outreach_roles(view, layers)

    def sight_of(self, interaction: Interaction) -> Sight:
        """What a tool sees of this interaction."""
        people = interaction.external
        contacts = {c for person in people for c in person.contact_ids}
        account_of = self._accounts(people, interaction.starts_at)
        domains = self._domains(people)
        outreach = frozenset(
            deal
            for person in people
            for prospect in person.prospect_ids
            for deal in self._outreach.get(prospect, ())
        )
        users = (p.user_id for p in interaction.participants if p.side is Side.INTERNAL)
        return Sight(
            at=interaction.starts_at,
            people=people,
            users=frozenset(user for user in users if user),
            host=interaction.host_user_id,
            deals=tuple(
                self._deal(opportunity, interaction)
                for _, opportunity in sorted(self._view.opportunities.items())
                if opportunity.account_id in {*account_of.values(), *domains}
                or opportunity.id in outreach
                or contacts & self._holders(opportunity.id)
            ),
            account_of=account_of,
            domains=domains,
            outreach_deals=outreach,
        )

    def _roles(self, opportunity_id: str) -> Sequence[ContactRole]:
        return self._view.roles_by_opportunity.get(opportunity_id, ())

    def _holders(self, opportunity_id: str) -> frozenset[str]:
        return frozenset(role.contact_id for role in self._roles(opportunity_id))

    def _accounts(self, people: Iterable[Participant], at: datetime) -> dict[str, str]:
        found: dict[str, str] = {}
        for contact_id in (c for person in people for c in person.contact_ids):
            contact = self._view.contacts.get(contact_id)
            if contact is not None:
                ref = RecordRef("salesforce", "Contact", contact_id)
                former = self._view.records.former.get(ref, ())
                account_id = account_at(contact, former, at)
                if account_id is not None:
                    found[contact_id] = account_id
        return found

    def _domains(self, people: Iterable[Participant]) -> frozenset[str]:
        unknown = [p.email for p in people if not p.contact_ids and p.email]
        domains = {domain_of(email) for email in unknown} - self._view.org.free_mail
        return frozenset(
            account
            for domain in domains
            for account in self._websites.get(
                registrable_domain(domain or "") or "", ()
            )
        )

    def _deal(self, opportunity: Opportunity, interaction: Interaction) -> Deal:
        past = self._pasts[opportunity.id]
        roles = self._roles(opportunity.id)
        before = (
            at
            for at, key in self._related.get(opportunity.id, ())
            if at < interaction.starts_at and key != interaction.key
        )
        return Deal(
            opportunity=opportunity,
            was_open=past.phase_at(interaction.starts_at) is Phase.OPEN,
            owner_id=past.owner_at(interaction.starts_at) or opportunity.owner_id,
            closed_at=past.closed_at,
            contacts=self._holders(opportunity.id),
            primary=next((r.contact_id for r in roles if r.is_primary), None),
            last_activity_at=max(before, default=None),
        )


def _websites(accounts: Iterable[Account]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for account in accounts:
        host = (account.website or "").split("://")[-1].split("/")[0]
        domain = registrable_domain(host)
        if domain:
            found.setdefault(domain, []).append(account.id)
    return found


def _related(view: AccountView) -> dict[str, list[tuple[datetime, str]]]:
    """When each record was related to, and by which interaction."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    for interaction in view.interactions:
        for activity in _activities(view, interaction.refs):
            if activity.what_id:
                when = (interaction.starts_at, interaction.key)
                found.setdefault(activity.what_id, []).append(when)
    return found


def _activities(view: AccountView, refs: Iterable[RecordRef]) -> Iterable[Activity]:
    known = (view.activities.get(ref) for ref in refs)
    return (activity for activity in known if activity is not None)


def _outreach_roles(
    view: AccountView, layers: Sequence[HomeRecords]
) -> Mapping[str, set[str]]:
    """Salesforce deals by the prospects that have a role on them in Outreach."""
    crm = {
        twin.id: crm_id
        for crm_id, twins in view.outreach_opportunities_of.items()
        for twin in twins
    }
    found: dict[str, set[str]] = {}
    for layer in layers:
        for role in layer.prospect_roles:
            if role.opportunity_id in crm:
                deals = found.setdefault(role.prospect_id, set())
                deals.add(crm[role.opportunity_id])
    return found
