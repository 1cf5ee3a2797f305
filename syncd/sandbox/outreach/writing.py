"""Create, change and delete single resources.

Source: Outreach API reference, "Making requests".
"""

from collections.abc import Iterable
from typing import Any, Final

from syncd.sandbox.outreach.catalogue import Kind
from syncd.sandbox.outreach.documents import Resource, target_of
from syncd.sandbox.outreach.errors import invalid
from syncd.sandbox.outreach.org import Org
from syncd.sandbox.outreach.switches import Switches
from syncd.sandbox.outreach.validation import (
    require_both_sides,
    require_changed_emails,
    require_free_emails,
    require_single_role,
    require_writable,
)

_ROLE: Final = "opportunityProspectRole"
_NEW_TASK: Final = {"state": "incomplete", "completed": False, "taskType": "manual"}


class Writer:
    """Changes the org as the API does, and counts what it changed."""

    def __init__(self, org: Org, switches: Switches) -> None:
        """Over this org."""
        self._org = org
        self._switches = switches

    def create(self, kind: Kind, data: Resource) -> Resource:
        """A new resource. Nothing keeps a repeated call from making another.

        Raises:
            RefusalError: 422 for what may not be stored; 404 for a relationship to
                what the caller may not see.
        """
        require_writable(kind, data)
        made = self.insert(kind, data)
        self._count(made)
        if kind.name == "mailing":
            self._org.critical["mails"] += 1
        return made

    def insert(self, kind: Kind, data: Resource) -> Resource:
        """The same for other tools, which write read-only fields too."""
        attributes = dict(data.get("attributes", {}))
        relationships = self._relationships(data)
        if kind.name == "prospect":
            self._refuse_taken(attributes.get("emails", ()))
        elif kind.name == _ROLE:
            require_both_sides(data)
            if self._switches.refuse_duplicate_roles:
                require_single_role(data, self._org.all_of(_ROLE))
        elif kind.name == "task":
            attributes = {**_NEW_TASK, **attributes}
        return self._org.add(kind.name, attributes, relationships)

    def change(self, kind: Kind, number: int, data: Resource) -> Resource:
        """Lay the given fields over a resource; a relationship to null clears it.

        Raises:
            RefusalError: 404, 403 or 422.
        """
        one = self._org.to_change(kind.name, number)
        if data.get("type") != kind.name or str(data.get("id")) != str(number):
            raise invalid("type and id must fit the URL")
        require_writable(kind, data)
        attributes = data.get("attributes", {})
        if kind.name == "prospect":
            require_changed_emails(one, attributes)
            self._refuse_taken(attributes.get("emails", ()), besides=number)
        self._org.edit(one, attributes, self._relationships(data))
        self._count(one)
        return one

    def remove(self, kind: Kind, number: int) -> None:
        """Delete a resource.

        Raises:
            RefusalError: 404 or 403.
        """
        self._count(self._org.to_change(kind.name, number))
        self._org.remove(kind.name, number)

    def _relationships(self, data: Resource) -> dict[str, Any]:
        relationships = dict(data.get("relationships", {}))
        for name in relationships:
            if (target := target_of(data, name)) is not None:
                self._org.find(*target)
                self._note_locked(*target)
        # A task shows its subject also under the subject's own type.
        if (subject := target_of(data, "subject")) is not None:
            relationships[subject[0]] = relationships["subject"]
        return relationships

    def _note_locked(self, kind: str, number: int) -> None:
        found = self._org.visible(kind, number)
        if kind == "user" and found and found["attributes"].get("locked"):
            self._org.critical["assigned_to_locked_user"] += 1

    def _refuse_taken(self, emails: Iterable[str], *, besides: int = 0) -> None:
        others = [one for one in self._org.all_of("prospect") if one["id"] != besides]
        require_free_emails(emails, others, excluded=self._org.excluded)

    def _count(self, resource: Resource) -> None:
        self._org.writes[resource["type"], str(resource["id"])] += 1
