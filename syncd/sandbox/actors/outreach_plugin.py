"""The plug-in by which Outreach keeps up with Salesforce, some minutes behind.

It copies contact roles in as prospect roles and pushes calls out as tasks. Source:
Outreach Support, "Salesforce Configuration for Outreach"; subjects as teams see them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from syncd.sandbox.actors.agenda import Agenda, Row, System
from syncd.sandbox.actors.people import OUTREACH, insert, integration_user, rows

_ROLE: Final = "opportunityProspectRole"


@dataclass(frozen=True, kw_only=True)
class PluginHabits:
    """How far behind the plug-in is, in seconds.

    Attributes:
        role_after_s: From when it sees a contact role until the copy is there. It does
            not look again in between, so that somebody else's copy makes two.
        call_after_s: From when it sees a call until its task is there.
        subject: Of a task; ``{direction}`` and ``{name}`` are filled in.
    """

    role_after_s: float = 600
    call_after_s: float = 300
    subject: str = "[Outreach] [Call] [{direction}] {name}"


class OutreachPlugin:
    """Copies what came up after ``since``; it never takes anything back."""

    def __init__(
        self,
        outreach: System,
        salesforce: System,
        agenda: Agenda,
        habits: PluginHabits,
        *,
        since: datetime,
    ) -> None:
        """Writes into Salesforce as a user of its own."""
        self._outreach = outreach
        self._salesforce = salesforce
        self._agenda = agenda
        self._habits = habits
        self._since = since
        self._seen: set[str] = set()
        self._user = integration_user(salesforce, OUTREACH)

    def look(self, now: datetime) -> None:
        """Put new contact roles and calls on the agenda."""
        self._look_at_roles(now + timedelta(seconds=self._habits.role_after_s))
        self._look_at_calls(now + timedelta(seconds=self._habits.call_after_s))

    def _look_at_roles(self, due: datetime) -> None:
        prospects = self._numbers("prospect", "Contact")
        deals = self._numbers("opportunity", "Opportunity")
        there = {
            (_related(one, "opportunity"), _related(one, "prospect"))
            for one in self._resources(_ROLE)
        }
        for role in rows(self._salesforce, "OpportunityContactRole"):
            if role["Id"] in self._seen or not self._is_new(role["CreatedDate"]):
                continue
            deal = deals.get(str(role["OpportunityId"])[:15])
            prospect = prospects.get(str(role["ContactId"])[:15])
            if deal is None or prospect is None:
                continue  # one of them is not there yet: look again next time
            self._seen.add(role["Id"])
            if (deal, prospect) not in there:
                resource = _role_of(role, deal, prospect)
                self._agenda.add(due, partial(self._copy, resource))

    def _copy(self, resource: Row, _: datetime) -> None:
        self._outreach.control("insert", {"type": _ROLE, "resource": resource})

    def _look_at_calls(self, due: datetime) -> None:
        for call in self._resources("call"):
            key = f"call {call['id']}"
            attributes = call["attributes"]
            pushed = any(one["type"] == "Task" for one in _connections(call))
            done = attributes.get("state") == "completed"
            new = self._is_new(attributes["createdAt"])
            if key not in self._seen and done and new and not pushed:
                self._seen.add(key)
                self._agenda.add(due, partial(self._push, call))

    def _push(self, call: Row, _: datetime) -> None:
        attributes = call["attributes"]
        prospect = self._target(call, "prospect")
        direction = str(attributes.get("direction") or "outbound").capitalize()
        name = (prospect or {"attributes": {}})["attributes"].get("name") or ""
        disposition = self._target(call, "callDisposition")
        at = str(attributes.get("dialedAt") or attributes["createdAt"])
        fields = {
            "Subject": self._habits.subject.format(direction=direction, name=name),
            "Status": "Completed",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallType": direction,
            "CallDisposition": disposition and disposition["attributes"].get("name"),
            "Description": attributes.get("note"),
            "ActivityDate": at[:10],
            "WhoId": _crm_id(prospect, "Contact", "Lead"),
            "WhatId": _crm_id(self._target(call, "opportunity"), "Opportunity"),
            "OwnerId": _crm_id(self._target(call, "user"), "User") or self._user,
        }
        task = insert(self._salesforce, "Task", fields, self._user)
        known = [*_connections(call), {"type": "Task", "id": task}]
        self._outreach.load("call", [{**call, "dataConnections": known}])

    # --- Outreach's resources ---------------------------------------------------------

    def _resources(self, kind: str) -> list[Row]:
        found: list[Row] = self._outreach.control("resources", {"type": kind})[
            "resources"
        ]
        return found

    def _numbers(self, kind: str, crm: str) -> dict[str, int]:
        """Outreach's ids by the first 15 characters of Salesforce's."""
        return {
            one["id"][:15]: int(resource["id"])
            for resource in self._resources(kind)
            for one in _connections(resource)
            if one["type"] == crm
        }

    def _target(self, resource: Row, name: str) -> Row | None:
        data = (resource["relationships"].get(name) or {}).get("data")
        if not data:
            return None
        found = (r for r in self._resources(data["type"]) if r["id"] == data["id"])
        return next(found, None)

    def _is_new(self, text: str) -> bool:
        return datetime.fromisoformat(text) >= self._since


def _role_of(role: Row, deal: int, prospect: int) -> Row:
    return {
        "type": _ROLE,
        "attributes": {"role": role.get("Role"), "primary": bool(role["IsPrimary"])},
        "relationships": {
            "opportunity": {"data": {"type": "opportunity", "id": deal}},
            "prospect": {"data": {"type": "prospect", "id": prospect}},
        },
    }


def _connections(resource: Mapping[str, Any]) -> list[Row]:
    """A resource's records in Salesforce."""
    return list(resource.get("dataConnections") or ())


def _crm_id(resource: Row | None, *kinds: str) -> str | None:
    found = (one["id"] for one in _connections(resource or {}) if one["type"] in kinds)
    return next(found, None)


def _related(resource: Row, name: str) -> int | None:
    data = (resource["relationships"].get(name) or {}).get("data")
    return data and int(data["id"])
