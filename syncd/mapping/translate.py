"""From a vendor's record to the mirror's, or to quarantine; nothing is lost."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from syncd.mapping.readers import READERS
from syncd.mapping.schema import FieldRow, ObjectMap
from syncd.model.entities import ENTITY_TYPES
from syncd.model.record import Quarantined, RawRecord, Record

_MERGED_INTO: Final = "merged_into_id"


def translate(
    raw: Iterable[RawRecord], object_map: ObjectMap
) -> tuple[tuple[Record, ...], tuple[Quarantined, ...]]:
    """Records in the order given, and those that could not be read."""
    good: list[Record] = []
    bad: list[Quarantined] = []
    for one in raw:
        result = translate_one(one, object_map)
        if isinstance(result, Record):
            good.append(result)
        else:
            bad.append(result)
    return tuple(good), tuple(bad)


def translate_one(raw: RawRecord, object_map: ObjectMap) -> Record | Quarantined:
    """One record, or why it could not be read; the reason never quotes a value."""
    if raw.deleted:
        return Record(
            ref=raw.ref,
            version=raw.version,
            valid_from=raw.valid_from,
            fields=_merge(raw, object_map),
            deleted=True,
        )
    kind = ENTITY_TYPES[(raw.ref.system, raw.ref.object)]
    fields: dict[str, Any] = {"id": raw.ref.id, **object_map.constants}
    for row in object_map.rows:
        try:
            value = READERS[row.type](_values(raw.fields, row.remote))
        except (TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
            return _quarantined(raw, row, error)
        if value is not None:
            fields[row.canonical] = value
    try:
        entity = msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        return Quarantined(ref=raw.ref, reason=str(error))
    return Record(
        ref=raw.ref,
        version=raw.version,
        valid_from=raw.valid_from,
        fields=msgspec.json.encode(entity, order="sorted"),
        happened_at=_happened(entity, object_map.happened),
        created_at=raw.created_at,
        is_open=_is_open(entity, object_map.open_unless),
    )


def _merge(raw: RawRecord, object_map: ObjectMap) -> bytes:
    """All that a deleted record still says: what it was merged into."""
    row = next((r for r in object_map.rows if r.canonical == _MERGED_INTO), None)
    if row is None:
        return b"{}"
    try:
        value = READERS[row.type](_values(raw.fields, row.remote))
    except (TypeError, ValueError):
        return b"{}"
    return msgspec.json.encode({_MERGED_INTO: value}) if value else b"{}"


def _quarantined(raw: RawRecord, row: FieldRow, error: Exception) -> Quarantined:
    # Our own readers' messages name types; others may quote the value.
    reason = str(error) if str(error).endswith("expected") else type(error).__name__
    return Quarantined(ref=raw.ref, reason=reason, path=",".join(row.remote))


def value_at(fields: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
    """What stands at a dotted path; None when any part of it is absent."""
    if path in fields:
        return fields[path]
    here: Any = fields
    for part in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(part)
    return here


def _values(fields: Mapping[str, Any], remotes: Sequence[str]) -> list[Any]:
    found = (value_at(fields, remote) for remote in remotes)
    return [value for value in found if value is not None]


def _happened(entity: msgspec.Struct, names: Sequence[str]) -> datetime | None:
    for name in names:
        value = getattr(entity, name)
        if isinstance(value, datetime):
            return value
        if value is not None:
            return datetime.fromisoformat(f"{value.isoformat()}T00:00:00+00:00")
    return None


def _is_open(entity: msgspec.Struct, names: Sequence[str]) -> bool:
    return bool(names) and not any(getattr(entity, name) for name in names)
