"""Shared Activities: several people on one task or event.

Source: Object Reference, "TaskRelation", "EventRelation", "Task" (TaskWhoIds, WhoCount,
WhatCount) and "Event" (EventWhoIds). What moves a stamp of the activity is not
documented: changes of relations do not, which is the harder case for a poller.
"""

from collections.abc import Sequence
from typing import Any, Final

from syncd.sandbox.salesforce.behaviours.activities import is_lead
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES, Field, ObjectType
from syncd.sandbox.salesforce.settings import OrgSettings
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write

_MOST_PEOPLE: Final = 50
_WHATS: Final = ("Account", "Case", "Opportunity")
ACTIVITY_OF: Final = {"TaskRelation": "Task", "EventRelation": "Event"}


def share(tables: Tables) -> None:
    """Give an org the objects and fields of Shared Activities, and their rows."""
    if "TaskRelation" in tables.schema:
        return
    shared = tables.schema["EventRelation"].fields
    people = shared["RelationId"].to
    tables.add_object(_task_relation(tables))
    for name in ("IsParent", "IsWhat"):
        shared[name] = Field(
            name=name,
            type="boolean",
            createable=True,
            updateable=name == "IsParent",
            filterable=True,
        )
    shared["RelationId"] = _reference("RelationId", *people, *_WHATS)
    for name in ("Task", "Event"):
        for count in ("WhoCount", "WhatCount"):
            tables.schema[name].fields[count] = Field(
                name=count, type="int", filterable=True, nillable=True
            )
        for row in tables.stored(name).values():
            _Relations(tables, name, row).settle(None)


def _task_relation(tables: Tables) -> ObjectType:
    same = {
        name: one
        for name, one in tables.schema["EventRelation"].fields.items()
        if name in {"Id", "IsDeleted", "SystemModstamp"}
        or name.startswith(("Created", "LastModified"))
    }
    flag = Field(name="IsWhat", type="boolean", createable=True, filterable=True)
    own = (
        _reference("RelationId", "Contact", "Lead", *_WHATS),
        _reference("TaskId", "Task"),
        flag,
        Field(
            name="AccountId",
            type="reference",
            filterable=True,
            nillable=True,
            length=18,
            to=("Account",),
        ),
    )
    return ObjectType(
        name="TaskRelation", fields={**same, **{one.name: one for one in own}}
    )


def _reference(name: str, *to: str) -> Field:
    return Field(
        name=name,
        type="reference",
        createable=True,
        filterable=True,
        length=18,
        to=to,
    )


class _Relations:
    """The relation rows of one activity: its people and its subject matter."""

    def __init__(self, tables: Tables, name: str, activity: dict[str, Any]) -> None:
        """``name`` is Task or Event."""
        self._tables = tables
        self._kind = f"{name}Relation"
        self._link = f"{name}Id"
        self._name = name
        self._activity = activity

    def rows(self) -> list[Row]:
        """Relation rows of people and subject matter; not of mere invitees."""
        if self._activity.get("WhoCount") is None:
            return []  # nobody has settled it yet, so there is nothing to look for
        return [
            one
            for one in self._tables.stored(self._kind).values()
            if one[self._link] == self._activity["Id"] and is_relation(self._kind, one)
        ]

    def people(self) -> list[str]:
        """Ids of the people, the primary one first."""
        primary = self._activity.get("WhoId")
        ids = {one["RelationId"] for one in self.rows() if not one["IsWhat"]}
        return sorted(ids, key=lambda one: (one != primary, one))

    def settle(self, people: Sequence[str] | None, *, user: str | None = None) -> None:
        """Let the rows be these people (None: those there are) and the WhatId."""
        primary, what = self._activity.get("WhoId"), self._activity.get("WhatId")
        wanted = list(self.people() if people is None else people)
        if primary and primary not in wanted:
            wanted.insert(0, primary)
        missing = dict.fromkeys([*wanted, *([what] if what else [])])
        stored = self._tables.stored(self._kind)
        for row in self.rows():
            if row["RelationId"] in missing:
                del missing[row["RelationId"]]
            else:
                del stored[row["Id"]]
        for relation in missing:
            self._add(str(relation), is_what=relation == what, user=user)
        self._activity.update(WhoCount=len(wanted), WhatCount=int(bool(what)))

    def recount(self) -> None:
        """Let the activity's counts and account follow from its relations."""
        whats = [bool(one["IsWhat"]) for one in self.rows()]
        self._activity["WhatCount"] = sum(whats)
        self._activity["WhoCount"] = len(whats) - sum(whats)
        self._tables.derive_again(self._name, self._activity["Id"])

    def without(self, gone: str) -> None:
        """Let the activity be without a relation; another person becomes primary."""
        if self._activity.get("WhoId") == gone:
            self._activity["WhoId"] = next(iter(self.people()), None)
        if self._activity.get("WhatId") == gone:
            self._activity["WhatId"] = None
        self.recount()

    def _add(self, relation: str, *, is_what: bool, user: str | None) -> None:
        row = {
            self._link: self._activity["Id"],
            "RelationId": relation,
            "IsWhat": is_what,
            "CreatedById": user,
        }
        if self._kind == "EventRelation":
            row["IsParent"] = True
        else:
            contact = self._tables.parent("Contact", relation)
            row["AccountId"] = contact and contact.get("AccountId")
        self._tables.load(self._kind, [row])


def is_relation(kind: str, row: Row) -> bool:
    """Whether a relation row is one of a person or subject matter, no invitation."""
    return kind == "TaskRelation" or bool(row.get("IsParent"))


