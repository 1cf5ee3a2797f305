"""Roles, told by their two sides: which of them are there, read by the batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from syncd.model.compare import all_same
from syncd.model.plan import Change
from syncd.ports.connector import Current, WritingConnector

_SIDES: Final = {
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "opportunityProspectRole": ("opportunity", "prospect"),
}


class Place(NamedTuple):
    """Where a role is or would be: whose it is, on which opportunity."""

    system: str
    object: str
    opportunity: str
    person: str


RoleSets = Mapping[tuple[str, str, str], Sequence[Current]]
"""The complete role sets of opportunities, by system, object and opportunity."""


def place_of(change: Change) -> Place | None:
    """Where a create would put a role; None = it makes no role."""
    if change.operation != "create" or change.object not in _SIDES:
        return None
    return _place(change.system, change.object, change.after)


def places_kept_free(change: Change) -> list[Place]:
    """Where a change expects that no role is."""
    return [
        _place(fact.system, fact.object, fact.fields)
        for fact in change.expects.also
        if not fact.id
    ]


def _place(system: str, name: str, fields: Mapping[str, Any]) -> Place:
    deal, person = _SIDES[name]
    return Place(system, name, str(fields[deal]), str(fields[person]))


def role_sets(
    connectors: Mapping[str, WritingConnector], places: Iterable[Place]
) -> RoleSets:
    """Read the role sets of these places' opportunities, a read per object.

    A system without a connector is left out.
    """
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in places:
        wanted[(place.system, place.object)].add(place.opportunity)
    found: dict[tuple[str, str, str], Sequence[Current]] = {}
    for (system, name), deals in sorted(wanted.items()):
        connector = connectors.get(system)
        if connector is not None:
            for deal, roles in connector.memberships(name, sorted(deals)).items():
                found[(system, name, deal)] = roles
    return found


def role_at(place: Place, sets: RoleSets) -> Current | None:
    """The role that is at a place; None when there is none, or it was not read."""
    _, person = _SIDES[place.object]
    for role in sets.get((place.system, place.object, place.opportunity), ()):
        if all_same({person: place.person}, dict(role.fields)):
            return role
    return None
