"""Rows in memory: ids, stamps, derived fields, and the rules a write must keep."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from syncd.model.ids import salesforce_checksum, salesforce_id
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.salesforce.automation import Automation, automated
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES, Field, ObjectType
from syncd.sandbox.salesforce.soql import Row

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NO_TRACE: Final = frozenset({"OpportunityContactRole"})
"""Objects whose rows vanish when they are deleted directly."""
_IN_HISTORY: Final = ("StageName", "Amount", "CloseDate", "Probability")
_REQUIRED: Final = {
    "Account": ("Name",),
    "Contact": ("LastName",),
    "Lead": ("LastName", "Company"),
    "Opportunity": ("Name", "StageName", "CloseDate"),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
}


def make_id(prefix: str, number: int) -> str:
    """An 18-character id; numbers are spread so that order says nothing."""
    spread = (number * 2_654_435_761 + 97) % (62**8)
    text = ""
    for _ in range(8):
        spread, digit = divmod(spread, 62)
        text = _ALPHABET[digit] + text
    short = f"{prefix}5g00{text}"
    return short + salesforce_checksum(short)


def stamp(at: datetime) -> str:
    """An instant as the REST API writes it: whole seconds, offset without colon."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


Snapshot = tuple[dict[str, dict[str, dict[str, Any]]], Counter[tuple[str, str]]]


