"""What a mapping is: rows of canonical field, remote field and how to read it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec

from syncd.model.finding import TextOf


class FieldRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One canonical field of one object.

    Attributes:
        remote: Vendor field or dotted path; several are read together (addresses).
        pattern: Regular expression instead of ``remote``: the fields of the org's own
            metadata that match, letter case aside; the first that is set is read.
        type: Name of a reader in ``syncd.mapping.readers``.
        optional: The org may lack it; what needs it is then not checked.
        write_as: Vendor name in plans and writes; empty = the last part of ``remote``.
    """

    canonical: str
    remote: tuple[str, ...]
    type: str = "text"
    pattern: str = ""
    optional: bool = False
    write_as: str = ""


class ObjectMap(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of one object of one system, in the order of the file.

    ``happened`` and ``open_unless`` name canonical fields: the first that is set
    dates the record, and it is open while every one of the latter is unset or false.
    """

    system: str
    object: str
    rows: tuple[FieldRow, ...]
    happened: tuple[str, ...] = ()
    open_unless: tuple[str, ...] = ()
    constants: Mapping[str, str] = {}

    def remote_fields(self) -> tuple[str, ...]:
        """Every vendor field to ask for, once, sorted."""
        return tuple(sorted({name for row in self.rows for name in row.remote}))

    def row(self, canonical: str) -> FieldRow:
        """The row of a canonical field.

        Raises:
            KeyError: The field is not mapped.
        """
        for row in self.rows:
            if row.canonical == canonical:
                return row
        where = f"{self.system}.{self.object}.{canonical}"
        raise KeyError(where)

    def remote_of(self, canonical: str) -> str | None:
        """The first vendor field behind a canonical one; None when unmapped."""
        for row in self.rows:
            if row.canonical == canonical and row.remote:
                return row.remote[0]
        return None

    def vendor_name(self, canonical: str) -> str:
        """The flat vendor name used in plans and writes; ``id`` is never mapped.

        Raises:
            KeyError: The field is not mapped.
        """
        row = self.row(canonical)
        return row.write_as or row.remote[0].rpartition(".")[2]

    def to_vendor(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Canonical names and values as flat vendor names and JSON values."""
        return {self.vendor_name(k): vendor_value(v) for k, v in fields.items()}


Mappings = Mapping[tuple[str, str], ObjectMap]


def vendor_value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A canonical value as JSON: instants with ``Z``, days as ISO dates."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, TextOf):
        return value
    if isinstance(value, tuple):
        return [vendor_value(item) for item in value]
    return value
