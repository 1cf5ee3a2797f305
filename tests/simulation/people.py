"""What people and other tools do in the services while syncd is at work."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from syncd.sandbox.outreach.errors import RefusalError as OutreachRefusalError
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.table import stamp
from tests.simulation.company import Services
from tests.simulation.desk import Desk, crm_ids, deal_of, target
from tests.simulation.history import OURS, PERSON, TOOL, History, Ref
from tests.simulation.rivals import Rivals
from tests.simulation.upheavals import Upheavals

_WORDS = ("Sync", "Check-in", "Pricing", "Call 1 - Discovery", "call 2-demo", "Lunch")
_DISPOSITIONS = ("Connected", "Left Voicemail", "No Answer", None)
_LACKING = ("WhatId", "WhoId", "CallDisposition", "Status")
_VISIBLE_LATE_S = 540  # the connector promises ten minutes


class People(Desk):
    """A sales team and its tools; every choice follows the seed.

    Each act returns what was done in a few words, or an empty text when there was
    nothing to do it to. A service may refuse an act as it would refuse a person.
    """

    def __init__(self, services: Services, history: History, rng: Random) -> None:
        """They work in these services, and see there what syncd did."""
        super().__init__(services, rng)
        self._google = services.google_calendar
        self._chorus = services.chorus
        self._calendars = services.calendars
        self._recordings = services.recordings
        self._history = history
        self._made = 0
        self._clock = services.clock
        self.upheavals = Upheavals(services, history, rng)
        self.rivals = Rivals(services, rng)
        self._acts: tuple[tuple[int, str, Callable[[], str]], ...] = (
            (20, PERSON, self._edit_activity),
            (14, PERSON, self.take_back),
            (8, PERSON, self.log_call),
            (6, PERSON, self._remove_role),
            (6, PERSON, self.add_role),
            (5, TOOL, self._write_over),
            (5, PERSON, self._remove_role_in_outreach),
            (5, PERSON, self._add_role_in_outreach),
            (4, PERSON, self._flip_primary),
            (4, PERSON, self._flip_primary_in_outreach),
            (4, PERSON, self._meet),
            (3, PERSON, self._move_deal),
            (3, PERSON, self._delete_activity),
            (3, PERSON, self._undelete_activity),
            (3, PERSON, self._change_meeting),
            (2, PERSON, self._opt_out),
            (2, TOOL, self._fill_recording),
            (1, PERSON, self._hand_over),
            *self.upheavals.acts,
            *self.rivals.acts,
        )

    @property
    def leaves_no_trace(self) -> bool:
        """Whether anybody did something that only the daily proof can find."""
        return self.upheavals.leaves_no_trace

    def act(self) -> str:
        """Somebody does something."""
        weights = [weight for weight, _, _ in self._acts]
        ((_, who, act),) = self._rng.choices(self._acts, weights)
        return self.does(who, act)

    def does(self, who: str, act: Callable[[], str]) -> str:
        """This one does this."""
        try:
            done = act()
        except RefusalError as refusal:
            done = f"was refused: {refusal.code}"
        except OutreachRefusalError:
            done = "was refused"
        touches = self._history.observe(who)
        named = "; ".join(f"{t.ref.id}.{t.field or '*'}={t.new!r}" for t in touches[:4])
        return f"{who} {done} {named if touches else ''}".strip() if done else ""

    # --- activities -------------------------------------------------------------------

    def _edit_activity(self) -> str:
        name, row = self._activity()
        deals = [d["Id"] for d in self._rows("Opportunity")]
        contacts = [c["Id"] for c in self._rows("Contact")]
        fields: dict[str, Sequence[Any]] = {
            "Subject": _WORDS,
            "WhatId": (*deals, None),
            "WhoId": (*contacts, None),
            "OwnerId": self._reps,
            "Description": ("seen, all fine", None),
        }
        if name == "Task":
            fields["Status"] = ("Open", "Completed")
            fields["CallDisposition"] = _DISPOSITIONS
        field = self._rng.choice(sorted(fields))
        value = self._rng.choice(fields[field])
        self._in_salesforce("edit", name, row["Id"], {field: value})
        return f"edits a {name}"

    def take_back(self) -> str:
        """Somebody does not like what syncd did, and puts it back as it was."""
        ours = [t for t in self._history.touches if t.who == OURS][-30:]
        if not ours:
            return ""
        touch = self._rng.choice(ours)
        if touch.ref not in self._history.now:
            return ""
        if touch.is_create:
            self._remove(touch.ref)
            return "takes back a role"
        if touch.ref.system != "salesforce" or touch.is_delete:
            return ""
        change = {touch.field: touch.old}
        self._in_salesforce("edit", touch.ref.object, touch.ref.id, change)
        return "takes back a value"

    def _write_over(self) -> str:
        """An integration writes its own value over ours."""
        ours = [
            t
            for t in self._history.touches[-60:]
            if t.who == OURS and t.field and t.ref in self._history.now
            if t.ref.system == "salesforce"
        ]
        if not ours:
            return ""
        touch = self._rng.choice(ours)
        change = {touch.field: touch.old}
        self._in_salesforce(
            "edit", touch.ref.object, touch.ref.id, change, user=self._tool
        )
        return "writes over a value"

    def _delete_activity(self) -> str:
        name, row = self._activity()
        self._in_salesforce("delete", name, row["Id"])
        return f"deletes a {name}"

    def _undelete_activity(self) -> str:
        gone = [
            (name, row["Id"])
            for name in ("Task", "Event")
            for row in self._salesforce.tables.stored(name).values()
            if row.get("IsDeleted")
        ]
        if not gone:
            return ""
        name, record_id = self._rng.choice(gone)
        self._in_salesforce("undelete", name, record_id)
        return f"undeletes a {name}"

    def log_call(self, lacking: str = "") -> str:
        """A call in Outreach, logged in Salesforce without this, or anything."""
        deal, contact = self._deal_with_contact()
        if not deal:
            return ""
        lacking = lacking or self._rng.choice(_LACKING)
        now = self._clock.now()
        row = {
            "Subject": "[Outreach] [Call] [Outbound] somebody",
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallType": "Outbound",
            "CallDisposition": "Connected",
            "Description": "talked about the plan",
            "ActivityDate": now.date().isoformat(),
            "WhoId": contact["Id"],
            "WhatId": deal["Id"],
            "OwnerId": deal["OwnerId"],
        }
        row[lacking] = "Open" if lacking == "Status" else None
        made = self._in_salesforce("insert", "Task", "", row, user=self._tool)
        self._call_in_outreach(made["id"], deal["Id"], contact["Id"])
        if self._rng.random() < 0.5:
            wait = self._rng.randint(1, _VISIBLE_LATE_S)
            late = {"id": made["id"], "seconds": wait}
            self._salesforce.control("delay_commit", late)
            return f"calls; the Task is seen {wait} s later"
        return f"calls; the Task lacks {lacking}"

    def _call_in_outreach(self, task: str, deal: str, contact: str) -> None:
        twins = {c: r["id"] for r in self._all("opportunity") for c in crm_ids(r)}
        people = {c: r["id"] for r in self._all("prospect") for c in crm_ids(r)}
        now = (
            self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        number = 1 + max(int(one["id"]) for one in self._all("call"))
        times = dict.fromkeys(
            ("dialedAt", "answeredAt", "completedAt", "createdAt", "updatedAt"), now
        )
        relations = {
            "prospect": ("prospect", people.get(contact)),
            "opportunity": ("opportunity", twins.get(deal)),
            "callDisposition": ("callDisposition", 1),
        }
        call = {
            "type": "call",
            "id": number,
            "attributes": {
                **times,
                "direction": "outbound",
                "outcome": "Answered",
                "state": "completed",
                "note": "talked about the plan",
            },
            "relationships": {
                name: {"data": {"type": kind, "id": target} if target else None}
                for name, (kind, target) in relations.items()
            },
            "dataConnections": [{"type": "Task", "id": task}],
        }
        self._outreach.load("call", [call])

    # --- people on deals --------------------------------------------------------------

    def add_role(self) -> str:
        """In Salesforce."""
        deal = self._rng.choice(self._rows("Opportunity"))
        there = {
            role["ContactId"]
            for role in self._rows("OpportunityContactRole")
            if role["OpportunityId"] == deal["Id"]
        }
        free = [
            c
            for c in self._rows("Contact")
            if c["Id"] not in there and c["AccountId"] == deal["AccountId"]
        ]
        if not free:
            return ""
        fields = {
            "OpportunityId": deal["Id"],
            "ContactId": self._rng.choice(free)["Id"],
        }
        self._in_salesforce("insert", "OpportunityContactRole", "", fields)
        return "adds a contact role"

    def _remove_role(self) -> str:
        roles = self._rows("OpportunityContactRole")
        if not roles:
            return ""
        role = self._rng.choice(roles)
        self._in_salesforce("delete", "OpportunityContactRole", role["Id"])
        return "removes a contact role"

    def _flip_primary(self) -> str:
        roles = [r for r in self._rows("OpportunityContactRole") if not r["IsPrimary"]]
        if not roles:
            return ""
        role = self._rng.choice(roles)
        change = {"IsPrimary": True}
        self._in_salesforce("edit", "OpportunityContactRole", role["Id"], change)
        return "makes another contact primary"

    def _add_role_in_outreach(self) -> str:
        deal = self._rng.choice(self._all("opportunity"))
        there = {
            target(role, "prospect")
            for role in self._all("opportunityProspectRole")
            if target(role, "opportunity") == deal["id"]
        }
        account = target(deal, "account")
        free = [
            p["id"]
            for p in self._all("prospect")
            if p["id"] not in there and target(p, "account") == account
        ]
        if not free:
            return ""
        relations = {
            "opportunity": {"data": {"type": "opportunity", "id": deal["id"]}},
            "prospect": {"data": {"type": "prospect", "id": self._rng.choice(free)}},
        }
        resource = {"attributes": {"primary": False}, "relationships": relations}
        body = {"type": "opportunityProspectRole", "resource": resource}
        self._outreach.control("insert", body)
        return "adds a prospect role"

    def _remove_role_in_outreach(self) -> str:
        roles = self._all("opportunityProspectRole")
        if not roles:
            return ""
        role = self._rng.choice(roles)
        self._remove(Ref("outreach", "opportunityProspectRole", str(role["id"])))
        return "removes a prospect role"

    def _flip_primary_in_outreach(self) -> str:
        roles = self._all("opportunityProspectRole")
        if not roles:
            return ""
        one = self._rng.choice(roles)
        same = [r for r in roles if deal_of(r) == deal_of(one)]
        for role in same:
            body = {
                "type": "opportunityProspectRole",
                "id": role["id"],
                "attributes": {"primary": role is one},
            }
            self._outreach.control("edit", body)
        return "makes another prospect primary"

    def _opt_out(self) -> str:
        prospect = self._rng.choice(self._all("prospect"))
        opted_out = bool(prospect["attributes"].get("optedOut"))
        body = {
            "type": "prospect",
            "id": prospect["id"],
            "attributes": {"optedOut": not opted_out},
        }
        self._outreach.control("edit", body)
        return "changes a prospect's consent"

    # --- deals ------------------------------------------------------------------------

    def _move_deal(self) -> str:
        deal = self._rng.choice(self._rows("Opportunity"))
        stages = ("Closed Won", "Closed Lost", "Proposal", "Negotiating")
        stage = self._rng.choice(stages)
        self._in_salesforce("edit", "Opportunity", deal["Id"], {"StageName": stage})
        return f"moves deal {deal['Id']} to {stage}"

    def _hand_over(self) -> str:
        deal = self._rng.choice(self._rows("Opportunity"))
        owner = {"OwnerId": self._rng.choice(self._reps)}
        self._in_salesforce("edit", "Opportunity", deal["Id"], owner)
        return "hands a deal over"

    # --- meetings ---------------------------------------------------------------------

    def _meet(self) -> str:
        """A meeting on a calendar, in Salesforce without its deal."""
        deal, contact = self._deal_with_contact()
        if not deal:
            return ""
        self._made += 1
        host = self._rng.choice(self._calendars)
        ago = timedelta(hours=self._rng.randint(1, 40))
        begins = (self._clock.now() - ago).replace(minute=0, second=0, microsecond=0)
        ends = begins + timedelta(minutes=45)
        number = f"simulated{self._made}"
        event = {
            "id": number,
            "iCalUID": f"{number}@google.com",
            "summary": "Workshop",
            "start": {"dateTime": begins.isoformat(), "timeZone": "UTC"},
            "end": {"dateTime": ends.isoformat(), "timeZone": "UTC"},
            "organizer": {"email": host},
            "attendees": [
                {"email": host, "organizer": True, "responseStatus": "accepted"},
                {"email": contact["Email"], "responseStatus": "accepted"},
            ],
        }
        self._google.control("insert", {"calendar": host, "event": event})
        row = {
            "Subject": "Workshop",
            "StartDateTime": stamp(begins),
            "EndDateTime": stamp(ends),
            "ActivityDateTime": stamp(begins),
            "DurationInMinutes": 45,
            "WhoId": contact["Id"],
            "OwnerId": deal["OwnerId"],
        }
        self._in_salesforce("insert", "Event", "", row, user=self._tool)
        return "meets; the Event has no deal"

    def _change_meeting(self) -> str:
        calendar = self._rng.choice(self._calendars)
        rows = self._google._store.calendars[calendar].rows
        ids = sorted(n for n, r in rows.items() if r.event["status"] == "confirmed")
        if not ids:
            return ""
        body: dict[str, Any] = {"calendar": calendar, "id": self._rng.choice(ids)}
        if self._rng.random() < 0.4:
            self._google.control("cancel", body)
            return "cancels a meeting"
        body["fields"] = {"summary": self._rng.choice(_WORDS)}
        self._google.control("edit", body)
        return "renames a meeting"

    def _fill_recording(self) -> str:
        """Chorus works something out later; only lately, as it does."""
        since = self._clock.now().timestamp() - 48 * 3600
        lately = [n for n, at in self._recordings.items() if at > since]
        if not lately:
            return ""
        number = self._rng.choice(lately)
        fields = {"engagement": {"subject": self._rng.choice(_WORDS)}}
        self._chorus.control("fill", {"engagement_id": number, **fields})
        return "fills in a recording"
