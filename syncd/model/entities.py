"""Canonical entities: the fields that rules may read, whatever an org calls them.

A mapping (``mappings/<system>_<object>.toml``) fills these names from vendor fields.
Instants are aware UTC and end in ``_at``; ids are strings (Salesforce's with 18
characters). None means "empty, or not mapped in this org"; which of the two is in
``OrgContext.unmapped``.
"""

from datetime import date, datetime
from typing import Final

import msgspec

from syncd.model.record import RecordRef


class Entity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of all entities; ``id`` is the vendor's."""

    id: str


class NoteDigest(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False
):
    """What was judged of a note or comment while it was read; never its text.

    ``length`` counts characters after trimming (0 = empty); ``sha256`` is over the
    trimmed text with newlines normalised; ``markers`` are keys that syncd itself
    left in the text; ``words`` are prints of its telling words and ``talk`` is what
    it speaks of (see ``syncd.model.words``).
    """

    length: int = 0
    sha256: str = ""
    is_template: bool = False
    case_numbers: tuple[str, ...] = ()
    chorus_ids: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    words: str = ""
    talk: tuple[str, ...] = ()


# --- Salesforce ---------------------------------------------------------------

_GUEST_TYPES: Final = frozenset(
    {
        "PowerPartner",
        "CSPLitePortal",
        "CustomerSuccess",
        "PowerCustomerSuccess",
        "Guest",
    }
)


