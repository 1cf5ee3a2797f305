"""Log-in, a client nobody here wrote, and the vendor's published metadata."""

import json
import os
from pathlib import Path
from urllib.parse import urlencode

import jwt
import pytest
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from syncd.sandbox.http import Request
from syncd.sandbox.salesforce.relationships import children_of
from syncd.sandbox.salesforce.schema import build_schema

ORIGIN = "http://org.example"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _token(org, **form):
    answer = org.service.handle(
        Request(
            method="POST",
            path="/services/oauth2/token",
            headers={"host": "org.example"},
            body=urlencode(form).encode(),
        )
    )
    return answer.status, json.loads(answer.body)


def _assertion(org, **changed):
    keys = org.service.settings(ORIGIN)
    claims = {"iss": keys["client_id"], "sub": keys["username"], "aud": ORIGIN}
    claims["exp"] = str(int(org.clock.now().timestamp()) + 180)
    return jwt.encode({**claims, **changed}, keys["private_key"], "RS256")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({}, None),
        ({"aud": "http://other.example"}, "invalid_grant"),
        ({"sub": "nobody@org.example"}, "invalid_grant"),
        ({"iss": "other"}, "invalid_client_id"),
        ({"exp": 1}, "invalid_grant"),
    ],
)
def test_an_assertion_is_checked(org, changed, error):
    """Signature, audience, expiry and approval; errors are an object."""
    assertion = _assertion(org, **changed)
    status, body = _token(org, grant_type=GRANT, assertion=assertion)
    assert status == (400 if error else 200)
    assert body.get("error") == error
    assert ("access_token" in body) is (error is None)
    assert "expires_in" not in body


