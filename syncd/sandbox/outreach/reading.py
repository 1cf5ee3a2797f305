"""Lists in pages, by cursor or by offset, and single resources.

Source: Outreach API reference, "Making requests" (pagination, counts, includes).
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from syncd.sandbox.http import Request, Response
from syncd.sandbox.outreach.catalogue import KINDS, Kind
from syncd.sandbox.outreach.documents import (
    Resource,
    Wish,
    pointer_to,
    shown,
    target_of,
)
from syncd.sandbox.outreach.errors import RefusalError, answer, bad_request
from syncd.sandbox.outreach.filters import in_order, matches
from syncd.sandbox.outreach.org import Org
from syncd.sandbox.outreach.switches import Switches

_OPEN: Final = re.compile(r"\.\.[^,]+$")
_FIELDS: Final = re.compile(r"fields\[(\w+)\]")
_DEFAULT_PAGE: Final = 50
_LARGEST_PAGE: Final = 1000
_FARTHEST: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class _Page:
    """Resources of one page, and the page parameters of its neighbours by name."""

    resources: list[Resource]
    links: Mapping[str, Mapping[str, str]]


class Reader:
    """Answers GET."""

    def __init__(self, org: Org, switches: Switches) -> None:
        """Over this org."""
        self._org = org
        self._switches = switches

    def one(self, request: Request, kind: Kind, number: int) -> Response:
        """A resource by id.

        Raises:
            RefusalError: 404 where there is none that the caller may see.
        """
        found, wish = self._org.find(kind.name, number), self._wish(request.param)
        loaded, included = self._included(kind, [found], request.param)
        body: dict[str, Any] = {"data": self._shown(loaded[0], wish)}
        if "include" in request.param:
            body["included"] = [self._shown(each, wish) for each in included]
        return answer(body)

    def many(self, request: Request, kind: Kind) -> Response:
        """One page of a list.

        Raises:
            RefusalError: 400 or 422 for a query that cannot do.
        """
        param, wish = request.param, self._wish(request.param)
        size = _number(param, "page[size]", _DEFAULT_PAGE)
        if min(size, _LARGEST_PAGE) > self._switches.largest_page:
            return Response(status=502, body=b"<html>Bad Gateway</html>")
        found = self._found(kind, request.params)
        if {"page[limit]", "page[offset]"} & set(param):
            page = self._by_offset(found, param)
        else:
            page = self._by_cursor(kind, found, param, min(size, _LARGEST_PAGE))
        loaded, included = self._included(kind, page.resources, param)
        body: dict[str, Any] = {"data": [self._shown(each, wish) for each in loaded]}
        if "include" in param:
            body["included"] = [self._shown(each, wish) for each in included]
        if page.links:
            origin = f"http://{request.headers.get('host', 'localhost')}"
            body["links"] = {
                name: f"{origin}{request.path}?{urlencode({**param, **more})}"
                for name, more in page.links.items()
            }
        if param.get("count") == "true":
            body["meta"] = self._count(len(found))
        return answer(body)

    def _shown(self, resource: Resource, wish: Wish) -> Resource:
        return shown(resource, wish, may_write=self._org.may_write(resource))

    def _wish(self, param: Mapping[str, str]) -> Wish:
        shape = "map" if self._switches.connections_as_map else "list"
        return Wish(
            fields={
                found[1]: frozenset(value.split(","))
                for name, value in param.items()
                if (found := _FIELDS.fullmatch(name))
            },
            connections=shape if param.get("provideDataConnections") == "true" else "",
            rights=param.get("provideAuthorizationMeta") == "true",
        )

    def _found(self, kind: Kind, params: list[tuple[str, str]]) -> list[Resource]:
        if self._switches.ignore_upper_bound:
            params = [(name, _OPEN.sub("..inf", value)) for name, value in params]
        found = [
            one
            for one in self._org.seen(kind.name)
            if matches(self._org, kind, one, params)
        ]
        sort = dict(params).get("sort", "id")
        return in_order(kind, found, "id" if self._switches.unsorted else sort)

    def _count(self, number: int) -> dict[str, Any]:
        """Never to be relied on: capped, and zero under load."""
        if self._switches.under_load:
            return {"count": 0, "count_truncated": True}
        largest = self._switches.largest_count
        return {"count": min(number, largest), "count_truncated": number > largest}

    # --- pages ------------------------------------------------------------------------

    def _by_offset(self, found: list[Resource], param: Mapping[str, str]) -> _Page:
        """The deprecated way: no farther than ten thousand records."""
        size = min(_number(param, "page[limit]", _DEFAULT_PAGE), _LARGEST_PAGE)
        start = _number(param, "page[offset]", 0)
        if start > _FARTHEST:
            raise bad_request(f"page[offset] may be {_FARTHEST} at most")
        places = {"first": 0, "prev": max(0, start - size), "next": start + size}
        if start == 0:
            del places["prev"]
        if start + size >= len(found):
            del places["next"]
        return _Page(
            resources=found[start : start + size],
            links={k: {"page[offset]": str(v)} for k, v in places.items()},
        )

    def _by_cursor(
        self, kind: Kind, found: list[Resource], param: Mapping[str, str], size: int
    ) -> _Page:
        start = 0
        if "page[after]" in param:
            start = self._start(kind, found, param)
        page = found[start : start + size]
        if start + size >= len(found):
            return _Page(resources=page, links={})
        cursor: dict[str, Any] = {"at": self._org.now().isoformat()}
        if self._switches.cursors_hold_rows:
            held = {k: page[-1]["attributes"].get(k) for k in kind.sorts if k != "id"}
            cursor["row"] = {"id": page[-1]["id"], "attributes": held}
        else:
            cursor["place"] = start + size
        text = base64.urlsafe_b64encode(json.dumps(cursor).encode()).decode()
        return _Page(resources=page, links={"next": {"page[after]": text}})

    def _start(
        self, kind: Kind, found: list[Resource], param: Mapping[str, str]
    ) -> int:
        """Where the page behind a cursor begins."""
        try:
            cursor = json.loads(base64.urlsafe_b64decode(param["page[after]"]))
            made_at = datetime.fromisoformat(cursor["at"])
        except (KeyError, TypeError, ValueError) as error:
            raise bad_request("page[after] is no cursor") from error
        life = self._switches.cursor_life_s
        if life and (self._org.now() - made_at).total_seconds() > life:
            status = self._switches.stale_cursor_status
            raise RefusalError(status, "badRequest", "page[after] is too old")
        if "place" in cursor:
            return int(cursor["place"])
        last: Resource = cursor["row"]
        sort = "id" if self._switches.unsorted else param.get("sort", "id")
        rest = [one for one in found if one["id"] != last["id"]]
        together = in_order(kind, [*rest, last], f"{sort},id")
        # What stands before the remembered row was shown; a row that has since moved
        # behind it comes once more.
        return _place(found, together, last)

    # --- includes ---------------------------------------------------------------------

    def _included(
        self, kind: Kind, resources: list[Resource], param: Mapping[str, str]
    ) -> tuple[list[Resource], list[Resource]]:
        """The resources, to-many ones loaded as asked, and what comes along once."""
        included: dict[tuple[str, int], Resource] = {}
        for path in filter(None, param.get("include", "").split(",")):
            first, *rest = path.split(".")
            resources = [self._loaded(kind, one, first) for one in resources]
            level = self._behind(kind, resources, first)
            for name in [*rest, None]:
                included |= {(one["type"], one["id"]): one for one in level}
                if name is None or not level:
                    break
                level = self._behind(KINDS[level[0]["type"]], level, name)
        return resources, list(included.values())

    def _loaded(self, kind: Kind, resource: Resource, name: str) -> Resource:
        if name not in kind.many:
            return resource
        behind = self._org.many(kind, resource, name)
        data = [pointer_to(one["type"], one["id"])["data"] for one in behind]
        held = {**resource.get("relationships", {}), name: {"data": data}}
        return {**resource, "relationships": held}

    def _behind(
        self, kind: Kind, resources: list[Resource], name: str
    ) -> list[Resource]:
        if name in kind.many:
            return [
                target
                for one in resources
                for target in self._org.many(kind, one, name)
            ]
        if name not in kind.related:
            raise bad_request(f"{kind.name} has no relationship {name}")
        sides = (target_of(one, name) for one in resources)
        return [one for side in sides if side and (one := self._org.visible(*side))]


def _place(found: list[Resource], together: list[Resource], last: Resource) -> int:
    """How many of ``found`` stand before ``last``, itself counted if unmoved."""
    before = {one["id"] for one in together[: together.index(last)]}
    start = sum(one["id"] in before for one in found)
    is_unmoved = start < len(found) and found[start]["id"] == last["id"]
    return start + is_unmoved


def _number(param: Mapping[str, str], name: str, default: int) -> int:
    text = param.get(name, str(default))
    if not text.isdigit():
        raise bad_request(f"{name} is no number")
    return int(text)
