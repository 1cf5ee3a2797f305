"""The only way out: what a dry run lets through when one request carries others."""

import json

import pytest
import requests

from connectors.salesforce import CONNECTOR
from syncd.errors import DryRunRefusedError
from syncd.kit.session import build_session

ROOT = "/services/data/v62.0"
COMPOSITE = f"{ROOT}/composite"
QUERY = {"method": "GET", "url": f"{ROOT}/query?q=SELECT+Id+FROM+Task"}
DESCRIBE = {"method": "GET", "url": f"{ROOT}/sobjects/Task/describe"}
RAISED = {"If-Modified-Since": "Tue, 24 Nov 2026 09:02:00 GMT"}


def composite(*parts, **more):
    """The body of a composite call."""
    named = [{"referenceId": f"r{n}", **part} for n, part in enumerate(parts)]
    return json.dumps({"allOrNone": False, "compositeRequest": named, **more}).encode()


def session():
    """Salesforce's session in a dry run."""
    return build_session("salesforce", reads=CONNECTOR.reads, dry_run=True)


@pytest.mark.parametrize(
    "body",
    [
        composite(QUERY),
        composite(QUERY, DESCRIBE, {**DESCRIBE, "httpHeaders": RAISED}),
    ],
)
def test_a_composite_of_reads_is_a_read(body):
    """Every part is a GET on the list: nothing in it can change a record."""
    assert session().is_read("POST", COMPOSITE, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"compositeRequest": []}',
        composite(),
        composite(QUERY, {"method": "PATCH", "url": f"{ROOT}/sobjects/Task/00T"}),
        composite({"method": "DELETE", "url": f"{ROOT}/query"}),
        composite({"method": "POST", "url": COMPOSITE, "body": {}}),
        composite({"method": "POST", "url": f"{ROOT}/jobs/query"}),
        composite({"method": "GET", "url": f"{ROOT}/sobjects/Task/00T000000000001"}),
        composite({"method": "GET", "url": "https://elsewhere.example/query"}),
        composite({**QUERY, "body": {"Subject": "x"}}),
        composite({**QUERY, "httpHeaders": {"X-HTTP-Method-Override": "PATCH"}}),
        composite(QUERY, {"method": "GET", "url": f"{ROOT}/query/@{{r0.records}}"}),
        composite(QUERY, graphs=[]),
    ],
)
def test_a_composite_with_anything_else_is_refused_in_a_dry_run(body):
    """One part that is no read, or that cannot be judged, condemns the whole."""
    with pytest.raises(DryRunRefusedError):
        session().post(f"http://127.0.0.1:9{COMPOSITE}", data=body)


def test_a_list_of_writes_is_no_read():
    """The proof by parts is for composites only: collections stay writes."""
    assert not session().is_read("POST", f"{COMPOSITE}/sobjects", composite(QUERY))


def test_no_entry_of_netrc_takes_the_place_of_a_token(tmp_path, monkeypatch):
    """Credentials are those of the configuration, whatever the machine has."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.example.com login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    asked = requests.Request(
        "GET",
        "https://api.example.com/x",
        headers={"Authorization": "Bearer ours"},
    )
    prepared = session().prepare_request(asked)
    assert prepared.headers["Authorization"] == "Bearer ours"
