"""Many rows in one call: order kept, one result each, runs of types.

Source: REST API Developer Guide (sObject Collections).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, TypeVar

from syncd.model.ids import salesforce_id
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.reading import known_fields, shown
from syncd.sandbox.salesforce.routing import Route, body_of
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.writing import Writer

_MOST: Final = 200
_MOST_RUNS: Final = 10
_MOST_READ: Final = 2000
_READ_PARTS: Final = ("ids", "fields")
_VICTIM: Final = RefusalError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using "
    "AllOrNone header",
)
_T = TypeVar("_T")


class Collections:
    """The requests that read or write many rows."""

    def __init__(self, tables: Tables, writer: Writer) -> None:
        """Reads these rows, writes by this writer."""
        self._tables = tables
        self._writer = writer

    def routes(self) -> Sequence[Route]:
        """The requests that collections answer."""
        return (
            ("GET|POST", r"/composite/sobjects/(\w+)", self._read),
            ("PATCH", r"/composite/sobjects/(\w+)/(\w+__c)", self._upsert),
            ("POST", r"/composite/sobjects", self._create),
            ("PATCH", r"/composite/sobjects", self._update),
            ("DELETE", r"/composite/sobjects", self._delete),
        )

    def _create(self, request: Request, found: re.Match[str], _: str) -> Response:
        def create(record: dict[str, Any]) -> dict[str, Any]:
            name = self._type_of(record)
            return {"id": self._writer.create(name, record)}

        return self._many(body_of(request), create)

    def _update(self, request: Request, found: re.Match[str], _: str) -> Response:
        def update(record: dict[str, Any]) -> dict[str, Any]:
            record_id = str(record.get("id") or record.get("Id"))
            return {"id": self._writer.update(self._type_of(record), record_id, record)}

        return self._many(body_of(request), update)

    def _upsert(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self._tables.object_type(found[1])

        def upsert(record: dict[str, Any]) -> dict[str, Any]:
            fields = dict(record)
            value = str(fields.pop(found[2], ""))
            made, created = self._writer.upsert(kind, found[2], value, fields)
            return {"id": made, "created": created}

        return self._many(body_of(request), upsert)

    def _many(
        self,
        body: Mapping[str, Any],
        write: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Response:
        records = body.get("records", [])
        check_size([self._type_of(record) for record in records])
        whole = bool(body.get("allOrNone"))
        return Response.json(
            write_many(self._tables, records, write, all_or_none=whole)
        )

    def _delete(self, request: Request, found: re.Match[str], _: str) -> Response:
        def delete(record_id: str) -> dict[str, Any]:
            self._writer.delete(record_id)
            return {"id": record_id}

        ids = request.param.get("ids", "").split(",")
        check_size([one[:3] for one in sorted(ids)])
        whole = request.param.get("allOrNone") == "true"
        return Response.json(write_many(self._tables, ids, delete, all_or_none=whole))

    def _read(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self._tables.object_type(found[1])
        if request.method == "GET":
            ids, fields = (request.param.get(n, "").split(",") for n in _READ_PARTS)
        else:
            body = body_of(request)
            ids, fields = (body.get(name, []) for name in _READ_PARTS)
        if len(ids) > _MOST_READ:
            raise RefusalError("EXCEEDED_ID_LIMIT", "2,000 rows at most")
        names = known_fields(kind, fields)
        stored = self._tables.stored(kind.name)
        rows = [stored.get(salesforce_id(str(one)) or "") for one in ids]
        return Response.json([row and shown(kind, row, names) for row in rows])

    def _type_of(self, record: Mapping[str, Any]) -> str:
        return self._tables.object_type(str(record["attributes"]["type"])).name


def check_size(types: Sequence[str]) -> None:
    """Refuse a collection that is too long, or whose types alternate too often.

    Raises:
        RefusalError: More than 200 rows, or more than 10 runs of one type.
    """
    if len(types) > _MOST or sum(1 for _ in groupby(types)) > _MOST_RUNS:
        raise RefusalError("EXCEEDED_ID_LIMIT", "too many records or type changes")


def write_many(
    tables: Tables,
    items: Sequence[_T],
    write: Callable[[_T], dict[str, Any]],
    *,
    all_or_none: bool,
) -> list[dict[str, Any]]:
    """Write each; results in the same order, refusals as rows.

    With ``all_or_none`` one refusal takes everything back, and rows that were fine
    report that they are victims.
    """
    before = tables.snapshot() if all_or_none else None
    answers: list[dict[str, Any]] = []
    for item in items:
        try:
            answers.append({**write(item), "success": True, "errors": []})
        except RefusalError as refusal:
            answers.append(refusal.row())
    if before is None or all(one["success"] for one in answers):
        return answers
    tables.restore(before)
    return [_VICTIM.row() if one["success"] else one for one in answers]
