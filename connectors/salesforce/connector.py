"""The Salesforce connector: reads everything, writes what plans say."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.salesforce.bulk import Bulk
from connectors.salesforce.client import SYSTEM, Client
from connectors.salesforce.keys import ACTIVITIES, Keys
from connectors.salesforce.lookup import Lookup
from connectors.salesforce.metadata import Metadata
from connectors.salesforce.passes import OPTIONAL, PROVABLE
from connectors.salesforce.proof import Prover
from connectors.salesforce.queries import Queries
from connectors.salesforce.reader import Reader
from connectors.salesforce.rows import raw_record
from connectors.salesforce.writer import Writer
from syncd.errors import AuthError, ConnectorError, RemoteError
from syncd.model.ids import salesforce_id
from syncd.model.record import RawRecord, RecordRef
from syncd.ports.connector import (
    CheckItem,
    ConnectorContext,
    Current,
    FieldInfo,
    Level,
    OrgIdentity,
    Page,
    ReadRequest,
    Span,
    Write,
    WriteOutcome,
)

_OBJECTS: Final = (
    "User",
    "TaskStatus",
    "OpportunityStage",
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "OpportunityHistory",
    "OpportunityFieldHistory",
    "OpportunityContactRole",
    "Case",
    "Task",
    "Event",
)
_SKEW: Final = timedelta(minutes=2)
_METADATA_CHANGED: Final = frozenset({"INVALID_FIELD", "INVALID_TYPE"})


class SalesforceConnector:
    """See ``WritingConnector`` and ``ReadsAhead`` in :mod:`syncd.ports.connector`."""

    system = SYSTEM

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self._client = Client(context)
        self._keys = Keys(str(context.settings["activity_key_field"]))
        queries = Queries(self._client)
        self._metadata = Metadata(self._client, _OBJECTS)
        bulk = Bulk(self._client, self._metadata.of)
        self._reader = Reader(self._client, queries, bulk)
        self._lookup = Lookup(queries, self._keys)
        self._writer = Writer(self._client, self._lookup, self._keys)
        self._prover = Prover(queries)

    def objects(self) -> tuple[str, ...]:
        """People before deals before activities."""
        return _OBJECTS

    def check(self) -> Sequence[CheckItem]:
        """Credentials, API access, clock and call budget."""
        try:
            self.identity()
            for object_name in ("Task", "OpportunityContactRole"):
                self.describe(object_name)
        except AuthError as error:
            return [_item("credentials", Level.PROBLEM, str(error), credentials=True)]
        except RemoteError as error:
            return [_item("access", Level.PROBLEM, str(error))]
        return [
            _item("credentials", Level.OK, "accepted"),
            self._clock_item(),
            self._budget_item(),
            *self._rights_items(),
            *self._key_items(),
        ]

    def _clock_item(self) -> CheckItem:
        server = self._client.server_at
        skew = abs(server - self._client.now()) if server else timedelta(0)
        level = Level.WARNING if skew > _SKEW else Level.OK
        says = f"differs from the server's by {skew.total_seconds():.0f} s"
        return _item("clock", level, says, remedy="set this machine's clock by NTP")

    def _budget_item(self) -> CheckItem:
        used, allowed = self._client.used_calls, self._client.allowed_calls
        level = Level.WARNING if self._client.over_budget else Level.OK
        says = f"{used} of {allowed} daily calls used by all tools"
        return _item("call budget", level, says, remedy="lower daily_call_share")

    def _rights_items(self) -> Iterator[CheckItem]:
        for object_name, names in (
            ("Task", ("WhoId", "WhatId", "OwnerId", "Status", "Subject")),
            ("OpportunityContactRole", ()),
        ):
            fields = self.describe(object_name)
            locked = [n for n in names if n not in fields or not fields[n].updateable]
            if locked:
                says = f"cannot update {object_name}.{', '.join(locked)}"
                remedy = "give the integration user edit access to these fields"
                yield _item("permissions", Level.WARNING, says, remedy=remedy)

    def _key_items(self) -> Iterator[CheckItem]:
        """Whether the configured key field can carry what makes a create safe."""
        name = self._keys.field
        for object_name in sorted(ACTIVITIES) if name else ():
            yield _key_item(
                f"{object_name}.{name}", self.describe(object_name).get(name)
            )

    def identity(self) -> OrgIdentity:
        """Org and user behind the token; most log-ins say so themselves."""
        self._client.log_in()
        login = self._client.login
        org_id, user_id = salesforce_id(login.org_id), salesforce_id(login.user_id)
        if org_id is None or user_id is None:
            body = self._client.get("/services/oauth2/userinfo")
            org_id = salesforce_id(body["organization_id"])
            user_id = salesforce_id(body["user_id"])
        return OrgIdentity(
            org_id=org_id or "",
            user_id=user_id or "",
            server_at=self._client.server_at,
        )

    def server_at(self) -> datetime | None:
        """Salesforce's instant of its last answer."""
        return self._client.server_at

    def describe(self, object_name: str) -> Mapping[str, FieldInfo]:
        """Fields that our user may see."""
        return self._metadata.of(object_name)

    def refresh(self) -> None:
        """All objects' metadata in one call, and the server's clock with it."""
        self._metadata.refresh()

    def read_ahead(self, requests: Sequence[ReadRequest]) -> None:
        """First pages of all objects, five queries to a call."""
        self._reader.read_ahead(requests)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Changes since the cursor, or everything; nothing of what the org lacks."""
        if request.object in OPTIONAL and not self.describe(request.object):
            return
        try:
            yield from self._reader.read(request)
        except ConnectorError as error:
            if error.code in _METADATA_CHANGED:
                self._metadata.forget()
            raise

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some records of one object."""
        current = self._lookup.current(refs, (*fields, "CreatedDate"))
        return {
            ref: None
            if one is None
            else raw_record(
                ref.object,
                {"Id": ref.id, "SystemModstamp": one.version, **one.fields},
            )
            for ref, one in current.items()
        }

    def provable(self) -> tuple[str, ...]:
        """All but value lists, listed whole each time, and history, never changed."""
        return tuple(name for name in _OBJECTS if name in PROVABLE)

    def count(self, span: Span) -> int | None:
        """How many live records there are."""
        return self._prover.count(span)

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """Id and SystemModstamp of each live record."""
        return self._prover.versions(span)

    def link(self, ref: RecordRef) -> str:
        """The record's page; the instance forwards to the org's own address."""
        return f"{self._client.base_url}/{ref.id}"

    def close(self) -> None:
        """Nothing is held but the session, which its owner closes."""

    def write(self, writes: Sequence[Write]) -> Sequence[WriteOutcome]:
        """Collections of 200 and guarded updates; nothing is sent twice."""
        return self._writer.write(writes)

    def write_calls(self, writes: Sequence[Write]) -> int:
        """Calls that ``write`` would need."""
        return len(self._writer.batches(writes))

    def current(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, Current | None]:
        """Records as they stand now."""
        return self._lookup.current(refs, fields)

    def find_effect(self, write: Write) -> Current | None:
        """What a create of unknown outcome made."""
        return self._lookup.find_effect(write)

    def memberships(
        self, object_name: str, opportunity_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Current]]:
        """The complete contact role set of each opportunity."""
        return self._lookup.memberships(opportunity_ids)


def build(context: ConnectorContext) -> SalesforceConnector:
    """The connector of these settings."""
    return SalesforceConnector(context)


def _key_item(name: str, field: FieldInfo | None) -> CheckItem:
    level, says = Level.PROBLEM, f"{name} is not there, or our user may not see it"
    remedy = "make it a text field of Activity: External ID, Unique, editable"
    if field is not None and not (field.external_id and field.createable):
        says = f"{name} is no External ID that our user may fill"
    elif field is not None and not field.unique:
        level, says = Level.WARNING, f"{name} is not unique"
        remedy = "tick Unique: two creates at once may double a record"
    elif field is not None:
        level, says = Level.OK, f"{name} can carry the key of a create"
    return _item("activity key", level, says, remedy=remedy)


def _item(
    name: str, level: Level, says: str, *, remedy: str = "", credentials: bool = False
) -> CheckItem:
    return CheckItem(
        system=SYSTEM,
        name=name,
        level=level,
        says=says,
        remedy=remedy or ("see docs/connectors/salesforce.md" if credentials else ""),
        needs_credentials=credentials,
    )