def test_a_rotated_refresh_token_dies_with_its_session(org):
    """With rotation the old token and the old session end."""
    org.control("rotate_tokens")
    keys = org.service.settings(ORIGIN)
    form = {name: keys[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "refresh_token", "refresh_token": keys["refresh_token"]}
    assert _token(org, **form)[0] == 200
    assert org("GET", "/limits")[0] == 401
    status, body = _token(org, **form)
    assert (status, body["error"]) == (400, "invalid_grant")


def test_every_answer_tells_time_and_usage(org):
    """Date and Sforce-Limit-Info stand on each answer; usage may pass its limit."""
    org.control("set_usage", calls=120_000)
    answer = org.answer("GET", "/limits")
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=120001/100000"
    assert answer.headers["Date"] == "Tue, 06 Oct 2026 09:15:27 GMT"


@pytest.fixture
def client(org, over_http):
    """simple-salesforce with a session of its own."""
    return Salesforce(
        session_id=org.headers["authorization"].split()[1],
        instance_url="https://org.example",
        version="62.0",
        session=over_http(),
    )


def test_simple_salesforce_queries_with_paging(org, client):
    """query_all follows the pages; a filter comes with pluses for spaces."""
    org.service.load("Task", [{"Subject": f"s {n}"} for n in range(2100)])
    rows = client.query_all("SELECT Id FROM Task WHERE Subject LIKE 's %'")["records"]
    assert len({row["Id"] for row in rows}) == 2100


def test_simple_salesforce_writes_rows(org, client):
    """Create, change, upsert, read by key, delete, and the list of what is gone."""
    made = client.Task.create({"Subject": "from a client"})["id"]
    assert client.Task.update(made, {"Status": "Completed"}) == 204
    assert client.Task.upsert("Syncd_Key__c/k1", {"Subject": "x"}) == 201
    assert client.Task.get(made)["IsClosed"] is True
    assert client.Task.delete(made) == 204
    names = [field["name"] for field in client.Task.describe()["fields"]]
    assert "affectlayer__chorus_call_id__c" in names
    with pytest.raises(SalesforceMalformedRequest):
        client.Task.create({"Subject": "x" * 256})


def test_simple_salesforce_runs_bulk_queries(org, client, monkeypatch):
    """Its Bulk 2.0 reader gets the rows as CSV."""
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    parts = list(client.bulk2.Task.query("SELECT Id, Subject FROM Task"))
    assert sum(part.count("Call") for part in parts) == 3


def test_simple_salesforce_runs_bulk_writes(org, client, monkeypatch):
    """Its Bulk 2.0 writer uploads, waits, and reads what became of each row."""
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    bulk = client.bulk2.Task
    rows = [{"Subject": f"s {n}", "Syncd_Key__c": f"k{n}"} for n in range(3)]
    bad = {"Subject": "x" * 256, "Syncd_Key__c": "k9"}
    (made,) = bulk.insert(records=[*rows, bad])
    assert made["numberRecordsProcessed"] == made["numberRecordsTotal"] == 4
    assert made["numberRecordsFailed"] == 1
    results = bulk.get_all_ingest_records(made["job_id"])
    ids = {row["Subject"]: row["sf__Id"] for row in results["successfulRecords"]}
    assert set(ids) == {"s 0", "s 1", "s 2"}
    assert results["failedRecords"][0]["sf__Error"].startswith("STRING_TOO_LONG")
    assert results["unprocessedRecords"] == []
    change = [{"Id": ids["s 0"], "Subject": "changed"}]
    assert bulk.update(records=change)[0]["numberRecordsFailed"] == 0
    again = [{"Syncd_Key__c": "k1", "Subject": "upserted"}]
    (done,) = bulk.upsert(records=again, external_id_field="Syncd_Key__c")
    assert done["numberRecordsFailed"] == 0
    bulk.delete(records=[{"Id": ids["s 2"]}])
    found = client.query("SELECT Subject FROM Task WHERE Syncd_Key__c LIKE 'k%'")
    assert {row["Subject"] for row in found["records"]} == {"changed", "upserted"}


def test_a_body_may_come_in_chunks(org, over_http):
    """A client that streams its upload sends no length; the connection lives on."""
    headers = {
        "Authorization": org.headers["authorization"],
        "Content-Type": "application/json",
    }
    url = "https://org.example/services/data/v62.0/sobjects/Task"
    session = over_http()
    pieces = (b'{"Subject": ', b'"in chunks"}')
    for _ in range(2):
        made = session.post(url, data=iter(pieces), headers=headers, timeout=5)
        assert made.status_code == 201
    found = org.query("SELECT Id FROM Task WHERE Subject = 'in chunks'")[1]
    assert found["totalSize"] == 2


def test_child_relationships_agree_with_the_vendors_describes():
    """Children are reached under the names that a real org gives them."""
    folder = os.environ.get("SYNCD_SCHEMAS")
    if not folder:
        pytest.skip("SYNCD_SCHEMAS names no folder with salesforce/*.json")
    ours = build_schema(affectlayer=False, key_field="")
    for path in sorted(Path(folder, "salesforce").glob("*.json")):
        theirs = json.loads(path.read_text())
        names = {
            (one["childSObject"], one["field"]): one["relationshipName"]
            for one in theirs["childRelationships"]
        }
        if not names:
            continue  # this describe was put together without them
        for name, child, field in children_of(ours, theirs["name"]):
            assert names[child.name, field.name] == name, theirs["name"]


def test_metadata_agrees_with_the_vendors_describes():
    """Types, flags and lengths are those of a real org's describe calls."""
    folder = os.environ.get("SYNCD_SCHEMAS")
    if not folder:
        pytest.skip("SYNCD_SCHEMAS names no folder with salesforce/*.json")
    ours = build_schema(affectlayer=False, key_field="")
    flags = ("createable", "updateable", "filterable", "nillable", "type", "length")
    for path in sorted(Path(folder, "salesforce").glob("*.json")):
        theirs = json.loads(path.read_text())
        kind = ours[theirs["name"]]
        for field in theirs["fields"]:
            if field["name"] in kind.fields:
                mine = kind.fields[field["name"]].described
                place = f"{kind.name}.{field['name']}"
                assert {f: mine[f] for f in flags} == {f: field[f] for f in flags}, (
                    place
                )
