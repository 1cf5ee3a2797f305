"""Invitations to events: a child event for each invited user.

Source: Object Reference, "EventRelation" and "Event" (IsChild, IsGroupEvent,
AcceptedEventInviteeIds, DeclinedEventInviteeIds, UndecidedEventInviteeIds).
"""

from typing import Any, Final

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import PREFIXES
from syncd.sandbox.salesforce.soql import Row
from syncd.sandbox.salesforce.table import Tables
from syncd.sandbox.salesforce.write import Behaviour, Write

_MOST_INVITEES: Final = 1000
_LISTS: Final = {
    "AcceptedEventInviteeIds": "Accepted",
    "DeclinedEventInviteeIds": "Declined",
    "UndecidedEventInviteeIds": "New",
}
_OF_A_CHILD: Final = frozenset({"IsReminderSet", "ReminderDateTime"})
_NOT_COPIED: Final = frozenset(
    {"Id", "OwnerId", "IsChild", "IsArchived", "WhoCount", "WhatCount"} | _OF_A_CHILD
)
_CHILD: Final = "_child"
"""Where a relation row keeps the id of its child event; no field shows it."""


class Invitations(Behaviour):
    """Invitees' relation rows."""

    objects = frozenset({"EventRelation"})

    def __init__(self, tables: Tables) -> None:
        """Makes child events in these tables."""
        self._tables = tables

    def prepare(self, write: Write) -> None:
        """Everybody related is an invitee unless said otherwise, and undecided."""
        if write.creating:
            invited = not write.fields.get("IsParent")
            write.fields = {"IsInvitee": invited, "Status": "New", **write.fields}

    def check(self, write: Write) -> None:
        """Invitations belong to the parent event, each once."""
        if not write.creating:
            return
        event = self._tables.held("Event")[write.row["EventId"]]
        if event.get("IsChild"):
            raise RefusalError("FIELD_INTEGRITY_EXCEPTION", "a child event")
        others = [one for one in invitations(self._tables, event) if is_invitation(one)]
        refuse_crowd(len(others) + 1)
        who = write.row["RelationId"]
        twice = any(one["RelationId"] == who for one in others)
        if is_invitation(write.row) and twice:
            raise RefusalError("DUPLICATE_VALUE", "this person is invited already")

    def follow(self, write: Write) -> None:
        """An invited user has an event of their own."""
        row = write.row
        if not (write.creating and is_invitation(row)):
            return
        event = self._tables.stored("Event")[row["EventId"]]
        event.update(IsGroupEvent=True, GroupEventType="1")
        if str(row["RelationId"]).startswith(PREFIXES["User"]):
            own = {"OwnerId": row["RelationId"], "IsChild": True}
            row[_CHILD] = self._tables.new_id("Event")
            made = {**_copied(self._tables, event), **own, "Id": row[_CHILD]}
            made["CreatedById"] = made["LastModifiedById"] = write.user
            self._tables.load("Event", [made])

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """The invitee's own event goes, too."""
        flag(self._tables, row.get(_CHILD), deleted=True, user=user)
        event = self._tables.stored("Event")[row["EventId"]]
        if not any(is_invitation(one) for one in invitations(self._tables, event)):
            event.update(IsGroupEvent=False, GroupEventType="0")


class GroupEvents(Behaviour):
    """Events with invitees: children follow their parent and hardly change alone."""

    objects = frozenset({"Event"})

    def __init__(self, tables: Tables) -> None:
        """Changes the child events of these tables."""
        self._tables = tables

    def prepare(self, write: Write) -> None:
        """Take out the lists of invitees."""
        known = self._tables.schema["EventRelation"].fields["RelationId"]
        write.side["invitees"] = {
            status: [
                self._tables.reference(known, str(one))
                for one in write.fields.pop(name) or ()
            ]
            for name, status in _LISTS.items()
            if name in write.fields
        }

    def check(self, write: Write) -> None:
        """Of a child event only the reminder may be edited."""
        invited = sum(len(ids) for ids in write.side["invitees"].values())
        refuse_crowd(invited)
        given = sorted(set(write.fields) - _OF_A_CHILD)
        if write.before.get("IsChild") and (given or write.side["invitees"]):
            message = f"Unable to create/update fields: {', '.join(given)}."
            raise RefusalError("INVALID_FIELD_FOR_INSERT_UPDATE", message, fields=given)

    def derive(self, write: Write) -> None:
        """An event without invitees is no group event."""
        write.row["GroupEventType"] = write.row.get("GroupEventType") or "0"

    def follow(self, write: Write) -> None:
        """Invite and disinvite as the lists say; let the children be as the parent."""
        for status, ids in write.side["invitees"].items():
            self._invite(write, status, ids)
        if write.creating or write.row.get("IsChild"):
            return
        for one in invitations(self._tables, write.row):
            if one.get(_CHILD) in self._tables.held("Event"):
                child = self._tables.stored("Event")[one[_CHILD]]
                child.update(_copied(self._tables, write.row))

    def _invite(self, write: Write, status: str, ids: list[str]) -> None:
        there = {
            one["RelationId"]: one
            for one in invitations(self._tables, write.row)
            if is_invitation(one)
        }
        for who, row in there.items():
            if row["Status"] == status and who not in ids:
                self._tables.delete("EventRelation", row["Id"], user=write.user)
        for who in dict.fromkeys(ids):
            fields: dict[str, Any] = {"Status": status}
            if who in there:
                relation = there[who]["Id"]
                self._tables.update("EventRelation", relation, fields, user=write.user)
            else:
                fields |= {"EventId": write.row["Id"], "RelationId": who}
                self._tables.create("EventRelation", fields, user=write.user)

    def deleted(self, name: str, row: Row, *, user: str) -> None:
        """Invitations and child events go with their parent."""
        self._flag(row, deleted=True, user=user)

    def undeleted(self, name: str, row: Row, *, user: str) -> None:
        """Invitations and child events come back with their parent."""
        self._flag(row, deleted=False, user=user)

    def _flag(self, row: Row, *, deleted: bool, user: str) -> None:
        for one in invitations(self._tables, row):
            one.update(IsDeleted=deleted, SystemModstamp=self._tables.stamp())
            flag(self._tables, one.get(_CHILD), deleted=deleted, user=user)


def invitations(tables: Tables, event: Row) -> list[dict[str, Any]]:
    """All relation rows of an event."""
    rows = tables.stored("EventRelation").values()
    return [one for one in rows if one["EventId"] == event["Id"]]


def is_invitation(row: Row) -> bool:
    """Whether a relation row invites somebody."""
    return bool(row.get("IsInvitee")) and not row.get("IsParent")


def refuse_crowd(invitees: int) -> None:
    """Refuse more invitees than an event may have."""
    if invitees > _MOST_INVITEES:
        message = f"an event has at most {_MOST_INVITEES} invitees"
        raise RefusalError("FIELD_INTEGRITY_EXCEPTION", message)


def flag(tables: Tables, event: str | None, *, deleted: bool, user: str) -> None:
    """Move a child event into the recycle bin or out of it."""
    child = tables.stored("Event").get(str(event))
    if child is not None:
        child["IsDeleted"] = deleted
        tables.touch(child, user=user)


def _copied(tables: Tables, event: Row) -> dict[str, Any]:
    """What a child event has from its parent; keys stay with one row."""
    fields = tables.schema["Event"].fields
    keys = {name for name, one in fields.items() if one.external_id}
    return {k: v for k, v in event.items() if k not in _NOT_COPIED | keys}
