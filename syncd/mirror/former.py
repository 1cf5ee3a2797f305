"""What records used to say: the versions that were superseded, with their ends."""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks
from syncd.db.lists import is_one_of
from syncd.db.tables import RECORDS, VERSIONS
from syncd.model.entities import ENTITY_TYPES
from syncd.model.record import RecordRef
from syncd.model.view import Former

FORMER: Final = frozenset({"Contact", "Opportunity"})
"""Salesforce objects whose earlier versions are asked about."""

_FORMER: Final = (
    sa.select(
        VERSIONS.c.object,
        VERSIONS.c.id,
        VERSIONS.c.valid_from,
        VERSIONS.c.fields,
        RECORDS.c.valid_from.label("now_since"),
    )
    .join(
        RECORDS,
        sa.and_(
            *(
                RECORDS.c[name] == VERSIONS.c[name]
                for name in ("system", "object", "id")
            )
        ),
    )
    .where(
        VERSIONS.c.system == "salesforce",
        VERSIONS.c.object.in_(sorted(FORMER)),
        is_one_of(VERSIONS.c.id, "ids"),
        VERSIONS.c.deleted == sa.false(),
        VERSIONS.c.valid_from.is_not(None),
    )
    .order_by(VERSIONS.c.object, VERSIONS.c.id, VERSIONS.c.valid_from)
)


def load_former(
    connection: sa.Connection, refs: Sequence[RecordRef]
) -> dict[RecordRef, tuple[Former, ...]]:
    """Earlier versions by record, oldest first; none where a record never changed.

    A version ends where the next one begins by the vendor's own clock. Versions
    without such an instant tell nothing about the past and are left out.
    """
    found: dict[RecordRef, list[sa.RowMapping]] = {}
    for some in chunks(sorted({ref.id for ref in refs})):
        for row in connection.execute(_FORMER, {"ids": some}).mappings():
            ref = RecordRef("salesforce", row["object"], row["id"])
            found.setdefault(ref, []).append(row)
    return {ref: tuple(_with_ends(ref, rows)) for ref, rows in found.items()}


def _with_ends(ref: RecordRef, rows: Sequence[sa.RowMapping]) -> list[Former]:
    kind = ENTITY_TYPES[(ref.system, ref.object)]
    ends = [row["valid_from"] for row in rows[1:]] + [rows[-1]["now_since"]]
    return [
        Former(until=end, entity=msgspec.json.decode(row["fields"], type=kind))
        for row, end in zip(rows, ends, strict=True)
        if end is not None
    ]
