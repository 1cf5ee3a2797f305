"""Test hooks: what people, other tools and operators do behind our back."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from syncd.sandbox.salesforce.automation import Automation
from syncd.sandbox.salesforce.behaviours.every import set_up
from syncd.sandbox.salesforce.operations import (
    archive,
    convert_lead,
    merge,
    purge,
)
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.table import Tables, make_id
from syncd.sandbox.salesforce.write import WriteOptions

_BY_HAND: Final = WriteOptions(assign=False, allow_duplicates=True)
"""What people see and decide for themselves does not stop them."""
_Hook = Callable[[Mapping[str, Any]], dict[str, Any]]


class Hooks:
    """Actions on records by name; none of them counts among the API's writes.

    Bodies name a record by ``object`` and ``id``, a person by ``user`` (an id).
    """

    def __init__(self, tables: Tables, settings: OrgSettings) -> None:
        """Acts on these rows and settings."""
        self._tables = tables
        self._settings = settings
        self._actions: dict[str, _Hook] = {
            "insert": self._insert,
            "edit": self._edit,
            "delete": self._delete,
            "undelete": self._undelete,
            "purge": self._purge,
            "merge": self._merge,
            "convert_lead": self._convert,
            "archive": lambda _: {"archived": archive(self._tables)},
            "delay_commit": self._delay,
            "hide_field": self._hide,
            "touch": self._touch,
            "add_validation_rule": self._refuse,
            "add_trigger": self._rewrite,
            "clear_automation": self._clear,
            "rows": self._rows,
            "switch": self._switch,
        }

    def run(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Do one action.

        Raises:
            KeyError: No such action.
        """
        before = self._tables.writes.copy()
        try:
            return self._actions[action](body)
        finally:
            self._tables.writes.clear()
            self._tables.writes.update(before)

    def _insert(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fields = body.get("fields", {})
        made = self._tables.create(
            body["object"], fields, user=_user(body), options=_BY_HAND
        )
        return {"id": made}

    def _edit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, record_id = _record(body)
        fields = body.get("fields", {})
        self._tables.update(name, record_id, fields, user=_user(body), options=_BY_HAND)
        return {"id": record_id}

    def _delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, record_id = _record(body)
        self._tables.delete(name, record_id, user=_user(body))
        return {"id": record_id}

    def _undelete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._tables.undelete(*_record(body), user=_user(body))
        return {}

    def _purge(self, body: Mapping[str, Any]) -> dict[str, Any]:
        purge(self._tables, *_record(body))
        return {}

    def _merge(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, winner = _record(body)
        merge(self._tables, name, winner, body["losers"], user=_user(body))
        return {}

    def _convert(self, body: Mapping[str, Any]) -> dict[str, Any]:
        contact, opportunity = str(body["contact"]), str(body.get("opportunity", ""))
        lead = str(body["id"])
        convert_lead(self._tables, lead, contact, opportunity, user=_user(body))
        return {}

    def _delay(self, body: Mapping[str, Any]) -> dict[str, Any]:
        wait = timedelta(seconds=float(body["seconds"]))
        self._tables.delay(str(body["id"]), self._tables.now() + wait)
        return {}

    def _hide(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._tables.schema[body["object"]].fields.pop(str(body["field"]))
        return {}

    def _touch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A system job: moves SystemModstamp and nothing else."""
        row = self._tables.find(*_record(body))
        row["SystemModstamp"] = self._tables.stamp()
        return {}

    def _refuse(self, body: Mapping[str, Any]) -> dict[str, Any]:
        message = str(body.get("message", "A rule of this org says no."))
        self._tables.automation.append(_automation(body, message=message))
        return {}

    def _rewrite(self, body: Mapping[str, Any]) -> dict[str, Any]:
        text = str(body["replacement"])
        self._tables.automation.append(_automation(body, replacement=text))
        return {}

    def _clear(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._tables.automation.clear()
        return {}

    def _switch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in body.items():
            self._settings.turn(name, value)
        set_up(self._tables, self._settings)
        return {}

    def _rows(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = self._tables.rows(body["object"], with_deleted=False)
        return {"rows": [dict(row) for row in found]}


def _automation(
    body: Mapping[str, Any], *, message: str | None = None, replacement: str = ""
) -> Automation:
    return Automation(
        object=str(body["object"]),
        field=str(body["field"]),
        pattern=str(body.get("pattern", ".*")),
        message=message,
        replacement=replacement,
    )


def _user(body: Mapping[str, Any]) -> str:
    return str(body.get("user") or make_id("005", 1))


def _record(body: Mapping[str, Any]) -> tuple[str, str]:
    return str(body["object"]), str(body["id"])
