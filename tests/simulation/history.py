"""Who wrote what, when: seen in the services themselves, whatever anyone claims."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from tests.simulation.company import Services
from tests.simulation.wire import Exchange

OURS = "syncd"
UNDO = "syncd undo"
PERSON = "a person"
TOOL = "another tool"

_SALESFORCE = ("Task", "Event", "OpportunityContactRole")
_OUTREACH = ("opportunityProspectRole", "prospect", "task")
_DERIVED = frozenset(
    {
        "SystemModstamp",
        "LastModifiedDate",
        "LastModifiedById",
        "CompletedDateTime",
        "CreatedDate",
        "CreatedById",
        "IsDeleted",
        "IsClosed",
        "AccountId",
        "updatedAt",
        "createdAt",
    }
)
_SIDES = {
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "opportunityProspectRole": ("opportunity", "prospect"),
}


class Ref(NamedTuple):
    """One record that syncd may write."""

    system: str
    object: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Touch:
    """One field that got another value; ``field`` is empty for a whole record.

    Attributes:
        number: Of the exchange during or after which it happened.
        at: The true time, whatever syncd's clock says.
        old: Former value; None of a new record, all fields of one that is gone.
        new: All fields of a new record; None of one that is gone.
        unsettled: Sequences of the intents that had no outcome yet.
    """

    number: int
    at: datetime
    who: str
    ref: Ref
    field: str
    old: Any
    new: Any
    unsettled: frozenset[int] = frozenset()

    @property
    def is_create(self) -> bool:
        """A record that was not there."""
        return not self.field and self.old is None

    @property
    def is_delete(self) -> bool:
        """A record that is gone."""
        return not self.field and self.new is None

    def __str__(self) -> str:
        what = self.field or ("made" if self.is_create else "removed")
        return f"{self.who}: {self.ref.object} {self.ref.id} {what} {self.new!r}"


@dataclass(frozen=True, kw_only=True)
class WireWrite:
    """One record that one of syncd's requests wrote, changed by it or not.

    ``last_read`` is the exchange in which syncd last read it before; ``intents`` is the
    sequence of the last intent that was committed by then.
    """

    number: int
    at: datetime
    who: str
    ref: Ref
    touches: tuple[Touch, ...]
    last_read: int
    intents: int


def sides(ref: Ref, fields: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What makes a role the same as another one; None for other records."""
    names = _SIDES.get(ref.object)
    return None if names is None else tuple(str(fields.get(n)) for n in names)


