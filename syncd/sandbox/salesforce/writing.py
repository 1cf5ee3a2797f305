"""Writes as the API's user: locks first, then the tables; upsert by external id."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import ObjectType
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import WriteOptions


class Writer:
    """Writes rows for one user.

    Attributes:
        locks: How often a row is still found locked.
        options: What the present request's headers ask of its writes.
    """

    def __init__(self, tables: Tables, user: str) -> None:
        """Writes to these tables."""
        self.locks: Counter[str] = Counter()
        self.options = WriteOptions()
        self._tables = tables
        self._user = user

    def create(self, name: str, fields: Mapping[str, Any]) -> str:
        """Insert a row; its id."""
        return self._tables.create(name, fields, user=self._user, options=self.options)

    def update(self, name: str, record_id: str, fields: Mapping[str, Any]) -> str:
        """Change a row; its id.

        Raises:
            RefusalError: The row is locked, or what the tables refuse.
        """
        row = self._tables.find(name, record_id)
        self._refuse_locked(name, row)
        self._tables.update(
            name, record_id, fields, user=self._user, options=self.options
        )
        return str(row["Id"])

    def delete(self, record_id: str, name: str = "") -> None:
        """Delete a row; without ``name`` its object is looked for."""
        name = name or self._name_of(record_id)
        self._refuse_locked(name, self._tables.find(name, record_id))
        self._tables.delete(name, record_id, user=self._user)

    def upsert(
        self, kind: ObjectType, field: str, value: str, fields: Mapping[str, Any]
    ) -> tuple[str, bool]:
        """Insert or change by external id; the record and whether it is new.

        Raises:
            RefusalError: Several records carry the value.
        """
        same = self.same(kind, field, value)
        if len(same) > 1:
            raise RefusalError("DUPLICATE_EXTERNAL_ID", "several records", status=300)
        if same:
            return self.update(kind.name, same[0], fields), False
        return self.create(kind.name, {**fields, field: value}), True

    def same(self, kind: ObjectType, field: str, value: str) -> list[str]:
        """Live records with that external id, letter case aside.

        Raises:
            RefusalError: The field is no external id.
        """
        key = kind.named(field)
        if key is None or not key.external_id:
            message = "Provided external ID field does not exist or is not accessible"
            raise RefusalError("NOT_FOUND", f"{message}: {field}", status=404)
        rows = self._tables.rows(kind.name, with_deleted=False)
        wanted = value.lower()
        return [r["Id"] for r in rows if str(r.get(key.name)).lower() == wanted]

    def _refuse_locked(self, name: str, row: Mapping[str, Any]) -> None:
        """Changing an activity also needs its account, person and subject matter."""
        also = ("AccountId", "WhoId", "WhatId") if name in {"Task", "Event"} else ()
        for record_id in (row["Id"], *(str(row.get(field)) for field in also)):
            if self.locks[record_id] > 0:
                self.locks[record_id] -= 1
                message = "unable to obtain exclusive access to this record"
                raise RefusalError("UNABLE_TO_LOCK_ROW", f"{message}: {record_id}")

    def _name_of(self, record_id: str) -> str:
        for name in self._tables.schema:
            if self._tables.parent(name, record_id) is not None:
                return name
        raise RefusalError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
