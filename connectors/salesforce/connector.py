"""The Salesforce connector: reads everything, writes what plans say."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.salesforce.client import SYSTEM, Client
from connectors.salesforce.proof import Prover
from connectors.salesforce.reader import SMALL, Reader, raw_record
from connectors.salesforce.writer import Writer, batches
from syncd.errors import AuthError, RemoteError
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
    "OpportunityContactRole",
    "Case",
    "Task",
    "Event",
)
_SKEW: Final = timedelta(minutes=2)


class SalesforceConnector:
    """See :class:`syncd.ports.connector.WritingConnector`."""

    system = SYSTEM

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self._client = Client(context)
        self._reader = Reader(self._client)
        self._writer = Writer(self._client)
        self._prover = Prover(self._client)
        self._described: dict[str, Mapping[str, FieldInfo]] = {}

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

    def identity(self) -> OrgIdentity:
        """Org and user behind the token."""
        body = self._client.get("/services/oauth2/userinfo")
        return OrgIdentity(
            org_id=salesforce_id(body["organization_id"]) or "",
            user_id=salesforce_id(body["user_id"]) or "",
            server_at=self._client.server_at,
            web_url=str(body.get("urls", {}).get("custom_domain", "")),
        )

    def describe(self, object_name: str) -> Mapping[str, FieldInfo]:
        """Fields that our user may see."""
        if object_name not in self._described:
            path = f"{self._client.root}/sobjects/{object_name}/describe"
            fields = self._client.get(path)["fields"]
            self._described[object_name] = {f["name"]: _field(f) for f in fields}
        return self._described[object_name]

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Changes since the cursor, or everything."""
        return self._reader.read(request)

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some records of one object."""
        current = self._writer.current(refs, (*fields, "CreatedDate"))
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
        """All but value lists, which are listed whole each time."""
        return tuple(name for name in _OBJECTS if name not in SMALL)

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
        return len(batches(writes))

    def current(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, Current | None]:
        """Records as they stand now."""
        return self._writer.current(refs, fields)

    def find_effect(self, write: Write) -> Current | None:
        """What a create of unknown outcome made."""
        return self._writer.find_effect(write)

    def membership(self, object_name: str, opportunity_id: str) -> Sequence[Current]:
        """The complete contact role set of one opportunity."""
        return self._writer.membership(opportunity_id)


def build(context: ConnectorContext) -> SalesforceConnector:
    """The connector of these settings."""
    return SalesforceConnector(context)


def _field(data: Mapping[str, Any]) -> FieldInfo:
    values = data.get("picklistValues") or ()
    return FieldInfo(
        name=data["name"],
        type=data.get("type", ""),
        updateable=data.get("updateable", True),
        createable=data.get("createable", True),
        filterable=data.get("filterable", True),
        nillable=data.get("nillable", True),
        length=data.get("length") or 0,
        picklist=tuple(value["value"] for value in values if value.get("active", True)),
        restricted=data.get("restrictedPicklist", False),
        external_id=data.get("externalId", False),
    )


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
