"""The generated company's org: people, value lists, and how rows are added."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from syncd.sandbox.salesforce.table import make_id, stamp
from syncd.sandbox.world import names

OWN_DOMAIN: Final = "northwind-cloud.com"
STAGES: Final = (
    ("Discovery", False, False),
    ("Scoping", False, False),
    ("Technical Evaluation", False, False),
    ("Proposal", False, False),
    ("Negotiating", False, False),
    ("Closed Won", True, True),
    ("Closed Lost", True, False),
)
DISPOSITIONS: Final = ("Connected", "Left Voicemail", "No Answer")
TYPES: Final = ("New Business", "Renewal", "Add-On Business")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """Rates of dirt, each between 0 and 1."""

    without_roles: float = 0.06
    recorded: float = 0.6
    role_missing_in_outreach: float = 0.12
    role_only_in_outreach: float = 0.04
    what_missing: float = 0.05
    who_missing: float = 0.02
    owned_by_tool: float = 0.02
    left_open: float = 0.03
    disposition_missing: float = 0.03
    notes_missing: float = 0.03
    subject_near_miss: float = 0.10
    contact_elsewhere: float = 0.02
    with_case: float = 0.3
    with_lead: float = 0.4
    with_series: float = 0.3
    never_logged: float = 0.03
    logged_twice: float = 0.03


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
    """What each service says, in its own shapes, and the truth.

    No service shows what is true.

    Attributes:
        truth: The right opportunity or case of each activity; None = none is.
        slices: In what ways each activity is hard, by name.
        same: The number of the interaction of which a record speaks; records by
            ``system/object/id``.
    """

    salesforce: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    outreach: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    calendars: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    engagements: list[Row] = field(default_factory=list)
    chorus_users: list[Row] = field(default_factory=list)
    truth: dict[str, str | None] = field(default_factory=dict)
    slices: dict[str, frozenset[str]] = field(default_factory=dict)
    same: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class OrgBuilder:
    """What every part of the company is built with: ids, rows, value lists, staff."""

    def __init__(self, random: Random, now: datetime, knobs: Knobs) -> None:
        """Starts with an empty company."""
        self.random = random
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.knobs = knobs
        self.company = Company()
        self._counts: dict[str, int] = defaultdict(int)
        self.reps: list[Row] = []
        self.tool = ""
        self.stranger = ""

    # --- small things -----------------------------------------------------------------

    def chance(self, rate: float) -> bool:
        """True at this rate."""
        return self.random.random() < rate

    def new_id(self, prefix: str) -> str:
        """A Salesforce id that was never used."""
        self._counts[prefix] += 1
        return make_id(prefix, 10_000 + self._counts[prefix])

    def add_salesforce(self, name: str, row: Row, *, at: datetime, by: str) -> Row:
        """Add a row, created at this instant by this user."""
        system = {
            "CreatedDate": stamp(at),
            "CreatedById": by,
            "LastModifiedDate": stamp(at),
            "LastModifiedById": by,
            "SystemModstamp": stamp(at),
        }
        self.company.salesforce[name].append({**system, **row})
        return self.company.salesforce[name][-1]

    def add_outreach(
        self,
        kind: str,
        attributes: Row,
        relations: Mapping[str, tuple[str, int] | None],
        *,
        at: datetime,
        crm: Sequence[tuple[str, str]] = (),
    ) -> int:
        """Add a resource with its CRM ids; its number."""
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

    def plant(
        self, rule: str, name: str, record_id: str, column: str, value: str | None
    ) -> None:
        """Note a planted fault and what mends it."""
        self.company.faults.append(
            Fault(rule=rule, object=name, id=record_id, field=column, value=value)
        )

    # --- the org ----------------------------------------------------------------------

    def add_value_lists(self) -> None:
        """Stages, task statuses, call dispositions."""
        old = self.now - timedelta(days=900)
        for order, (label, closed, won) in enumerate(STAGES):
            row = {
                "Id": self.new_id("01J"),
                "MasterLabel": label,
                "ApiName": label,
                "IsActive": True,
                "SortOrder": order,
                "IsClosed": closed,
                "IsWon": won,
            }
            self.add_salesforce("OpportunityStage", row, at=old, by="")
            self.add_outreach(
                "opportunityStage", {"name": label, "isClosed": closed}, {}, at=old
            )
        for label, closed in (
            ("Not Started", False),
            ("Open", False),
            ("Completed", True),
        ):
            row = {"Id": self.new_id("01Y"), "MasterLabel": label, "IsClosed": closed}
            self.add_salesforce(
                "TaskStatus",
                {**row, "IsDefault": label == "Not Started"},
                at=old,
                by="",
            )
        for label in DISPOSITIONS:
            self.add_outreach("callDisposition", {"name": label}, {}, at=old)

    def add_people(self) -> None:
        """The integration user and the account executives."""
        old = self.now - timedelta(days=900)
        self.tool = self.add_user("Outreach", "Integration", "integration", old)
        for number in range(12):
            first = names.FIRST[number * 4 % len(names.FIRST)]
            last = names.LAST[number * 7 % len(names.LAST)]
            self.reps.append(self.add_member(first, last, "Account Executive", old))

    def add_member(self, first: str, last: str, title: str, at: datetime) -> Row:
        """One of our own people, in all four systems: id, Outreach's id, address."""
        user_id = self.add_user(first, last, title, at)
        email = f"{first}.{last}@{OWN_DOMAIN}".lower()
        number_in_outreach = self.add_outreach(
            "user",
            {"name": f"{first} {last}", "email": email, "locked": False},
            {},
            at=at,
            crm=[("User", user_id)],
        )
        self.company.chorus_users.append(
            {
                "id": len(self.company.chorus_users) + 1,
                "email": email,
                "name": f"{first} {last}",
                "license_type": "RECORDER",
                "meta": {"sf_record_id": user_id},
            }
        )
        self.company.calendars[email] = []
        return {"id": user_id, "outreach": number_in_outreach, "email": email}

    def add_user(self, first: str, last: str, title: str, at: datetime) -> str:
        """A user of Salesforce; its id."""
        user_id = self.new_id("005")
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
        self.add_salesforce("User", row, at=at, by=user_id)
        return user_id
