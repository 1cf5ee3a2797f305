"""What the simulated Outreach refuses to store.

Source: Outreach API reference; refusals seen by integrations.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from syncd.sandbox.outreach.catalogue import Kind
from syncd.sandbox.outreach.documents import Resource, target_of
from syncd.sandbox.outreach.errors import RefusalError, invalid

_LONGEST: Final = {
    "role": 255,
    "externalId": 255,
    "vendorCallId": 63,
    "note": 65_535,
}


def require_writable(kind: Kind, data: Resource) -> None:
    """Refuse read-only attributes and relationships, and text that is too long."""
    given = {**data.get("attributes", {}), **data.get("relationships", {})}
    for name, value in given.items():
        if name in kind.read_only:
            raise invalid(f"{name} is read-only", name=name)
        if isinstance(value, str) and len(value) > _LONGEST.get(name, len(value)):
            raise RefusalError(
                422,
                "validationDataTooLongError",
                f"{name} is too long",
                pointer=f"/data/attributes/{name}",
            )


def require_free_emails(
    emails: Iterable[str],
    others: Iterable[Resource],
    *,
    excluded: frozenset[str] = frozenset(),
) -> None:
    """Refuse addresses that another prospect has, or that the org shuts out."""
    wanted = {email.casefold() for email in emails}
    if wanted & excluded:
        raise invalid("excluded email address", name="emails")
    taken = {
        email.casefold()
        for one in others
        for email in one["attributes"].get("emails") or ()
    }
    if wanted & taken:
        raise invalid("Contacts email hash has already been taken.")


def require_changed_emails(before: Resource, attributes: Mapping[str, Any]) -> None:
    """Refuse a change of ``emails`` to what they already are."""
    if "emails" in attributes and attributes["emails"] == before["attributes"].get(
        "emails"
    ):
        raise RefusalError(422, "validationDuplicateValueError", "emails: no change")


def require_both_sides(data: Resource) -> None:
    """Refuse a role without its opportunity or its prospect."""
    for name in ("opportunity", "prospect"):
        if target_of(data, name) is None:
            raise invalid(f"{name} can't be blank", name=name)


def require_single_role(data: Resource, roles: Iterable[Resource]) -> None:
    """Refuse a second role of the same prospect on the same opportunity."""
    if _pair(data) in {_pair(role) for role in roles}:
        raise invalid("Prospect has already been taken")


def _pair(role: Resource) -> tuple[Any, ...]:
    return tuple(target_of(role, name) for name in ("opportunity", "prospect"))
