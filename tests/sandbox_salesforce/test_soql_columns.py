"""TYPEOF, child sub-queries, groups and aggregates of the simulated Salesforce."""

import pytest

MALFORMED = "MALFORMED_QUERY"
TYPEOF = (
    "TYPEOF What WHEN Opportunity THEN StageName, Account.Name"
    " WHEN Account THEN Name ELSE Name END"
)


def _records(org, soql):
    status, body = org.query(soql)
    assert status == 200, body
    return body["records"]


def test_typeof_selects_by_the_parents_object(org):
    """Each task shows the fields of its branch, and null without a parent."""
    ids = org.ids
    org.service.load("Case", [{"CaseNumber": "00017", "Subject": "Broken"}])
    case = next(iter(org.service.tables.stored("Case")))
    org.service.load("Task", [{"Subject": "c", "WhatId": case}])
    org.service.load("Task", [{"Subject": "a", "WhatId": ids["acme"]}])
    found = {
        row["Subject"]: row["What"]
        for row in _records(org, f"SELECT Subject, {TYPEOF} FROM Task")
    }
    deal = found["Call 0"]
    assert deal["attributes"]["type"] == "Opportunity"
    assert deal["attributes"]["url"].endswith(f"/sobjects/Opportunity/{ids['deal']}")
    assert deal["StageName"] == "Discovery"
    assert deal["Account"]["Name"] == "Acme"
    assert found["a"]["Name"] == "Acme"
    assert found["c"]["Name"] == "00017"
    assert found["Call 1"] is None


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        (f"SELECT {TYPEOF}, What.Name FROM Task", MALFORMED),
        (f"SELECT {TYPEOF}, COUNT(Id) FROM Task", MALFORMED),
        (f"SELECT {TYPEOF}, COUNT() FROM Task", MALFORMED),
        (f"SELECT {TYPEOF} FROM Task GROUP BY Status", MALFORMED),
        ("SELECT TYPEOF Account WHEN Account THEN Name END FROM Task", MALFORMED),
        ("SELECT TYPEOF What WHEN Account THEN Nope END FROM Task", "INVALID_FIELD"),
        ("SELECT TYPEOF What WHEN Contact THEN Name END FROM Task", "INVALID_TYPE"),
        (
            "SELECT TYPEOF What WHEN Account THEN COUNT(Id) END FROM Task",
            MALFORMED,
        ),
        (
            "SELECT TYPEOF What ELSE StageName END FROM Task",
            MALFORMED,
        ),
        (
            "SELECT TYPEOF What WHEN Account THEN Name ELSE StageName END FROM Task",
            "INVALID_FIELD",
        ),
        (
            (
                "SELECT Id FROM Task WHERE WhoId IN"
                f" (SELECT {TYPEOF.replace('What', 'Who')} FROM Contact)"
            ),
            MALFORMED,
        ),
    ],
)
def test_typeof_has_its_restrictions(org, soql, code):
    """It stands alone in a plain SELECT, over a relationship to several objects."""
    assert org.error(soql) == code


def test_children_are_nested_results_or_null(org):
    """A sub-query filters, orders and limits the children of each parent."""
    ids = org.ids
    org.service.load("Account", [{"Name": "Lonely"}])
    soql = (
        "SELECT Name, (SELECT LastName, Account.Name FROM Contacts"
        " WHERE LastName != 'x' ORDER BY LastName DESC LIMIT 1),"
        " (SELECT Id FROM Opportunities) FROM Account ORDER BY Name"
    )
    acme, lonely = _records(org, soql)
    assert lonely["Contacts"] is lonely["Opportunities"] is None
    assert acme["Contacts"]["totalSize"] == 1
    assert acme["Contacts"]["done"] is True
    (contact,) = acme["Contacts"]["records"]
    assert contact["LastName"] == "O'Neil"
    assert contact["Account"]["Name"] == "Acme"
    assert contact["attributes"]["type"] == "Contact"
    assert acme["Opportunities"]["records"][0]["Id"] == ids["deal"]


