"""Which names of a view a plan needs."""

import pytest

from syncd.model.entities import (
    Account,
    Case,
    Contact,
    Lead,
    Opportunity,
    OutreachAccount,
    OutreachOpportunity,
    OutreachUser,
    Prospect,
    User,
)
from syncd.model.view import AccountView, HomeRecords, OrgContext
from syncd.plan.names import names_in
from tests.plan.made import NOW, change, finding

GUESTS = HomeRecords(
    home="001B",
    contacts=(Contact(id="003G", name="Guest"),),
    prospects=(Prospect(id="8", name="Guest in Outreach"),),
)
VIEW = AccountView(
    now=NOW,
    org=OrgContext(
        users={"005A": User(id="005A", name="Ada Abebe")},
        outreach_users={"7": OutreachUser(id="7", name="Ada in Outreach")},
    ),
    records=HomeRecords(
        home="001A",
        account=Account(id="001A", name="Acme"),
        contacts=(Contact(id="003A", name="Emma Costa"),),
        leads=(Lead(id="00QA", name="Lea Lead"),),
        opportunities=(Opportunity(id="006A", name="Renewal"),),
        cases=(Case(id="500A", number="00042"),),
        prospects=(Prospect(id="7", name="Emma in Outreach"),),
        outreach_opportunities=(OutreachOpportunity(id="7", name="Renewal there"),),
        outreach_accounts=(OutreachAccount(id="7", name="Acme there"),),
        guests=GUESTS,
    ),
)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("005A", {("salesforce", "005A", "Ada Abebe")}),
        ("001A", {("salesforce", "001A", "Acme")}),
        ("003A", {("salesforce", "003A", "Emma Costa")}),
        ("003G", {("salesforce", "003G", "Guest")}),
        ("00QA", {("salesforce", "00QA", "Lea Lead")}),
        ("006A", {("salesforce", "006A", "Renewal")}),
        ("500A", {("salesforce", "500A", "case 00042")}),
        (
            "7",
            {
                ("outreach", "prospect/7", "Emma in Outreach"),
                ("outreach", "opportunity/7", "Renewal there"),
                ("outreach", "account/7", "Acme there"),
                ("outreach", "owner/7", "Ada in Outreach"),
            },
        ),
        ("8", {("outreach", "prospect/8", "Guest in Outreach")}),
        ("006X", set()),
        (None, set()),
        (True, set()),
    ],
)
@pytest.mark.parametrize("side", ["before", "after"])
def test_records_that_changes_speak_of_are_named(side, value, names):
    """Whatever a change takes away or puts in is named, of whichever kind it is."""
    told = change(**{"before": {"x": None}, "after": {"x": None}, side: {"x": value}})
    assert set(names_in([finding(told)], VIEW)) == names


def test_without_a_change_nothing_is_named():
    """A finding that is only reported needs no names."""
    assert not list(names_in([finding()], VIEW))
