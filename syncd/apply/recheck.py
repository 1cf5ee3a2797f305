"""Looks at records again right before a write: whether a change may still be sent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.apply.writes import by_person, item_of, names_of, ref_of
from syncd.model.compare import all_same
from syncd.model.outcome import ItemOutcome, ItemStatus
from syncd.model.plan import Change, ExpectedFields
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, WritingConnector

_ROLES: Final = {
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "opportunityProspectRole": ("opportunity", "prospect"),
}
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


def member(connector: WritingConnector, change: Change) -> ItemOutcome | None:
    """Whether a role that would be created is there by now."""
    sides = _ROLES.get(change.object)
    if change.operation != "create" or sides is None:
        return None
    deal, person = sides
    for role in connector.membership(change.object, str(change.after[deal])):
        if all_same({person: change.after[person]}, dict(role.fields)):
            return item_of(
                change,
                ItemStatus.ALREADY,
                record_id=role.ref.id,
                detail="the role is there by now",
            )
    return None


def _named(change: Change) -> list[ExpectedFields]:
    """Facts of records that exist; the others are looked for one by one."""
    return [fact for fact in change.expects.also if fact.id]


@dataclass(kw_only=True)
class Recheck:
    """Tells a stranger's edit from our own.

    Attributes:
        our_users: Ids of the users we write as, by system.
        written: Records that this run has written.
    """

    connectors: Mapping[str, WritingConnector]
    our_users: Mapping[str, str]
    written: set[RecordRef] = field(default_factory=set)

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

    def returned(self, change: Change) -> ItemOutcome | None:
        """Whether a role that must not exist is there by now."""
        for fact in change.expects.also:
            connector = self.connectors.get(fact.system)
            if fact.id or connector is None:
                continue
            deal, person = _ROLES[fact.object]
            wanted = {person: fact.fields[person]}
            for role in connector.membership(fact.object, str(fact.fields[deal])):
                if all_same(wanted, dict(role.fields)):
                    detail = f"{fact.object} {role.ref.id} is there again"
                    return item_of(change, ItemStatus.STALE, detail=detail)
        return None

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
