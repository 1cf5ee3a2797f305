"""Rows in memory: ids, stamps, derived fields, and the rules a write must keep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from syncd.model.ids import salesforce_checksum, salesforce_id
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.salesforce.automation import Automation, automated
from syncd.sandbox.salesforce.behaviours.derived import WHOSE, DerivedFields
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES, Field, ObjectType
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.write import Behaviour, Write, WriteOptions

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NO_TRACE: Final = frozenset(
    {"OpportunityContactRole", "TaskRelation", "EventRelation"}
)
"""Objects whose rows vanish when they are deleted directly."""
_REQUIRED: Final = {
    "Account": ("Name",),
    "Contact": ("LastName",),
    "Lead": ("LastName", "Company"),
    "Opportunity": ("Name", "StageName", "CloseDate"),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
    "TaskRelation": ("TaskId", "RelationId"),
    "EventRelation": ("EventId", "RelationId"),
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

    def __init__(self, schema: dict[str, ObjectType], clock: SandboxClock) -> None:
        """Starts empty, without behaviours."""
        self.schema = schema
        self.writes: Counter[tuple[str, str]] = Counter()
        self.automation: list[Automation] = []
        self.behaviours: Sequence[Behaviour] = ()
        self._derived = DerivedFields()
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
        self._refresh(name)
        for row in self._rows[name].values():
            hidden = row.get("IsDeleted") or row.get("IsArchived")
            if self._late.get(row["Id"], now) <= now and (with_deleted or not hidden):
                yield row

    def parent(self, name: str, record_id: str) -> Row | None:
        """A referenced row, deleted ones included."""
        self._refresh(name)
        return self._rows.get(name, {}).get(record_id)

    def find(self, name: str, record_id: str) -> dict[str, Any]:
        """A live row by its id in either form.

        Raises:
            RefusalError: It is not there, or deleted.
        """
        self._refresh(name)
        row = self._rows[name].get(salesforce_id(record_id) or "")
        if row is None:
            message = "The requested resource does not exist"
            raise RefusalError("NOT_FOUND", message, status=404)
        if row.get("IsDeleted"):
            raise RefusalError("ENTITY_IS_DELETED", "entity is deleted", status=404)
        return row

    def _refresh(self, name: str) -> None:
        if name in WHOSE:
            self._derived.refresh(self._rows, self.now().date().isoformat())

    # --- loading and test hooks -----------------------------------------------------

    def add_object(self, kind: ObjectType) -> None:
        """Let the org have one more object, still without rows."""
        self.schema[kind.name] = kind
        self._rows.setdefault(kind.name, {})

    def load(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put rows in as they are; absent system fields are filled in."""
        for given in rows:
            row: dict[str, Any] = dict.fromkeys(self.schema[name].fields)
            row.update(self._system_fields(name, user=given.get("CreatedById")))
            row.update(given)
            row["Id"] = salesforce_id(str(given.get("Id") or self.new_id(name)))
            write = Write(object=name, fields=dict(given), row=row, loaded=True)
            self._derive(write)
            self._rows[name][row["Id"]] = row
            for one in self._behaviours(name):
                one.placed(name, row)
        self._derived.forget()

    def moved(self, name: str, row: dict[str, Any]) -> None:
        """Let all that hangs on a row's references follow their move."""
        for one in self._behaviours(name):
            one.moved(name, row)

    def derive_again(self, name: str, record_id: str) -> None:
        """Work out a row's own derived fields after a change that is no write."""
        row = self.stored(name)[record_id]
        self._derive(Write(object=name, fields={}, before=dict(row), row=row))

    def new_id(self, name: str) -> str:
        """An id that was never given out."""
        self._numbers[name] += 1
        return make_id(PREFIXES[name], self._numbers[name])

    def delay(self, record_id: str, until: datetime) -> None:
        """Let a row become visible only later, stamped as now: a long transaction."""
        self._late[record_id] = until

    # --- writes -----------------------------------------------------------------------

    def create(
        self,
        name: str,
        fields: Mapping[str, Any],
        *,
        user: str,
        options: WriteOptions | None = None,
    ) -> str:
        """Insert one row; its id.

        Raises:
            RefusalError: With the code that Salesforce gives.
        """
        kind = self.schema[name]
        write = self._prepared(name, fields, {}, user=user, options=options)
        row: dict[str, Any] = dict.fromkeys(kind.fields)
        row.update(self._system_fields(name, user=user))
        row.update(self._defaults(name, user=user))
        row.update(write.fields)
        row["Id"] = self.new_id(name)
        self._save(write, row)
        return str(row["Id"])

    def update(
        self,
        name: str,
        record_id: str,
        fields: Mapping[str, Any],
        *,
        user: str,
        options: WriteOptions | None = None,
    ) -> None:
        """Change one row; identical values bump its stamps all the same.

        Raises:
            RefusalError: With the code that Salesforce gives.
        """
        before = self.find(name, record_id)
        write = self._prepared(name, fields, before, user=user, options=options)
        row = {**before, **write.fields}
        self.touch(row, user=user)
        self._save(write, row)

    def delete(self, name: str, record_id: str, *, user: str) -> None:
        """Delete one row; direct deletes of contact roles leave no trace."""
        row = self.find(name, record_id)
        self.writes[(name, row["Id"])] += 1
        if name in _NO_TRACE:
            del self._rows[name][row["Id"]]
        else:
            row["IsDeleted"] = True
            self.touch(row, user=user)
        self._derived.written(name, row)
        for one in self._behaviours(name):
            one.deleted(name, row, user=user)

    def undelete(self, name: str, record_id: str, *, user: str) -> None:
        """Take a row out of the recycle bin; its id stays."""
        row = self.stored(name)[record_id]
        row["IsDeleted"] = False
        self.touch(row, user=user)
        for one in self._behaviours(name):
            one.undeleted(name, row, user=user)

    def _prepared(
        self,
        name: str,
        fields: Mapping[str, Any],
        before: Row,
        *,
        user: str,
        options: WriteOptions | None,
    ) -> Write:
        """A write with its fields checked one by one."""
        write = Write(object=name, fields=dict(fields), before=before, user=user)
        write.options = options or WriteOptions()
        for one in self._behaviours(name):
            one.prepare(write)
        kind, creating = self.schema[name], write.creating
        checked = self._checked(kind, write.fields, creating=creating)
        write.fields = automated(self.automation, name, checked)
        return write

    def _save(self, write: Write, row: dict[str, Any]) -> None:
        """Let a row be as it was given, with all that follows."""
        name, write.row = write.object, row
        self._require(name, row)
        self._refuse_duplicate(name, row, set(write.fields))
        for one in self._behaviours(name):
            one.check(write)
        self._derive(write)
        self._rows[name][row["Id"]] = row
        self._derived.written(name, write.before, row)
        for one in self._behaviours(name):
            one.follow(write)
        self.writes[(name, row["Id"])] += 1

    def _derive(self, write: Write) -> None:
        for one in self._behaviours(write.object):
            one.derive(write)

    def _behaviours(self, name: str) -> Iterator[Behaviour]:
        return (one for one in self.behaviours if name in one.objects)

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
        self._refresh(name)
        self._derived.lent(name)
        return self._rows[name]

    def held(self, name: str) -> Mapping[str, Row]:
        """Every row of an object by id, hidden ones too; to be looked at only."""
        self._refresh(name)
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
        self._derived.forget()

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
            return self.reference(known, str(value))
        if known.values and value not in known.values:
            message = f"bad value for restricted picklist field: {value}"
            raise RefusalError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=[known.name]
            )
        if isinstance(value, str) and known.length and len(value) > known.length:
            message = f"{known.name}: data value too large (max length={known.length})"
            raise RefusalError("STRING_TOO_LONG", message, fields=[known.name])
        return value

    def reference(self, known: Field, value: str) -> str:
        """The id of the live row that a reference may name, in its long form.

        Raises:
            RefusalError: It is of another object, absent, or deleted.
        """
        record_id = salesforce_id(value)
        allowed = {PREFIXES.get(name) for name in known.to}
        if record_id is None or (allowed - {None} and record_id[:3] not in allowed):
            message = f"id value of incorrect type: {value}"
            raise RefusalError("MALFORMED_ID", message, fields=[known.name])
        rows = [self._rows.get(name, {}).get(record_id) for name in known.to]
        found = next((row for row in rows if row is not None), None)
        if found is None:
            message = "invalid cross reference id"
            raise RefusalError("INVALID_CROSS_REFERENCE_KEY", message)
        if found.get("IsDeleted"):
            raise RefusalError("ENTITY_IS_DELETED", "entity is deleted")
        return record_id

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
