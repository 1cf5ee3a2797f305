"""Bulk API 2.0 query jobs: a job, its states, its results as CSV.

Source: Bulk API 2.0 Developer Guide (Query).
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.routing import Route, body_of, version_of
from syncd.sandbox.salesforce.soql import Asking, only_rest, run_query
from syncd.sandbox.salesforce.table import Tables, make_id, stamp

_NEXT: Final = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
FINAL: Final = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(kw_only=True)
class _Job:
    id: str
    version: str
    operation: str
    object: str
    created: str
    columns: Sequence[str]
    records: Sequence[Mapping[str, Any]]
    state: str = "UploadComplete"

    def info(self) -> dict[str, Any]:
        """The job as the API shows it."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object,
            "createdDate": self.created,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
            "numberRecordsProcessed": len(self.records),
        }


class QueryJobs:
    """The query jobs of one org; each look at a job moves it one state on."""

    def __init__(self, tables: Tables, *, seed: int = 0) -> None:
        """None yet; the seed gives the order of unordered rows."""
        self._tables = tables
        self._seed = seed
        self._jobs: dict[str, _Job] = {}

    def routes(self) -> Sequence[Route]:
        """The requests that query jobs answer."""
        return (
            ("POST", r"/jobs/query", self._create),
            ("GET", r"/jobs/query/(750\w+)/results", self._results),
            ("GET", r"/jobs/query/(750\w+)", self._look),
            ("PATCH", r"/jobs/query/(750\w+)", self._abort),
            ("DELETE", r"/jobs/query/(750\w+)", self._delete),
        )

    def _create(self, request: Request, _: re.Match[str], session: str) -> Response:
        """Check the query and open a job."""
        body = body_of(request)
        operation = str(body.get("operation", "query"))
        if operation not in {"query", "queryAll"}:
            raise RefusalError("INVALIDJOB", f"no such operation: {operation}")
        asking = Asking(with_deleted=operation == "queryAll", seed=self._seed)
        query = str(body.get("query", ""))
        result = run_query(query, self._tables, asking)
        if beyond := only_rest(query):
            message = f"not supported by bulk queries: {', '.join(beyond)}"
            raise RefusalError("API_ERROR", message)
        job = _Job(
            id=make_id("750", len(self._jobs) + 1),
            version=version_of(request),
            operation=operation,
            object=result.object,
            created=stamp(self._tables.now()),
            columns=result.columns,
            records=result.show(result.rows),
        )
        self._jobs[job.id] = job
        return Response.json(job.info())

    def _look(self, _: Request, found: re.Match[str], session: str) -> Response:
        """The job's state, which moves on after each look."""
        job = self._job(found)
        info = job.info()
        job.state = _NEXT.get(job.state, job.state)
        return Response.json(info)

    def _abort(self, _: Request, found: re.Match[str], session: str) -> Response:
        """Give a job up unless it has ended."""
        job = self._job(found)
        if job.state not in FINAL:
            job.state = "Aborted"
        return Response.json(job.info())

    def _delete(self, _: Request, found: re.Match[str], session: str) -> Response:
        """Forget a job and its results."""
        del self._jobs[self._job(found).id]
        return Response(status=204)

    def _results(self, request: Request, found: re.Match[str], _: str) -> Response:
        """One part of the results as CSV; the last locator is the word ``null``."""
        job = self._job(found)
        refuse_other_version(request, job.version)
        if job.state != "JobComplete":
            raise RefusalError("INVALIDJOBSTATE", "the job has no results")
        asked = request.param
        start = _number(asked.get("locator") or "0")
        end = start + _number(asked.get("maxRecords") or "50000")
        part = job.records[start:end]
        cells = [[_cell(record, name) for name in job.columns] for record in part]
        response = csv_response(job.columns, cells)
        more = end < len(job.records)
        response.headers["Sforce-Locator"] = str(end) if more else "null"
        response.headers["Sforce-NumberOfRecords"] = str(len(part))
        return response

    def _job(self, found: re.Match[str]) -> _Job:
        if found[1] not in self._jobs:
            raise RefusalError("NOT_FOUND", "no such job", status=404)
        return self._jobs[found[1]]


def refuse_other_version(request: Request, version: str) -> None:
    """Results come by the API version that made the job.

    Raises:
        RefusalError: Another version asks.
    """
    if version_of(request) != version:
        message = f"the job was made by version {version}"
        raise RefusalError("VERSION_MISMATCH", message, status=409)


def csv_response(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    delimiter: str = ",",
    line_end: str = "\n",
) -> Response:
    """A table, every cell in quotes."""
    out = io.StringIO()
    writer = csv.writer(
        out, quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator=line_end
    )
    writer.writerows([columns, *rows])
    return Response(headers={"Content-Type": "text/csv"}, body=out.getvalue().encode())


def _number(text: str) -> int:
    if not text.isdecimal():
        raise RefusalError("INVALIDLOCATOR", f"not a number: {text}")
    return int(text)


def _cell(record: Mapping[str, Any], path: str) -> str:
    value: Any = record
    for step in path.split("."):
        value = None if value is None else value.get(step)
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    return re.sub(r"^(\S{19}\.000)\+0000$", r"\1Z", text)
