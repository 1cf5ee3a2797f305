"""Records: what a connector yields, and what the mirror keeps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class RecordRef(msgspec.Struct, frozen=True, order=True, gc=False):
    """Which remote object: ``RecordRef("salesforce", "Task", "00T…")``.

    ``object`` is the vendor's: Salesforce API names, Outreach JSON:API types,
    ``Event`` for calendars (id ``<calendar>/<event id>``), ``engagement`` for Chorus.
    Ids are strings everywhere; Salesforce's have 18 characters.
    """

    system: str
    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}/{self.object}/{self.id}"


class RawRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One remote object as the vendor sent it; lives only until it is translated.

    Attributes:
        version: What moves when the record moves (SystemModstamp, updatedAt, etag,
            content hash); compared for equality, and for order where ``valid_from``
            is the same stamp.
        valid_from: The vendor's own instant of this version, None if it has none.
        created_at: When the vendor's record was made, None if it does not say.
        fields: The vendor's JSON object.
        deleted: True for a tombstone; ``fields`` may then be empty.
    """

    ref: RecordRef
    version: str
    valid_from: datetime | None = None
    created_at: datetime | None = None
    fields: Mapping[str, Any] = {}
    deleted: bool = False


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One remote object as the mirror keeps it.

    Attributes:
        fields: JSON of the canonical entity (see ``syncd.model.entities``), keys
            sorted, without nulls; decodes straight into the entity's type.
        happened_at: When the thing took place, for the judged window; None for
            people, accounts and deals, which are always kept.
        created_at: When the vendor's record was made: the window it is proved in.
    """

    ref: RecordRef
    version: str
    valid_from: datetime | None
    fields: bytes
    deleted: bool = False
    happened_at: datetime | None = None
    created_at: datetime | None = None
    is_open: bool = False


class Quarantined(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be read: what and why, never its content."""

    ref: RecordRef
    reason: str
    path: str = ""


def link_to(ref: RecordRef, links: Mapping[str, str]) -> str:
    """Where a person can look at a record; empty when there is no such page.

    ``links`` has an address with ``{id}`` left open by ``system.object``.
    """
    return links.get(f"{ref.system}.{ref.object}", "").replace("{id}", ref.id)
