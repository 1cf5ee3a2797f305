"""The simulated Salesforce over HTTP: log-in, queries, rows, collections.

Source: REST API Developer Guide.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from email.utils import format_datetime
from threading import RLock
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.allowance import Allowance, oversized
from syncd.sandbox.salesforce.auth import Auth
from syncd.sandbox.salesforce.behaviours.every import set_up
from syncd.sandbox.salesforce.bulk import QueryJobs
from syncd.sandbox.salesforce.collections import Collections
from syncd.sandbox.salesforce.composite import batch, composite, graphs
from syncd.sandbox.salesforce.cursors import Cursors
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.harmless import only_reads
from syncd.sandbox.salesforce.hooks import Hooks
from syncd.sandbox.salesforce.ingest import IngestJobs
from syncd.sandbox.salesforce.preconditions import (
    Versions,
    date_in,
    entity_headers,
    unmet,
)
from syncd.sandbox.salesforce.reading import known_fields, shown
from syncd.sandbox.salesforce.relationships import children_of
from syncd.sandbox.salesforce.replication import deleted_between, updated_between
from syncd.sandbox.salesforce.rivals import Rivals
from syncd.sandbox.salesforce.routing import Router, body_of
from syncd.sandbox.salesforce.schema import build_schema
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.soql import Asking, run_query
from syncd.sandbox.salesforce.table import Tables, make_id
from syncd.sandbox.salesforce.tree import create_tree
from syncd.sandbox.salesforce.write import options_of
from syncd.sandbox.salesforce.writing import Writer


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
        seed: int = 0,
    ) -> None:
        """An empty org with its value lists still to be loaded.

        Args:
            clock: The org's time.
            activity_key_field: External-ID field on Activity, if the org has one.
            affectlayer: Whether the org has the recorder's package and its fields.
            page_size: Rows of a page at most, however many a client asks for.
            daily_calls: What the org allows per day.
            seed: Gives the order of rows where a query asks for none.
        """
        self.org_id = make_id("00D", 1)
        self.user_id = make_id("005", 900_001)
        schema = build_schema(affectlayer=affectlayer, key_field=activity_key_field)
        self.tables = Tables(schema, clock)
        settings = OrgSettings()
        set_up(self.tables, settings)
        self.page_size = page_size
        self._seed = seed
        self._allowance = Allowance(clock, daily=daily_calls)
        self._clock = clock
        self._auth = Auth(clock, org_id=self.org_id, user_id=self.user_id)
        self._cursors = Cursors(self.tables)
        self._versions = Versions(clock.now(self.name))
        self._writer = Writer(self.tables, self.user_id)
        self._hooks = Hooks(self.tables, settings)
        self._collections = Collections(self.tables, self._writer)
        self._rivals = Rivals(self.tables)
        self._jobs = QueryJobs(self.tables, seed=seed)
        self._ingest = IngestJobs(self.tables, self._writer, seed=seed)
        self._lock = RLock()
        self._operators: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "expire_tokens": lambda _: self._auth.expire_all(),
            "rotate_tokens": lambda body: self._auth.rotate(on=body.get("on", True)),
            "move_instance": lambda body: self._auth.move(str(body["host"])),
            "close_cursors": lambda _: self._cursors.clear(),
            "set_page_size": self._set_page_size,
            "set_usage": lambda body: self._allowance.set_used(int(body["calls"])),
            "set_allowance": self._allowance.change,
            "slow_requests": self._allowance.slow_down,
            "lock": self._lock_row,
            "unlock": lambda _: self._writer.locks.clear(),
            "outrun_upsert": self._rivals.expect,
        }
        self._router = Router(
            (
                ("GET", r"/(query|queryAll)", self._query),
                ("GET", r"/(?:query|queryAll)/(01g\w+-\d+)", self._more),
                ("GET", r"/sobjects/(\w+)/describe", self._describe),
                ("GET", r"/limits", self._limits),
                ("GET", r"/sobjects/(\w+)/(deleted|updated)", self._replication),
                ("POST", r"/composite", self._composite),
                ("POST", r"/composite/batch", self._batches),
                ("POST", r"/composite/graph", self._graphs),
                ("POST", r"/composite/tree/(\w+)", self._tree),
                ("POST", r"/sobjects/(\w+)", self._create),
                ("GET", r"/sobjects/(\w+)/(\w{15,18})", self._get),
                ("PATCH", r"/sobjects/(\w+)/(\w{15,18})", self._update),
                ("DELETE", r"/sobjects/(\w+)/(\w{15,18})", self._delete),
                ("PATCH", r"/sobjects/(\w+)/(\w+__c)/([^/]+)", self._upsert),
                *self._collections.routes(),
                *self._jobs.routes(),
                *self._ingest.routes(),
            )
        )

    @property
    def calls(self) -> int:
        """Calls of the last 24 hours."""
        return self._allowance.used

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
            usage = self._allowance.header
        now = self._clock.now(self.name)
        response.headers.setdefault("Date", format_datetime(now, usegmt=True))
        response.headers["Sforce-Limit-Info"] = usage
        return response

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Test hooks: what people, other tools and operators do behind our back."""
        with self._lock:
            return self._control(action, body)

    def _control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        operate = self._operators.get(action)
        if operate is None:
            return self._hooks.run(action, body)
        operate(body)
        return {}

    def _lock_row(self, body: Mapping[str, Any]) -> None:
        self._writer.locks[str(body["id"])] += int(body.get("times", 1))

    def _set_page_size(self, body: Mapping[str, Any]) -> None:
        self.page_size = int(body["rows"])

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
        refused = oversized(request)
        if refused is not None:
            return refused
        session = self._auth.session(request)
        self._writer.options = options_of(request.headers)
        duration = self._allowance.admit(request)
        response = self._router.answer(request, session)
        response.delay_s = duration.total_seconds()
        return response

    # --- queries ----------------------------------------------------------------------

    def _query(self, request: Request, found: re.Match[str], session: str) -> Response:
        asking = Asking(
            with_deleted=found[1] == "queryAll", zone=self._zone(), seed=self._seed
        )
        result = run_query(request.param.get("q", ""), self.tables, asking)
        size = self._batch(request)
        return Response.json(self._cursors.first(result, session=session, size=size))

    def _zone(self) -> ZoneInfo:
        """The running user's time zone."""
        user = self.tables.parent("User", self.user_id) or {}
        return ZoneInfo(str(user.get("TimeZoneSidKey") or "UTC"))

    def _batch(self, request: Request) -> int:
        asked = re.search(r"\d+", request.headers.get("sforce-query-options", ""))
        size = min(max(int(asked[0]), 200), 2000) if asked else 2000
        return min(size, self.page_size)

    def _more(self, request: Request, found: re.Match[str], session: str) -> Response:
        return Response.json(self._cursors.next(found[1], session=session))

    def _describe(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        body = {
            "name": kind.name,
            "custom": False,
            "fields": [field.described for field in kind.fields.values()],
            "childRelationships": [
                {"childSObject": child.name, "field": field.name, "relationshipName": n}
                for n, child, field in children_of(self.tables.schema, kind.name)
            ],
            "recordTypeInfos": [],
        }
        changed = self._versions.since(kind.name, body, self.tables.now())
        since = date_in(request, "if-modified-since")
        headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
        if since is not None and changed <= since:
            return Response(status=304, headers=headers)
        return Response.json(body, headers=headers)

    def _limits(self, request: Request, found: re.Match[str], _: str) -> Response:
        left = self._allowance.daily - self.calls
        return Response.json(
            {"DailyApiRequests": {"Max": self._allowance.daily, "Remaining": left}}
        )

    # --- rows -------------------------------------------------------------------------

    def _create(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        made = self._writer.create(name, body_of(request))
        body = {"id": made, "success": True, "errors": []}
        headers = {"Location": f"{request.path.rstrip('/')}/{made}"}
        return Response.json(body, status=201, headers=headers)

    def _get(self, request: Request, found: re.Match[str], _: str) -> Response:
        kind = self.tables.object_type(found[1])
        row = self.tables.find(kind.name, found[2])
        asked = request.param.get("fields")
        names = known_fields(kind, asked.split(",") if asked else kind.fields)
        return unmet(request, kind.name, row) or Response.json(
            shown(kind, row, names), headers=entity_headers(kind.name, row)
        )

    def _update(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        row = self.tables.find(name, found[2])
        unmet(request, name, row)
        self._writer.update(name, found[2], body_of(request))
        return Response(status=204)

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
        fields = body_of(request)
        if same:
            made = self._writer.update(kind.name, same[0], fields)
        else:
            self._rivals.arrive(kind.name, found[2], value)
            made = self._writer.create(kind.name, {**fields, found[2]: value})
        body = {"id": made, "success": True, "errors": [], "created": not same}
        return Response.json(body, status=200 if same else 201)

    # --- several requests in one, replication, bulk -----------------------------------

    def _composite(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(composite(request, self.tables, self._part))

    def _batches(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(batch(request, self._part))

    def _graphs(self, request: Request, found: re.Match[str], _: str) -> Response:
        return Response.json(graphs(request, self.tables, self._part))

    def _tree(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        return create_tree(name, body_of(request), self.tables, self._writer)

    def _part(self, request: Request) -> Response:
        """One part of a composite request; the whole counts as one call."""
        self._writer.options = options_of(request.headers)
        try:
            return self._router.answer(request, self._auth.session(request))
        except RefusalError as refusal:
            return Response.json(refusal.body(), status=refusal.status)

    def _replication(self, request: Request, found: re.Match[str], _: str) -> Response:
        name = self.tables.object_type(found[1]).name
        between = deleted_between if found[2] == "deleted" else updated_between
        asked = request.param
        return Response.json(
            between(self.tables, name, asked.get("start", ""), asked.get("end", ""))
        )