class SharedActivities(Behaviour):
    """Lists of people on tasks and events, and the rows behind them."""

    objects = frozenset({"Task", "Event"})

    def __init__(self, tables: Tables, settings: OrgSettings) -> None:
        """Keeps the relation rows of these tables."""
        self._tables = tables
        self._settings = settings

    def prepare(self, write: Write) -> None:
        """Work out who is primary, and who else is on the activity."""
        key, fields = f"{write.object}WhoIds", write.fields
        listed = key in fields
        given = fields.pop(key, None) or ()
        ids = list(dict.fromkeys(self._person(write, one) for one in given))
        if not listed and "WhoId" not in fields:
            return
        before = {"Id": "", **write.before}
        former = _Relations(self._tables, write.object, before).people()
        named, old = "WhoId" in fields, write.before.get("WhoId")
        who = self._person(write, fields["WhoId"]) if fields.get("WhoId") else None
        people = ids if listed else former
        dropped = named and not listed and (who is None or not self._stays)
        if dropped:
            people = [one for one in people if one != old]
        wiped = listed and not ids and not named
        primary = who or (old if wiped else next(iter(people), None))
        rest = [one for one in people if one != primary]
        write.fields["WhoId"] = primary
        write.side["people"] = [primary, *rest] if primary else []

    @property
    def _stays(self) -> bool:
        return self._settings.former_primary_stays

    def _person(self, write: Write, value: object) -> str:
        return self._tables.reference(
            self._tables.schema[write.object].fields["WhoId"], str(value)
        )

    def check(self, write: Write) -> None:
        """One lead or up to fifty contacts."""
        check_people(write.side.get("people", ()))

    def follow(self, write: Write) -> None:
        """Let the relation rows say what the activity says."""
        if "people" in write.side or write.changes("WhatId") or write.creating:
            people = write.side.get("people")
            self._settle(write.object, write.row, people, user=write.user)

    def placed(self, name: str, row: dict[str, Any]) -> None:
        """Give a row without relations those that it names."""
        self._settle(name, row, None, user=row.get("CreatedById"))

    def moved(self, name: str, row: dict[str, Any]) -> None:
        """Collapse what a merge made equal."""
        self._settle(name, row, None, user=row.get("LastModifiedById"))

    def _settle(
        self,
        name: str,
        row: dict[str, Any],
        people: Sequence[str] | None,
        *,
        user: str | None,
    ) -> None:
        if not row.get("IsChild"):
            _Relations(self._tables, name, row).settle(people, user=user)

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Its relations go to the bin with the activity."""
        self._flag(name, row, deleted=True)

    def undeleted(self, name: str, row: Row, *, user: str) -> None:
        """Its relations come back with the activity."""
        self._flag(name, row, deleted=False)

    def _flag(self, name: str, row: Row, *, deleted: bool) -> None:
        stamp = self._tables.stamp()
        for one in self._tables.stored(f"{name}Relation").values():
            if one[f"{name}Id"] == row["Id"]:
                one.update(IsDeleted=deleted, SystemModstamp=stamp)


def check_people(people: Sequence[str]) -> None:
    """Refuse people who may not be together on one activity."""
    if len(people) > _MOST_PEOPLE:
        message = f"an activity has at most {_MOST_PEOPLE} contacts"
    elif len(people) > 1 and any(is_lead(one) for one in people):
        message = "an activity of a lead cannot have further people"
    else:
        return
    raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message, fields=["WhoId"])


class RelationRows(Behaviour):
    """Relations that are made and taken away by themselves."""

    objects = frozenset(ACTIVITY_OF)

    def __init__(self, tables: Tables) -> None:
        """Changes the activities of these tables."""
        self._tables = tables

    def check(self, write: Write) -> None:
        """A relation is there once, and its activity could have it."""
        row, relation = write.row, str(write.row["RelationId"])
        if not is_relation(write.object, row):
            return
        name, activity = self._activity(write.object, row)
        row["IsWhat"] = relation[:3] in {PREFIXES[one] for one in _WHATS}
        relations = _Relations(self._tables, name, activity)
        others = [one for one in relations.rows() if one["Id"] != row["Id"]]
        if any(one["RelationId"] == relation for one in others):
            raise RefusalError("DUPLICATE_VALUE", "this relation is there already")
        people = [one["RelationId"] for one in others if not one["IsWhat"]]
        if not row["IsWhat"]:
            check_people([*people, relation])
        lead = any(is_lead(one) for one in [*people, relation])
        taken = row["IsWhat"] and activity.get("WhatId")
        if activity.get("IsPrivate"):
            message = "private events cannot be related"
            raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message)
        if taken or (lead and (row["IsWhat"] or activity.get("WhatId"))):
            message = "an activity has one subject matter, and none beside a lead"
            raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message)

    def follow(self, write: Write) -> None:
        """The first person is primary; a subject matter is the activity's WhatId."""
        if not is_relation(write.object, write.row):
            return
        name, activity = self._activity(write.object, write.row)
        field = "WhatId" if write.row["IsWhat"] else "WhoId"
        activity[field] = activity.get(field) or write.row["RelationId"]
        _Relations(self._tables, name, activity).recount()

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Without its primary person an activity gets another one."""
        if is_relation(name, row):
            kind, activity = self._activity(name, row)
            _Relations(self._tables, kind, activity).without(row["RelationId"])

    def moved(self, name: str, row: dict[str, Any]) -> None:
        """Collapse what a merge made equal."""
        kind, activity = self._activity(name, row)
        _Relations(self._tables, kind, activity).settle(None)

    def _activity(self, kind: str, row: Row) -> tuple[str, dict[str, Any]]:
        name = ACTIVITY_OF[kind]
        return name, self._tables.stored(name)[row[f"{name}Id"]]
