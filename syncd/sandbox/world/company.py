"""Generates a company and what Salesforce and Outreach say of it, faults included."""

from datetime import datetime, timedelta
from random import Random

from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.world import names
from syncd.sandbox.world.cases import add_case
from syncd.sandbox.world.extras import (
    add_converted_lead,
    add_internal_meeting,
    add_private_event,
    add_series,
    add_twin,
)
from syncd.sandbox.world.faults import plant_call_faults
from syncd.sandbox.world.meetings import invitation, recording
from syncd.sandbox.world.org import (
    DISPOSITIONS,
    STAGES,
    TYPES,
    Company,
    Knobs,
    OrgBuilder,
    Row,
)


def generate(
    *, seed: int, accounts: int, now: datetime, knobs: Knobs | None = None
) -> Company:
    """A company of this many accounts as of ``now``; equal input, equal rows."""
    return _Builder(Random(seed), now, knobs or Knobs()).build(accounts)  # noqa: S311


class _Builder(OrgBuilder):
    def build(self, accounts: int) -> Company:
        self.add_value_lists()
        self.add_people()
        for number in range(accounts):
            self._account(number)
        return self.company

    # --- accounts ---------------------------------------------------------------------

    def _account(self, number: int) -> None:
        rep = self.reps[number % len(self.reps)]
        words = names.COMPANY
        name = f"{words[number % len(words)]} {names.TRADE[number // len(words) % 9]}"
        suffix = number // (len(words) * 9)
        name = f"{name} {suffix}" if suffix else name
        domain = f"{name.lower().replace(' ', '-')}.com"
        at = self.now - timedelta(days=self.random.randint(500, 850))
        account_id = self.new_id("001")
        row = {
            "Id": account_id,
            "Name": name,
            "OwnerId": rep["id"],
            "Website": f"https://{domain}",
        }
        self.add_salesforce("Account", row, at=at, by=rep["id"])
        outreach = self.add_outreach(
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
        if self.chance(self.knobs.with_case):
            add_case(self, here, self.random.choice(people))
        self._awkward(here, deals)
        self.stranger = people[0]["id"]

    def _contact(self, account: Row, domain: str, index: int, at: datetime) -> Row:
        first = self.random.choice(names.FIRST)
        last = self.random.choice(names.LAST)
        email = f"{first}.{last}{index}@{domain}".lower()
        contact_id = self.new_id("003")
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
        self.add_salesforce("Contact", row, at=at, by=account["rep"]["id"])
        prospect = self.add_outreach(
            "prospect",
            {"name": f"{first} {last}", "emails": [email], "optedOut": False},
            {
                "account": ("account", account["outreach"]),
                "owner": ("user", account["rep"]["outreach"]),
            },
            at=at,
            crm=[("Contact", contact_id)],
        )
        return {
            "id": contact_id,
            "outreach": prospect,
            "name": f"{first} {last}",
            "email": email,
        }

    def _deals(self, account: Row, people: list[Row]) -> list[Row]:
        """One or two closed deals in the past, one to three open ones now."""
        deals = []
        for index in range(self.random.randint(2, 4)):
            closed = index == 0
            kind = "New Business" if closed else self.random.choice(TYPES)
            opened = self.now - timedelta(
                days=self.random.randint(300, 480)
                if closed
                else self.random.randint(95, 190)
            )
            ends = opened + timedelta(days=self.random.randint(80, 120))
            stage = "Closed Won" if closed else self.random.choice(STAGES[:5])[0]
            year = opened.year
            deal_id = self.new_id("006")
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
            self.add_salesforce("Opportunity", row, at=opened, by=account["rep"]["id"])
            self._history(deal_id, opened, ends if closed else None, row["CloseDate"])
            number = self.add_outreach(
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
                "Id": self.new_id("008"),
                "OpportunityId": deal_id,
                "StageName": stage,
                "CloseDate": close,
            }
            self.add_salesforce("OpportunityHistory", row, at=at, by="")

    def _roles(self, account: Row, deal: Row) -> None:
        if not deal["closed"] and self.chance(self.knobs.without_roles):
            self.plant("opportunity-has-contact", "Opportunity", deal["id"], "", None)
            return
        for index, person in enumerate(deal["people"]):
            only_outreach = index > 0 and self.chance(self.knobs.role_only_in_outreach)
            if not only_outreach:
                row = {
                    "Id": self.new_id("00K"),
                    "OpportunityId": deal["id"],
                    "ContactId": person["id"],
                    "Role": None,
                    "IsPrimary": index == 0,
                }
                self.add_salesforce(
                    "OpportunityContactRole",
                    row,
                    at=deal["opened"],
                    by=account["rep"]["id"],
                )
            missing = not deal["closed"] and self.chance(
                self.knobs.role_missing_in_outreach
            )
            if missing and not only_outreach:
                rule = "contact-on-outreach-opportunity"
                self.plant(rule, "Opportunity", deal["id"], "prospect", person["id"])
                continue
            if only_outreach:
                rule = "prospect-on-salesforce-opportunity"
                self.plant(rule, "Opportunity", deal["id"], "contact", person["id"])
            self.add_outreach(
                "opportunityProspectRole",
                {"role": None, "primary": index == 0},
                {
                    "opportunity": ("opportunity", deal["outreach"]),
                    "prospect": ("prospect", person["outreach"]),
                },
                at=deal["opened"],
            )

        if self.stranger and self.chance(self.knobs.contact_elsewhere):
            # Somebody of another account: only a person can say what is right.
            row = {
                "Id": self.new_id("00K"),
                "OpportunityId": deal["id"],
                "ContactId": self.stranger,
                "Role": None,
                "IsPrimary": False,
            }
            rep = account["rep"]["id"]
            self.add_salesforce(
                "OpportunityContactRole", row, at=deal["opened"], by=rep
            )
            rule = "contact-under-opportunity-account"
            self.plant(rule, "Opportunity", deal["id"], "contact", self.stranger)

    def _awkward(self, account: Row, deals: list[Row]) -> None:
        """Leads, series, and meetings that are nobody's business."""
        deal = self.random.choice(deals)
        person = deal["people"][0]
        if deal["type"] == "New Business" and self.chance(self.knobs.with_lead):
            add_converted_lead(self, account, deal, person)
        start = self.now.replace(minute=0, second=0)
        if not deal["closed"] and self.chance(self.knobs.with_series):
            at = start - timedelta(days=self.random.randint(30, 60))
            add_series(self, account, deal, person, at=at)
        days = self.random.randint(1, 80)
        number = 2_000_000 + len(self.company.truth)
        add_internal_meeting(self, number, start - timedelta(days=days))
        if self.chance(self.knobs.with_case):
            add_private_event(self, account["rep"], start - timedelta(days=days + 1))

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
        if self.chance(self.knobs.what_missing):
            row["WhatId"] = None
            rule = "activity-related-to-opportunity"
            self.plant(rule, name, row["Id"], "WhatId", deal["id"])

    def _call(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        """A call made in Outreach, which logs a Task in Salesforce."""
        task_id, note = self.new_id("00T"), self.random.choice(names.TOPICS)
        disposition = self.random.randrange(len(DISPOSITIONS))
        row: Row = {
            "Id": task_id,
            "Subject": f"[Outreach] [Call] [Outbound] {person['name']}",
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallType": "Outbound",
            "CallDisposition": DISPOSITIONS[disposition],
            "Description": note,
            "ActivityDate": at.date().isoformat(),
            "CompletedDateTime": stamp(at),
            "WhoId": person["id"],
            "WhatId": deal["id"],
            "OwnerId": account["rep"]["id"],
        }
        self._related(row, deal, "Task")
        if not deal["closed"]:
            plant_call_faults(self, row, account, note, DISPOSITIONS[disposition])
        done = at + timedelta(minutes=12)
        self.add_salesforce("Task", row, at=done, by=self.tool)
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.add_outreach(
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

    def _meeting(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        row: Row = {
            "Id": self.new_id("00U"),
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
        if not self.chance(self.knobs.never_logged):
            self._related(row, deal, "Event")
            self.add_salesforce("Event", row, at=at, by=account["rep"]["id"])
            if self.chance(self.knobs.logged_twice):
                add_twin(self, row, deal, at=at)
        invite = invitation(
            len(self.company.truth),
            title=row["Subject"],
            host=account["rep"]["email"],
            guest=person["email"],
            at=at,
        )
        self.company.calendars[account["rep"]["email"]].append(invite)
        if self.chance(self.knobs.recorded):
            recorded = recording(
                invite, guest=person, deal=deal, account=account, at=at
            )
            self.company.engagements.append(recorded)

    def _manual_call(self, account: Row, deal: Row, person: Row, at: datetime) -> None:
        """A call logged by hand in Salesforce under one of the agreed subjects."""
        subject = self.random.choice(names.CALL_SUBJECTS)
        row: Row = {
            "Id": self.new_id("00T"),
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
        if near_miss and self.chance(self.knobs.subject_near_miss):
            row["Subject"] = names.NEAR_MISSES[subject]
            self.plant("call-subject", "Task", row["Id"], "Subject", subject)
        self.add_salesforce("Task", row, at=at, by=account["rep"]["id"])
