"""Records looked up by their id, or by an id that they name; facts by name."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from syncd.db.engine import chunks
from syncd.db.tables import FACTS, FILING_KEYS, RECORDS
from syncd.model.ids import salesforce_id
from syncd.model.record import RecordRef

_REF: Final = ("system", "object", "id")
_FACTS: Final = sa.select(FACTS.c.name, FACTS.c.value)


def find(connection: sa.Connection, record_id: str) -> list[RecordRef]:
    """Records with this id in any system; 15- and 18-character ids are equal."""
    query = (
        sa.select(*(RECORDS.c[column] for column in _REF))
        .where(RECORDS.c.id == (salesforce_id(record_id) or record_id))
        .order_by(RECORDS.c.system.desc(), RECORDS.c.object)
    )
    return [RecordRef(*row) for row in connection.execute(query)]


def naming(connection: sa.Connection, ids: Sequence[str]) -> list[RecordRef]:
    """Salesforce records that name one of these Salesforce records, in order."""
    found: set[RecordRef] = set()
    for some in chunks([f"sf:{one}" for one in ids]):
        query = sa.select(*(FILING_KEYS.c[column] for column in _REF)).where(
            FILING_KEYS.c.key.in_(some), FILING_KEYS.c.system == "salesforce"
        )
        found.update(RecordRef(*row) for row in connection.execute(query))
    return sorted(found)


def read_facts(connection: sa.Connection) -> dict[str, Any]:
    """Everything remembered about the org, by name."""
    rows = connection.execute(_FACTS).all()
    return {name: msgspec.json.decode(value) for name, value in rows}
