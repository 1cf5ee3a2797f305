"""The simulated Salesforce over HTTP: log-in, queries, rows, collections.

Source: REST API Developer Guide.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from threading import RLock
from typing import Any, Final
from urllib.parse import unquote

from syncd.kit.instants import parse_instant
from syncd.model.ids import salesforce_id
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.auth import Auth
from syncd.sandbox.salesforce.bulk import QueryJobs
from syncd.sandbox.salesforce.collections import check_size, write_many
from syncd.sandbox.salesforce.composite import batch, composite
from syncd.sandbox.salesforce.cursors import Cursors
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.harmless import only_reads
from syncd.sandbox.salesforce.hooks import Hooks
from syncd.sandbox.salesforce.operations import deleted_between, updated_between
from syncd.sandbox.salesforce.schema import ObjectType, build_schema
from syncd.sandbox.salesforce.soql import run_query
from syncd.sandbox.salesforce.table import Tables, make_id
from syncd.sandbox.salesforce.writing import Writer

_MAX_URI: Final = 16_384
_VERSION: Final = re.compile(r"/services/data/v(\d+\.\d)")
_Handler = Callable[[Request, re.Match[str], str], Response]


class SalesforceService:
    """One org. ``settings`` gives what syncd.toml needs to log in."""

    name = "salesforce"

    def __init__(
        self,
        clock: SandboxClock,
        *,
        activity_key_field: str = "",
        affectlayer: bool = True,
        page_size: int = 2000,
        daily_calls: int = 100_000,
    ) -> None:
        """An empty org with its value lists still to be loaded."""
        self.org_id = make_id("00D", 1)
        self.user_id = make_id("005", 900_001)
        schema = build_schema(affectlayer=affectlayer, key_field=activity_key_field)
        self.tables = Tables(schema, clock)
        self.page_size = page_size
        self.calls = 0
        self._daily_calls = daily_calls
        self._clock = clock
        self._auth = Auth(clock, org_id=self.org_id, user_id=self.user_id)
        self._cursors = Cursors()
        self._writer = Writer(self.tables, self.user_id)
        self._hooks = Hooks(self.tables)
        self._jobs = QueryJobs(self.tables)
        self._lock = RLock()
        self._routes: tuple[tuple[str, re.Pattern[str], _Handler], ...] = tuple(
            (method, re.compile(rf"/services/data/v\d+\.\d{path}/?"), handler)
            for method, path, handler in (
                ("GET", r"/(query|queryAll)", self._query),
                ("GET", r"/(?:query|queryAll)/(01g\w+-\d+)", self._more),
                ("GET", r"/sobjects/(\w+)/describe", self._describe),
                ("GET", r"/limits", self._limits),
                ("GET", r"/sobjects/(\w+)/(deleted|updated)", self._replication),
                ("POST", r"/composite", self._composite),
                ("POST", r"/composite/batch", self._batches),
                ("POST", r"/composite/sobjects/(\w+)", self._read_many),
                ("PATCH", r"/composite/sobjects/(\w+)/(\w+__c)", self._upsert_many),
                ("POST", r"/jobs/query", self._new_job),
                ("GET", r"/jobs/query/(750\w+)/results", self._results),
                ("GET|PATCH|DELETE", r"/jobs/query/(750\w+)", self._job),
                ("POST", r"/composite/sobjects", self._create_many),
                ("PATCH", r"/composite/sobjects", self._update_many),
                ("DELETE", r"/composite/sobjects", self._delete_many),
                ("POST", r"/sobjects/(\w+)", self._create),
                ("GET", r"/sobjects/(\w+)/(\w{15,18})", self._get),
                ("PATCH", r"/sobjects/(\w+)/(\w{15,18})", self._update),
                ("DELETE", r"/sobjects/(\w+)/(\w{15,18})", self._delete),
                ("PATCH", r"/sobjects/(\w+)/(\w+__c)/([^/]+)", self._upsert),
            )
        )

    @property
    def writes(self) -> Counter[tuple[str, str]]:
        """Writes through the API, by object and record."""
        return self.tables.writes

    def settings(self, base_url: str) -> dict[str, str]:
        """The values of ``[salesforce]`` with credentials in the clear."""
        return {"login_url": base_url, **self._auth.settings()}

    def load(self, object_name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows in as they are."""
        with self._lock:
            self.tables.load(object_name, rows)

    def is_write(self, request: Request) -> bool:
        """Whether a request could change a record."""
        return not (
            request.method == "GET"
            or "/oauth2/" in request.path
            or "/jobs/query" in request.path
            or only_reads(request)
        )

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            try:
                response = self._answer(request)
            except RefusalError as refusal:
                response = Response.json(refusal.body(), status=refusal.status)
        now = self._clock.now(self.name)
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        usage = f"api-usage={self.calls}/{self._daily_calls}"
        response.headers["Sforce-Limit-Info"] = usage
        return response

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people, other tools and operators do behind our back."""
        with self._lock:
            return self._control(action, body)

    def _control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if action == "expire_tokens":
            self._auth.expire_all()
        elif action == "close_cursors":
            self._cursors.clear()
        elif action == "rotate_tokens":
            self._auth.rotates = bool(body.get("on", True))
        elif action == "set_usage":
            self.calls = int(body["calls"])
        elif action == "lock":
            self._writer.locks[str(body["id"])] += int(body.get("times", 1))
        else:
            return self._hooks.run(action, body)
        return {}

    # --- routing ----------------------------------------------------------------------

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/services/oauth2/") or request.path.startswith(
            "/id/"
        ):
            return self._auth.handle(request)
        if request.path.rstrip("/") == "/services/data":
            return Response.json(
                [{"label": "v62", "url": "/services/data/v62.0", "version": "62.0"}]
            )
        size = len(request.path) + len(request.query)
        if size + sum(len(k) + len(v) for k, v in request.headers.items()) > _MAX_URI:
            return Response(status=414)
        session = self._auth.session(request)
        self.calls += 1
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found and request.method in method.split("|"):
                return handler(request, found, session)
        raise RefusalError(
            "NOT_FOUND", "The requested resource does not exist", status=404
        )

    # --- queries ----------------------------------------------------------------------

    def _query(self, request: Request, found: re.Match[str], session: str) -> Response:
        with_deleted = found[1] == "queryAll"
        text = request.param.get("q", "")
        result = run_query(text, self.tables, with_deleted=with_deleted)
        if result.count is not None:
            return Response.json(
                {"totalSize": result.count, "done": True, "records": []}
            )
        size = self._batch(request)
        return Response.json(
            self._cursors.first(result.records, session=session, size=size)
        )

    def _batch(self, request: Request) -> int:
        asked = re.search(r"\d+", request.headers.get("sforce-query-options", ""))
        size = min(max(int(asked[0]), 200), 2000) if asked else 2000
        return min(size, self.page_size)

    def _more(self, request: Request, found: re.Match[str], session: str) -> Response:
        return Response.json(self._cursors.next(found[1], session=session))

    def _describe(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        fields = [field.describe() for field in kind.fields.values()]
        return Response.json(
            {
                "name": kind.name,
                "custom": False,
                "fields": fields,
                "childRelationships": [],
                "recordTypeInfos": [],
            }
        )

    def _limits(self, request: Request, found: re.Match[str], _: str) -> Response:
        left = self._daily_calls - self.calls
        return Response.json(
            {"DailyApiRequests": {"Max": self._daily_calls, "Remaining": left}}
        )

    # --- rows -------------------------------------------------------------------------

    def _create(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        made = self._writer.create(name, _body(request))
        return Response.json({"id": made, "success": True, "errors": []}, status=201)

    def _get(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        row = self.tables.find(kind.name, found[2])
        asked = request.param.get("fields")
        names = self._known(kind, asked.split(",") if asked else kind.fields)
        return Response.json(_shown(kind, row, names))

    def _update(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        row = self.tables.find(name, found[2])
        self._precondition(request, row)
        self._writer.update(name, found[2], _body(request))
        return Response(status=204)

    def _precondition(self, request: Request, row: Mapping[str, Any]) -> None:
        text = request.headers.get("if-unmodified-since")
        if text is None:
            return
        try:
            since = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            raise RefusalError("MALFORMED_HEADER", "not a date") from None
        if parse_instant(row["LastModifiedDate"]) > since:
            raise RefusalError(
                "PRECONDITION_FAILED", "the record was modified", status=412
            )

    def _delete(self, request: Request, found: re.Match[str], _: str) -> Response:
        self._writer.delete(found[2], self.tables.object_type(found[1]).name)
        return Response(status=204)

    def _upsert(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind, value = self.tables.object_type(found[1]), unquote(found[3])
        same = self._writer.same(kind, found[2], value)
        if len(same) > 1:
            urls = [f"/services/data/v62.0/sobjects/{kind.name}/{one}" for one in same]
            return Response.json(urls, status=300)
        if not same and request.param.get("updateOnly") == "true":
            raise RefusalError("NOT_FOUND", "no record to update", status=404)
        made, created = self._writer.upsert(kind, found[2], value, _body(request))
        body = {"id": made, "success": True, "errors": [], "created": created}
        return Response.json(body, status=201 if created else 200)

    # --- collections ------------------------------------------------------------------

    def _create_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        def create(record: dict[str, Any]) -> dict[str, Any]:
            name = self._type_of(record)
            return {"id": self._writer.create(name, record)}

        return self._many(_body(request), create)

    def _update_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        def update(record: dict[str, Any]) -> dict[str, Any]:
            record_id = str(record.get("id") or record.get("Id"))
            return {"id": self._writer.update(self._type_of(record), record_id, record)}

        return self._many(_body(request), update)

    def _upsert_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])

        def upsert(record: dict[str, Any]) -> dict[str, Any]:
            fields = dict(record)
            value = str(fields.pop(found[2], ""))
            made, created = self._writer.upsert(kind, found[2], value, fields)
            return {"id": made, "created": created}

        return self._many(_body(request), upsert)

    def _many(
        self,
        body: Mapping[str, Any],
        write: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> Response:
        records = body.get("records", [])
        check_size([self._type_of(record) for record in records])
        whole = bool(body.get("allOrNone"))
        return Response.json(write_many(self.tables, records, write, all_or_none=whole))

    def _delete_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        def delete(record_id: str) -> dict[str, Any]:
            self._writer.delete(record_id)
            return {"id": record_id}

        ids = request.param.get("ids", "").split(",")
        check_size([one[:3] for one in sorted(ids)])
        whole = request.param.get("allOrNone") == "true"
        return Response.json(write_many(self.tables, ids, delete, all_or_none=whole))

    def _read_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        body = _body(request)
        rows = self.tables.stored(kind.name)
        shown = [rows.get(salesforce_id(str(one)) or "") for one in body["ids"]]
        names = self._known(kind, body["fields"])
        return Response.json([row and _shown(kind, row, names) for row in shown])

    def _known(self, kind: ObjectType, names: Iterable[str]) -> list[str]:
        for name in names:
            if kind.named(name) is None:
                message = f"No such column '{name}' on sobject of type {kind.name}"
                raise RefusalError("INVALID_FIELD", message)
        return ["Id", *names]

    # --- several requests in one, replication, bulk -----------------------------------

    def _composite(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(composite(request, self.tables, self._part))

    def _batches(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(batch(request, self._part))

    def _part(self, request: Request) -> Response:
        """One part of a composite request; the whole counts as one call."""
        self.calls -= 1
        try:
            return self._answer(request)
        except RefusalError as refusal:
            return Response.json(refusal.body(), status=refusal.status)

    def _replication(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        between = deleted_between if found[2] == "deleted" else updated_between
        asked = request.param
        return Response.json(
            between(self.tables, name, asked.get("start", ""), asked.get("end", ""))
        )

    def _new_job(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(self._jobs.create(_body(request), _version(request)))

    def _job(self, request: Request, found: re.Match[str], _: str) -> Response:
        if request.method == "PATCH":
            return Response.json(self._jobs.abort(found[1]))
        if request.method == "DELETE":
            self._jobs.delete(found[1])
            return Response(status=204)
        return Response.json(self._jobs.look(found[1]))

    def _results(self, request: Request, found: re.Match[str], _: str) -> Response:
        return self._jobs.results(found[1], _version(request), request.param)

    def _type_of(self, record: Mapping[str, Any]) -> str:
        return self.tables.object_type(str(record["attributes"]["type"])).name


def _version(request: Request) -> str:
    found = _VERSION.match(request.path)
    return found[1] if found else ""


def _shown(
    kind: ObjectType, row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    url = f"/services/data/v62.0/sobjects/{kind.name}/{row['Id']}"
    body = {"attributes": {"type": kind.name, "url": url}}
    return {**body, **{name: row.get(name) for name in names}}


def _body(request: Request) -> dict[str, Any]:
    try:
        return dict(json.loads(request.body))
    except (ValueError, TypeError):
        raise RefusalError("JSON_PARSER_ERROR", "the body is not JSON") from None
