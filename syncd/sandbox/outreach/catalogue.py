"""Which resources there are, what may be asked of each, and by whom.

Source: Outreach API reference and OpenAPI document (methods), hyper-schema (filters
and sorts); developer documentation, "Server-to-server API access" (scopes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of resource.

    Attributes:
        methods: Of GET, POST, PATCH, DELETE.
        filters: Attributes that lists may be filtered by; ``id`` besides.
        sorts: Attributes that lists may be sorted by; ``id`` besides.
        related: To-one relationships, each with the target's attributes that lists
            may be filtered by.
        many: To-many relationships: kind of the target, and the target's filter that
            leads back.
        read_only: Attributes and relationships that no caller may write.
        stamps: Instants that the service keeps: of making and of the last change.
    """

    name: str
    collection: str
    methods: frozenset[str]
    filters: frozenset[str]
    sorts: frozenset[str]
    related: Mapping[str, frozenset[str]]
    many: Mapping[str, tuple[str, str]]
    read_only: frozenset[str]
    stamps: tuple[str, ...]


_CRUD: Final = "GET POST PATCH DELETE"
_STAMPS: Final = "createdAt updatedAt"


def _kind(  # noqa: PLR0913 - one row of the table below
    name: str,
    collection: str,
    methods: str = _CRUD,
    *,
    both: str = "",
    filters: str = "",
    sorts: str = "",
    related: str = "",
    many: Mapping[str, tuple[str, str]] | None = None,
    read_only: str = "",
    stamps: str = _STAMPS,
) -> Kind:
    """A row; names are separated by blanks, ``account:id,name`` filters by those."""
    pairs = (one.partition(":") for one in related.split())
    return Kind(
        name=name,
        collection=collection,
        methods=frozenset(methods.split()),
        filters=frozenset(f"id {both} {filters}".split()),
        sorts=frozenset(f"id {both} {sorts}".split()),
        related={
            relation: frozenset(names.split(",")) if names else frozenset()
            for relation, _, names in pairs
        },
        many=many or {},
        read_only=frozenset(f"{stamps} {read_only} {' '.join(many or {})}".split()),
        stamps=tuple(stamps.split()),
    )


