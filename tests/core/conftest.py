"""Builders of small worlds, as a fixture: one account with what a test adds to it."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from syncd.model import entities as e
from syncd.model.membership import Base
from syncd.model.policy import OrgPolicy, Policy
from syncd.model.view import HomeRecords, OrgContext
from syncd.pipeline.judge import Judged, judge
from syncd.plugins import rules as all_rules

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "001acme"
REP = "005rep"
TOOL = "005tool"


def ago(**span: float) -> datetime:
    """That long before the world's now."""
    return NOW - timedelta(**span)


@dataclass
class World:
    """Records of one home while a test puts them together."""

    now: datetime = NOW
    rows: dict[str, list[Any]] = field(default_factory=dict)
    guests: dict[str, list[Any]] = field(default_factory=dict)
    org: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)
    bases: dict[str, Base] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()
    account: e.Account | None = None
    guest_account: e.Account | None = None

    def add(self, kind: str, *rows: Any, guest: bool = False) -> Any:
        """Keep rows of one kind; gives the first back."""
        (self.guests if guest else self.rows).setdefault(kind, []).extend(rows)
        return rows[0]

    def user(self, key: str = "rep", **more: Any) -> e.User:
        """One of our own people."""
        values = {"name": key.title(), "email": f"{key}@us.example", "time_zone": "UTC"}
        user = e.User(id=f"005{key}", **(values | more))
        self.org.setdefault("users", {})[user.id] = user
        return user

    def contact(self, key: str, *, guest: bool = False, **more: Any) -> e.Contact:
        """A contact of the account, address ``<key>@acme.example``."""
        values = {
            "name": key.title(),
            "account_id": ACCOUNT,
            "emails": (f"{key}@acme.example",),
        }
        return self.add(
            "contacts", e.Contact(id=f"003{key}", **(values | more)), guest=guest
        )

    def lead(self, key: str, **more: Any) -> e.Lead:
        """A lead, address ``<key>@acme.example``."""
        values = {"name": key.title(), "emails": (f"{key}@acme.example",)}
        return self.add("leads", e.Lead(id=f"00Q{key}", **(values | more)))

    def opportunity(
        self, key: str = "deal", *, guest: bool = False, **more: Any
    ) -> e.Opportunity:
        """An open opportunity of the account, two months old, the rep's."""
        values = {
            "name": f"Acme {key}",
            "account_id": ACCOUNT,
            "owner_id": REP,
            "stage": "Open",
            "created_at": ago(days=60),
            "modified_at": ago(days=60),
            "close_date": (NOW + timedelta(days=60)).date(),
            "type": "New Business",
        }
        return self.add(
            "opportunities",
            e.Opportunity(id=f"006{key}", **(values | more)),
            guest=guest,
        )

    def history(self, opportunity: str, stage: str, at: datetime) -> None:
        """A snapshot of an opportunity's stage."""
        row = e.OpportunityHistory(
            id=f"008{opportunity}{at.isoformat()}",
            opportunity_id=f"006{opportunity}",
            stage=stage,
            created_at=at,
        )
        self.add("opportunity_history", row)

    def role(self, opportunity: str, contact: str, **more: Any) -> e.ContactRole:
        """A contact role, fifty days old."""
        values = {"created_at": ago(days=50)}
        return self.add(
            "roles",
            e.ContactRole(
                id=f"00K{opportunity}{contact}",
                opportunity_id=f"006{opportunity}",
                contact_id=f"003{contact}",
                **(values | more),
            ),
        )

    def case(self, key: str, **more: Any) -> e.Case:
        """An open case of the account."""
        values = {
            "number": key,
            "account_id": ACCOUNT,
            "subject": "It broke",
            "created_at": ago(days=20),
        }
        return self.add("cases", e.Case(id=f"500{key}", **(values | more)))

    def task(self, key: str = "t", **more: Any) -> e.Activity:
        """A logged call of yesterday, closed, the rep's, related to nothing."""
        values = {
            "subject": "Call",
            "owner_id": REP,
            "status": "Completed",
            "is_closed": True,
            "subtype": "Call",
            "day": ago(days=1).date(),
            "account_id": ACCOUNT,
            "created_at": ago(days=1),
            "created_by_id": REP,
            "modified_at": ago(days=1),
            "modified_by_id": REP,
        }
        return self.add(
            "activities", e.Activity(id=f"00T{key}", object="Task", **(values | more))
        )

    def event(self, key: str = "e", **more: Any) -> e.Activity:
        """An Event of yesterday, ten to eleven, related to nothing."""
        start = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
        values = {
            "subject": "Demo",
            "owner_id": REP,
            "starts_at": start,
            "ends_at": start + timedelta(hours=1),
            "account_id": ACCOUNT,
            "created_at": ago(days=2),
            "created_by_id": REP,
            "modified_at": ago(days=2),
            "modified_by_id": REP,
        }
        return self.add(
            "activities", e.Activity(id=f"00U{key}", object="Event", **(values | more))
        )

    def meeting(
        self,
        key: str = "m",
        *,
        guests: tuple[str, ...] = ("ann",),
        calendar: str = "rep@us.example",
        **more: Any,
    ) -> e.Meeting:
        """A calendar copy of yesterday's ten o'clock, accepted by everybody."""
        start = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
        people = [e.Attendee(email=calendar, response="accepted")]
        people += [
            e.Attendee(
                email=g if "@" in g else f"{g}@acme.example", response="accepted"
            )
            for g in guests
        ]
        values = {
            "ical_uid": f"{key}@google.com",
            "title": "Demo",
            "starts_at": start,
            "ends_at": start + timedelta(hours=1),
            "organizer_email": "rep@us.example",
            "attendees": tuple(people),
        }
        return self.add(
            "meetings",
            e.Meeting(id=f"{calendar}/{key}", calendar=calendar, **(values | more)),
        )

    def occurrence(self, key: str, at: datetime) -> e.Meeting:
        """A meeting of the series ``uid``, an hour long, where it should have been."""
        return self.meeting(
            key,
            ical_uid="uid",
            series_id="s",
            original_starts_at=at,
            starts_at=at,
            ends_at=at + timedelta(hours=1),
        )

    def engagement(
        self, key: str = "E", *, guests: tuple[str, ...] = ("ann",), **more: Any
    ) -> e.Engagement:
        """A recorded Chorus meeting of yesterday's ten o'clock, done."""
        start = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
        people = [
            e.EngagementParticipant(
                email=g if "@" in g else f"{g}@acme.example", name=g.title()
            )
            for g in guests
        ]
        values = {
            "starts_at": start,
            "duration_s": 1800.0,
            "owner_email": "rep@us.example",
            "participants": tuple(people),
            "processing_state": "done",
            "scheduled_starts_at": start,
            "scheduled_ends_at": start + timedelta(hours=1),
        }
        return self.add("engagements", e.Engagement(id=key, **(values | more)))

    def prospect(self, key: str, **more: Any) -> e.Prospect:
        """The Outreach twin of a contact."""
        values = {
            "name": key.title(),
            "emails": (f"{key}@acme.example",),
            "account_id": "a1",
            "crm_ids": (f"003{key}",),
        }
        return self.add("prospects", e.Prospect(id=f"p-{key}", **(values | more)))

    def twin(self, key: str = "deal", **more: Any) -> e.OutreachOpportunity:
        """The Outreach twin of an opportunity."""
        values = {"name": f"Acme {key}", "account_id": "a1", "crm_ids": (f"006{key}",)}
        return self.add(
            "outreach_opportunities",
            e.OutreachOpportunity(id=f"o-{key}", **(values | more)),
        )

    def prospect_role(
        self, opportunity: str, prospect: str, **more: Any
    ) -> e.ProspectRole:
        """A prospect on an Outreach opportunity."""
        return self.add(
            "prospect_roles",
            e.ProspectRole(
                id=f"pr-{opportunity}-{prospect}",
                opportunity_id=f"o-{opportunity}",
                prospect_id=f"p-{prospect}",
                **more,
            ),
        )

    def call(self, key: str = "c", **more: Any) -> e.Call:
        """An answered Outreach call of yesterday noon by the rep to Ann."""
        at = ago(days=1)
        values = {
            "direction": "outbound",
            "outcome": "Answered",
            "prospect_id": "p-ann",
            "user_id": "u-rep",
            "dialed_at": at,
            "answered_at": at + timedelta(seconds=5),
            "completed_at": at + timedelta(minutes=4),
            "created_at": at,
        }
        return self.add("calls", e.Call(id=key, **(values | more)))

    def mailing(self, key: str = "mail", **more: Any) -> e.Mailing:
        """A delivered mail of yesterday from the rep to Ann."""
        values = {
            "state": "delivered",
            "subject": "Hello",
            "delivered_at": ago(days=1),
            "prospect_id": "p-ann",
            "user_id": "u-rep",
        }
        return self.add("mailings", e.Mailing(id=key, **(values | more)))

    def records(self) -> HomeRecords:
        """What was added, as a home."""
        rows = {kind: tuple(found) for kind, found in self.rows.items()}
        guests = None
        if self.guests or self.guest_account:
            others = {kind: tuple(found) for kind, found in self.guests.items()}
            guests = HomeRecords(home="guests", account=self.guest_account, **others)
        return HomeRecords(
            home=ACCOUNT,
            account=self.account,
            guests=guests,
            bases=self.bases,
            undone=self.undone,
            **rows,
        )

    def context(self) -> OrgContext:
        """The org around it."""
        values = {
            "email_domains": frozenset({"us.example"}),
            "free_mail": frozenset({"gmail.com"}),
            "integration_user_ids": frozenset({TOOL}),
            "configured": frozenset(
                {"salesforce", "outreach", "google_calendar", "chorus"}
            ),
            "stages": (
                e.OpportunityStage(id="s1", label="Open"),
                e.OpportunityStage(id="s2", label="Won", is_closed=True, is_won=True),
                e.OpportunityStage(id="s3", label="Lost", is_closed=True),
            ),
            "task_statuses": (
                e.TaskStatus(id="t1", label="Not Started", is_default=True),
                e.TaskStatus(id="t2", label="Completed", is_closed=True),
            ),
        }
        return OrgContext(**(values | self.org))

    def rules(self) -> Policy:
        """The policy."""
        return Policy(org=OrgPolicy(email_domains=("us.example",)), **self.policy)

    def setting(self, rule: str, **values: Any) -> None:
        """Give one rule other settings."""
        kind = all_rules()[rule].settings
        self.policy.setdefault("rules", {})[rule] = msgspec.convert(values, kind)

    def judge(self, *only: str) -> Judged:
        """Judge with these rules, or with all."""
        chosen = [rule for key, rule in all_rules().items() if not only or key in only]
        return judge(
            self.records(),
            org=self.context(),
            policy=self.rules(),
            rules=chosen,
            now=self.now,
        )

    def findings(self, *only: str) -> tuple[Any, ...]:
        """Findings of these rules; a rule that broke fails the test."""
        judged = self.judge(*only)
        assert judged.failures == ()
        return judged.findings


@pytest.fixture
def world() -> World:
    """An account with a rep, a tool's user and one Outreach user, and nothing else."""
    world = World(account=e.Account(id=ACCOUNT, name="Acme", website="acme.example"))
    world.user("rep")
    world.user("tool", name="Connector")
    world.org["outreach_users"] = {
        "u-rep": e.OutreachUser(id="u-rep", email="rep@us.example")
    }
    world.add(
        "outreach_accounts", e.OutreachAccount(id="a1", name="Acme", crm_ids=(ACCOUNT,))
    )
    return world


@pytest.fixture
def today() -> date:
    """The world's day."""
    return NOW.date()


@pytest.fixture
def deal(world):
    """Ann is the contact of the account's only open deal."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    return world
