"""The account view: what is known about one account at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from syncd.model.association import Association
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
    Lead,
    Mailing,
    Meeting,
    Opportunity,
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
from syncd.model.interaction import Interaction
from syncd.model.record import RecordRef


@dataclass(frozen=True, kw_only=True)
class OrgContext:
    """What is the same for every account of the org, read once per run.

    Attributes:
        users: Salesforce users by id, inactive ones included.
        email_domains: Our own domains, lower-case.
        free_mail: Domains of free-mail providers, lower-case.
        integration_user_ids: Salesforce users whose records nobody "owns".
        unmapped: ``system.Object.field`` of optional canonical fields that this org
            lacks or hides; what needs them is not checked, and says so.
        incomplete: Systems whose last poll was incomplete or that are off.
        as_of: Last complete poll per system.
        links: Address of a record for people, per system: a format string with
            ``{object}`` and ``{id}``.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    outreach_users: Mapping[str, OutreachUser] = field(default_factory=dict)
    chorus_users: Mapping[str, ChorusUser] = field(default_factory=dict)
    task_statuses: tuple[TaskStatus, ...] = ()
    stages: tuple[OpportunityStage, ...] = ()
    outreach_stages: Mapping[str, OpportunityStage] = field(default_factory=dict)
    call_dispositions: Mapping[str, CallDisposition] = field(default_factory=dict)
    email_domains: frozenset[str] = frozenset()
    free_mail: frozenset[str] = frozenset()
    integration_user_ids: frozenset[str] = frozenset()
    unmapped: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    incomplete: frozenset[str] = frozenset()
    as_of: Mapping[str, datetime] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    value_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def users_by_email(self) -> Mapping[str, tuple[User, ...]]:
        """Salesforce users by lower-cased address."""
        found: dict[str, list[User]] = {}
        for user in self.users.values():
            found.setdefault(user.email.casefold(), []).append(user)
        return {email: tuple(users) for email, users in found.items()}


@dataclass(frozen=True, kw_only=True)
class HomeRecords:
    """All records filed under one home, decoded; deleted ones are left out.

    ``guests`` carries contacts, accounts, opportunities, roles and cases of *other*
    accounts whose people take part in this home's interactions; they are candidates
    for association but are never judged here.

    ``versions`` gives the version of each record, by ref.
    """

    home: str
    account: Account | None = None
    contacts: tuple[Contact, ...] = ()
    leads: tuple[Lead, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    opportunity_history: tuple[OpportunityHistory, ...] = ()
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

    @property
    def record_count(self) -> int:
        """Records held, guests included; what batches are cut by."""
        return len(self.versions)


@dataclass(frozen=True, kw_only=True)
class AccountView:
    """What rules see: the home's records plus what was worked out from them.

    Every rule shares this one index; nothing here reads the clock or the store.
    """

    now: datetime
    org: OrgContext
    records: HomeRecords
    interactions: tuple[Interaction, ...] = ()
    associations: Mapping[str, Association] = field(default_factory=dict)

    @cached_property
    def contacts(self) -> Mapping[str, Contact]:
        """Contacts by id, guests included."""
        guests = self.records.guests.contacts if self.records.guests else ()
        return {c.id: c for c in (*guests, *self.records.contacts)}

    @cached_property
    def leads(self) -> Mapping[str, Lead]:
        """Leads by id."""
        return {lead.id: lead for lead in self.records.leads}

    @cached_property
    def accounts(self) -> Mapping[str, Account]:
        """Accounts by id: the home's own and the guests'."""
        own = (self.records.account,) if self.records.account else ()
        guest = self.records.guests
        others = (guest.account,) if guest and guest.account else ()
        return {a.id: a for a in (*others, *own)}

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
        """Salesforce activities of this home by ref."""
        return {a.ref: a for a in self.records.activities}

    def version_of(self, ref: RecordRef) -> str | None:
        """The version a change to this record was decided on."""
        return self.records.versions.get(ref)

    def association_of(self, ref: RecordRef) -> Association | None:
        """The association of the interaction that this record belongs to."""
        interaction = self.interaction_of.get(ref)
        return None if interaction is None else self.associations.get(interaction.key)