_ROWS: Final = (
    _kind(
        "user",
        "users",
        "GET POST PATCH",
        both=f"{_STAMPS} email firstName lastName username locked currentSignInAt",
        related="role profile mailbox creator updater",
        read_only="name userGuid",
    ),
    _kind(
        "account",
        "accounts",
        both=f"{_STAMPS} name domain customId named touchedAt buyerIntentScore",
        filters="sharingTeamId",
        related="owner:id creator updater defaultPluginMapping",
        many={"prospects": ("prospect", "account"), "tasks": ("task", "account")},
        read_only="touchedAt creator updater defaultPluginMapping",
    ),
    _kind(
        "prospect",
        "prospects",
        both=f"{_STAMPS} firstName lastName title externalSource touchedAt"
        " engagedAt engagedScore githubUsername linkedInId linkedInSlug"
        " stackOverflowId twitterUsername",
        filters="emails sharingTeamId timeZone",
        related="account:id,customId,name,named,updatedAt owner:id stage:id,name"
        " persona creator updater defaultPluginMapping",
        many={
            "opportunities": ("opportunity", "prospects"),
            "opportunityProspectRoles": ("opportunityProspectRole", "prospect"),
            "emailAddresses": ("emailAddress", "prospect"),
            "calls": ("call", "prospect"),
            "mailings": ("mailing", "prospect"),
            "tasks": ("task", "prospect"),
        },
        read_only="name optedOutAt touchedAt creator updater",
    ),
    _kind(
        "emailAddress",
        "emailAddresses",
        both="email emailType order status statusChangedAt unsubscribedAt updatedAt",
        related="prospect:id",
    ),
    _kind(
        "opportunity",
        "opportunities",
        both=f"{_STAMPS} name probability forecastCategory leadSource lostReason"
        " recordType customId touchedAt mapStatus",
        filters="externalCreatedAt mapLink sharingTeamId",
        sorts="amount amountPrecise closeDate",
        related="account:id,name owner:id opportunityStage stage:id primaryProspect"
        " creator updater defaultPluginMapping",
        many={"prospects": ("prospect", "opportunities")},
        read_only="touchedAt stage creator updater defaultPluginMapping",
    ),
    _kind(
        "opportunityStage", "opportunityStages", both=f"{_STAMPS} name order isClosed"
    ),
    _kind(
        "opportunityProspectRole",
        "opportunityProspectRoles",
        both=f"{_STAMPS} role",
        related="opportunity:id prospect:id",
    ),
    _kind(
        "call",
        "calls",
        "GET POST DELETE",
        both=f"{_STAMPS} outcome state from to recordingUrl userCallType",
        related="callDisposition:id callPurpose:id opportunity:id prospect:id user:id"
        " task:id phoneNumber:id sequence:id sequenceState:id sequenceStep:id",
        read_only="state stateChangedAt uid voicemailRecordingUrl associatedId",
    ),
    _kind("callDisposition", "callDispositions", both=f"{_STAMPS} name order outcome"),
    _kind("callPurpose", "callPurposes", both=f"{_STAMPS} name order"),
    _kind(
        "task",
        "tasks",
        both=f"{_STAMPS} dueAt state taskType scheduledAt stateChangedAt autoskipAt",
        related="owner:id,email,firstName subject prospect:id account:id"
        " opportunity:id call:id mailing:id taskPriority:id,name taskDisposition"
        " taskPurpose completer creator sequence:id sequenceState:id sequenceStep:id",
        many={"calls": ("call", "task")},
        read_only="state stateChangedAt taskType scheduledAt completed completedAt"
        " prospect account opportunity call mailing mailings completer creator",
    ),
    _kind("taskPriority", "taskPriorities", "GET", both=f"{_STAMPS} name weight"),
    _kind(
        "taskDisposition",
        "taskDispositions",
        both=f"{_STAMPS} name order taskType value",
    ),
    _kind("taskPurpose", "taskPurposes", both=f"{_STAMPS} name order taskType"),
    _kind(
        "event",
        "events",
        "GET",
        both="createdAt eventAt",
        filters="name",
        related="account:id call:id mailing:id opportunity:id prospect:id task:id"
        " user:id",
        stamps="createdAt",
    ),
    _kind(
        "mailing",
        "mailings",
        "GET POST",
        both="createdAt updatedAt state messageId mailingType deliveredAt openedAt"
        " repliedAt bouncedAt scheduledAt stateChangedAt retryAt clickedAt"
        " unsubscribedAt notifyThreadScheduledAt notifyThreadStatus",
        related="prospect:id mailbox:id opportunity:id user:id task:id sequence:id"
        " sequenceState:id template:id",
        read_only="messageId mailboxAddress opportunity user",
    ),
    _kind("stage", "stages", both=f"{_STAMPS} name order"),
    _kind(
        "sequenceState",
        "sequenceStates",
        "GET POST DELETE",
        both=f"{_STAMPS} state stateChangedAt repliedAt callCompletedAt clickCount"
        " deliverCount openCount pauseReason replyCount",
        related="prospect:id,emails sequence:id mailbox:id user:id account:id"
        " opportunity:id",
        read_only="state stateChangedAt repliedAt account opportunity user",
    ),
    _kind(
        "prospectNote",
        "prospectNotes",
        both="createdAt",
        related="prospect:id opportunity creator",
        read_only="opportunity creator",
        stamps="createdAt",
    ),
    _kind(
        "batch",
        "batches",
        "GET",
        both="state total",
        filters="action",
        sorts="createdAt finishedAt",
        related="creator",
        many={"batchItems": ("batchItem", "batch")},
    ),
    _kind(
        "batchItem",
        "batchItems",
        "GET",
        both="batchId failed state",
        related="batch:id",
        stamps="createdAt",
    ),
)
KINDS: Final[Mapping[str, Kind]] = {one.name: one for one in _ROWS}
COLLECTIONS: Final[Mapping[str, Kind]] = {one.collection: one for one in _ROWS}

ALL_SCOPES: Final = frozenset(f"{one.collection}.all" for one in _ROWS)
S2S_SCOPES: Final = frozenset(
    f"{collection}.{verb}"
    for collections, verbs in (
        (
            "accounts calls opportunities prospects sequenceStates tasks",
            "read write delete",
        ),
        ("events", "read write"),
        ("mailings users", "read"),
    )
    for collection in collections.split()
    for verb in verbs.split()
)
"""What an app without a user reaches: no roles, stages, dispositions or batches."""
