"""Looks at records again right before a write: whether a change may still be sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.apply.roles import (
    RoleSets,
    place_of,
    places_kept_free,
    role_at,
    role_sets,
)
from syncd.apply.writes import by_person, item_of, names_of, ref_of
from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change, ExpectedFields, effect_of
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, WritingConnector
from syncd.ports.ledger import Ledger

_Found = Mapping[RecordRef, Current | None]


def current_of(
    connector: WritingConnector,
    changes: Sequence[Change],
    *,
    made: Mapping[str, str | None] | None = None,
) -> dict[RecordRef, Current | None]:
    """The records of changes as they stand now, a read per object.

    ``made`` gives the ids of records that changes (by id) created; without it a create
    has nothing to read.
    """
    refs: dict[str, set[RecordRef]] = defaultdict(set)
    names: dict[str, set[str]] = defaultdict(set)
    for change in changes:
        record_id = change.record_id or (made or {}).get(change.id)
        if record_id:
            refs[change.object].add(ref_of(change, record_id))
            names[change.object].update(names_of(change))
    found: dict[RecordRef, Current | None] = {}
    for name, some in refs.items():
        found.update(connector.current(sorted(some), tuple(sorted(names[name]))))
    return found


def _named(change: Change) -> list[ExpectedFields]:
    """Facts of records that exist; the others are looked for one by one."""
    return [fact for fact in change.expects.also if fact.id]


@dataclass(kw_only=True)
class Recheck:
    """Tells a stranger's edit from our own.

    Attributes:
        our_users: Ids of the users we write as, by system.
        planned_after: Sequence of the last write before the plan; what was created
            since is not made again. Our clock cannot tell: it may be set back.
        written: Records that this run has written.
    """

    connectors: Mapping[str, WritingConnector]
    our_users: Mapping[str, str]
    ledger: Ledger
    planned_after: int | None = None
    written: set[RecordRef] = field(default_factory=set)

    def still_due(
        self, batch: Sequence[Change], seen: _Found
    ) -> tuple[list[Change], dict[str, ItemOutcome]]:
        """Changes that may still be sent, and what became of the others, by id.

        ``seen`` are the batch's own records as they were just looked at.
        """
        facts = self.facts(batch)
        roles = self.roles(batch)
        made_since = self._made_since(batch)
        ready: list[Change] = []
        others: dict[str, ItemOutcome] = {}
        for change in batch:
            item = self.moved(change, seen, facts) or self.crossed(change, roles)
            if item is None and change.id in made_since:
                detail = "it was made by another run since this plan"
                item = item_of(change, ItemStatus.STALE, detail=detail)
            if item is None:
                ready.append(change)
            else:
                others[change.id] = item
        return ready, others

    def _made_since(self, batch: Sequence[Change]) -> set[str]:
        """Creates whose effect another change has brought about since the plan."""
        creates = [c for c in batch if c.operation == "create"]
        planned_after = self.planned_after
        if not creates or planned_after is None:
            return set()
        past = self.ledger.past([effect_of(change) for change in creates])
        return {
            change.id
            for change in creates
            for write in past.get(effect_of(change), ())
            if write.state == "done"
            and write.key != change.key
            and write.sequence > planned_after
        }

    def facts(self, batch: Sequence[Change]) -> dict[RecordRef, Current | None]:
        """Other records that changes rest on, as they stand now."""
        wanted: dict[tuple[str, str], dict[RecordRef, set[str]]] = defaultdict(dict)
        for change in batch:
            for fact in _named(change):
                ref = RecordRef(fact.system, fact.object, fact.id)
                group = wanted[(fact.system, fact.object)]
                group.setdefault(ref, set()).update(fact.fields)
        found: dict[RecordRef, Current | None] = {}
        for (system, _), group in sorted(wanted.items()):
            connector = self.connectors.get(system)
            if connector is not None:
                names = {name for fields in group.values() for name in fields}
                found.update(connector.current(sorted(group), tuple(sorted(names))))
        return found

    def moved(
        self, change: Change, current: _Found, facts: _Found
    ) -> ItemOutcome | None:
        """Why a change must not be sent, or that nothing is left to do."""
        for fact in _named(change):
            found = facts.get(RecordRef(fact.system, fact.object, fact.id))
            if found is None or not all_same(dict(fact.fields), dict(found.fields)):
                detail = f"{fact.object} {fact.id} moved: {', '.join(fact.fields)}"
                return item_of(change, ItemStatus.STALE, detail=detail)
        if change.record_id is None:
            return None
        here = current.get(ref_of(change))
        if here is None:
            gone = change.operation == "delete"
            status = ItemStatus.ALREADY if gone else ItemStatus.STALE
            return item_of(change, status, detail="the record is gone")
        if change.operation == "update" and all_same(
            dict(change.after), dict(here.fields)
        ):
            return item_of(change, ItemStatus.ALREADY, detail="it says so already")
        return self._edited(change, here)

    def roles(self, batch: Sequence[Change]) -> RoleSets:
        """The role sets of opportunities in which changes make or rule out a role."""
        places = [place for change in batch for place in places_kept_free(change)]
        made = filter(None, map(place_of, batch))
        return role_sets(self.connectors, [*places, *made])

    def crossed(self, change: Change, roles: RoleSets) -> ItemOutcome | None:
        """Whether a role that must not exist, or would be made, is there by now."""
        for free in places_kept_free(change):
            role = role_at(free, roles)
            if role is not None:
                detail = f"{free.object} {role.ref.id} is there again"
                return item_of(change, ItemStatus.STALE, detail=detail)
        place = place_of(change)
        role = role_at(place, roles) if place else None
        if role is None:
            return None
        return item_of(
            change,
            ItemStatus.ALREADY,
            record_id=role.ref.id,
            detail="the role is there by now",
        )

    def _edited(self, change: Change, here: Current) -> ItemOutcome | None:
        moved = [
            name
            for name, value in change.before.items()
            if not all_same({name: value}, dict(here.fields))
        ]
        if moved:
            detail = f"someone changed {', '.join(sorted(moved))}"
            return item_of(change, ItemStatus.STALE, detail=detail)
        expected = change.expects.version
        ours = here.modified_by is not None and here.modified_by == self.our_users.get(
            change.system
        )
        if expected and here.version != expected and not ours:
            if here.ref in self.written or not by_person(here, expected):
                return None
            return item_of(change, ItemStatus.STALE, detail="someone edited the record")
        return None
