"""Generates a company and what Salesforce and Outreach say of it, faults included."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from syncd.sandbox.salesforce.table import make_id, stamp
from syncd.sandbox.world import names

OWN_DOMAIN: Final = "northwind-cloud.com"
_STAGES: Final = (
    ("Discovery", False, False),
    ("Scoping", False, False),
    ("Technical Evaluation", False, False),
    ("Proposal", False, False),
    ("Negotiating", False, False),
    ("Closed Won", True, True),
    ("Closed Lost", True, False),
)
_DISPOSITIONS: Final = ("Connected", "Left Voicemail", "No Answer")
_TYPES: Final = ("New Business", "Renewal", "Add-On Business")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """Rates of dirt, each between 0 and 1."""

    without_roles: float = 0.06
    role_missing_in_outreach: float = 0.12
    role_only_in_outreach: float = 0.04
    what_missing: float = 0.05
    who_missing: float = 0.02
    owned_by_tool: float = 0.02
    left_open: float = 0.03
    disposition_missing: float = 0.03
    notes_missing: float = 0.03
    subject_near_miss: float = 0.10
    contact_elsewhere: float = 0.01


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One planted fault: the rule that should find it, the record, the right value."""

    rule: str
    object: str
    id: str
    field: str = ""
    value: str | None = None


