"""What makes a company awkward: leads, series, private and internal meetings, twins."""

from datetime import datetime, timedelta

from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.world.meetings import invitation
from syncd.sandbox.world.org import OrgBuilder, Row

_WEEKS = 4


def add_converted_lead(build: OrgBuilder, account: Row, deal: Row, person: Row) -> None:
    """The lead that became this deal, its contact and its account."""
    at = deal["opened"] - timedelta(days=20)
    first, _, last = str(person["name"]).partition(" ")
    row = {
        "Id": build.new_id("00Q"),
        "FirstName": first,
        "LastName": last,
        "Name": person["name"],
        "Company": account["name"],
        "Email": person["email"],
        "Status": "Qualified",
        "OwnerId": account["rep"]["id"],
        "IsConverted": True,
        "ConvertedDate": deal["opened"].date().isoformat(),
        "ConvertedAccountId": account["id"],
        "ConvertedContactId": person["id"],
        "ConvertedOpportunityId": deal["id"],
    }
    build.add_salesforce("Lead", row, at=at, by=account["rep"]["id"])


def add_internal_meeting(build: OrgBuilder, number: int, at: datetime) -> None:
    """Two of our own people; nobody outside has anything to do with it."""
    host, guest = build.random.sample(build.reps, 2)
    event = invitation(
        number, title="Pipeline review", host=host["email"], guest=guest["email"], at=at
    )
    for one in (host, guest):
        build.company.calendars[one["email"]].append(dict(event))


def add_private_event(build: OrgBuilder, rep: Row, at: datetime) -> None:
    """A private appointment; Salesforce lets nothing be related to it."""
    row = {
        "Id": build.new_id("00U"),
        "Subject": "Private",
        "IsPrivate": True,
        "StartDateTime": stamp(at),
        "EndDateTime": stamp(at + timedelta(minutes=30)),
        "ActivityDateTime": stamp(at),
        "DurationInMinutes": 30,
        "OwnerId": rep["id"],
    }
    build.company.truth[row["Id"]] = None
    build.add_salesforce("Event", row, at=at, by=rep["id"])


def add_series(
    build: OrgBuilder, account: Row, deal: Row, person: Row, *, at: datetime
) -> None:
    """A weekly meeting: one series in the calendar, one Event per occurrence."""
    rep = account["rep"]
    event = invitation(
        len(build.company.truth) + 1_000_000,
        title="Weekly",
        host=rep["email"],
        guest=person["email"],
        at=at,
    )
    event["recurrence"] = [f"RRULE:FREQ=WEEKLY;COUNT={_WEEKS}"]
    build.company.calendars[rep["email"]].append(event)
    for week in range(_WEEKS):
        then = at + timedelta(weeks=week)
        if then > build.now:
            return
        add_event(build, account, deal, person, at=then, subject="Weekly")


def add_event(
    build: OrgBuilder,
    account: Row,
    deal: Row,
    person: Row,
    *,
    at: datetime,
    subject: str,
) -> Row:
    """A meeting as Salesforce has it."""
    row: Row = {
        "Id": build.new_id("00U"),
        "Subject": subject,
        "StartDateTime": stamp(at),
        "EndDateTime": stamp(at + timedelta(minutes=45)),
        "ActivityDateTime": stamp(at),
        "DurationInMinutes": 45,
        "WhoId": person["id"],
        "WhatId": deal["id"],
        "OwnerId": account["rep"]["id"],
    }
    build.company.truth[row["Id"]] = deal["id"]
    build.add_salesforce("Event", row, at=at, by=account["rep"]["id"])
    return row


def add_twin(build: OrgBuilder, row: Row, deal: Row, *, at: datetime) -> None:
    """The same meeting, logged once more by the integration, related to nothing."""
    twin = {**row, "Id": build.new_id("00U"), "WhatId": None, "Description": None}
    build.company.truth[twin["Id"]] = deal["id"]
    build.add_salesforce("Event", twin, at=at + timedelta(hours=1), by=build.tool)
    if not deal["closed"]:
        rule = "activity-related-to-opportunity"
        build.plant(rule, "Event", twin["Id"], "WhatId", deal["id"])
