"""The simulated Salesforce over HTTP: log-in, queries, rows, collections.

Source: REST API Developer Guide.
"""

import json
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from threading import RLock
from typing import Any, Final
from urllib.parse import unquote

from syncd.kit.instants import parse_instant
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.auth import Auth
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import build_schema
from syncd.sandbox.salesforce.soql import run_query
from syncd.sandbox.salesforce.table import Tables, make_id

_MAX_URI: Final = 16_384
_CURSORS: Final = 10
_COLLECTION: Final = 200
_ROOT: Final = re.compile(r"/services/data/v(\d+\.\d)")
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
        self._cursors: OrderedDict[str, tuple[str, list[dict[str, Any]], int]]
        self._cursors = OrderedDict()
        self._lock = RLock()
        self._locked: Counter[str] = Counter()
        self._routes: tuple[tuple[str, re.Pattern[str], _Handler], ...] = tuple(
            (method, re.compile(rf"/services/data/v\d+\.\d{path}/?"), handler)
            for method, path, handler in (
                ("GET", r"/(query|queryAll)", self._query),
                ("GET", r"/(?:query|queryAll)/(01g\w+-\d+)", self._more),
                ("GET", r"/sobjects/(\w+)/describe", self._describe),
                ("GET", r"/limits", self._limits),
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
        return request.method != "GET" and "/oauth2/" not in request.path

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
        user = str(body.get("user") or make_id("005", 1))
        name, record_id = str(body.get("object", "")), str(body.get("id", ""))
        fields = dict(body.get("fields", {}))
        if action in {"edit", "delete", "insert"}:
            return self._edit(action, name, record_id, fields, user=user)
        if action == "expire_tokens":
            self._auth.expire_all()
            self._cursors.clear()
        elif action == "lock":
            self._locked[record_id] += int(body.get("times", 1))
        elif action == "delay_commit":
            wait = timedelta(seconds=float(body["seconds"]))
            self.tables.delay(record_id, self._clock.now(self.name) + wait)
        elif action == "hide_field":
            self.tables.schema[name].fields.pop(str(body["field"]))
        elif action == "rows":
            found = self.tables.rows(name, with_deleted=False)
            return {"rows": [dict(row) for row in found]}
        else:
            raise KeyError(action)
        return {}

    def _edit(
        self,
        action: str,
        name: str,
        record_id: str,
        fields: dict[str, Any],
        *,
        user: str,
    ) -> dict[str, Any]:
        """What a person or another tool does; not counted among our writes."""
        if action == "insert":
            record_id = self.tables.create(name, fields, user=user)
        elif action == "edit":
            self.tables.update(name, record_id, fields, user=user)
        else:
            self.tables.delete(name, record_id, user=user)
        self.tables.writes[(name, record_id)] -= 1
        return {"id": record_id}

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
            if found and method == request.method:
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
        return self._page(result.records, 0, session, self._batch(request))

    def _batch(self, request: Request) -> int:
        asked = re.search(r"\d+", request.headers.get("sforce-query-options", ""))
        size = min(max(int(asked[0]), 200), 2000) if asked else 2000
        return min(size, self.page_size)

    def _page(
        self, records: list[dict[str, Any]], start: int, session: str, size: int
    ) -> Response:
        page = records[start : start + size]
        body: dict[str, Any] = {"totalSize": len(records), "done": True}
        if start + size < len(records):
            key = (
                f"01g{len(self._cursors):04d}{abs(hash((session, start))) % 10**8:08d}"
            )
            self._cursors[key] = (session, records, size)
            while len(self._cursors) > _CURSORS:
                self._cursors.popitem(last=False)
            url = f"/services/data/v62.0/query/{key}-{start + size}"
            body.update(done=False, nextRecordsUrl=url)
        return Response.json({**body, "records": page})

    def _more(self, request: Request, found: re.Match[str], session: str) -> Response:
        key, _, start = found[1].partition("-")
        owner, records, size = self._cursors.get(key, ("", [], 0))
        if not owner:
            raise RefusalError("INVALID_QUERY_LOCATOR", "invalid query locator")
        if owner != session:
            raise RefusalError(
                "INVALID_SESSION_ID", "Session expired or invalid", status=401
            )
        return self._page(records, int(start), session, size)

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
        made = self.tables.create(name, _body(request), user=self.user_id)
        return Response.json({"id": made, "success": True, "errors": []}, status=201)

    def _get(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        row = self.tables.find(kind.name, found[2])
        asked = request.param.get("fields")
        names = asked.split(",") if asked else list(kind.fields)
        url = f"/services/data/v62.0/sobjects/{kind.name}/{row['Id']}"
        body = {"attributes": {"type": kind.name, "url": url}}
        return Response.json({**body, **{n: row.get(n) for n in ["Id", *names]}})

    def _update(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        row = self.tables.find(name, found[2])
        self._precondition(request, row)
        self._refuse_locked(row["Id"])
        self.tables.update(name, found[2], _body(request), user=self.user_id)
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

    def _refuse_locked(self, record_id: str) -> None:
        if self._locked[record_id] > 0:
            self._locked[record_id] -= 1
            message = f"unable to obtain exclusive access to this record: {record_id}"
            raise RefusalError("UNABLE_TO_LOCK_ROW", message)

    def _delete(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        self.tables.delete(name, found[2], user=self.user_id)
        return Response(status=204)

    def _upsert(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        key = kind.named(found[2])
        if key is None or not key.external_id:
            message = "Provided external ID field does not exist or is not accessible"
            raise RefusalError("NOT_FOUND", f"{message}: {found[2]}", status=404)
        value = unquote(found[3])
        rows = self.tables.rows(kind.name, with_deleted=False)
        same = [row["Id"] for row in rows if row.get(key.name) == value]
        if len(same) > 1:
            urls = [f"/services/data/v62.0/sobjects/{kind.name}/{one}" for one in same]
            return Response.json(urls, status=300)
        if same:
            self.tables.update(kind.name, same[0], _body(request), user=self.user_id)
            made = same[0]
        elif request.param.get("updateOnly") == "true":
            raise RefusalError("NOT_FOUND", "no record to update", status=404)
        else:
            fields = {**_body(request), key.name: value}
            made = self.tables.create(kind.name, fields, user=self.user_id)
        body = {"id": made, "success": True, "errors": [], "created": not same}
        return Response.json(body, status=200 if same else 201)

    # --- collections ------------------------------------------------------------------

    def _create_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        def create(record: dict[str, Any]) -> str:
            name = self._type_of(record)
            return self.tables.create(name, record, user=self.user_id)

        return self._many(_body(request), create)

    def _update_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        def update(record: dict[str, Any]) -> str:
            record_id = str(record.get("id") or record.get("Id"))
            self._refuse_locked(record_id)
            name = self._type_of(record)
            self.tables.update(name, record_id, record, user=self.user_id)
            return record_id

        return self._many(_body(request), update)

    def _many(
        self, body: Mapping[str, Any], write: Callable[[dict[str, Any]], str]
    ) -> Response:
        records = body.get("records", [])
        types = [self._type_of(record) for record in records]
        runs = sum(
            one != before for one, before in zip(types, ["", *types], strict=False)
        )
        if len(records) > _COLLECTION or runs > 10:  # noqa: PLR2004
            raise RefusalError("EXCEEDED_ID_LIMIT", "too many records or type changes")
        answers: list[dict[str, Any]] = []
        for record in records:
            try:
                answers.append({"id": write(record), "success": True, "errors": []})
            except RefusalError as refusal:
                answers.append(refusal.row())
        return Response.json(answers)

    def _delete_many(self, request: Request, found: re.Match[str], _: str) -> Response:
        answers: list[dict[str, Any]] = []
        for record_id in request.param.get("ids", "").split(","):
            try:
                self.tables.delete(
                    self._name_of(record_id), record_id, user=self.user_id
                )
                answers.append({"id": record_id, "success": True, "errors": []})
            except RefusalError as refusal:
                answers.append(refusal.row())
        return Response.json(answers)

    def _type_of(self, record: Mapping[str, Any]) -> str:
        return self.tables.object_type(str(record["attributes"]["type"])).name

    def _name_of(self, record_id: str) -> str:
        for name in self.tables.schema:
            if self.tables.parent(name, record_id) is not None:
                return name
        raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _body(request: Request) -> dict[str, Any]:
    try:
        return dict(json.loads(request.body))
    except (ValueError, TypeError):
        raise RefusalError("JSON_PARSER_ERROR", "the body is not JSON") from None