class Tables:
    """All rows of one org; every change goes through here."""

    def __init__(self, schema: Mapping[str, ObjectType], clock: SandboxClock) -> None:
        """Starts empty."""
        self.schema = schema
        self.writes: Counter[tuple[str, str]] = Counter()
        self.automation: list[Automation] = []
        self._clock = clock
        self._rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in schema}
        self._numbers: Counter[str] = Counter()
        self._late: dict[str, datetime] = {}

    # --- what queries see -------------------------------------------------------------

    def object_type(self, name: str) -> ObjectType:
        """Metadata of an object; refuses one that is not there."""
        for known, kind in self.schema.items():
            if known.lower() == name.lower():
                return kind
        raise RefusalError("INVALID_TYPE", f"sObject type '{name}' is not supported.")

    def rows(self, name: str, *, with_deleted: bool) -> Iterable[Row]:
        """Visible rows: archived and deleted ones only where they are asked for."""
        now = self.now()
        for row in self._rows[name].values():
            hidden = row.get("IsDeleted") or row.get("IsArchived")
            if self._late.get(row["Id"], now) <= now and (with_deleted or not hidden):
                yield row

    def parent(self, name: str, record_id: str) -> Row | None:
        """A referenced row, deleted ones included."""
        return self._rows.get(name, {}).get(record_id)

    def find(self, name: str, record_id: str) -> dict[str, Any]:
        """A live row by its id in either form.

        Raises:
            RefusalError: It is not there, or deleted.
        """
        row = self._rows[name].get(salesforce_id(record_id) or "")
        if row is None:
            message = "The requested resource does not exist"
            raise RefusalError("NOT_FOUND", message, status=404)
        if row.get("IsDeleted"):
            raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    # --- loading and test hooks -----------------------------------------------------

    def load(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows in as they are; absent system fields are filled in."""
        for given in rows:
            row: dict[str, Any] = dict.fromkeys(self.schema[name].fields)
            row.update(self._system_fields(name, user=given.get("CreatedById")))
            row.update(given)
            row["Id"] = salesforce_id(str(given.get("Id") or self.new_id(name)))
            self._derive(name, row)
            self._rows[name][row["Id"]] = row

    def new_id(self, name: str) -> str:
        """An id that was never given out."""
        self._numbers[name] += 1
        return make_id(PREFIXES[name], self._numbers[name])

    def delay(self, record_id: str, until: datetime) -> None:
        """Let a row become visible only later, stamped as now: a long transaction."""
        self._late[record_id] = until

    # --- writes -----------------------------------------------------------------------

    def create(self, name: str, fields: Mapping[str, Any], *, user: str) -> str:
        """Insert one row; its id.

        Raises:
            RefusalError: With the code that Salesforce gives.
        """
        kind = self.schema[name]
        clean = automated(
            self.automation, name, self._checked(kind, fields, creating=True)
        )
        self._require(name, clean)
        row: dict[str, Any] = dict.fromkeys(kind.fields)
        row.update(self._system_fields(name, user=user))
        row.update(self._defaults(name, user=user))
        row.update(clean)
        row["Id"] = self.new_id(name)
        self._check_row(name, row, set(clean))
        self._derive(name, row)
        self._rows[name][row["Id"]] = row
        self._one_primary(name, row)
        self._note_history(name, row, {}, user=user)
        self.writes[(name, row["Id"])] += 1
        return str(row["Id"])

    def update(
        self, name: str, record_id: str, fields: Mapping[str, Any], *, user: str
    ) -> None:
        """Change one row; identical values bump its stamps all the same.

        Raises:
            RefusalError: With the code that Salesforce gives.
        """
        row = self.find(name, record_id)
        kind = self.schema[name]
        clean = self._checked(kind, fields, creating=False)
        clean = automated(self.automation, name, clean)
        self._require(name, {**row, **clean})
        if row.get("IsChild"):
            raise RefusalError(
                "INVALID_FIELD_FOR_INSERT_UPDATE", "a child event", fields=list(clean)
            )
        changed = {**row, **clean}
        self._check_row(name, changed, set(clean))
        was_closed, before = row.get("IsClosed"), dict(row)
        row.update(clean)
        self._follow_stage(name, row, clean)
        self.touch(row, user=user)
        self._derive(name, row, was_closed=bool(was_closed))
        self._one_primary(name, row)
        self._note_history(name, row, before, user=user)
        self.writes[(name, row["Id"])] += 1

    def delete(self, name: str, record_id: str, *, user: str) -> None:
        """Delete one row; direct deletes of contact roles leave no trace."""
        row = self.find(name, record_id)
        self.writes[(name, row["Id"])] += 1
        if name in _NO_TRACE:
            del self._rows[name][row["Id"]]
            return
        row["IsDeleted"] = True
        self.touch(row, user=user)
        if name == "Opportunity":
            self._delete_with(row["Id"], user=user)

    def _delete_with(self, opportunity: str, *, user: str) -> None:
        """Roles go to the bin with their opportunity; its history is gone."""
        for role in self._rows["OpportunityContactRole"].values():
            if role["OpportunityId"] == opportunity:
                role["IsDeleted"] = True
                self.touch(role, user=user)
        history = self._rows["OpportunityHistory"]
        for key in [k for k, r in history.items() if r["OpportunityId"] == opportunity]:
            del history[key]

    def _note_history(self, name: str, row: Row, before: Row, *, user: str) -> None:
        """A snapshot row whenever stage, amount, date or probability changed."""
        if name != "Opportunity" or all(
            row.get(f) == before.get(f) for f in _IN_HISTORY
        ):
            return
        note = {f: row.get(f) for f in _IN_HISTORY}
        self.load(
            "OpportunityHistory",
            [{**note, "OpportunityId": row["Id"], "CreatedById": user}],
        )

    def _follow_stage(self, name: str, row: dict[str, Any], clean: Row) -> None:
        """A new stage brings its own probability unless one is given."""
        if name != "Opportunity" or "StageName" not in clean:
            return
        for stage in self._rows["OpportunityStage"].values():
            if stage["MasterLabel"] == clean["StageName"]:
                row["Probability"] = clean.get(
                    "Probability", stage.get("DefaultProbability")
                )

    def _require(self, name: str, row: Row) -> None:
        missing = [f for f in _REQUIRED.get(name, ()) if row.get(f) is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise RefusalError("REQUIRED_FIELD_MISSING", message, fields=missing)

    def touch(self, row: dict[str, Any], *, user: str) -> None:
        """Move the stamps of a row as a user's edit does."""
        now = stamp(self.now())
        row.update(LastModifiedDate=now, LastModifiedById=user, SystemModstamp=now)

    def now(self) -> datetime:
        """The org's present."""
        return self._clock.now("salesforce")

    def stamp(self) -> str:
        """The org's present as stamps are written."""
        return stamp(self.now())

    def stored(self, name: str) -> dict[str, dict[str, Any]]:
        """Every row of an object by id, hidden ones too; to be changed in place."""
        return self._rows[name]

    def snapshot(self) -> Snapshot:
        """Everything a transaction may have to take back."""
        rows = {
            name: {key: dict(row) for key, row in of.items()}
            for name, of in self._rows.items()
        }
        return rows, self.writes.copy()

    def restore(self, snapshot: Snapshot) -> None:
        """Take back what happened since; ids once given out stay used."""
        self._rows, self.writes = snapshot

    def _system_fields(self, name: str, *, user: str | None) -> dict[str, Any]:
        now = stamp(self.now())
        values = {
            "CreatedDate": now,
            "CreatedById": user,
            "LastModifiedDate": now,
            "LastModifiedById": user,
            "SystemModstamp": now,
            "IsDeleted": False,
        }
        known = self.schema[name].fields
        flags = {f: False for f, one in known.items() if one.type == "boolean"}
        return {**flags, **{k: v for k, v in values.items() if k in known}}

    def _defaults(self, name: str, *, user: str) -> dict[str, Any]:
        own = {"OwnerId": user} if "OwnerId" in self.schema[name].fields else {}
        if name == "Task":
            return {**own, "Status": "Not Started", "Priority": "Normal"}
        return own

    def _checked(
        self, kind: ObjectType, fields: Mapping[str, Any], *, creating: bool
    ) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, value in fields.items():
            if name in {"attributes", "id", "Id"}:
                continue
            known = kind.named(name)
            if known is None:
                message = f"No such column '{name}' on sobject of type {kind.name}"
                raise RefusalError("INVALID_FIELD", message, fields=[name])
            if not (known.createable if creating else known.updateable):
                message = f"Unable to create/update fields: {known.name}."
                raise RefusalError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=[known.name]
                )
            clean[known.name] = self._value(known, value)
        return clean

    def _value(self, known: Field, value: Any) -> Any:  # noqa: ANN401
        if value is None or value == "":
            return None
        if known.type == "reference":
            return self._reference(known, str(value))
        if known.values and value not in known.values:
            message = f"bad value for restricted picklist field: {value}"
            raise RefusalError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=[known.name]
            )
        if isinstance(value, str) and known.length and len(value) > known.length:
            message = f"{known.name}: data value too large (max length={known.length})"
            raise RefusalError("STRING_TOO_LONG", message, fields=[known.name])
        return value

    def _reference(self, known: Field, value: str) -> str:
        record_id = salesforce_id(value)
        allowed = {PREFIXES.get(name) for name in known.to}
        if record_id is None or (allowed - {None} and record_id[:3] not in allowed):
            message = f"id value of incorrect type: {value}"
            raise RefusalError("MALFORMED_ID", message, fields=[known.name])
        if not any(record_id in self._rows.get(name, {}) for name in known.to):
            message = "invalid cross reference id"
            raise RefusalError("INVALID_CROSS_REFERENCE_KEY", message)
        return record_id

    def _check_row(self, name: str, row: Mapping[str, Any], changed: set[str]) -> None:
        if self.schema[name].is_activity:
            lead = str(row.get("WhoId") or "").startswith(PREFIXES["Lead"])
            if lead and row.get("WhatId"):
                message = (
                    "a task or event of a lead cannot be related to another record"
                )
                raise RefusalError(
                    "FIELD_INTEGRITY_EXCEPTION", message, fields=["WhoId", "WhatId"]
                )
            if row.get("IsPrivate") and {"WhoId", "WhatId"} & changed:
                message = "private events cannot be related"
                raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message)
        self._refuse_duplicate(name, row, changed)
        owner = self._rows["User"].get(str(row.get("OwnerId")))
        if "OwnerId" in changed and owner is not None and not owner["IsActive"]:
            message = f"operation performed with inactive user [{owner['Id']}] as owner"
            raise RefusalError("INACTIVE_OWNER_OR_USER", message)

    def _refuse_duplicate(self, name: str, row: Row, changed: set[str]) -> None:
        for field in changed:
            unique = self.schema[name].fields[field].external_id
            if not unique or row.get(field) is None:
                continue
            for other in self._rows[name].values():
                same = other["Id"] != row.get("Id") and not other.get("IsDeleted")
                if same and str(other.get(field)).lower() == str(row[field]).lower():
                    message = (
                        f"duplicate value found: {field} duplicates value on record "
                        f"with id: {other['Id'][:15]}"
                    )
                    raise RefusalError("DUPLICATE_VALUE", message, fields=[field])

    def _derive(
        self, name: str, row: dict[str, Any], *, was_closed: bool | None = None
    ) -> None:
        """Fields that Salesforce works out itself."""
        if name == "Task":
            self._derive_task(row, was_closed=was_closed)
        if self.schema[name].is_activity:
            row["AccountId"] = self._account_of(row)
        if name == "Opportunity":
            stage = self._stage(str(row.get("StageName")))
            row["IsClosed"], row["IsWon"] = stage

    def _derive_task(self, row: dict[str, Any], *, was_closed: bool | None) -> None:
        statuses = self._rows["TaskStatus"].values()
        closed = {s["MasterLabel"] for s in statuses if s["IsClosed"]}
        row["IsClosed"] = row.get("Status") in closed
        if not row["IsClosed"]:
            row["CompletedDateTime"] = None
        elif not was_closed and (
            was_closed is not None or not row["CompletedDateTime"]
        ):
            row["CompletedDateTime"] = stamp(self.now())

    def _stage(self, label: str) -> tuple[bool, bool]:
        for stage in self._rows["OpportunityStage"].values():
            if stage["MasterLabel"] == label:
                return bool(stage["IsClosed"]), bool(stage["IsWon"])
        return False, False

    def _account_of(self, row: Mapping[str, Any]) -> str | None:
        what, who = str(row.get("WhatId") or ""), str(row.get("WhoId") or "")
        if what in self._rows["Account"]:
            return what
        for name, record_id in (("Opportunity", what), ("Contact", who)):
            found = self._rows[name].get(record_id)
            if found is not None:
                account = found.get("AccountId")
                return None if account is None else str(account)
        return None

    def _one_primary(self, name: str, row: Mapping[str, Any]) -> None:
        """A second primary role demotes the first, silently."""
        if name != "OpportunityContactRole" or not row.get("IsPrimary"):
            return
        for other in self._rows[name].values():
            if (
                other["OpportunityId"] == row["OpportunityId"]
                and other["Id"] != row["Id"]
            ):
                other["IsPrimary"] = False
