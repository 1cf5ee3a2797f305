"""Support cases, and the calls that are about them."""

from datetime import timedelta

from syncd.sandbox.salesforce.table import stamp
from syncd.sandbox.world import names
from syncd.sandbox.world.org import OrgBuilder, Row


def add_case(build: OrgBuilder, account: Row, person: Row) -> None:
    """A support case and two calls about it, one related to nothing."""
    at = build.now - timedelta(days=build.random.randint(5, 60))
    case_id = build.new_id("500")
    number = f"{build.random.randrange(10**7):08d}"
    rep = account["rep"]["id"]
    case = {
        "Id": case_id,
        "CaseNumber": number,
        "ContactId": person["id"],
        "AccountId": account["id"],
        "Subject": "Cannot invite new people",
        "Status": "Working",
        "IsClosed": False,
        "OwnerId": rep,
    }
    build.add_salesforce("Case", case, at=at, by=rep)
    for hours, related in ((5, case_id), (30, None)):
        then = at + timedelta(hours=hours)
        row: Row = {
            "Id": build.new_id("00T"),
            "Subject": f"Call about case {number}",
            "Status": "Completed",
            "Priority": "Normal",
            "Type": "Call",
            "TaskSubtype": "Call",
            "CallDisposition": "Connected",
            "Description": build.random.choice(names.TOPICS),
            "ActivityDate": then.date().isoformat(),
            "CompletedDateTime": stamp(then),
            "WhoId": person["id"],
            "WhatId": related,
            "OwnerId": rep,
        }
        build.company.truth[row["Id"]] = case_id
        build.add_salesforce("Task", row, at=then, by=rep)
        if related is None:
            rule = "activity-related-to-case"
            build.plant(rule, "Task", row["Id"], "WhatId", case_id)
