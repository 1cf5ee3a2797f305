"""The org's resources in memory, and what of them a caller may see and change."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.outreach.catalogue import KINDS, Kind
from syncd.sandbox.outreach.documents import Resource, target_of
from syncd.sandbox.outreach.errors import RefusalError, not_found

_ROLE: Final = "opportunityProspectRole"
_CUSTOMISED: Final = ("account", "opportunity", _ROLE, "prospect")
_CUSTOM: Final = {"type": "string", "required": False, "definition": None}
_SIDES: Final = {
    ("opportunity", "prospects"): ("opportunity", "prospect"),
    ("prospect", "opportunities"): ("prospect", "opportunity"),
}


class Org:
    """Resources by type and id.

    Attributes:
        hidden: What the token's user may not see.
        protected: What that user may see and not change.
        excluded: Addresses that no prospect may have, case-folded.
        writes: Writes through the API by type and id.
        critical: What no careful client ever does, by name.
    """

    def __init__(self, clock: SandboxClock) -> None:
        """An empty org."""
        self._clock = clock
        self._resources: dict[str, dict[int, Resource]] = {kind: {} for kind in KINDS}
        self._removed: Counter[str] = Counter()  # the highest id of each type that went
        self.hidden: set[tuple[str, int]] = set()
        self.protected: set[tuple[str, int]] = set()
        self.excluded: frozenset[str] = frozenset()
        self.writes: Counter[tuple[str, str]] = Counter()
        self.critical: Counter[str] = Counter()

    def now(self) -> datetime:
        """Server time."""
        return self._clock.now("outreach")

    def now_text(self) -> str:
        """Server time as attributes show it."""
        return as_text(self.now())

    def load(self, kind: str, resources: Iterable[Resource]) -> None:
        """Put resources in as they are."""
        for resource in resources:
            self._resources[kind][int(resource["id"])] = dict(resource)

    def all_of(self, kind: str) -> list[Resource]:
        """Every resource of a type, hidden ones too."""
        return list(self._resources[kind].values())

    def held(self, kind: str, number: int) -> Resource:
        """A resource, hidden or not.

        Raises:
            KeyError: There is none.
        """
        return self._resources[kind][number]

    def seen(self, kind: str) -> list[Resource]:
        """Every resource of a type that the caller may see."""
        return [
            one
            for number, one in self._resources[kind].items()
            if (kind, number) not in self.hidden
        ]

    def visible(self, kind: str, number: int) -> Resource | None:
        """A resource that the caller may see."""
        found = self._resources.get(kind, {}).get(number)
        return None if (kind, number) in self.hidden else found

    def find(self, kind: str, number: int) -> Resource:
        """A resource that the caller may see.

        Raises:
            RefusalError: 404: gone and hidden look alike.
        """
        found = self.visible(kind, number)
        if found is None:
            raise not_found(kind, number)
        return found

    def many(self, kind: Kind, resource: Resource, name: str) -> list[Resource]:
        """What stands behind a to-many relationship, as far as it may be seen."""
        here = (kind.name, int(resource["id"]))
        target, back = kind.many[name]
        if (kind.name, name) not in _SIDES:
            return [one for one in self.seen(target) if target_of(one, back) == here]
        mine, other = _SIDES[kind.name, name]
        roles = [one for one in self.seen(_ROLE) if target_of(one, mine) == here]
        sides = {target_of(one, other) for one in roles}
        return [one for side in sides if side and (one := self.visible(*side))]

    def may_write(self, resource: Resource) -> bool:
        """Whether the caller may change a resource."""
        return (resource["type"], int(resource["id"])) not in self.protected

    def custom_fields(self) -> list[Resource]:
        """What ``/types`` tells of the org's own fields, by type of resource."""
        return [
            {
                "type": kind,
                "meta": {
                    "validations": {
                        name: {**_CUSTOM, "label": name} for name in sorted(names)
                    }
                },
            }
            for kind in _CUSTOMISED
            if (
                names := {
                    name
                    for one in self.all_of(kind)
                    for name in one["attributes"]
                    if name.removeprefix("custom").isdigit()
                }
            )
        ]

    def to_change(self, kind: str, number: int) -> Resource:
        """A resource that the caller may see and change.

        Raises:
            RefusalError: 404, or 403 without the right to change it.
        """
        found = self.find(kind, number)
        if not self.may_write(found):
            detail = f"You are not permitted to change this {kind}."
            raise RefusalError(403, "unauthorizedRequest", detail)
        return found

    def add(
        self,
        kind: str,
        attributes: Mapping[str, Any],
        relationships: Mapping[str, Any] | None = None,
    ) -> Resource:
        """Store a new resource, stamped now, under an id that none has ever had."""
        number = max(self._resources[kind], default=0)
        number = max(number, self._removed[kind]) + 1
        stamps = dict.fromkeys(KINDS[kind].stamps, self.now_text())
        made: Resource = {
            "type": kind,
            "id": number,
            "attributes": {**attributes, **stamps},
            "relationships": dict(relationships or {}),
        }
        self._resources[kind][number] = made
        return made

    def edit(
        self,
        resource: Resource,
        attributes: Mapping[str, Any],
        relationships: Mapping[str, Any] | None = None,
    ) -> Resource:
        """Change a resource in place and stamp it."""
        resource["attributes"].update(attributes)
        resource.setdefault("relationships", {}).update(relationships or {})
        if "updatedAt" in KINDS[resource["type"]].stamps:
            resource["attributes"]["updatedAt"] = self.now_text()
        return resource

    def remove(self, kind: str, number: int) -> None:
        """Delete a resource for good: lists and reads show no trace of it."""
        del self._resources[kind][number]
        self._removed[kind] = max(self._removed[kind], number)


def as_text(at: datetime) -> str:
    """An instant as attributes show it: UTC with milliseconds."""
    at = at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
