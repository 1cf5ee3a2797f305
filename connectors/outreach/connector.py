"""The Outreach connector: reads people, deals and activities, writes roles.

Source: Outreach API reference; cursors, filters and sparse fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from connectors.outreach.client import Client
from connectors.outreach.login import SYSTEM
from connectors.outreach.resources import (
    attribute_of,
    current_of,
    document_of,
    next_of,
    records_of,
)
from syncd.errors import (
    AuthError,
    ConflictError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.instants import iso_z, parse_instant
from syncd.kit.paging import Pages
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
    WriteStatus,
)

_COLLECTIONS: Final[Mapping[str, str]] = {
    "user": "users",
    "opportunityStage": "opportunityStages",
    "callDisposition": "callDispositions",
    "account": "accounts",
    "prospect": "prospects",
    "opportunity": "opportunities",
    "opportunityProspectRole": "opportunityProspectRoles",
    "call": "calls",
    "task": "tasks",
    "mailing": "mailings",
}
_LINKED: Final = frozenset(
    {"user", "account", "prospect", "opportunity", "call", "task", "mailing"}
)
_SWEPT: Final = frozenset(
    {"opportunityProspectRole", "opportunityStage", "callDisposition"}
)
_PAGE: Final = 1000
_IDS: Final = 100  # of one filter
_SMALLEST_PAGE: Final = 50
_OVERLAP: Final = timedelta(minutes=5)
_SKEW: Final = timedelta(minutes=2)


class OutreachConnector:
    """See :class:`syncd.ports.connector.WritingConnector`."""

    system = SYSTEM

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self._client = Client(context)
        self._share = float(context.settings["hourly_call_share"])
        self._identity: OrgIdentity | None = None

    def objects(self) -> tuple[str, ...]:
        """People before deals before activities."""
        return tuple(_COLLECTIONS)

    def check(self) -> Sequence[CheckItem]:
        """Credentials, scopes, clock and rate budget."""
        items = []
        for object_name, collection in _COLLECTIONS.items():
            try:
                self._client.get(f"/{collection}", {"page[size]": "1"})
            except AuthError as error:
                return [self._item("credentials", Level.PROBLEM, str(error), auth=True)]
            except RemoteError as error:
                says = f"{object_name} cannot be read: {error.code}"
                remedy = f"grant the scope {collection}.read"
                items.append(self._item("scope", Level.PROBLEM, says, remedy=remedy))
        server = self._client.server_at
        skew = abs(server - self._client.now()) if server else timedelta(0)
        level = Level.WARNING if skew > _SKEW else Level.OK
        says = f"differs from the server's by {skew.total_seconds():.0f} s"
        items.append(self._item("clock", level, says, remedy="set the clock by NTP"))
        says = f"{self._client.remaining} of {self._client.limit} calls left this hour"
        items.append(self._item("rate budget", Level.OK, says))
        return [self._item("credentials", Level.OK, "accepted"), *items]

    def identity(self) -> OrgIdentity:
        """Org behind the token; the root document names it."""
        if self._identity is None:
            meta = _part(self._client.root(), "meta")
            user, org = _part(meta, "user"), _part(meta, "org")
            name = org.get("guid") or org.get("id") or org.get("shortname") or ""
            self._identity = OrgIdentity(
                org_id=str(name),
                user_id=str(user.get("id") or user.get("email") or ""),
            )
        return msgspec.structs.replace(self._identity, server_at=self._client.server_at)

    def server_at(self) -> datetime | None:
        """Outreach's instant of its last answer."""
        return self._client.server_at

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """Outreach has no such metadata."""
        return None

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Changes since the cursor by updatedAt, or everything.

        Roles and value lists are always listed whole: Outreach shows no deletes.
        """
        cursor = request.cursor or {}
        server = self._server_now()
        if cursor and parse_instant(str(cursor["at"])) > server + _OVERLAP:
            # The server's clock was ahead: what came meanwhile may lie before this.
            cursor = {}
        swept = request.object in _SWEPT or request.full or not cursor
        snapshot = swept and request.since is None
        params = self._params(request)
        if not swept:
            since = iso_z(parse_instant(str(cursor["at"])) - _OVERLAP)
            params["filter[updatedAt]"] = f"{since}..inf"
        elif request.since is not None:
            params["filter[createdAt]"] = f"{iso_z(request.since)}..inf"
        first, read_until = True, None
        for document in self._documents(request.object, params):
            read_until = read_until or self._client.server_at
            last = not next_of(document)
            records, bad = records_of(request.object, document["data"])
            yield Page(
                object=request.object,
                records=records,
                quarantined=bad,
                # A pass counts only when it is complete: results may come unsorted.
                cursor={"at": iso_z(server)} if last else None,
                last=last,
                snapshot=snapshot and last,
                starts_snapshot=snapshot and first,
                as_of=read_until,
            )
            first = False

    def _params(self, request: ReadRequest) -> dict[str, str]:
        params = {
            "page[size]": str(_PAGE),
            # By what never changes: were it by updatedAt, a record that is edited
            # while we page would move, and with it every one behind it.
            "sort": "id",
            "count": "false",
        }
        if request.object in _LINKED:
            params["provideDataConnections"] = "true"
        names = {attribute_of(path) for path in request.fields} - {""}
        if names:
            params[f"fields[{request.object}]"] = ",".join(
                sorted({*names, "updatedAt", "createdAt"})
            )
        return params

    def _documents(
        self, object_name: str, params: Mapping[str, str]
    ) -> Iterator[Mapping[str, Any]]:
        """Pages along ``links.next``; a repeated page ends in an error."""
        document = self._first(object_name, params)
        pages = Pages(SYSTEM)
        while True:
            if not isinstance(document.get("data"), list):
                raise RetryableError(system=SYSTEM, code="malformed_page")
            pages.take(document["data"], key="id")
            yield document
            link = next_of(document)
            if not link:
                return
            document = self._client.get(link)

    def _first(self, object_name: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """The first page; heavy pages are answered 502, so ask for smaller ones."""
        size = int(params["page[size]"])
        while True:
            try:
                return self._client.get(
                    f"/{_COLLECTIONS[object_name]}", {**params, "page[size]": str(size)}
                )
            except RetryableError as error:
                if error.status != 502 or size <= _SMALLEST_PAGE:  # noqa: PLR2004
                    raise
                size //= 2

    def fetch(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, RawRecord | None]:
        """Present state of some records of one object, by id filter."""
        found: dict[RecordRef, RawRecord | None] = dict.fromkeys(refs)
        by_object: dict[str, list[str]] = {}
        for ref in refs:
            by_object.setdefault(ref.object, []).append(ref.id)
        for object_name, ids in by_object.items():
            for start in range(0, len(ids), _IDS):
                params = {
                    "filter[id]": ",".join(ids[start : start + _IDS]),
                    "page[size]": str(_PAGE),
                }
                if object_name in _LINKED:
                    params["provideDataConnections"] = "true"
                for document in self._documents(object_name, params):
                    for record in records_of(object_name, document["data"])[0]:
                        found[record.ref] = record
        return found

    def provable(self) -> tuple[str, ...]:
        """What polls read by updatedAt: the rest is listed whole each time."""
        return tuple(name for name in _COLLECTIONS if name not in _SWEPT)

    def count(self, span: Span) -> int | None:
        """Never: under load the count is 0, and it is capped."""
        return None

    def versions(self, span: Span) -> Iterator[Mapping[str, datetime]]:
        """A sweep of ids; the span is cut here too, where the filter is passed over."""
        start = iso_z(span.start) if span.start else "neginf"
        params = {
            "page[size]": str(_PAGE),
            "sort": "createdAt,id",
            "count": "false",
            "filter[createdAt]": f"{start}..{iso_z(span.end)}",
            f"fields[{span.object}]": "createdAt,updatedAt",
        }
        for document in self._documents(span.object, params):
            records, _ = records_of(span.object, document["data"])
            yield {
                record.ref.id: record.valid_from
                for record in records
                if record.valid_from and span.has(record.created_at)
            }

    def link(self, ref: RecordRef) -> str:
        """The record's page in the web application."""
        host = self._client.base_url.replace("://api.", "://web.", 1)
        collection = _COLLECTIONS.get(ref.object, ref.object)
        return f"{host}/{collection}/{ref.id}"

    def close(self) -> None:
        """Nothing is held but the session, which its owner closes."""

    # --- writing ------------------------------------------------------------------

    def write(self, writes: Sequence[Write]) -> Sequence[WriteOutcome]:
        """One call per write; Outreach has no safe way to write several."""
        return [self._write(write) for write in writes]

    def write_calls(self, writes: Sequence[Write]) -> int:
        """Calls that ``write`` would need."""
        return len(writes)

    def _write(self, write: Write) -> WriteOutcome:
        collection = _COLLECTIONS[write.object]
        try:
            if write.operation == "delete":
                self._client.write("DELETE", f"/{collection}/{write.record_id}")
                return _done(write, write.record_id)
            if write.operation == "action":
                path = f"/{collection}/{write.record_id}/actions/{write.action}"
                params = {f"actionParams[{k}]": str(v) for k, v in write.fields.items()}
                self._client.write("POST", path, params=params)
                return _done(write, write.record_id)
            return self._save(write, collection)
        except RemoteError as error:
            return self._failed(write, error)

    def _save(self, write: Write, collection: str) -> WriteOutcome:
        body = {"data": document_of(write)}
        if write.operation == "create":
            answer = self._client.write("POST", f"/{collection}", body=body)
            made = _part(answer, "data")
            if not made.get("id"):
                # It was taken, and its record has to be looked for.
                raise RetryableError(
                    system=SYSTEM, code="malformed_answer", ambiguous=True
                )
            return _done(write, str(made["id"]))
        path = f"/{collection}/{write.record_id}"
        self._client.write("PATCH", path, body=body)
        return _done(write, write.record_id)

    def _failed(self, write: Write, error: RemoteError) -> WriteOutcome:
        status = WriteStatus.REFUSED
        if isinstance(error, RetryableError):
            status = WriteStatus.AMBIGUOUS if error.ambiguous else WriteStatus.RETRY
        elif isinstance(error, SkipRecordError | ConflictError):
            status = WriteStatus.CONFLICT
        elif isinstance(error, AuthError):
            status = WriteStatus.RETRY
        elif error.status == 422 and self._already(write):  # noqa: PLR2004
            return _done(write, write.record_id)
        return WriteOutcome(key=write.key, status=status, code=error.code)

    def _already(self, write: Write) -> bool:
        """Whether a refused write had nothing left to do."""
        if write.operation == "create":
            return self._has_role(write)
        if write.record_id is None:
            return False
        ref = RecordRef(SYSTEM, write.object, write.record_id)
        current = self.current([ref], tuple(write.fields))[ref]
        return current is not None and current.fields == dict(write.fields)

    def _has_role(self, write: Write) -> bool:
        """Whether a role is there with the two sides of the one to be made."""
        if write.object != "opportunityProspectRole":
            return False
        deal, person = str(write.fields["opportunity"]), str(write.fields["prospect"])
        roles = self.memberships(write.object, [deal])[deal]
        return any(role.fields["prospect"] == person for role in roles)

    def current(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, Current | None]:
        """Records as they stand now, flat."""
        return {
            ref: None if raw is None else current_of(raw, fields)
            for ref, raw in self.fetch(refs, fields).items()
        }

    def find_effect(self, write: Write) -> Current | None:
        """Nothing: what Outreach makes has no place for a key."""
        return None

    def memberships(
        self, object_name: str, opportunity_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Current]]:
        """The complete prospect role set of each opportunity, read now."""
        found: dict[str, list[Current]] = {one: [] for one in opportunity_ids}
        fields = ("opportunity", "prospect", "role", "primary")
        for start in range(0, len(opportunity_ids), _IDS):
            ids = ",".join(opportunity_ids[start : start + _IDS])
            params = {"filter[opportunity][id]": ids, "page[size]": str(_PAGE)}
            for document in self._documents(object_name, params):
                for record in records_of(object_name, document["data"])[0]:
                    role = current_of(record, fields)
                    if role.fields["opportunity"] in found:
                        found[role.fields["opportunity"]].append(role)
        return found

    def _server_now(self) -> Any:  # noqa: ANN401
        if self._client.server_at is None:
            self.identity()
        return self._client.server_at or self._client.now()

    def _item(
        self,
        name: str,
        level: Level,
        says: str,
        *,
        remedy: str = "",
        auth: bool = False,
    ) -> CheckItem:
        return CheckItem(
            system=SYSTEM,
            name=name,
            level=level,
            says=says,
            remedy=remedy or ("see docs/connectors/outreach.md" if auth else ""),
            needs_credentials=auth,
        )


def build(context: ConnectorContext) -> OutreachConnector:
    """The connector of these settings."""
    return OutreachConnector(context)


def _part(value: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    """An object within another; empty when either is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _done(write: Write, record_id: str | None) -> WriteOutcome:
    return WriteOutcome(key=write.key, status=WriteStatus.DONE, record_id=record_id)
