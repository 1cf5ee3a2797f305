"""Writing: collections of 200, and single guarded updates.

Source: REST API Developer Guide, "sObject Collections", "Conditional Requests".
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from email.utils import format_datetime
from itertools import groupby
from typing import Any, Final

import msgspec

from connectors.salesforce.client import (
    LOCKED,
    SYSTEM,
    WRAPPERS,
    Client,
    error_of_code,
)
from connectors.salesforce.keys import Keys
from connectors.salesforce.lookup import Lookup
from syncd.errors import (
    AuthError,
    ConflictError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.retry import retrying
from syncd.model.ids import salesforce_id
from syncd.ports.connector import Write, WriteOutcome, WriteStatus

_COLLECTION: Final = 200
_CALL_TRIES: Final = 4
_LOCK_TRIES: Final = 4
_WRAPPED_LOCK_TRIES: Final = 2
_TAKEN: Final = "DUPLICATE_VALUE"
_ABSENT: Final = "NOT_FOUND"
_NO_ASSIGNMENT: Final = {"Sforce-Auto-Assign": "FALSE"}
_VICTIMS: Final = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED"})


class Writer:
    """Sends writes; none is sent again that may have taken effect."""

    def __init__(self, client: Client, lookup: Lookup, keys: Keys) -> None:
        """Writes through this client; ``lookup`` says who has a key already."""
        self._client = client
        self._lookup = lookup
        self._keys = keys

    def write(self, writes: Sequence[Write]) -> Sequence[WriteOutcome]:
        """One outcome per write, in the order given; see ``WritingConnector``."""
        outcomes: dict[str, WriteOutcome] = {}
        for batch in self.batches(writes):
            outcomes.update(self._patiently(batch))
        return [outcomes[write.key] for write in writes]

    def batches(self, writes: Sequence[Write]) -> list[list[Write]]:
        """What goes out together.

        Guarded writes alone; the others by operation, sorted by type, 200 a call.
        Upserts of one type only.
        """
        found = [[write] for write in writes if write.guarded_by is not None]
        plain = [write for write in writes if write.guarded_by is None]
        for _, some in groupby(sorted(plain, key=self._kind), key=self._kind):
            ordered = sorted(some, key=lambda write: write.object)
            found += [
                ordered[start : start + _COLLECTION]
                for start in range(0, len(ordered), _COLLECTION)
            ]
        return found

    def _kind(self, write: Write) -> tuple[str, str]:
        return write.operation, write.object if self._keys.upserts(write) else ""

    def _patiently(self, batch: Sequence[Write]) -> Mapping[str, WriteOutcome]:
        """Outcomes by key; locked rows are sent again, half as many at a time."""
        outcomes: dict[str, WriteOutcome] = {}
        left, size, tries = list(batch), len(batch), 0

        def attempt() -> None:
            nonlocal left, size, tries
            for start in range(0, len(left), size):
                sent = self._send(left[start : start + size])
                outcomes.update((one.key, one) for one in sent)
            tries += 1
            left = [one for one in left if _is_locked(outcomes[one.key], tries)]
            size = max(1, size // 2)
            if left:
                raise RetryableError(system=SYSTEM, code=LOCKED)

        with suppress(RetryableError):  # the outcomes say which rows stayed locked
            retrying(attempt, attempts=_LOCK_TRIES)
        return outcomes

    def _send(self, batch: Sequence[Write]) -> Iterable[WriteOutcome]:
        """One call, tried again where the org refused it unread."""
        try:
            outcomes = retrying(lambda: self._call(batch), attempts=_CALL_TRIES)
        except RemoteError as error:
            outcomes = [_failed(write, error) for write in batch]
        return [
            self._upserted(write, one) if self._keys.upserts(write) else one
            for write, one in zip(batch, outcomes, strict=True)
        ]

    def _call(self, batch: Sequence[Write]) -> Sequence[WriteOutcome]:
        try:
            if batch[0].guarded_by is not None:
                return [self._guarded(batch[0])]
            rows = self._collection(batch)
        except RetryableError as error:
            if error.code != LOCKED and error.code not in WRAPPERS:
                raise
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
            if self._keys.upserts(batch[0]):
                method, path = "PATCH", f"{path}/{batch[0].object}/{self._keys.field}"
            records = [self._record(write) for write in batch]
            body = {"allOrNone": False, "records": records}
            response = self._client.send(
                method, path, json=body, headers=_NO_ASSIGNMENT
            )
        try:
            rows = self._client.json(response)
        except RetryableError:
            rows = None
        if not isinstance(rows, list) or len(rows) != len(batch):
            # It was accepted; what became of its rows is not to be seen.
            raise RetryableError(system=SYSTEM, code="malformed_answer", ambiguous=True)
        return rows

    def _record(self, write: Write) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": {"type": write.object}}
        if write.operation == "update":
            return {**record, **write.fields, "id": write.record_id}
        return {**record, **self._keys.marked(write)}

    def _upserted(self, write: Write, outcome: WriteOutcome) -> WriteOutcome:
        """What an upsert's refusal means; other outcomes as they are."""
        if outcome.code == _TAKEN:
            return self._of_holder(write, outcome)
        if outcome.code == _ABSENT:
            # No record is missing from a create: the field is.
            detail = f"[salesforce] activity_key_field: {self._keys.field}"
            refused = WriteStatus.REFUSED
            return msgspec.structs.replace(outcome, status=refused, detail=detail)
        return outcome

    def _of_holder(self, write: Write, refused: WriteOutcome) -> WriteOutcome:
        """A key that was taken when we came: by our own create, or by a deleted one.

        Whether an upsert sees archived and deleted records is not documented.
        """
        try:
            holder = self._lookup.holder(write)
        except RemoteError:
            return msgspec.structs.replace(refused, status=WriteStatus.AMBIGUOUS)
        if holder is None:
            return refused  # it is another unique field that has the value already
        if holder.deleted:
            detail = f"{holder.record_id} has the key and is in the recycle bin"
            return msgspec.structs.replace(refused, detail=detail)
        return WriteOutcome(
            key=write.key, status=WriteStatus.DONE, record_id=holder.record_id
        )


def _is_locked(outcome: WriteOutcome, tries: int) -> bool:
    """Whether a row was kept from its write by a lock, and may be tried once more."""
    if outcome.status is not WriteStatus.RETRY:
        return False
    return outcome.code == LOCKED or (
        outcome.code in WRAPPERS and tries < _WRAPPED_LOCK_TRIES
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
