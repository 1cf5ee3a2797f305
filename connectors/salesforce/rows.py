"""Rows of a query as records; a row without usable id or stamp is set aside."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.salesforce.client import SYSTEM
from syncd.kit.instants import iso_z, parse_instant
from syncd.model.ids import salesforce_id
from syncd.model.record import Quarantined, RawRecord, RecordRef


def raw_record(
    object_name: str, row: Mapping[str, Any], *, stamp: str = "SystemModstamp"
) -> RawRecord:
    """One row of a query.

    Raises:
        KeyError: No id or no stamp.
        ValueError: One of them is malformed.
        TypeError: One of them is of another type.
    """
    record_id = salesforce_id(row["Id"])
    if record_id is None:
        message = "Id"
        raise ValueError(message)
    at = parse_instant(row[stamp])
    made = row.get("CreatedDate")
    return RawRecord(
        ref=RecordRef(SYSTEM, object_name, record_id),
        version=iso_z(at),
        valid_from=at,
        created_at=parse_instant(made) if made else None,
        fields={key: value for key, value in row.items() if key != "attributes"},
        deleted=bool(row.get("IsDeleted", False)),
    )


def raw_records(
    object_name: str, rows: Iterable[Any], *, stamp: str
) -> tuple[tuple[RawRecord, ...], tuple[Quarantined, ...]]:
    """Records in the order given, and what could not be one."""
    good: list[RawRecord] = []
    bad: list[Quarantined] = []
    for row in rows:
        try:
            good.append(raw_record(object_name, row, stamp=stamp))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            named = str(row.get("Id", "?"))[:18] if isinstance(row, dict) else "?"
            ref = RecordRef(SYSTEM, object_name, named)
            reason = f"no usable id or stamp ({type(error).__name__})"
            bad.append(Quarantined(ref=ref, reason=reason))
    return tuple(good), tuple(bad)
