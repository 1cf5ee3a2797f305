"""Bulk API 2.0 query jobs: a job, its states, its results as CSV.

Source: Bulk API 2.0 Developer Guide (Query).
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncd.sandbox.http import Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.soql import run_query
from syncd.sandbox.salesforce.table import Tables, make_id, stamp

_REFUSED: Final = re.compile(
    r"\b(TYPEOF|OFFSET|GROUP\s+BY)\b|COUNT\s*\(\s*\)", re.IGNORECASE
)
_NEXT: Final = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
_FINAL: Final = frozenset({"JobComplete", "Failed", "Aborted"})


@dataclass(kw_only=True)
class _Job:
    id: str
    version: str
    operation: str
    query: str
    object: str
    created: str
    state: str = "UploadComplete"
    records: tuple[dict[str, Any], ...] = ()

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

    def __init__(self, tables: Tables) -> None:
        """None yet."""
        self._tables = tables
        self._jobs: dict[str, _Job] = {}

    def create(self, body: Mapping[str, Any], version: str) -> dict[str, Any]:
        """Check the query and open a job.

        Raises:
            RefusalError: What a bulk query cannot do, or any query's refusal.
        """
        text = str(body.get("query", ""))
        if _REFUSED.search(text):
            raise RefusalError("INVALID_FIELD", "not supported by bulk queries")
        operation = str(body.get("operation", "query"))
        everything = operation == "queryAll"
        result = run_query(text, self._tables, with_deleted=everything)
        job = _Job(
            id=make_id("750", len(self._jobs) + 1),
            version=version,
            operation=operation,
            query=text,
            object=result.object,
            created=stamp(self._tables.now()),
            records=tuple(result.records),
        )
        self._jobs[job.id] = job
        return job.info()

    def look(self, job_id: str) -> dict[str, Any]:
        """The job's state, which moves on after each look."""
        job = self._job(job_id)
        info = job.info()
        job.state = _NEXT.get(job.state, job.state)
        return info

    def abort(self, job_id: str) -> dict[str, Any]:
        """Give a job up unless it has ended."""
        job = self._job(job_id)
        if job.state not in _FINAL:
            job.state = "Aborted"
        return job.info()

    def delete(self, job_id: str) -> None:
        """Forget a job and its results."""
        self._job(job_id)
        del self._jobs[job_id]

    def results(self, job_id: str, version: str, asked: Mapping[str, str]) -> Response:
        """One part of the results as CSV; the last locator is the word ``null``.

        Raises:
            RefusalError: The job has not ended well, or another version asks.
        """
        job = self._job(job_id)
        if version != job.version:
            raise RefusalError("VERSION_MISMATCH", "another API version", status=409)
        if job.state != "JobComplete":
            raise RefusalError("INVALIDJOBSTATE", "the job has no results")
        start = int(asked.get("locator") or 0)
        end = start + int(asked.get("maxRecords") or 50_000)
        part = job.records[start:end]
        return Response(
            headers={
                "Content-Type": "text/csv",
                "Sforce-Locator": str(end) if end < len(job.records) else "null",
                "Sforce-NumberOfRecords": str(len(part)),
            },
            body=_csv(job.query, part).encode(),
        )

    def _job(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise RefusalError("NOT_FOUND", "no such job", status=404)
        return self._jobs[job_id]


def _csv(query: str, records: tuple[dict[str, Any], ...]) -> str:
    found = re.match(r"\s*SELECT\s+(.*?)\s+FROM\s", query, re.IGNORECASE | re.DOTALL)
    columns = [one.strip() for one in found[1].split(",")] if found else []
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(record, name) for name in columns] for record in records)
    return out.getvalue()


def _cell(record: Mapping[str, Any], path: str) -> str:
    value: Any = record
    for step in path.split("."):
        value = None if value is None else value.get(step)
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    return re.sub(r"^(\S{19}\.000)\+0000$", r"\1Z", text)
