"""How tools find people and deals in Salesforce, and who the tools are there."""

from collections.abc import Mapping
from typing import Any, Final

from syncd.sandbox.actors.agenda import Row, System
from syncd.sandbox.salesforce.table import make_id

CHORUS: Final = "Chorus Integration"
OUTREACH: Final = "Outreach Integration"
_NUMBERS: Final = {CHORUS: 800_001, OUTREACH: 800_002}


def rows(salesforce: System, name: str) -> list[Row]:
    """The live rows of an object, in the order of their creation."""
    found: list[Row] = salesforce.control("rows", {"object": name})["rows"]
    return sorted(found, key=lambda row: (str(row.get("CreatedDate")), row["Id"]))


def integration_user(salesforce: System, name: str) -> str:
    """Id of the user as whom a tool writes; the org gets one that it does not have."""
    for row in rows(salesforce, "User"):
        if row.get("Name") == name:
            return str(row["Id"])
    made: Row = {
        "Id": make_id("005", _NUMBERS[name]),
        "Name": name,
        "LastName": name,
        "Username": f"{name.replace(' ', '.').lower()}@tools.example",
        "IsActive": True,
        "UserType": "Standard",
    }
    salesforce.load("User", [made])
    return str(made["Id"])


def by_address(people: list[Row], address: object) -> Row | None:
    """The oldest row with that address."""
    wanted = str(address or "").casefold()
    same = (one for one in people if str(one.get("Email") or "").casefold() == wanted)
    return next(same, None) if wanted else None


def insert(salesforce: System, name: str, fields: Mapping[str, Any], user: str) -> str:
    """Make a row as that user; its id."""
    body = {"object": name, "fields": fields, "user": user}
    return str(salesforce.control("insert", body)["id"])
