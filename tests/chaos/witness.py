"""Watches what reaches a service, and compares it with what a plan wanted."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from syncd.sandbox.http import Request, Response

SIDES = {
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "opportunityProspectRole": ("opportunity", "prospect"),
}
_Row = Mapping[str, Any]


@dataclass
class Witness:
    """Stands between a recorder and its service; notes updates that say nothing new.

    Attributes:
        calls: Requests that reached the service.
        writes: Those of them that could change a record.
        repeats: Updates, by record, of fields that held the same values already: an
            effect that was brought about a second time.
    """

    service: Any
    calls: int = 0
    writes: int = 0
    repeats: Counter[str] = field(default_factory=Counter)

    def handle(self, request: Request) -> Response:
        """Note, then pass on."""
        if request.method == "PATCH" and self.service.name == "salesforce":
            for record_id, fields in _updates(request):
                row = self._row(record_id)
                if row and all(row.get(name) == value for name, value in fields):
                    self.repeats[record_id] += 1
        answer = self.service.handle(request)
        self.calls += 1
        self.writes += self.service.is_write(request)
        return answer

    def __getattr__(self, name: str) -> Any:
        """Everything else is the service's."""
        return getattr(self.service, name)

    def _row(self, record_id: str) -> _Row | None:
        tables = self.service.tables
        names = ("Task", "Event", "OpportunityContactRole")
        found = (tables.parent(name, record_id) for name in names)
        return next((row for row in found if row is not None), None)


def _updates(request: Request) -> Iterable[tuple[str, list[tuple[str, Any]]]]:
    body = json.loads(request.body)
    if "records" in body:
        for record in body["records"]:
            names = record.keys() - {"attributes", "id"}
            yield record["id"], [(name, record[name]) for name in names]
    else:
        yield request.path.rpartition("/")[2], list(body.items())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a plan's changes; both are empty when all went well."""

    doubled: Sequence[str]
    lost: Sequence[str]


def judge(changes: Iterable[_Row], witnesses: Mapping[str, Witness]) -> Verdict:
    """Hold the services' records against the changes of a plan (its JSON)."""
    doubled = [
        f"{name} {record} was written {times + 1} times"
        for name, witness in witnesses.items()
        for record, times in witness.repeats.items()
    ]
    lost: list[str] = []
    kinds: dict[tuple[str, str], _Kind] = {}
    for change in changes:
        which = (change["system"], change["object"])
        if which not in kinds:
            kinds[which] = _Kind(witnesses[which[0]], which[1])
        count = kinds[which].effects(change)
        if count == 0:
            lost.append(change["id"])
        if count > 1:
            doubled.append(f"{change['id']} made {count} of {change['object']}")
    return Verdict(doubled=doubled, lost=lost)


class _Kind:
    """All records of one kind, as a service has them in the end."""

    def __init__(self, witness: Witness, name: str) -> None:
        if witness.service.name == "salesforce":
            rows = list(witness.tables.rows(name, with_deleted=False))
        else:
            found = witness.control("resources", {"type": name})["resources"]
            rows = [_flat(one) for one in found]
        self._sides = SIDES.get(name, ())
        self._rows: list[_Row] = rows

    @cached_property
    def _by_id(self) -> dict[str, _Row]:
        return {str(row.get("Id", row.get("id"))): row for row in self._rows}

    @cached_property
    def _by_sides(self) -> Counter[tuple[str, ...]]:
        return Counter(self._natural(row) for row in self._rows)

    def _natural(self, row: _Row) -> tuple[str, ...]:
        return tuple(str(row.get(side)) for side in self._sides)

    def effects(self, change: _Row) -> int:
        """How many records show the change."""
        if change["operation"] == "create":
            return self._by_sides[self._natural(change["after"])]
        here = self._by_id.get(change["record_id"])
        if change["operation"] == "delete":
            return int(here is None)
        if change["operation"] == "action":
            return int(here is not None and here.get("state") == "complete")
        after = change["after"].items()
        return int(here is not None and all(_same(here.get(k), v) for k, v in after))


def _flat(resource: _Row) -> dict[str, Any]:
    row = {"id": resource["id"], **resource["attributes"]}
    for name, related in resource.get("relationships", {}).items():
        data = related.get("data") if isinstance(related, Mapping) else None
        if isinstance(data, Mapping):
            row[name] = data["id"]
    return row


def _same(here: object, wanted: object) -> bool:
    return (here or None) == (wanted or None) or str(here) == str(wanted)
