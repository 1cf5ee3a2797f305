"""Bulk API 2.0 ingest jobs: a table is uploaded, then written row by row.

Source: Bulk API 2.0 Developer Guide (Ingest, Job States, Prepare CSV Files).
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.bulk import FINAL, csv_response, refuse_other_version
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.routing import Route, body_of, version_of
from syncd.sandbox.salesforce.schema import Field, ObjectType
from syncd.sandbox.salesforce.table import Tables, make_id, stamp
from syncd.sandbox.salesforce.writing import Writer

_NEXT: Final = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
_OPERATIONS: Final = frozenset({"insert", "update", "upsert", "delete"})
_DELIMITERS: Final = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
_ENDS: Final = {"LF": "\n", "CRLF": "\r\n"}
_NULL: Final = "#N/A"
_FIRST_NUMBER: Final = 1_000_000
_Cells = tuple[str, ...]


class _InvalidBatchError(Exception):
    """The upload as a whole cannot be read."""


@dataclass(kw_only=True)
class _Job:
    id: str
    version: str
    operation: str
    kind: ObjectType
    key: str
    delimiter: str
    line_ending: str
    created: str
    state: str = "Open"
    upload: bytes | None = None
    problem: str = ""
    columns: _Cells = ()
    done: list[_Cells] = field(default_factory=list)
    failed: list[_Cells] = field(default_factory=list)
    unprocessed: list[_Cells] = field(default_factory=list)

    def info(self) -> dict[str, Any]:
        """The job as the API shows it."""
        path = f"services/data/v{self.version}/jobs/ingest/{self.id}"
        info: dict[str, Any] = {
            "id": self.id,
            "operation": self.operation,
            "object": self.kind.name,
            "createdDate": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "contentUrl": f"{path}/batches",
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
            "numberRecordsProcessed": len(self.done) + len(self.failed),
            "numberRecordsFailed": len(self.failed),
        }
        if self.key:
            info["externalIdFieldName"] = self.key
        if self.problem:
            info["errorMessage"] = self.problem
        return info

    def table(self) -> list[_Cells]:
        """The uploaded rows, the names of the columns first."""
        text = (self.upload or b"").decode("utf-8-sig")
        first = text.partition("\n")[0]
        if first.endswith("\r") != (self.line_ending == "CRLF"):
            message = "LineEnding is invalid on user data. Current LineEnding setting"
            raise _InvalidBatchError(
                f"ClientInputError : {message} is {self.line_ending}"
            )
        reader = csv.reader(io.StringIO(text), delimiter=_DELIMITERS[self.delimiter])
        rows = [tuple(row) for row in reader if row]
        if any(len(row) != len(rows[0]) for row in rows):
            message = "a row has more or fewer cells than there are columns"
            raise _InvalidBatchError(f"InvalidBatch : {message}")
        return rows


class IngestJobs:
    """The ingest jobs of one org; each look at a job moves it one state on."""

    def __init__(self, tables: Tables, writer: Writer, *, seed: int = 0) -> None:
        """None yet; the seed gives the order of rows in results."""
        self._tables = tables
        self._writer = writer
        self._seed = seed
        self._jobs: dict[str, _Job] = {}

    def routes(self) -> Sequence[Route]:
        """The requests that ingest jobs answer."""
        job = r"/jobs/ingest/(750\w+)"
        return (
            ("POST", r"/jobs/ingest", self._create),
            ("GET", job, self._look),
            ("PATCH", job, self._move),
            ("DELETE", job, self._delete),
            ("PUT", rf"{job}/batches", self._upload),
            ("GET", rf"{job}/successfulResults", self._successful),
            ("GET", rf"{job}/failedResults", self._failed),
            ("GET", rf"{job}/unprocessed[rR]ecords", self._unprocessed),
        )

    # --- requests -------------------------------------------------------------------

    def _create(self, request: Request, _: re.Match[str], session: str) -> Response:
        body = body_of(request)
        operation = str(body.get("operation"))
        if operation == "hardDelete":
            message = "hardDelete needs the permission Bulk API Hard Delete"
            raise RefusalError("FEATURENOTENABLED", message)
        if operation not in _OPERATIONS:
            raise RefusalError("INVALIDJOB", f"no such operation: {operation}")
        kind = self._tables.object_type(str(body.get("object")))
        key = str(body.get("externalIdFieldName", ""))
        if operation == "upsert":
            self._refuse_wrong_key(kind, key)
        delimiter = str(body.get("columnDelimiter", "COMMA"))
        ending = str(body.get("lineEnding", "LF"))
        if delimiter not in _DELIMITERS or ending not in _ENDS:
            raise RefusalError("INVALIDJOB", "unknown delimiter or line ending")
        job = _Job(
            id=make_id("750", _FIRST_NUMBER + len(self._jobs)),
            version=version_of(request),
            operation=operation,
            kind=kind,
            key=key,
            delimiter=delimiter,
            line_ending=ending,
            created=stamp(self._tables.now()),
        )
        self._jobs[job.id] = job
        return Response.json(job.info())

    def _upload(self, request: Request, found: re.Match[str], _: str) -> Response:
        job = self._job(found)
        if not request.headers.get("content-type", "").startswith("text/csv"):
            raise RefusalError("UNSUPPORTED_MEDIA_TYPE", "text/csv only", status=415)
        if job.state != "Open" or job.upload is not None:
            raise RefusalError("INVALIDJOBSTATE", "a job takes one upload while open")
        job.upload = request.body
        return Response(status=201)

    def _move(self, request: Request, found: re.Match[str], _: str) -> Response:
        job = self._job(found)
        wanted = body_of(request).get("state")
        if wanted == "UploadComplete" and job.state == "Open":
            job.state = "UploadComplete"
        elif wanted == "Aborted" and job.state not in FINAL:
            self._give_up(job, "Aborted")
        else:
            message = f"a job cannot go from {job.state} to {wanted}"
            raise RefusalError("INVALIDJOBSTATE", message)
        return Response.json(job.info())

    def _look(self, _: Request, found: re.Match[str], session: str) -> Response:
        """The job's state, which moves on after each look."""
        job = self._job(found)
        info = job.info()
        if job.state == "InProgress":
            self._process(job)
        job.state = _NEXT.get(job.state, job.state)
        return Response.json(info)

    def _delete(self, _: Request, found: re.Match[str], session: str) -> Response:
        job = self._job(found)
        if job.state not in FINAL:
            raise RefusalError("INVALIDJOBSTATE", "the job has not ended")
        del self._jobs[job.id]
        return Response(status=204)

    def _successful(self, request: Request, found: re.Match[str], _: str) -> Response:
        job = self._ended(request, found)
        return self._table(job, ("sf__Id", "sf__Created"), job.done)

    def _failed(self, request: Request, found: re.Match[str], _: str) -> Response:
        job = self._ended(request, found)
        return self._table(job, ("sf__Id", "sf__Error"), job.failed)

    def _unprocessed(self, request: Request, found: re.Match[str], _: str) -> Response:
        job = self._ended(request, found)
        return self._table(job, (), job.unprocessed)

    def _table(self, job: _Job, own: _Cells, rows: Sequence[_Cells]) -> Response:
        """Rows in no order; what was uploaded stands behind the API's own columns."""
        shuffled = list(rows)
        Random(f"{self._seed} {job.id}").shuffle(shuffled)  # noqa: S311 - an order
        return csv_response(
            (*own, *job.columns),
            shuffled,
            delimiter=_DELIMITERS[job.delimiter],
            line_end=_ENDS[job.line_ending],
        )

    def _job(self, found: re.Match[str]) -> _Job:
        if found[1] not in self._jobs:
            raise RefusalError("NOT_FOUND", "no such job", status=404)
        return self._jobs[found[1]]

    def _ended(self, request: Request, found: re.Match[str]) -> _Job:
        job = self._job(found)
        refuse_other_version(request, job.version)
        if job.state not in FINAL:
            raise RefusalError("INVALIDJOBSTATE", "the job has no results")
        return job

    # --- rows -----------------------------------------------------------------------

    def _process(self, job: _Job) -> None:
        """Write what was uploaded; a table that cannot be read fails the whole job."""
        try:
            job.columns, *rows = job.table() or [()]
            fields = self._fields(job)
        except (_InvalidBatchError, UnicodeDecodeError) as error:
            job.problem = str(error)
            self._give_up(job, "Failed")
            return
        write = self._write_of(job)
        for cells in rows:
            try:
                record_id, created = write(_values(fields, cells))
            except RefusalError as refusal:
                about = ", ".join(refusal.fields)
                text = f"{refusal.code}:{refusal.message}:{about} --"
                job.failed.append(("", text, *cells))
            else:
                job.done.append((record_id, str(created).lower(), *cells))

    def _give_up(self, job: _Job, state: str) -> None:
        """Everything uploaded stays unprocessed."""
        job.state = state
        text = (job.upload or b"").decode("utf-8-sig", errors="replace")
        reader = csv.reader(io.StringIO(text), delimiter=_DELIMITERS[job.delimiter])
        job.columns, *job.unprocessed = [tuple(row) for row in reader if row] or [()]

    def _fields(self, job: _Job) -> list[Field]:
        fields: list[Field] = []
        for name in job.columns:
            found = job.kind.named(name)
            if found is None:
                message = f"InvalidBatch : Field name not found : {name}"
                raise _InvalidBatchError(message)
            fields.append(found)
        names = {one.name for one in fields}
        needed = {"update": "Id", "delete": "Id", "upsert": job.key}
        key = needed.get(job.operation)
        if key and key not in names:
            raise _InvalidBatchError(f"InvalidBatch : Field name not found : {key}")
        if job.operation == "delete" and names != {"Id"}:
            message = "InvalidBatch : Delete batch must contain only ids"
            raise _InvalidBatchError(message)
        return fields

    def _refuse_wrong_key(self, kind: ObjectType, key: str) -> None:
        found = kind.named(key)
        if found is None or not (found.external_id or key == "Id"):
            message = f"Invalid externalIdFieldName: {key}"
            raise RefusalError("INVALIDJOB", message)

    def _write_of(self, job: _Job) -> Callable[[dict[str, Any]], tuple[str, bool]]:
        """What the job does with one row: its id, and whether it is new."""
        name = job.kind.name

        def insert(row: dict[str, Any]) -> tuple[str, bool]:
            return self._writer.create(name, row), True

        def update(row: dict[str, Any]) -> tuple[str, bool]:
            return self._writer.update(name, str(row.pop("Id")), row), False

        def upsert(row: dict[str, Any]) -> tuple[str, bool]:
            value = row.pop(job.key, None)
            if job.key == "Id":
                return update({**row, "Id": value}) if value else insert(row)
            if value is None:
                message = f"{job.key} not specified"
                raise RefusalError("MISSING_ARGUMENT", message)
            return self._writer.upsert(job.kind, job.key, str(value), row)

        def delete(row: dict[str, Any]) -> tuple[str, bool]:
            self._writer.delete(str(row["Id"]), name)
            return str(row["Id"]), False

        writes = {"insert": insert, "update": update, "upsert": upsert}
        return writes.get(job.operation, delete)


def _values(fields: Sequence[Field], cells: Sequence[str]) -> dict[str, Any]:
    """A row's values: an empty cell leaves a field alone, ``#N/A`` empties it."""
    pairs = zip(fields, cells, strict=True)
    return {one.name: _value(one, cell) for one, cell in pairs if cell != ""}


def _value(known: Field, cell: str) -> Any:  # noqa: ANN401 - a stored value
    if cell == _NULL:
        return None
    try:
        return _TYPED.get(known.type, str)(cell)
    except (KeyError, ValueError):
        raise RefusalError(
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            f"{known.name}: value not of required type: {cell}",
            fields=[known.name],
        ) from None


def _boolean(cell: str) -> bool:
    return {"true": True, "false": False}[cell.lower()]


_TYPED: Final[Mapping[str, Callable[[str], Any]]] = {
    "boolean": _boolean,
    "int": int,
    "double": float,
    "currency": float,
    "percent": float,
}
