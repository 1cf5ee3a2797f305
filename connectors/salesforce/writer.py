"""Writing: collections of 200, and single guarded updates.

Source: REST API Developer Guide, "sObject Collections", "Conditional Requests".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import format_datetime
from itertools import groupby
from typing import Any, Final

from connectors.salesforce.client import SYSTEM, Client, error_of_code
from connectors.salesforce.reader import NO_DELETED
from syncd.errors import (
    AuthError,
    ConflictError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, Write, WriteOutcome, WriteStatus

_COLLECTION: Final = 200
_IDS_PER_GET: Final = 300
_NO_ASSIGNMENT: Final = {"Sforce-Auto-Assign": "FALSE"}
_VICTIMS: Final = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED"})


class Writer:
    """Sends writes, and looks at records as they stand."""

    def __init__(self, client: Client) -> None:
        """Writes through this client."""
        self._client = client

    def write(self, writes: Sequence[Write]) -> Sequence[WriteOutcome]:
        """One outcome per write, in the order given; see ``WritingConnector``."""
        outcomes: dict[str, WriteOutcome] = {}
        for batch in batches(writes):
            outcomes.update((one.key, one) for one in self._send(batch))
        return [outcomes[write.key] for write in writes]

    def _send(self, batch: Sequence[Write]) -> Iterable[WriteOutcome]:
        try:
            if batch[0].guarded_by is not None:
                return [self._guarded(batch[0])]
            rows = self._collection(batch)
        except RemoteError as error:
            return [_failed(write, error) for write in batch]
        return [_row_outcome(w, row) for w, row in zip(batch, rows, strict=True)]

    def _guarded(self, write: Write) -> WriteOutcome:
        """A single update that the server refuses if the record moved since."""
        if write.guarded_by is None or write.record_id is None:
            message = "a guarded write needs a record and an instant"
            raise ValueError(message)
        since = format_datetime(write.guarded_by, usegmt=True)
        self._client.send(
            "PATCH",
            f"{self._client.root}/sobjects/{write.object}/{write.record_id}",
            json=dict(write.fields),
            headers={**_NO_ASSIGNMENT, "If-Unmodified-Since": since},
        )
        return WriteOutcome(
            key=write.key, status=WriteStatus.DONE, record_id=write.record_id
        )

    def _collection(self, batch: Sequence[Write]) -> Sequence[Mapping[str, Any]]:
        path = f"{self._client.root}/composite/sobjects"
        if batch[0].operation == "delete":
            ids = ",".join(str(write.record_id) for write in batch)
            params = {"ids": ids, "allOrNone": "false"}
            response = self._client.send("DELETE", path, params=params)
        else:
            method = "POST" if batch[0].operation == "create" else "PATCH"
            body = {"allOrNone": False, "records": [_record(write) for write in batch]}
            response = self._client.send(
                method, path, json=body, headers=_NO_ASSIGNMENT
            )
        rows = self._client.json(response)
        if not isinstance(rows, list) or len(rows) != len(batch):
            raise RetryableError(system=SYSTEM, code="malformed_answer", ambiguous=True)
        return rows

    def current(
        self, refs: Sequence[RecordRef], fields: tuple[str, ...]
    ) -> Mapping[RecordRef, Current | None]:
        """Records as they stand now; archived ones too, deleted ones are None."""
        found: dict[RecordRef, Current | None] = dict.fromkeys(refs)
        for object_name, some in groupby(sorted(refs), key=lambda ref: ref.object):
            ids = [ref.id for ref in some]
            for start in range(0, len(ids), _IDS_PER_GET):
                where = quoted("Id IN {}", ids[start : start + _IDS_PER_GET])
                for one in self._select(object_name, fields, where):
                    found[one.ref] = one
        return found

    def membership(self, opportunity_id: str) -> Sequence[Current]:
        """The complete contact role set of one opportunity, read now."""
        fields = ("OpportunityId", "ContactId", "Role", "IsPrimary")
        where = quoted("OpportunityId = {}", opportunity_id)
        return self._select("OpportunityContactRole", fields, where)

    def find_effect(self, write: Write) -> Current | None:
        """What a create of unknown outcome made, found by its natural key."""
        if write.object == "OpportunityContactRole":
            for role in self.membership(str(write.fields["OpportunityId"])):
                if role.fields["ContactId"] == write.fields["ContactId"]:
                    return role
        elif write.object == "Task" and write.marker:
            fields = tuple(write.fields)
            where = quoted("CallObject = {}", write.marker)
            found = self._select("Task", fields, where)
            return found[0] if found else None
        return None

    def _select(
        self, object_name: str, fields: tuple[str, ...], where: str
    ) -> list[Current]:
        stamps = {"Id", "SystemModstamp", "LastModifiedDate", "LastModifiedById"}
        # Which fields an object lacks is a matter of its metadata, not of ours.
        wanted = stamps | set(fields)
        query = f"SELECT {', '.join(sorted(wanted))} FROM {object_name} WHERE {where}"
        resource = "query" if object_name in NO_DELETED else "queryAll"
        if resource == "queryAll":
            query += " AND IsDeleted = false"
        path = f"{self._client.root}/{resource}"
        body = self._client.get(path, params={"q": query})
        rows = list(body["records"])
        while not body["done"]:
            body = self._client.get(str(body["nextRecordsUrl"]))
            rows += body["records"]
        return [_current(object_name, row, fields) for row in rows]


def quoted(template: str, *values: object) -> str:
    """SOQL with values quoted by simple-salesforce."""
    # Late: the package takes a fifth of a second to import.
    from simple_salesforce.format import format_soql  # noqa: PLC0415

    return str(format_soql(template, *values))


def batches(writes: Sequence[Write]) -> list[list[Write]]:
    """Guarded writes alone; the others by operation, sorted by type, 200 a call."""
    found = [[write] for write in writes if write.guarded_by is not None]
    plain = [write for write in writes if write.guarded_by is None]
    key: Callable[[Write], str] = lambda write: write.operation  # noqa: E731
    for _, some in groupby(sorted(plain, key=key), key=key):
        ordered = sorted(some, key=lambda write: write.object)
        found += [
            ordered[start : start + _COLLECTION]
            for start in range(0, len(ordered), _COLLECTION)
        ]
    return found


def _record(write: Write) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": write.object}, **write.fields}
    if write.operation == "update":
        record["id"] = write.record_id
    elif write.object == "Task" and write.marker:
        record.setdefault("CallObject", write.marker)
    return record


def _current(
    object_name: str, row: Mapping[str, Any], fields: tuple[str, ...]
) -> Current:
    modified = row.get("LastModifiedDate")
    return Current(
        ref=RecordRef(SYSTEM, object_name, str(salesforce_id(row["Id"]))),
        version=iso_z(parse_instant(row["SystemModstamp"])),
        modified_at=parse_instant(modified) if modified else None,
        modified_by=salesforce_id(row.get("LastModifiedById")),
        fields={name: row.get(name) for name in fields},
    )


def _row_outcome(write: Write, row: Mapping[str, Any]) -> WriteOutcome:
    """One row of a collection: its codes are the same, its key is statusCode."""
    if row.get("success"):
        return WriteOutcome(
            key=write.key,
            status=WriteStatus.DONE,
            record_id=salesforce_id(row.get("id")) or write.record_id,
        )
    first = (row.get("errors") or [{}])[0]
    code = str(first.get("statusCode", "UNKNOWN"))
    if code in _VICTIMS:
        return WriteOutcome(key=write.key, status=WriteStatus.RETRY, code=code)
    fields = ", ".join(str(name) for name in first.get("fields") or ())
    error = error_of_code(code, message=str(first.get("message", "")), status=400)
    return _failed(write, error, code=code, detail=fields)


def _failed(
    write: Write, error: RemoteError | None, *, code: str = "", detail: str = ""
) -> WriteOutcome:
    status = WriteStatus.REFUSED
    if isinstance(error, RetryableError):
        status = WriteStatus.AMBIGUOUS if error.ambiguous else WriteStatus.RETRY
    elif isinstance(error, ConflictError | SkipRecordError):
        status = WriteStatus.CONFLICT
    elif isinstance(error, AuthError):
        status = WriteStatus.RETRY
    code = code or (error.code if error else "UNKNOWN")
    return WriteOutcome(key=write.key, status=status, code=code, detail=detail)
