"""Rows as row and collection requests show them."""

from collections.abc import Iterable, Mapping
from typing import Any

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import ObjectType


def known_fields(kind: ObjectType, names: Iterable[str]) -> list[str]:
    """The fields asked for, and Id.

    Raises:
        RefusalError: The object has no such field.
    """
    asked = ["Id", *names]
    for name in asked:
        if kind.named(name) is None:
            message = f"No such column '{name}' on sobject of type {kind.name}"
            raise RefusalError("INVALID_FIELD", message)
    return asked


def shown(
    kind: ObjectType, row: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """A row with its type, its address and these fields."""
    url = f"/services/data/v62.0/sobjects/{kind.name}/{row['Id']}"
    body = {"attributes": {"type": kind.name, "url": url}}
    return {**body, **{name: row.get(name) for name in names}}
