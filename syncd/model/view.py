"""The account view: what is known about one account at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from syncd.model.association import Association, Decision, Flips
from syncd.model.entities import (
    Account,
    Activity,
    Call,
    CallDisposition,
    Case,
    ChorusUser,
    Contact,
    ContactRole,
    Engagement,
    Entity,
    Lead,
    Mailing,
    Meeting,
    Opportunity,
    OpportunityChange,
    OpportunityHistory,
    OpportunityStage,
    OutreachAccount,
    OutreachOpportunity,
    OutreachTask,
    OutreachUser,
    Prospect,
    ProspectRole,
    TaskStatus,
    User,
)
from syncd.model.ids import salesforce_id
from syncd.model.interaction import Interaction
from syncd.model.mail import domain_of, lies_under
from syncd.model.membership import Base
from syncd.model.record import RecordRef
from syncd.model.review import Choice


@dataclass(frozen=True, kw_only=True)
class OrgContext:
    """What is the same for every account of the org, read once per run.

    Attributes:
        users: Salesforce users by id, inactive ones included.
        email_domains: Our own domains, lower-case.
        free_mail: Domains of free-mail providers, lower-case.
        integration_user_ids: Salesforce users whose records nobody "owns".
        our_user_ids: Users that we write as; what they linked is no evidence.
        unmapped: ``system.Object.field`` of optional canonical fields that this org
            lacks or hides; what needs them is not checked, and says so.
        incomplete: Systems whose last poll was incomplete or that are off.
        links: Address of a record for people by ``system.object``, with ``{id}``
            left open.
        roles_are_copied: Whether Outreach's own plug-in was seen to copy contact
            roles in this org.
        owners_are_tracked: Whether a change of an opportunity's owner leaves a trace
            in this org's field history.
        choices: What people said that activities belong to, or do not; oldest first.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    outreach_users: Mapping[str, OutreachUser] = field(default_factory=dict)
    chorus_users: Mapping[str, ChorusUser] = field(default_factory=dict)
    task_statuses: tuple[TaskStatus, ...] = ()
    stages: tuple[OpportunityStage, ...] = ()
    call_dispositions: Mapping[str, CallDisposition] = field(default_factory=dict)
    email_domains: frozenset[str] = frozenset()
    free_mail: frozenset[str] = frozenset()
    integration_user_ids: frozenset[str] = frozenset()
    our_user_ids: frozenset[str] = frozenset()
    unmapped: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    incomplete: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    roles_are_copied: bool = False
    owners_are_tracked: bool = False
    choices: tuple[Choice, ...] = ()
    value_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def users_by_email(self) -> Mapping[str, tuple[User, ...]]:
        """Salesforce users by lower-cased address."""
        found: dict[str, list[User]] = {}
        for user in self.users.values():
            found.setdefault(user.email.casefold(), []).append(user)
        return {email: tuple(users) for email, users in found.items()}

    @cached_property
    def staff_by_address(self) -> Mapping[str, tuple[User, ...]]:
        """Our own people by every address under which some system knows them.

        The address of the user comes first; the addresses in Outreach and Chorus, and
        log-in and federation id on our own domains, are looked at only where no user
        has that address.
        Users of portals and communities are customers and partners, so not here.
        """
        own: dict[str, list[User]] = {}
        other: dict[str, list[User]] = {}
        staff = {u.id: u for u in self.users.values() if not u.is_guest}
        for user in staff.values():
            own.setdefault(user.email.casefold(), []).append(user)
            for name in (
                user.username.casefold(),
                (user.federation_id or "").casefold(),
            ):
                if lies_under(domain_of(name), self.email_domains):
                    other.setdefault(name, []).append(user)
        seats = [(o.email, i) for o in self.outreach_users.values() for i in o.crm_ids]
        seats += [
            (c.email, c.salesforce_user_id)
            for c in self.chorus_users.values()
            if c.salesforce_user_id
        ]
        for email, user_id in seats:
            if user_id in staff:
                other.setdefault(email.casefold(), []).append(staff[user_id])
        return {
            address: tuple({u.id: u for u in users}.values())
            for address, users in {**other, **own}.items()
            if "@" in address
        }


@dataclass(frozen=True, kw_only=True)
class Former:
    """What a record said until an instant of the vendor's clock."""

    until: datetime
    entity: Entity


