"""Bulk writes by jsforce, and our SOQL grammar against another parser."""

import json

import pytest

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import build_schema
from syncd.sandbox.salesforce.soql import Asking, run_query
from syncd.sandbox.salesforce.table import Tables

SPOKEN = [
    "SELECT Id FROM Task WHERE Subject = 'it\\'s' AND (Type = null OR IsClosed = true)",
    "SELECT Id FROM Task WHERE NOT (Status NOT IN ('a', 'b')) LIMIT 5 OFFSET 2",
    "SELECT Id, What.Name FROM Task WHERE What.Type IN ('Account') ORDER BY Id DESC",
    "SELECT Id FROM Task ORDER BY WhatId ASC NULLS LAST, Id",
    "SELECT TYPEOF What WHEN Account THEN Name, Phone ELSE Name END FROM Task",
    "SELECT Id, TYPEOF Who WHEN Lead THEN Company END, Subject FROM Event",
    "SELECT Name, (SELECT Id, LastName FROM Contacts WHERE Email != null) FROM Account",
    "SELECT Status, COUNT(Id) n, MAX(CreatedDate) FROM Task GROUP BY Status",
    "SELECT Account.Name, MIN(CloseDate) FROM Opportunity GROUP BY Account.Name",
    "SELECT COUNT() FROM Contact WHERE CreatedDate = LAST_N_DAYS:30",
    "SELECT Id FROM Task WHERE ActivityDate >= THIS_WEEK AND ActivityDate < NEXT_MONTH",
    "SELECT Id FROM Task WHERE CreatedDate > 2026-10-01T00:00:00.000+01:00",
    "SELECT Id FROM Task WHERE WhoId IN (SELECT Id FROM Contact WHERE LastName = 'x')",
    "SELECT FIELDS(ALL) FROM Account LIMIT 200",
]
BROKEN = [
    "SELECT Id FORM Task",
    "SELECT Id, FROM Task",
    "SELECT Id FROM Task WHERE",
    'SELECT Id FROM Task WHERE Subject = "x"',
    "SELECT TYPEOF What WHEN Account THEN Name FROM Task",
    "SELECT Id FROM Task ORDER Id",
    "SELECT Id FROM Task LIMIT x",
    "SELECT Id, (SELECT Id FROM Contacts FROM Account",
]


@pytest.mark.node
def test_our_grammar_agrees_with_another_parser(node):
    """What one of them takes, the other takes; what one refuses, so does the other."""
    said = node("soql_parser.mjs", stdin=json.dumps([*SPOKEN, *BROKEN]))
    theirs = {one["statement"] for one in said["failed"]}
    tables = Tables(build_schema(affectlayer=False, key_field=""), SandboxClock())
    for statement in SPOKEN:
        run_query(statement, tables, Asking())
    for statement in BROKEN:
        with pytest.raises(RefusalError) as refused:
            run_query(statement, tables, Asking())
        assert refused.value.code == "MALFORMED_QUERY", statement
    assert theirs == set(BROKEN)


@pytest.mark.node
def test_jsforce_writes_in_bulk_and_reads_children_and_groups(node, sandbox, token):
    """Its bulk jobs end with every row; its nested and grouped queries are answered."""
    before = len(sandbox.salesforce.tables.stored("Contact"))
    said = node(
        "jsforce_bulk.mjs",
        INSTANCE_URL=sandbox.urls["salesforce"],
        ACCESS_TOKEN=token,
    )
    assert said["created"] == ["true", "true"]
    assert said["errors"] == ["REQUIRED_FIELD_MISSING"]
    assert said["unprocessed"] == 0
    assert said["found"] == ["Bulk 1", "Bulk 2"]
    assert said["updated"] == 2
    assert len(sandbox.salesforce.tables.stored("Contact")) == before + 2
    assert len(said["children"]) == 5
    assert sum(said["children"]) > 0
    counts = [number for _, number in said["groups"]]
    assert counts == sorted(counts, reverse=True)
    live = sandbox.salesforce.tables.rows("Task", with_deleted=False)
    assert sum(counts) == len(list(live))
