"""Someone else's upsert of the same key, committed between our look and our insert.

Requests are answered one by one, so two upserts never overlap by themselves.
Source: REST API Developer Guide (Insert or Update by External ID).
"""

from collections.abc import Mapping
from typing import Any

from syncd.sandbox.salesforce.table import Tables, make_id


class Rivals:
    """Upserts of others that wait for ours."""

    def __init__(self, tables: Tables) -> None:
        """None waits."""
        self._tables = tables
        self._waiting: list[Mapping[str, Any]] = []

    def expect(self, body: Mapping[str, Any]) -> None:
        """Let one come first: ``object``, ``field``, ``value``, further ``fields``."""
        self._waiting.append(body)

    def arrive(self, name: str, field: str, value: str) -> None:
        """We have found no record of this key; who waits for it commits now."""
        for body in [*self._waiting]:
            if (body["object"], body["field"], body["value"]) == (name, field, value):
                self._waiting.remove(body)
                fields = {**body.get("fields", {}), field: value}
                user = str(body.get("user") or make_id("005", 1))
                before = self._tables.writes.copy()
                self._tables.create(name, fields, user=user)
                self._tables.writes = before
