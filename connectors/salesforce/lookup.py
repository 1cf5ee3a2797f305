"""Records as they stand now: by id, by opportunity, by the key of a create.

Source: REST API Developer Guide, "QueryAll" (archived activities are found by it only).
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec

from connectors.salesforce.client import SYSTEM
from connectors.salesforce.keys import Keys
from connectors.salesforce.passes import NO_DELETED
from connectors.salesforce.queries import Queries, Query
from connectors.salesforce.soql import quoted
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, Write

_STAMPS: Final = (
    "Id",
    "SystemModstamp",
    "CreatedDate",
    "LastModifiedDate",
    "LastModifiedById",
)
_ROLE_OBJECT: Final = "OpportunityContactRole"
_ROLE: Final = ("OpportunityId", "ContactId", "Role", "IsPrimary")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Which record carries a key, and whether it is in the recycle bin."""

    record_id: str
    deleted: bool


class Lookup:
    """Looks at single records."""

    def __init__(self, queries: Queries, keys: Keys) -> None:
        """Asks through ``queries``; ``keys`` says how creates are known again."""
        self._queries = queries
        self._keys = keys

    def current(
        self, refs: Sequence[RecordRef], fields: Sequence[str]
    ) -> Mapping[RecordRef, Current | None]:
        """Records as they stand now; archived ones too, deleted ones are None."""
        found: dict[RecordRef, Current | None] = dict.fromkeys(refs)
        for object_name, some in groupby(sorted(refs), key=lambda ref: ref.object):
            for one in self._where_in(
                object_name, fields, "Id", [ref.id for ref in some]
            ):
                found[one.ref] = one
        return found

    def memberships(
        self, opportunity_ids: Sequence[str]
    ) -> Mapping[str, Sequence[Current]]:
        """The complete contact role set of each opportunity, read now."""
        found: dict[str, list[Current]] = {one: [] for one in opportunity_ids}
        for role in self._where_in(_ROLE_OBJECT, _ROLE, "OpportunityId", [*found]):
            deal = str(salesforce_id(role.fields["OpportunityId"]))
            if deal in found:
                found[deal].append(role)
        return found

    def find_effect(self, write: Write) -> Current | None:
        """What a create of unknown outcome made, found by its key."""
        # Without the field too: it may have been made before the org had one.
        places = (self._keys, Keys("")) if self._keys.field else (self._keys,)
        for keys in places if write.marker else ():
            found = self._carrier(write, keys)
            if found is not None:
                return found
        return None

    def _carrier(self, write: Write, keys: Keys) -> Current | None:
        where = keys.where(write)
        if where is None:
            return None
        fields = tuple({*write.fields, "Description"})
        found = self._select(write.object, fields, where)
        return next((one for one in found if keys.is_ours(write, one)), None)

    def holder(self, write: Write) -> "Holder | None":
        """The record, in the recycle bin too, that carries the key of a create."""
        asked = Query(
            soql=f"SELECT Id, IsDeleted FROM {write.object}"
            f" WHERE {self._keys.where(write)} ORDER BY IsDeleted"
        )
        for row in self._queries.every(asked):
            record_id = str(salesforce_id(row["Id"]))
            return Holder(record_id=record_id, deleted=bool(row["IsDeleted"]))
        return None

    def _where_in(
        self, object_name: str, fields: Sequence[str], key: str, ids: Sequence[str]
    ) -> list[Current]:
        """Records with one of these ids in a field, in as few queries as are long."""
        where = quoted(f"{key} IN {{}}", list(ids))
        asked = _query(object_name, fields, where)
        if len(ids) > 1 and not self._queries.fits(asked):
            half = len(ids) // 2
            first = self._where_in(object_name, fields, key, ids[:half])
            return first + self._where_in(object_name, fields, key, ids[half:])
        return self._rows(object_name, fields, asked)

    def _select(
        self, object_name: str, fields: Sequence[str], where: str
    ) -> list[Current]:
        return self._rows(object_name, fields, _query(object_name, fields, where))

    def _rows(
        self, object_name: str, fields: Sequence[str], asked: Query
    ) -> list[Current]:
        return [_current(object_name, r, fields) for r in self._queries.every(asked)]


def _query(object_name: str, fields: Sequence[str], where: str) -> Query:
    everything = object_name not in NO_DELETED
    # Which fields an object lacks is a matter of its metadata, not of ours.
    wanted = ", ".join(sorted({*_STAMPS, *fields}))
    alive = " AND IsDeleted = false" if everything else ""
    return Query(
        soql=f"SELECT {wanted} FROM {object_name} WHERE {where}{alive}",
        everything=everything,
    )


def _current(
    object_name: str, row: Mapping[str, Any], fields: Sequence[str]
) -> Current:
    made, modified = row.get("CreatedDate"), row.get("LastModifiedDate")
    return Current(
        ref=RecordRef(SYSTEM, object_name, str(salesforce_id(row["Id"]))),
        version=iso_z(parse_instant(row["SystemModstamp"])),
        created_at=parse_instant(made) if made else None,
        modified_at=parse_instant(modified) if modified else None,
        modified_by=salesforce_id(row.get("LastModifiedById")),
        fields={name: _at(row, name) for name in fields},
    )


def _at(row: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    """A field, a parent's too; null when the parent is."""
    here: Any = row
    for name in path.split("."):
        here = None if here is None else here.get(name)
    return here