def test_children_of_both_kinds_of_parent_are_told_apart(org):
    """Tasks hang on persons by WhoId and on subject matters by WhatId."""
    soql = "SELECT Id, (SELECT Id FROM Tasks) FROM "
    (deal,) = _records(org, f"{soql} Opportunity")
    assert [row["Id"] for row in deal["Tasks"]["records"]] == [org.ids["task0"]]
    found = _records(org, f"{soql} Contact WHERE LastName LIKE 'O%'")
    tasks = found[0]["Tasks"]["records"]
    assert [row["Id"] for row in tasks] == [org.ids["task1"]]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Nope FROM Contacts) FROM Account", "INVALID_FIELD"),
        ("SELECT COUNT(), (SELECT Id FROM Contacts) FROM Account", MALFORMED),
        ("SELECT Id, (SELECT COUNT(Id) FROM Contacts) FROM Account", MALFORMED),
        (
            f"SELECT Id{', (SELECT Id FROM Contacts)' * 21} FROM Account",
            MALFORMED,
        ),
    ],
)
def test_child_queries_have_their_restrictions(org, soql, code):
    """A known relationship, known fields, no aggregate, twenty at most."""
    assert org.error(soql) == code


def test_groups_are_aggregate_results(org):
    """Grouped fields under their names, aggregates under an alias or a number."""
    rows = _records(
        org,
        "SELECT Status, COUNT(Id), MAX(SystemModstamp) last, MIN(Subject), COUNT(WhoId)"
        " FROM Task GROUP BY Status ORDER BY COUNT(Id) DESC",
    )
    assert rows == [
        {
            "attributes": {"type": "AggregateResult"},
            "Status": "Not Started",
            "expr0": 2,
            "last": "2026-10-01T00:00:00.000+0000",
            "expr1": "Call 0",
            "expr2": 1,
        },
        {
            "attributes": {"type": "AggregateResult"},
            "Status": "Completed",
            "expr0": 1,
            "last": "2026-10-01T00:00:01.000+0000",
            "expr1": "Call 2",
            "expr2": 0,
        },
    ]


def test_an_aggregate_without_groups_is_one_row(org):
    """Of no rows at all, a count is zero and an extreme is null."""
    soql = "SELECT COUNT(Id) n, SUM(Amount), MAX(Amount), AVG(Amount) FROM Opportunity"
    (row,) = _records(org, soql)
    assert (row["n"], row["expr0"], row["expr1"], row["expr2"]) == (1, 500, 500, 500)
    (row,) = _records(org, f"{soql} WHERE Name = 'Nothing'")
    assert (row["n"], row["expr0"], row["expr1"], row["expr2"]) == (0, None, None, None)


def test_groups_follow_parents_and_may_be_cut(org):
    """A dotted field groups under its last name; LIMIT counts groups."""
    soql = "SELECT Account.Name, COUNT_DISTINCT(LastName) FROM Contact"
    (row,) = _records(org, f"{soql} GROUP BY Account.Name ORDER BY Account.Name")
    assert (row["Name"], row["expr0"]) == ("Acme", 2)
    found = _records(org, "SELECT Status FROM Task GROUP BY Status LIMIT 1")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Subject, COUNT(Id) FROM Task GROUP BY Status", MALFORMED),
        ("SELECT Status, COUNT(Id) FROM Task", MALFORMED),
        ("SELECT COUNT(Id) FROM Task GROUP BY Subject", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Task GROUP BY Description", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Task GROUP BY CreatedDate", "INVALID_FIELD"),
        ("SELECT MAX(IsClosed) FROM Task", MALFORMED),
        ("SELECT SUM(Subject) FROM Task", MALFORMED),
        ("SELECT COUNT() FROM Task GROUP BY Status", MALFORMED),
        (
            "SELECT Status FROM Task GROUP BY Status ORDER BY Priority",
            MALFORMED,
        ),
        ("SELECT Id FROM Task ORDER BY COUNT(Id)", MALFORMED),
    ],
)
def test_groups_have_their_restrictions(org, soql, code):
    """Every column is grouped or aggregated, by a field that can be."""
    assert org.error(soql) == code


def test_more_than_two_thousand_groups_are_refused(org):
    """Groups do not come in pages."""
    org.service.load("Task", [{"CallObject": str(n)} for n in range(2001)])
    soql = "SELECT CallObject FROM Task GROUP BY CallObject"
    assert org.error(soql) == "EXCEEDED_ID_LIMIT"


def test_an_objects_description_names_its_children(org):
    """The names that sub-queries use stand in describe."""
    described = org("GET", "/sobjects/Opportunity/describe")[1]
    children = {
        (child["childSObject"], child["field"]): child["relationshipName"]
        for child in described["childRelationships"]
    }
    assert children["OpportunityContactRole", "OpportunityId"] == (
        "OpportunityContactRoles"
    )
    assert children["Task", "WhatId"] == "Tasks"
    assert ("Contact", "AccountId") not in children
