"""Clients that nobody here wrote, against the sandbox."""

import json
from datetime import UTC, datetime

import pytest
import requests
from simple_salesforce import Salesforce
from simple_salesforce.format import format_soql

from syncd.sandbox.run import start


def test_simple_salesforce_queries_in_pages(salesforce, sandbox):
    """query_all follows the cursor to the last row."""
    expected = len(list(sandbox.salesforce.tables.rows("Task", with_deleted=False)))
    sandbox.salesforce.page_size = 200
    try:
        found = salesforce.query_all("SELECT Id, Subject, Owner.Name FROM Task")
    finally:
        sandbox.salesforce.page_size = 2000
    assert found["totalSize"] == expected > 200
    assert len({row["Id"] for row in found["records"]}) == expected
    assert found["records"][0]["Owner"]["Name"]


def test_simple_salesforce_quotes_are_understood(salesforce):
    """What format_soql escapes, the evaluator reads."""
    query = format_soql("SELECT Id FROM Account WHERE Name = {}", "O'Neill \\ Sons")
    assert salesforce.query(query)["totalSize"] == 0


def test_simple_salesforce_describes_creates_updates_and_deletes(salesforce, sandbox):
    """The row calls of the client work as they do against the vendor."""
    fields = {f["name"] for f in salesforce.Task.describe()["fields"]}
    assert {"WhoId", "WhatId", "CallDisposition"} <= fields
    made = salesforce.Account.create({"Name": "Made by a client"})
    assert made["success"]
    assert salesforce.Account.update(made["id"], {"Name": "Renamed"}) == 204
    assert salesforce.Account.get(made["id"])["Name"] == "Renamed"
    assert salesforce.Account.delete(made["id"]) == 204


def test_simple_salesforce_writes_collections(salesforce, sandbox):
    """A collection comes back in order, each row with its own outcome."""
    some = salesforce.query("SELECT Id FROM Task LIMIT 2")["records"]
    body = {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Task"}, "id": some[0]["Id"], "Priority": "High"},
            {"attributes": {"type": "Task"}, "id": some[1]["Id"], "Nope": 1},
        ],
    }
    rows = salesforce.restful("composite/sobjects", method="PATCH", json=body)
    assert [row["success"] for row in rows] == [True, False]
    assert rows[1]["errors"][0]["statusCode"] == "INVALID_FIELD"


def test_simple_salesforce_reads_a_refusal_as_its_own_error(salesforce):
    """A wrong field is the client's malformed request."""
    from simple_salesforce.exceptions import SalesforceMalformedRequest

    with pytest.raises(SalesforceMalformedRequest):
        salesforce.query("SELECT Nope FROM Task")


@pytest.mark.node
def test_jsforce_queries_and_updates(node, sandbox, token):
    """Jsforce finds every row by autofetch and its updates stick."""
    expected = len(list(sandbox.salesforce.tables.rows("Task", with_deleted=False)))
    sandbox.salesforce.page_size = 300
    try:
        said = node(
            "jsforce_client.mjs",
            INSTANCE_URL=sandbox.urls["salesforce"],
            ACCESS_TOKEN=token,
            SOQL="SELECT Id, Subject FROM Task ORDER BY Id",
        )
    finally:
        sandbox.salesforce.page_size = 2000
    assert said["total"] == said["fetched"] == said["distinct"] == expected
    assert said["updated"]
    assert said["batch"] == [True, True, True]
    assert (said["subject"], said["priority"]) == ("By jsforce", "High")


@pytest.mark.node
def test_a_generic_json_api_client_pages_includes_and_writes(node, sandbox):
    """A client that only knows JSON:API lists, follows links, makes and removes."""
    settings = sandbox.outreach.settings(sandbox.urls["outreach"])
    form = {"grant_type": "refresh_token"}
    names = ("client_id", "client_secret", "refresh_token")
    form.update({k: settings[k] for k in names})
    with requests.Session() as session:
        url = f"{sandbox.urls['outreach']}/oauth/token"
        token = session.post(url, data=form, timeout=10).json()["access_token"]
    said = node(
        "kitsu_client.mjs",
        BASE_URL=sandbox.urls["outreach"],
        TOKEN=token,
        OPPORTUNITY_ID="1",
        PROSPECT_ID="20",
    )
    assert len(said["first"]) == len(said["second"]) == 5
    assert not set(said["first"]) & set(said["second"])
    assert said["account"]
    assert said["made"]
    assert said["removed"]


@pytest.mark.node
def test_our_queries_are_soql_to_another_parser(node):
    """Every query that the Salesforce connector sends parses elsewhere."""
    import importlib

    from syncd.mapping.load import load_mappings
    from syncd.ports.connector import ReadRequest

    passes = importlib.import_module("connectors.salesforce.passes")
    statements = []
    for (system, name), object_map in load_mappings(None).objects.items():
        if system != "salesforce":
            continue
        windowed = name in {"Task", "Event"}
        request = ReadRequest(
            object=name,
            fields=object_map.remote_fields(),
            since=datetime(2025, 10, 1, tzinfo=UTC) if windowed else None,
        )
        for after in (
            None,
            ("2026-11-01T00:00:00Z", ""),
            ("2026-11-01T00:00:00Z", "x"),
        ):
            one = passes.Pass(
                request=request,
                stamp="SystemModstamp",
                after=after,
                upper="2026-11-24T00:00:00Z",
                snapshot=after is None,
            )
            statements.append(passes.query(one, after).soql)
    said = node("soql_parser.mjs", stdin=json.dumps(statements))
    assert said == {"parsed": len(statements), "failed": []}


def test_simple_salesforce_runs_a_bulk_query(salesforce, sandbox):
    """A Bulk 2.0 query job ends with every row, page by page."""
    expected = len(list(sandbox.salesforce.tables.rows("Contact", with_deleted=False)))
    query = "SELECT Id, Name FROM Contact"
    pages = list(salesforce.bulk2.Contact.query(query, wait=0.1))
    rows = [line for page in pages for line in page.splitlines()[1:] if line]
    assert len(rows) == expected


def test_simple_salesforce_upserts_by_external_id(rewriting):
    """The first upsert creates, the second one updates."""
    running = start(accounts=2, seed=3, activity_key_field="Syncd_Key__c")
    settings = running.salesforce.settings(running.urls["salesforce"])
    form = {"grant_type": "client_credentials"}
    form.update({k: settings[k] for k in ("client_id", "client_secret")})
    with rewriting() as session:
        url = running.urls["salesforce"]
        answer = session.post(f"{url}/services/oauth2/token", data=form, timeout=10)
        client = Salesforce(
            instance=url.removeprefix("http://"),
            session_id=answer.json()["access_token"],
            version="62.0",
            session=session,
        )
        first = client.Task.upsert("Syncd_Key__c/task-1", {"Subject": "Once"})
        second = client.Task.upsert("Syncd_Key__c/task-1", {"Subject": "Twice"})
        found = client.query("SELECT Subject FROM Task WHERE Syncd_Key__c = 'task-1'")
    running.close()
    assert (first, second) == (201, 200)
    assert [row["Subject"] for row in found["records"]] == ["Twice"]