@dataclass(kw_only=True)
class History:
    """Every value that records of the services ever had, from the start on."""

    services: Services
    unsettled: Callable[[], frozenset[int]] = frozenset
    touches: list[Touch] = field(default_factory=list)
    writes: list[WireWrite] = field(default_factory=list)
    start: dict[Ref, dict[str, Any]] = field(init=False)
    _now: dict[Ref, dict[str, Any]] = field(init=False)
    _counts: dict[Ref, int] = field(init=False)
    _read: dict[Ref, int] = field(default_factory=dict)
    _asked: list[Exchange] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        """Remember how things were before anyone moved."""
        self.start = self._now = self._look()
        self._counts = self._written()

    @property
    def number(self) -> int:
        """Of the last exchange."""
        return self._number

    @property
    def now(self) -> Mapping[Ref, Mapping[str, Any]]:
        """Live records as they were when last looked at."""
        return self._now

    def of(self, ref: Ref, name: str) -> list[Touch]:
        """Everything that ever happened to one field of one record, in order."""
        return [t for t in self.touches if t.ref == ref and t.field in {name, ""}]

    def observe(self, who: str) -> tuple[Touch, ...]:
        """Note what changed since the last look: it was this one."""
        after = self._look()
        found = tuple(self._changes(after, who))
        if found and who not in {OURS, UNDO}:
            unsettled = self.unsettled()
            found = tuple(replace(one, unsettled=unsettled) for one in found)
        self._now = after
        self.touches += found
        return found

    def exchange(self, one: Exchange, *, who: str, intents: int) -> tuple[Touch, ...]:
        """Note what a request of syncd's wrote, or what its answer let it see."""
        self._number = one.number
        if not one.is_write:
            if one.arrives:
                self._asked.append(one)
                for ref in _shown(one):
                    self._read[ref] = one.number
            return ()
        touches = self.observe(who)
        counts = self._written()
        wrote = {ref for ref, n in counts.items() if n != self._counts.get(ref, 0)}
        self._counts = counts
        for ref in sorted(wrote | {touch.ref for touch in touches}):
            mine = tuple(touch for touch in touches if touch.ref == ref)
            self.writes.append(
                WireWrite(
                    number=one.number,
                    at=self.services.clock.now(),
                    who=who,
                    ref=ref,
                    touches=mine,
                    last_read=self._last_read(ref, mine),
                    intents=intents,
                )
            )
        return touches

    def _last_read(self, ref: Ref, touches: tuple[Touch, ...]) -> int:
        """When it was last read; for a new role, when all of its deal were listed."""
        made = next((touch.new for touch in touches if touch.is_create), None)
        pair = sides(ref, made) if made is not None else None
        if pair is None:
            return self._read.get(ref, 0)
        kind = ref.object.casefold()
        for asked in reversed(self._asked):
            question = asked.question
            if kind in question.casefold() and pair[0] in question:
                return asked.number
        return 0

    def _changes(
        self, after: Mapping[Ref, Mapping[str, Any]], who: str
    ) -> Iterator[Touch]:
        before = self._now
        refs = before.keys() | after.keys()
        for ref in sorted(one for one in refs if before.get(one) != after.get(one)):
            old, new = before.get(ref), after.get(ref)
            if old is None or new is None:
                yield self._touch(who, ref, "", old, new)
                continue
            for name in sorted(old.keys() | new.keys()):
                if old.get(name) != new.get(name):
                    yield self._touch(who, ref, name, old.get(name), new.get(name))

    def _touch(self, who: str, ref: Ref, name: str, old: Any, new: Any) -> Touch:
        return Touch(
            number=self._number,
            at=self.services.clock.now(),
            who=who,
            ref=ref,
            field=name,
            old=old,
            new=new,
        )

    def _look(self) -> dict[Ref, dict[str, Any]]:
        tables = self.services.salesforce.tables
        found = {
            Ref("salesforce", name, row["Id"]): _plain(row)
            for name in _SALESFORCE
            for row in tables.held(name).values()
            if not row.get("IsDeleted")
        }
        for kind in _OUTREACH:
            answer = self.services.outreach.control("resources", {"type": kind})
            for one in answer["resources"]:
                ref = Ref("outreach", kind, str(one["id"]))
                found[ref] = _plain({**one["attributes"], **_related(one)})
        return found

    def _written(self) -> dict[Ref, int]:
        return {
            Ref(system, name, record_id): count
            for system, writes in (
                ("salesforce", self.services.salesforce.writes),
                ("outreach", self.services.outreach.writes),
            )
            for (name, record_id), count in writes.items()
        }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(row)
    for name in _DERIVED:
        plain.pop(name, None)
    return plain


def _related(one: Mapping[str, Any]) -> dict[str, Any]:
    relations = one.get("relationships", {})
    return {
        name: str(relation["data"]["id"]) if relation.get("data") else None
        for name, relation in relations.items()
    }


def _shown(one: Exchange) -> Iterator[Ref]:
    """Records of which an answer tells, in either service's form."""
    import msgspec

    tells = b'"attributes":' in one.response.body  # which a record has in either form
    if not tells or one.system not in {"salesforce", "outreach"}:
        return
    try:
        body = msgspec.json.decode(one.response.body)
    except msgspec.DecodeError:
        return
    waiting = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            name = (value.get("attributes") or {}).get("type")
            if isinstance(name, str) and "Id" in value:
                yield Ref("salesforce", name, value["Id"])
            elif {"type", "id", "attributes"} <= value.keys():
                yield Ref("outreach", str(value["type"]), str(value["id"]))
            waiting += [v for v in value.values() if isinstance(v, dict | list)]
