"""What is rare and moves many records: merges, conversions, deletes, new accounts."""

from collections.abc import Callable
from random import Random

from syncd.sandbox.salesforce.table import stamp
from tests.simulation.company import Services
from tests.simulation.desk import Desk, target
from tests.simulation.history import OURS, PERSON, TOOL, History, Ref


class Upheavals(Desk):
    """Acts of people that move many records at once.

    Attributes:
        acts: Weight, who it is, and the act, which returns what was done in a few
            words, or an empty text when there was nothing to do it to.
        leaves_no_trace: Whether something happened that polls cannot see, so that only
            the daily proof finds it.
    """

    def __init__(self, services: Services, history: History, rng: Random) -> None:
        """Nothing has happened."""
        super().__init__(services, rng)
        self._history = history
        self._clock = services.clock
        self.leaves_no_trace = False
        self.acts: tuple[tuple[int, str, Callable[[], str]], ...] = (
            (1, PERSON, self._merge_contacts),
            (1, PERSON, self._delete_prospect),
            (2, PERSON, self._lead_calls),
            (2, PERSON, self._convert_lead),
            (1, PERSON, self._move_to_another_account),
            (4, TOOL, self.copy_role),
        )

    def _merge_contacts(self) -> str:
        """Two contacts of one account were the same person."""
        contacts = self._rows("Contact")
        winner = self._rng.choice(contacts)
        others = [
            one
            for one in contacts
            if one["AccountId"] == winner["AccountId"] and one["Id"] != winner["Id"]
        ]
        if not others:
            return ""
        loser = self._rng.choice(others)["Id"]
        body = {
            "object": "Contact",
            "id": winner["Id"],
            "losers": [loser],
            "user": self._rng.choice(self._reps),
        }
        self._salesforce.control("merge", body)
        return f"merges contact {loser} into {winner['Id']}"

    def _delete_prospect(self) -> str:
        """To the trash, or for good and with its roles: no poll shows that."""
        prospects = self._all("prospect")
        if not prospects:
            return ""
        number = self._rng.choice(prospects)["id"]
        body = {"type": "prospect", "id": number}
        if self._rng.random() < 0.5:
            self._outreach.control("trash", body)
            return f"trashes prospect {number}"
        for role in self._all("opportunityProspectRole"):
            if target(role, "prospect") == number:
                kind = "opportunityProspectRole"
                self._remove(Ref("outreach", kind, str(role["id"])))
        self._outreach.control("delete", body)
        self.leaves_no_trace = True
        return f"deletes prospect {number}"

    def _lead_calls(self) -> str:
        """Somebody new, with a call that is the lead's for now."""
        number = len(self._rows("Lead"))
        lead = {
            "LastName": f"Newcomer {number}",
            "Company": "Somewhere",
            "Email": f"newcomer{number}@somewhere.example",
            "Status": "Open",
            "OwnerId": self._rng.choice(self._reps),
        }
        made = self._in_salesforce("insert", "Lead", "", lead)
        now = self._clock.now()
        task = {
            "Subject": "Call with somebody new",
            "Status": "Completed",
            "Priority": "Normal",
            "TaskSubtype": "Call",
            "ActivityDate": now.date().isoformat(),
            "WhoId": made["id"],
            "OwnerId": lead["OwnerId"],
        }
        self._in_salesforce("insert", "Task", "", task)
        return f"talks to a new lead {made['id']} at {stamp(now)}"

    def log_late(self) -> str:
        """A Task of a transaction that takes five minutes."""
        day = self._clock.now().date().isoformat()
        task = {"Subject": "Prepare", "Status": "Open", "ActivityDate": day}
        made = self._in_salesforce("insert", "Task", "", task)
        self._salesforce.control("delay_commit", {"id": made["id"], "seconds": 300})
        return f"logs Task {made['id']}, seen five minutes later"

    def _convert_lead(self) -> str:
        """A lead turns out to be somebody on a deal; its calls become that one's."""
        leads = [lead for lead in self._rows("Lead") if not lead["IsConverted"]]
        deal, contact = self._deal_with_contact()
        if not leads or not deal:
            return ""
        lead = self._rng.choice(leads)["Id"]
        body = {
            "id": lead,
            "contact": contact["Id"],
            "opportunity": deal["Id"] if self._rng.random() < 0.7 else "",
            "user": self._rng.choice(self._reps),
        }
        self._salesforce.control("convert_lead", body)
        return f"converts lead {lead} to contact {contact['Id']}"

    def _move_to_another_account(self) -> str:
        """A deal was entered under the wrong account."""
        deal = self._rng.choice(self._rows("Opportunity"))
        others = [
            a["Id"] for a in self._rows("Account") if a["Id"] != deal["AccountId"]
        ]
        if not others:
            return ""
        change = {"AccountId": self._rng.choice(others)}
        self._in_salesforce("edit", "Opportunity", deal["Id"], change)
        return f"moves deal {deal['Id']} to another account"

    def copy_role(self) -> str:
        """A plug-in is late: it makes the role that we have made before."""
        ours = [
            touch.ref.id
            for touch in self._history.touches
            if touch.is_create and touch.who == OURS and touch.ref in self._history.now
        ]
        made = [r for r in self._all("opportunityProspectRole") if str(r["id"]) in ours]
        if not made:
            return ""
        role = self._rng.choice(made)
        relations = {
            name: {"data": role["relationships"][name]["data"]}
            for name in ("opportunity", "prospect")
        }
        resource = {"attributes": {"primary": False}, "relationships": relations}
        body = {"type": "opportunityProspectRole", "resource": resource}
        self._outreach.control("insert", body)
        return f"makes prospect role {role['id']} once more"