class User(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce User; never deleted, only deactivated."""

    name: str = ""
    email: str = ""
    username: str = ""
    is_active: bool = True
    user_type: str = "Standard"
    title: str | None = None
    role: str | None = None
    profile: str | None = None
    time_zone: str | None = None
    federation_id: str | None = None

    @property
    def is_guest(self) -> bool:
        """A customer's or partner's log-in to a portal, community or site.

        Source: Salesforce Object Reference, User, ``UserType``.
        """
        return self.user_type in _GUEST_TYPES


class Account(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Account."""

    name: str = ""
    website: str | None = None
    parent_id: str | None = None
    owner_id: str | None = None
    type: str | None = None
    merged_into_id: str | None = None


class Contact(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Contact; ``emails`` holds every mapped address, lower-cased."""

    name: str = ""
    account_id: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    title: str | None = None
    owner_id: str | None = None
    opted_out: bool = False
    email_bounced: bool = False
    merged_into_id: str | None = None
    created_at: datetime | None = None
    created_by_id: str | None = None


class Lead(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Lead; a converted one names what it became."""

    name: str = ""
    company: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    owner_id: str | None = None
    is_converted: bool = False
    converted_at: date | None = None
    converted_account_id: str | None = None
    converted_contact_id: str | None = None
    converted_opportunity_id: str | None = None
    merged_into_id: str | None = None


class Opportunity(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Opportunity."""

    name: str = ""
    account_id: str | None = None
    owner_id: str | None = None
    stage: str = ""
    is_closed: bool = False
    is_won: bool = False
    close_date: date | None = None
    type: str | None = None
    record_type: str | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    stage_changed_at: datetime | None = None
    is_private: bool = False


class OpportunityHistory(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """One snapshot of an opportunity's stage and close date."""

    opportunity_id: str
    stage: str = ""
    close_date: date | None = None
    created_at: datetime | None = None


class OpportunityChange(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """One row of an opportunity's field history: a tracked field's old and new value.

    ``field`` is the vendor's name of it. A change of owner leaves two rows, one with
    names and one with ids.

    Source: Object Reference, "OpportunityFieldHistory".
    """

    opportunity_id: str
    field: str = ""
    old: str | None = None
    new: str | None = None
    created_at: datetime | None = None


class ContactRole(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce OpportunityContactRole."""

    opportunity_id: str
    contact_id: str
    role: str | None = None
    is_primary: bool = False
    created_at: datetime | None = None
    created_by_id: str | None = None


class Case(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Case."""

    number: str = ""
    subject: str | None = None
    status: str | None = None
    is_closed: bool = False
    contact_id: str | None = None
    account_id: str | None = None
    owner_id: str | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None


class TaskStatus(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """One value of Task.Status; ``id`` is the record's, ``label`` what is written."""

    label: str
    is_closed: bool = False
    is_default: bool = False


class OpportunityStage(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """One value of Opportunity.StageName (Salesforce) or an Outreach stage."""

    label: str
    is_closed: bool = False
    is_won: bool = False


class Activity(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Salesforce Task or Event.

    Attributes:
        object: ``Task`` or ``Event``.
        day: Task's due date, or the day of an all-day Event; no time zone.
        starts_at: Event only.
        is_closed: Task only; an Event is over when ``ends_at`` has passed.
        is_child: An Event copy for an invited user; belongs to its parent.
        chorus_id: Engagement id left by Chorus's package, when the org has it.
        outcome: The org's mapped outcome field, when it has one.
        key: The org's External-ID field on Activity, when it has one.
        who_ids: All people when Shared Activities is on, else empty.
    """

    object: str
    subject: str = ""
    who_id: str | None = None
    who_ids: tuple[str, ...] = ()
    what_id: str | None = None
    account_id: str | None = None
    owner_id: str | None = None
    status: str | None = None
    is_closed: bool = False
    completed_at: datetime | None = None
    day: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_all_day: bool = False
    type: str | None = None
    subtype: str | None = None
    call_disposition: str | None = None
    call_duration_s: int | None = None
    call_type: str | None = None
    call_object: str | None = None
    note: NoteDigest = NoteDigest()
    location_links: tuple[str, ...] = ()
    is_child: bool = False
    is_recurrence: bool = False
    recurrence_parent_id: str | None = None
    is_private: bool = False
    is_archived: bool = False
    created_at: datetime | None = None
    created_by_id: str | None = None
    modified_at: datetime | None = None
    modified_by_id: str | None = None
    chorus_id: str | None = None
    outcome: str | None = None
    key: str | None = None

    @property
    def ref(self) -> RecordRef:
        """Where this activity lives."""
        return RecordRef("salesforce", self.object, self.id)


# --- Outreach -----------------------------------------------------------------


class OutreachUser(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach user; ``is_locked`` = left or disabled."""

    name: str = ""
    email: str = ""
    is_locked: bool = False
    crm_ids: tuple[str, ...] = ()


class OutreachAccount(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach account; ``crm_ids`` are Salesforce ids found in data connections."""

    name: str = ""
    domain: str | None = None
    custom_id: str | None = None
    crm_ids: tuple[str, ...] = ()


class Prospect(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach prospect."""

    name: str = ""
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    account_id: str | None = None
    owner_id: str | None = None
    external_id: str | None = None
    opted_out: bool = False
    trashed_at: datetime | None = None
    crm_ids: tuple[str, ...] = ()


class OutreachOpportunity(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach opportunity."""

    name: str = ""
    account_id: str | None = None
    owner_id: str | None = None
    stage_id: str | None = None
    custom_id: str | None = None
    trashed_at: datetime | None = None
    crm_ids: tuple[str, ...] = ()


class ProspectRole(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach opportunityProspectRole: a prospect on an opportunity."""

    opportunity_id: str
    prospect_id: str
    role: str | None = None
    is_primary: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None


class CallDisposition(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach callDisposition: one value of the org's own list."""

    label: str
    outcome: str | None = None


class Call(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach call; it took place at dialed, answered, completed or created."""

    direction: str | None = None
    outcome: str | None = None
    state: str | None = None
    disposition_id: str | None = None
    purpose_id: str | None = None
    prospect_id: str | None = None
    opportunity_id: str | None = None
    user_id: str | None = None
    task_id: str | None = None
    to_phone: str | None = None
    dialed_at: datetime | None = None
    answered_at: datetime | None = None
    completed_at: datetime | None = None
    created_at: datetime | None = None
    note: NoteDigest = NoteDigest()
    vendor_call_id: str | None = None
    crm_ids: tuple[str, ...] = ()

    @property
    def at(self) -> datetime | None:
        """When the call took place."""
        return (
            self.dialed_at or self.answered_at or self.completed_at or self.created_at
        )


class OutreachTask(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach task; its opportunity follows a rule, never an id."""

    action: str | None = None
    state: str | None = None
    due_at: datetime | None = None
    is_completed: bool = False
    completed_at: datetime | None = None
    owner_id: str | None = None
    prospect_id: str | None = None
    account_id: str | None = None
    opportunity_id: str | None = None
    association_rule: str | None = None
    created_at: datetime | None = None
    crm_ids: tuple[str, ...] = ()


class Mailing(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Outreach mailing; only its envelope, never its body."""

    state: str | None = None
    subject: str | None = None
    message_id: str | None = None
    delivered_at: datetime | None = None
    replied_at: datetime | None = None
    prospect_id: str | None = None
    opportunity_id: str | None = None
    user_id: str | None = None
    crm_ids: tuple[str, ...] = ()


# --- Calendars ----------------------------------------------------------------


class Attendee(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One invited address; ``response`` is accepted, declined, tentative or none."""

    email: str | None = None
    name: str | None = None
    response: str | None = None
    is_resource: bool = False
    is_optional: bool = False
    is_self: bool = False


class Meeting(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """One person's calendar copy of one occurrence; id = ``<calendar>/<event id>``."""

    calendar: str
    ical_uid: str | None = None
    title: str | None = None
    status: str = "confirmed"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_all_day: bool = False
    original_starts_at: datetime | None = None
    series_id: str | None = None
    is_series_master: bool = False
    organizer_email: str | None = None
    attendees: tuple[Attendee, ...] = ()
    attendees_omitted: bool = False
    conference_links: tuple[str, ...] = ()
    note: NoteDigest = NoteDigest()
    visibility: str = "default"
    event_type: str = "default"
    has_location: bool = False
    url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


# --- Chorus -------------------------------------------------------------------


class ChorusUser(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Chorus user; a LISTENER's meetings are not recorded."""

    email: str = ""
    license_type: str | None = None
    salesforce_user_id: str | None = None


class EngagementParticipant(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True
):
    """One person in an engagement; ``is_rep`` = our own side."""

    email: str | None = None
    name: str | None = None
    is_rep: bool = False


class Engagement(Entity, frozen=True, kw_only=True, omit_defaults=True):
    """Chorus engagement, with what its conversation adds.

    ``opportunity_id`` and ``salesforce_account_id`` are Salesforce ids or None: an
    internal Chorus id is never kept there.
    """

    type: str = "meeting"
    starts_at: datetime | None = None
    duration_s: float | None = None
    subject: str | None = None
    url: str | None = None
    owner_email: str | None = None
    owner_user_id: str | None = None
    participants: tuple[EngagementParticipant, ...] = ()
    opportunity_id: str | None = None
    salesforce_account_id: str | None = None
    no_show: bool = False
    processing_state: str | None = None
    unrecorded_reason: str | None = None
    ical_uid: str | None = None
    meeting_link: str | None = None
    scheduled_starts_at: datetime | None = None
    scheduled_ends_at: datetime | None = None
    connected: bool | None = None
    voicemail: bool | None = None
    gatekeeper: bool | None = None
    phone_tree: bool | None = None
    call_disposition: str | None = None
    is_private: bool = False
    note: NoteDigest = NoteDigest()


ENTITY_TYPES: Final[dict[tuple[str, str], type[Entity]]] = {
    ("salesforce", "User"): User,
    ("salesforce", "Account"): Account,
    ("salesforce", "Contact"): Contact,
    ("salesforce", "Lead"): Lead,
    ("salesforce", "Opportunity"): Opportunity,
    ("salesforce", "OpportunityHistory"): OpportunityHistory,
    ("salesforce", "OpportunityFieldHistory"): OpportunityChange,
    ("salesforce", "OpportunityContactRole"): ContactRole,
    ("salesforce", "OpportunityStage"): OpportunityStage,
    ("salesforce", "TaskStatus"): TaskStatus,
    ("salesforce", "Case"): Case,
    ("salesforce", "Task"): Activity,
    ("salesforce", "Event"): Activity,
    ("outreach", "user"): OutreachUser,
    ("outreach", "account"): OutreachAccount,
    ("outreach", "prospect"): Prospect,
    ("outreach", "opportunity"): OutreachOpportunity,
    ("outreach", "opportunityStage"): OpportunityStage,
    ("outreach", "opportunityProspectRole"): ProspectRole,
    ("outreach", "callDisposition"): CallDisposition,
    ("outreach", "call"): Call,
    ("outreach", "task"): OutreachTask,
    ("outreach", "mailing"): Mailing,
    ("google_calendar", "Event"): Meeting,
    ("caldav", "Event"): Meeting,
    ("chorus", "user"): ChorusUser,
    ("chorus", "engagement"): Engagement,
}
"""Entity type of every (system, object) that the mirror keeps."""
