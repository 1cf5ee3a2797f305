"""Where people sit: what they see of the services, and how they change it."""

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.simulation.company import Services
from tests.simulation.history import Ref

Row = Mapping[str, Any]


class Desk:
    """Reads and changes records behind syncd's back; every choice follows the seed."""

    def __init__(self, services: Services, rng: Random) -> None:
        """A desk in the company that uses these services."""
        self._salesforce = services.salesforce
        self._outreach = services.outreach
        self._rng = rng
        users = self._rows("User")
        self._tool = next(u["Id"] for u in users if u["Title"] == "integration")
        self._reps = [u["Id"] for u in users if u["Id"] != self._tool]

    def _rows(self, name: str) -> list[Mapping[str, Any]]:
        rows = self._salesforce.tables.held(name).values()
        return [row for row in rows if not row.get("IsDeleted")]

    def _all(self, kind: str) -> list[dict[str, Any]]:
        answer = self._outreach.control("resources", {"type": kind})
        return list(answer["resources"])

    def _activity(self) -> tuple[str, Mapping[str, Any]]:
        """A lately touched activity as a rule; people seldom look at old ones."""
        name = self._rng.choice(("Task", "Task", "Event"))
        rows = sorted(self._rows(name), key=lambda r: (r["SystemModstamp"], r["Id"]))
        return name, self._rng.choice(rows[-25:])

    def _deal_with_contact(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        open_deals = [d for d in self._rows("Opportunity") if not d["IsClosed"]]
        if not open_deals:
            return {}, {}
        deal = self._rng.choice(open_deals)
        there = {
            role["ContactId"]
            for role in self._rows("OpportunityContactRole")
            if role["OpportunityId"] == deal["Id"]
        }
        contacts = [c for c in self._rows("Contact") if c["Id"] in there]
        return (deal, self._rng.choice(contacts)) if contacts else ({}, {})

    def _remove(self, ref: Ref) -> None:
        if ref.system == "salesforce":
            self._in_salesforce("delete", ref.object, ref.id)
        else:
            self._outreach.control("delete", {"type": ref.object, "id": int(ref.id)})

    def _in_salesforce(
        self,
        action: str,
        name: str,
        record_id: str,
        fields: Mapping[str, Any] | None = None,
        *,
        user: str = "",
    ) -> dict[str, Any]:
        body = {
            "object": name,
            "id": record_id,
            "fields": dict(fields or {}),
            "user": user or self._rng.choice(self._reps),
        }
        return self._salesforce.control(action, body)


def crm_ids(resource: Row) -> list[str]:
    """Salesforce ids of an Outreach record."""
    return [one["id"] for one in resource.get("dataConnections", ())]


def target(resource: Row, name: str) -> Any:
    """Id of the record that another one points at."""
    relation = resource.get("relationships", {}).get(name) or {}
    return (relation.get("data") or {}).get("id")


def deal_of(role: Row) -> Any:
    """The opportunity of a prospect role."""
    return target(role, "opportunity")
