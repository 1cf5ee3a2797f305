"""Between JSON:API resources and our values."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.outreach.login import SYSTEM
from syncd.kit.instants import parse_instant
from syncd.model.record import Quarantined, RawRecord, RecordRef
from syncd.ports.connector import Current, Write

_RELATIONS: Final[Mapping[str, frozenset[str]]] = {
    "opportunityProspectRole": frozenset({"opportunity", "prospect"}),
    "prospect": frozenset({"account", "owner"}),
}


def attribute_of(path: str) -> str:
    """The sparse field behind a mapping's path; relationships count as fields."""
    parts = path.split(".")
    return parts[1] if parts[0] in {"attributes", "relationships"} else ""


def records_of(
    object_name: str, rows: Sequence[Any]
) -> tuple[tuple[RawRecord, ...], tuple[Quarantined, ...]]:
    """Resources as records; what is none goes to quarantine."""
    good: list[RawRecord] = []
    bad: list[Quarantined] = []
    for row in rows:
        try:
            stamp = row["attributes"].get("updatedAt")
            made = row["attributes"].get("createdAt")
            good.append(
                RawRecord(
                    ref=RecordRef(SYSTEM, object_name, str(row["id"])),
                    version=str(stamp or ""),
                    valid_from=parse_instant(stamp) if stamp else None,
                    created_at=parse_instant(made) if made else None,
                    fields=row,
                )
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            named = str(row.get("id", "?")) if isinstance(row, dict) else "?"
            ref = RecordRef(SYSTEM, object_name, named)
            reason = f"not a resource ({type(error).__name__})"
            bad.append(Quarantined(ref=ref, reason=reason))
    return tuple(good), tuple(bad)


def next_of(document: Mapping[str, Any]) -> str:
    """The link to the page behind this one; empty on the last."""
    links = document.get("links")
    return str((links.get("next") if isinstance(links, dict) else "") or "")


def current_of(raw: RawRecord, fields: tuple[str, ...]) -> Current:
    """A record as it stands, in the flat names of plans; ids as text."""
    attributes = raw.fields.get("attributes", {})
    relationships = raw.fields.get("relationships", {})
    flat: dict[str, Any] = {}
    for name in fields:
        if name in relationships:
            data = (relationships[name] or {}).get("data") or {}
            flat[name] = str(data["id"]) if "id" in data else None
        else:
            flat[name] = attributes.get(name)
    return Current(
        ref=raw.ref, version=raw.version, created_at=raw.created_at, fields=flat
    )


def document_of(write: Write) -> dict[str, Any]:
    """A JSON:API resource; to-one relationships from ids."""
    related = _RELATIONS.get(write.object, frozenset())
    relationships = {
        name: {"data": {"type": name, "id": int(value)} if value else None}
        for name, value in write.fields.items()
        if name in related
    }
    data: dict[str, Any] = {
        "type": write.object,
        "attributes": {k: v for k, v in write.fields.items() if k not in related},
    }
    if relationships:
        data["relationships"] = relationships
    if write.record_id is not None:
        data["id"] = int(write.record_id)
    return data
