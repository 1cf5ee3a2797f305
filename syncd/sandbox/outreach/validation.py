"""What the simulated Outreach refuses to store.

Source: Outreach API reference; refusals seen by integrations.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncd.sandbox.outreach.documents import RefusalError, Resource

_READ_ONLY: Final = {
    "task": frozenset({"prospect", "opportunity", "account", "state", "completed"})
    | {"completedAt"},
    "prospect": frozenset({"name", "opportunities", "opportunityProspectRoles"}),
}
_LONGEST: Final = {"role": 255, "externalId": 255, "note": 65_535}


def require_writable(kind: str, data: Resource) -> None:
    """Refuse read-only attributes and relationships, and text that is too long."""
    given = {**data.get("attributes", {}), **data.get("relationships", {})}
    for name, value in given.items():
        if name in _READ_ONLY.get(kind, ()):
            raise RefusalError(422, "validationError", f"{name} is read-only")
        if isinstance(value, str) and len(value) > _LONGEST.get(name, len(value)):
            raise RefusalError(422, "validationDataTooLongError", f"{name} is too long")


def require_free_emails(
    emails: Iterable[str],
    others: Iterable[Resource],
    *,
    excluded: frozenset[str] = frozenset(),
) -> None:
    """Refuse addresses that another prospect has, or that the org shuts out."""
    wanted = {email.casefold() for email in emails}
    if wanted & excluded:
        raise RefusalError(422, "validationError", "excluded email address")
    taken = {
        email.casefold()
        for one in others
        for email in one["attributes"].get("emails") or ()
    }
    if wanted & taken:
        detail = "Contacts email hash has already been taken."
        raise RefusalError(422, "validationError", detail)


def require_changed_emails(before: Resource, attributes: Mapping[str, Any]) -> None:
    """Refuse a change of ``emails`` to what they already are."""
    if "emails" in attributes and attributes["emails"] == before["attributes"].get(
        "emails"
    ):
        raise RefusalError(422, "validationDuplicateValueError", "emails: no change")


def require_single_role(data: Resource, roles: Iterable[Resource]) -> None:
    """Refuse a second role of the same prospect on the same opportunity."""
    if _pair(data) in {_pair(role) for role in roles}:
        raise RefusalError(422, "validationError", "Prospect has already been taken")


def _pair(role: Resource) -> tuple[int, ...]:
    return tuple(
        int(role["relationships"][name]["data"]["id"])
        for name in ("opportunity", "prospect")
    )