@dataclass(kw_only=True)
class Company:
    """Rows by object for Salesforce, resources by type for Outreach, and the truth.

    ``truth`` gives the right opportunity of each activity; no service shows it.
    """

    salesforce: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    outreach: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    truth: dict[str, str | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def generate(
    *, seed: int, accounts: int, now: datetime, knobs: Knobs | None = None
) -> Company:
    """A company of this many accounts as of ``now``; equal input, equal rows."""
    return _Builder(Random(seed), now, knobs or Knobs()).build(accounts)  # noqa: S311


class _Builder:
    def __init__(self, random: Random, now: datetime, knobs: Knobs) -> None:
        self.random = random
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.knobs = knobs
        self.company = Company()
        self._counts: dict[str, int] = defaultdict(int)
        self.reps: list[Row] = []
        self.tool = ""

    def build(self, accounts: int) -> Company:
        self._value_lists()
        self._people()
        for number in range(accounts):
            self._account(number)
        return self.company

    # --- small things -----------------------------------------------------------------

    def _chance(self, rate: float) -> bool:
        return self.random.random() < rate

    def _id(self, prefix: str) -> str:
        self._counts[prefix] += 1
        return make_id(prefix, 10_000 + self._counts[prefix])

    def _salesforce(self, name: str, row: Row, *, at: datetime, by: str) -> Row:
        system = {
            "CreatedDate": stamp(at),
            "CreatedById": by,
            "LastModifiedDate": stamp(at),
            "LastModifiedById": by,
            "SystemModstamp": stamp(at),
        }
        self.company.salesforce[name].append({**system, **row})
        return self.company.salesforce[name][-1]

    def _outreach(
        self,
        kind: str,
        attributes: Row,
        relations: Mapping[str, tuple[str, int] | None],
        *,
        at: datetime,
        crm: Sequence[tuple[str, str]] = (),
    ) -> int:
        number = len(self.company.outreach[kind]) + 1
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.company.outreach[kind].append(
            {
                "type": kind,
                "id": number,
                "attributes": {"createdAt": text, "updatedAt": text, **attributes},
                "relationships": {
                    name: {"data": {"type": to[0], "id": to[1]} if to else None}
                    for name, to in relations.items()
                },
                "dataConnections": [
                    {"type": kind, "id": record_id} for kind, record_id in crm
                ],
            }
        )
        return number

    def _fault(
        self, rule: str, name: str, record_id: str, column: str, value: str | None
    ) -> None:
        self.company.faults.append(
            Fault(rule=rule, object=name, id=record_id, field=column, value=value)
        )

    # --- the org ----------------------------------------------------------------------

    def _value_lists(self) -> None:
        old = self.now - timedelta(days=900)
        for order, (label, closed, won) in enumerate(_STAGES):
            row = {
                "Id": self._id("01J"),
                "MasterLabel": label,
                "ApiName": label,
                "IsActive": True,
                "SortOrder": order,
                "IsClosed": closed,
                "IsWon": won,
            }
            self._salesforce("OpportunityStage", row, at=old, by="")
            self._outreach(
                "opportunityStage", {"name": label, "isClosed": closed}, {}, at=old
            )
        for label, closed in (
            ("Not Started", False),
            ("Open", False),
            ("Completed", True),
        ):
            row = {"Id": self._id("01Y"), "MasterLabel": label, "IsClosed": closed}
            self._salesforce(
                "TaskStatus",
                {**row, "IsDefault": label == "Not Started"},
                at=old,
                by="",
            )
        for label in _DISPOSITIONS:
            self._outreach("callDisposition", {"name": label}, {}, at=old)

    def _people(self) -> None:
        old = self.now - timedelta(days=900)
        self.tool = self._user("Outreach", "Integration", "integration", old)
        for number in range(12):
            first = names.FIRST[number * 4 % len(names.FIRST)]
            last = names.LAST[number * 7 % len(names.LAST)]
            user_id = self._user(first, last, "Account Executive", old)
            email = f"{first}.{last}@{OWN_DOMAIN}".lower()
            number_in_outreach = self._outreach(
                "user",
                {"name": f"{first} {last}", "email": email, "locked": False},
                {},
                at=old,
                crm=[("User", user_id)],
            )
            self.reps.append({"id": user_id, "outreach": number_in_outreach})

    def _user(self, first: str, last: str, title: str, at: datetime) -> str:
        user_id = self._id("005")
        row = {
            "Id": user_id,
            "Username": f"{first}.{last}@{OWN_DOMAIN}".lower(),
            "Email": f"{first}.{last}@{OWN_DOMAIN}".lower(),
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Title": title,
            "IsActive": True,
            "UserType": "Standard",
            "TimeZoneSidKey": "America/New_York",
        }
        self._salesforce("User", row, at=at, by=user_id)
        return user_id

    # --- accounts ---------------------------------------------------------------------

    def _account(self, number: int) -> None:
        rep = self.reps[number % len(self.reps)]
        words = names.COMPANY
        name = f"{words[number % len(words)]} {names.TRADE[number // len(words) % 9]}"
        suffix = number // (len(words) * 9)
        name = f"{name} {suffix}" if suffix else name
        domain = f"{name.lower().replace(' ', '-')}.com"
        at = self.now - timedelta(days=self.random.randint(500, 850))
        account_id = self._id("001")
        row = {
            "Id": account_id,
            "Name": name,
            "OwnerId": rep["id"],
            "Website": f"https://{domain}",
        }
        self._salesforce("Account", row, at=at, by=rep["id"])
        outreach = self._outreach(
            "account",
            {"name": name, "domain": domain},
            {"owner": ("user", rep["outreach"])},
            at=at,
            crm=[("Account", account_id)],
        )
        here = {"id": account_id, "outreach": outreach, "rep": rep, "name": name}
        people = [
            self._contact(here, domain, index, at)
            for index in range(self.random.randint(5, 8))
        ]
        deals = self._deals(here, people)
        for deal in deals:
            self._activities(here, deal)

    def _contact(self, account: Row, domain: str, index: int, at: datetime) -> Row:
        first = self.random.choice(names.FIRST)
        last = self.random.choice(names.LAST)
        email = f"{first}.{last}{index}@{domain}".lower()
        contact_id = self._id("003")
        row = {
            "Id": contact_id,
            "AccountId": account["id"],
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Email": email,
            "Title": self.random.choice(names.TITLES),
            "OwnerId": account["rep"]["id"],
        }
        self._salesforce("Contact", row, at=at, by=account["rep"]["id"])
        prospect = self._outreach(
            "prospect",
            {"name": f"{first} {last}", "emails": [email], "optedOut": False},
            {
                "account": ("account", account["outreach"]),
                "owner": ("user", account["rep"]["outreach"]),
            },
            at=at,
            crm=[("Contact", contact_id)],
        )
        return {"id": contact_id, "outreach": prospect, "name": f"{first} {last}"}

    def _deals(self, account: Row, people: list[Row]) -> list[Row]:
        """One or two closed deals in the past, one to three open ones now."""
        deals = []
        for index in range(self.random.randint(2, 4)):
            closed = index == 0
            kind = "New Business" if closed else self.random.choice(_TYPES)
            opened = self.now - timedelta(
                days=self.random.randint(300, 480)
                if closed
                else self.random.randint(95, 190)
            )
            ends = opened + timedelta(days=self.random.randint(80, 120))
            stage = "Closed Won" if closed else self.random.choice(_STAGES[:5])[0]
            year = opened.year
            deal_id = self._id("006")
            row = {
                "Id": deal_id,
                "AccountId": account["id"],
                "Name": f"{account['name']} - {kind} {year}-{index + 1}",
                "StageName": stage,
                "CloseDate": (ends if closed else self.now + timedelta(days=60))
                .date()
                .isoformat(),
                "Type": kind,
                "OwnerId": account["rep"]["id"],
                "LastStageChangeDate": stamp(ends if closed else opened),
            }
            self._salesforce("Opportunity", row, at=opened, by=account["rep"]["id"])
            self._history(deal_id, opened, ends if closed else None, row["CloseDate"])
            number = self._outreach(
                "opportunity",
                {"name": row["Name"]},
                {
                    "account": ("account", account["outreach"]),
                    "owner": ("user", account["rep"]["outreach"]),
                },
                at=opened,
                crm=[("Opportunity", deal_id)],
            )
            # Each deal has people of its own; that is what tells deals apart.
            share = max(2, len(people) // 3)
            start = index * share % len(people)
            chosen = [people[(start + k) % len(people)] for k in range(share)]
            deal = {
                "id": deal_id,
                "outreach": number,
                "people": chosen,
                "opened": opened,
                "ends": ends if closed else self.now,
                "closed": closed,
                "type": kind,
            }
            self._roles(account, deal)
            deals.append(deal)
        return deals

    def _history(
        self, deal_id: str, opened: datetime, ended: datetime | None, close: str
    ) -> None:
        steps = [("Discovery", opened)]
        if ended:
            steps.append(("Closed Won", ended))
        for stage, at in steps:
            row = {
                "Id": self._id("008"),
                "OpportunityId": deal_id,
                "StageName": stage,
                "CloseDate": close,
            }
            self._salesforce("OpportunityHistory", row, at=at, by="")

    def _roles(self, account: Row, deal: Row) -> None:
        if not deal["closed"] and self._chance(self.knobs.without_roles):
            self._fault("opportunity-has-contact", "Opportunity", deal["id"], "", None)
            return
        for index, person in enumerate(deal["people"]):
            only_outreach = index > 0 and self._chance(self.knobs.role_only_in_outreach)
            if not only_outreach:
                row = {
                    "Id": self._id("00K"),
                    "OpportunityId": deal["id"],
                    "ContactId": person["id"],
                    "Role": None,
                    "IsPrimary": index == 0,
                }
                self._salesforce(
                    "OpportunityContactRole",
                    row,
                    at=deal["opened"],
                    by=account["rep"]["id"],
                )
            missing = not deal["closed"] and self._chance(
                self.knobs.role_missing_in_outreach
            )
            if missing and not only_outreach:
                rule = "contact-on-outreach-opportunity"
                self._fault(rule, "Opportunity", deal["id"], "prospect", person["id"])
                continue
            if only_outreach:
                rule = "prospect-on-salesforce-opportunity"
                self._fault(rule, "Opportunity", deal["id"], "contact", person["id"])
            self._outreach(
                "opportunityProspectRole",
                {"role": None, "primary": index == 0},
                {
                    "opportunity": ("opportunity", deal["outreach"]),
                    "prospect": ("prospect", person["outreach"]),
                },
                at=deal["opened"],
            )

    # --- activities -------------------------------------------------------------------

    def _activities(self, account: Row, deal: Row) -> None:
        span = int((deal["ends"] - deal["opened"]).total_seconds() // 3600) - 48
        for _ in range(self.random.randint(12, 22)):
            at = deal["opened"] + timedelta(hours=24 + self.random.randrange(span))
            at = at.replace(minute=self.random.choice((0, 15, 30, 45)), second=0)
            if at > self.now - timedelta(hours=6):
                continue
            person = self.random.choice(deal["people"])
            kind = self.random.random()
            if kind < 0.45:  # noqa: PLR2004 - the mix of a normal week
                self._call(account, deal, person, at)
            elif kind < 0.75:  # noqa: PLR2004
                self._meeting(account, deal, person, at)
            else:
                self._manual_call(account, deal, person, at)

    def _related(self, row: Row, deal: Row, name: str) -> None:
        """Plant the relation faults that any activity may have."""
        self.company.truth[row["Id"]] = deal["id"]
        if deal["closed"]:
            return
        if self._chance(self.knobs.what_missing):
            row["WhatId"] = None
            rule = "activity-related-to-opportunity"
            self._fault(rule, name, row["Id"], "WhatId", deal["id"])

    def _call(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        """A call made in Outreach, which logs a Task in Salesforce."""
        task_id, note = self._id("00T"), self.random.choice(names.TOPICS)
        disposition = self.random.randrange(len(_DISPOSITIONS))
        row: Row = {
            "Id": task_id,
            "Subject": f"[Outreach] [Call] [Outbound] {person['name']}",
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallType": "Outbound",
            "CallDisposition": _DISPOSITIONS[disposition],
            "Description": note,
            "ActivityDate": at.date().isoformat(),
            "CompletedDateTime": stamp(at),
            "WhoId": person["id"],
            "WhatId": deal["id"],
            "OwnerId": account["rep"]["id"],
        }
        self._related(row, deal, "Task")
        if not deal["closed"]:
            self._call_faults(row, account, note, _DISPOSITIONS[disposition])
        done = at + timedelta(minutes=12)
        self._salesforce("Task", row, at=done, by=self.tool)
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._outreach(
            "call",
            {
                "direction": "outbound",
                "outcome": "Answered" if disposition == 0 else "Not Answered",
                "state": "completed",
                "note": note,
                "dialedAt": text,
                "answeredAt": text,
                "completedAt": done.isoformat().replace("+00:00", "Z"),
            },
            {
                "prospect": ("prospect", person["outreach"]),
                "opportunity": ("opportunity", deal["outreach"]),
                "user": ("user", account["rep"]["outreach"]),
                "callDisposition": ("callDisposition", disposition + 1),
            },
            at=done,
            crm=[("Task", task_id)],
        )

    def _call_faults(self, row: Row, account: Row, note: str, disposition: str) -> None:
        task_id = row["Id"]
        if self._chance(self.knobs.who_missing):
            person, row["WhoId"] = row["WhoId"], None
            self._fault("activity-related-to-contact", "Task", task_id, "WhoId", person)
        if self._chance(self.knobs.owned_by_tool):
            row["OwnerId"] = self.tool
            owner = account["rep"]["id"]
            self._fault("activity-assigned-to-host", "Task", task_id, "OwnerId", owner)
        if self._chance(self.knobs.left_open):
            row.update(Status="Open", CompletedDateTime=None)
            self._fault("activity-completed", "Task", task_id, "Status", "Completed")
        if self._chance(self.knobs.disposition_missing):
            row["CallDisposition"] = None
            rule = "call-disposition"
            self._fault(rule, "Task", task_id, "CallDisposition", disposition)
        if self._chance(self.knobs.notes_missing):
            row["Description"] = None
            self._fault("call-notes", "Task", task_id, "Description", note)

    def _meeting(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        row: Row = {
            "Id": self._id("00U"),
            "Subject": self.random.choice(("Sync", "Demo", "Workshop", "Next steps")),
            "StartDateTime": stamp(at),
            "EndDateTime": stamp(at + timedelta(minutes=45)),
            "ActivityDateTime": stamp(at),
            "DurationInMinutes": 45,
            "WhoId": person["id"],
            "WhatId": deal["id"],
            "OwnerId": account["rep"]["id"],
            "Description": self.random.choice(names.TOPICS),
        }
        self._related(row, deal, "Event")
        self._salesforce("Event", row, at=at, by=account["rep"]["id"])

    def _manual_call(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        """A call logged by hand in Salesforce under one of the agreed subjects."""
        subject = self.random.choice(names.CALL_SUBJECTS)
        row: Row = {
            "Id": self._id("00T"),
            "Subject": subject,
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallType": "Outbound",
            "CallDisposition": "Connected",
            "Description": self.random.choice(names.TOPICS),
            "ActivityDate": at.date().isoformat(),
            "CompletedDateTime": stamp(at),
            "WhoId": person["id"],
            "WhatId": deal["id"],
            "OwnerId": account["rep"]["id"],
        }
        self.company.truth[row["Id"]] = deal["id"]
        near_miss = deal["type"] == "New Business" and not deal["closed"]
        if near_miss and self._chance(self.knobs.subject_near_miss):
            row["Subject"] = names.NEAR_MISSES[subject]
            self._fault("call-subject", "Task", row["Id"], "Subject", subject)
        self._salesforce("Task", row, at=at, by=account["rep"]["id"])