@dataclass(frozen=True, kw_only=True)
class HomeRecords:
    """All records filed under one home, decoded; deleted ones are left out.

    ``account`` is the home's own, ``accounts`` are those among guests.
    ``guests`` carries contacts, accounts, opportunities, roles and cases of *other*
    accounts whose people take part in this home's interactions; they are candidates
    for association but are never judged here.

    ``versions`` gives the version of each record, by ref; ``bases`` what both sides
    of an opportunity last agreed on, by Salesforce id; ``made`` those of its doubled
    prospect roles that we made; ``undone`` natural keys of the roles that are gone by
    no person's doing: ``syncd undo`` took them off, or the last poll is older than
    their making; ``merged`` into which contact a deleted one went;
    ``former`` the earlier versions of contacts and opportunities, oldest first.
    """

    home: str
    account: Account | None = None
    accounts: tuple[Account, ...] = ()
    contacts: tuple[Contact, ...] = ()
    leads: tuple[Lead, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    opportunity_history: tuple[OpportunityHistory, ...] = ()
    opportunity_changes: tuple[OpportunityChange, ...] = ()
    roles: tuple[ContactRole, ...] = ()
    cases: tuple[Case, ...] = ()
    activities: tuple[Activity, ...] = ()
    outreach_accounts: tuple[OutreachAccount, ...] = ()
    prospects: tuple[Prospect, ...] = ()
    outreach_opportunities: tuple[OutreachOpportunity, ...] = ()
    prospect_roles: tuple[ProspectRole, ...] = ()
    calls: tuple[Call, ...] = ()
    outreach_tasks: tuple[OutreachTask, ...] = ()
    mailings: tuple[Mailing, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    engagements: tuple[Engagement, ...] = ()
    guests: "HomeRecords | None" = None
    versions: Mapping[RecordRef, str] = field(default_factory=dict)
    removed_roles: tuple[ContactRole, ...] = ()
    bases: Mapping[str, Base] = field(default_factory=dict)
    made: frozenset[RecordRef] = frozenset()
    undone: frozenset[str] = frozenset()
    merged: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[RecordRef, tuple[Former, ...]] = field(default_factory=dict)

    @property
    def every_account(self) -> tuple[Account, ...]:
        """The home's own account and others, its guests' left out."""
        return (self.account, *self.accounts) if self.account else self.accounts


def _crm_ids(
    connected: tuple[str, ...], free_text: str | None, prefix: str
) -> tuple[str, ...]:
    """Ids of one Salesforce object; the free-text id counts only without any other."""
    own = tuple(i for i in dict.fromkeys(connected) if i.startswith(prefix))
    fallback = salesforce_id(free_text)
    if own or fallback is None or not fallback.startswith(prefix):
        return own
    return (fallback,)


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """What rules see: the home's records plus what was worked out from them.

    Every rule shares this one index; nothing here reads the clock or the store.
    ``flips`` says by interaction what would change its association; it is worked out
    when it is asked for.
    """

    now: datetime
    org: OrgContext
    records: HomeRecords
    interactions: tuple[Interaction, ...] = ()
    associations: Mapping[str, Association] = field(default_factory=dict)
    flips: Flips = field(default_factory=dict)

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        """Contacts by id, guests included."""
        guests = self.records.guests.contacts if self.records.guests else ()
        return {c.id: c for c in (*guests, *self.records.contacts)}

    @cached_property
    def merged(self) -> Mapping[str, str]:
        """Contacts that were merged, by id: into which one, which may be merged too."""
        known = {
            contact.id: contact.merged_into_id
            for contact in self.contacts.values()
            if contact.merged_into_id is not None
        }
        return {**self.records.merged, **known}

    @cached_property
    def leads(self) -> Mapping[str, Lead]:
        """Leads by id."""
        return {lead.id: lead for lead in self.records.leads}

    @cached_property
    def accounts(self) -> Mapping[str, Account]:
        """Accounts by id: the home's own and the guests'."""
        guests = self.records.guests.every_account if self.records.guests else ()
        return {a.id: a for a in (*guests, *self.records.every_account)}

    @cached_property
    def opportunities(self) -> Mapping[str, Opportunity]:
        """Opportunities by id, guests included."""
        guests = self.records.guests.opportunities if self.records.guests else ()
        return {o.id: o for o in (*guests, *self.records.opportunities)}

    @cached_property
    def cases(self) -> Mapping[str, Case]:
        """Cases by id, guests included."""
        guests = self.records.guests.cases if self.records.guests else ()
        return {c.id: c for c in (*guests, *self.records.cases)}

    @cached_property
    def roles_by_opportunity(self) -> Mapping[str, tuple[ContactRole, ...]]:
        """Contact roles by opportunity, guests included."""
        guests = self.records.guests.roles if self.records.guests else ()
        found: dict[str, list[ContactRole]] = {}
        for role in (*guests, *self.records.roles):
            found.setdefault(role.opportunity_id, []).append(role)
        return {key: tuple(roles) for key, roles in found.items()}

    @cached_property
    def interaction_of(self) -> Mapping[RecordRef, Interaction]:
        """The interaction that each member record belongs to."""
        return {ref: i for i in self.interactions for ref in i.refs}

    @cached_property
    def activities(self) -> Mapping[RecordRef, Activity]:
        """Salesforce activities of this home by ref, in the order of their refs."""
        ordered = sorted(self.records.activities, key=lambda a: (a.object, a.id))
        return {a.ref: a for a in ordered}

    @cached_property
    def outreach_opportunities_of(
        self,
    ) -> Mapping[str, tuple[OutreachOpportunity, ...]]:
        """Live Outreach opportunities by Salesforce id; several are an ambiguity.

        Data connections count first, else a custom id that looks like an id.
        """
        found: dict[str, list[OutreachOpportunity]] = {}
        for layer in (self.records.guests, self.records):
            for twin in layer.outreach_opportunities if layer else ():
                if twin.trashed_at is None:
                    for crm_id in _crm_ids(twin.crm_ids, twin.custom_id, "006"):
                        found.setdefault(crm_id, []).append(twin)
        return {key: tuple(twins) for key, twins in found.items()}

    @cached_property
    def prospects_of(self) -> Mapping[str, tuple[Prospect, ...]]:
        """Live prospects by contact id, through CRM ids only."""
        found: dict[str, list[Prospect]] = {}
        for layer in (self.records.guests, self.records):
            for prospect in layer.prospects if layer else ():
                if prospect.trashed_at is None:
                    external = prospect.external_id
                    for crm_id in _crm_ids(prospect.crm_ids, external, "003"):
                        found.setdefault(crm_id, []).append(prospect)
        return {key: tuple(prospects) for key, prospects in found.items()}

    @cached_property
    def prospects_by_email(self) -> Mapping[str, tuple[Prospect, ...]]:
        """Live prospects by lower-cased address."""
        found: dict[str, list[Prospect]] = {}
        for layer in (self.records.guests, self.records):
            for prospect in layer.prospects if layer else ():
                if prospect.trashed_at is None:
                    for email in dict.fromkeys(e.casefold() for e in prospect.emails):
                        found.setdefault(email, []).append(prospect)
        return {key: tuple(prospects) for key, prospects in found.items()}

    @cached_property
    def calls(self) -> Mapping[str, Call]:
        """Outreach calls of this home by id."""
        return {call.id: call for call in self.records.calls}

    @cached_property
    def mailings(self) -> Mapping[str, Mailing]:
        """Outreach mails of this home by id."""
        return {mailing.id: mailing for mailing in self.records.mailings}

    @cached_property
    def engagements(self) -> Mapping[str, Engagement]:
        """Chorus engagements of this home by id."""
        return {engagement.id: engagement for engagement in self.records.engagements}

    @cached_property
    def outreach_tasks(self) -> Mapping[str, OutreachTask]:
        """Outreach tasks of this home by id."""
        return {task.id: task for task in self.records.outreach_tasks}

    @cached_property
    def prospects(self) -> Mapping[str, Prospect]:
        """Prospects by id, guests and those in the trash included."""
        guests = self.records.guests.prospects if self.records.guests else ()
        return {p.id: p for p in (*guests, *self.records.prospects)}

    @cached_property
    def contacts_by_email(self) -> Mapping[str, tuple[Contact, ...]]:
        """Contacts by lower-cased address, merged ones left out."""
        found: dict[str, list[Contact]] = {}
        for contact in self.contacts.values():
            if contact.merged_into_id is None:
                for email in dict.fromkeys(e.casefold() for e in contact.emails):
                    found.setdefault(email, []).append(contact)
        return {key: tuple(contacts) for key, contacts in found.items()}

    @cached_property
    def interactions_about(self) -> Mapping[str, tuple[Interaction, ...]]:
        """Interactions by opportunity: related to it today, or surely about it."""
        found: dict[str, list[Interaction]] = {}
        for interaction in self.interactions:
            targets = {
                activity.what_id
                for ref in interaction.refs
                if (activity := self.activities.get(ref)) is not None
            }
            association = self.associations.get(interaction.key)
            if association is not None and association.decision is Decision.APPLY:
                targets.add(association.target.id if association.target else None)
            for target in targets:
                if target in self.opportunities:
                    found.setdefault(target or "", []).append(interaction)
        return {key: tuple(interactions) for key, interactions in found.items()}

    @cached_property
    def prospect_roles_by_opportunity(self) -> Mapping[str, tuple[ProspectRole, ...]]:
        """Prospect roles by Outreach opportunity id."""
        found: dict[str, list[ProspectRole]] = {}
        for layer in (self.records.guests, self.records):
            for role in layer.prospect_roles if layer else ():
                found.setdefault(role.opportunity_id, []).append(role)
        return {key: tuple(roles) for key, roles in found.items()}

    def version_of(self, ref: RecordRef) -> str | None:
        """The version a change to this record was decided on."""
        return self.records.versions.get(ref)
