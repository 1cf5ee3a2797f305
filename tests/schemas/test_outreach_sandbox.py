"""The simulated Outreach, held against Outreach's OpenAPI document and schema."""

import json
import os
from pathlib import Path

import jsonschema
import pytest

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request
from syncd.sandbox.outreach.batches import NAMES
from syncd.sandbox.outreach.catalogue import KINDS, S2S_SCOPES
from syncd.sandbox.outreach.service import OutreachService

FOLDER = os.environ.get("SYNCD_SCHEMAS", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SYNCD_SCHEMAS names no folder with the vendors' documents"
)
VERBS = {"get": "read", "post": "write", "patch": "write", "delete": "delete"}
# Filterable by the reference's own example, though the schema does not mark it.
FILTERABLE = {("prospect", "emails")}
# Custom events, which the document leaves out, need it.
MORE_SCOPES = {"events.write"}


def document(name):
    """One of the vendor's documents."""
    return json.loads((Path(FOLDER) / name).read_text())


@pytest.fixture(scope="module")
def openapi():
    """The OpenAPI document."""
    return document("outreach-openapi.json")


@pytest.fixture(scope="module")
def definitions():
    """The hyper-schema's types."""
    return document("outreach-hyper-schema.json")["definitions"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_methods_are_those_of_the_openapi_document(openapi, kind):
    """Of a collection and its members; not one more, not one less."""
    paths = (f"/{kind.collection}", f"/{kind.collection}/{{id}}")
    known = {one for path in paths for one in openapi["paths"].get(path, {})}
    assert {one.lower() for one in kind.methods} == known


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_filters_and_sorts_are_those_of_the_schema(definitions, kind):
    """Every attribute that the schema marks, and no other."""
    held = definitions[kind.name]["definitions"]
    filterable = {name for name, one in held.items() if one.get("filterable")}
    filterable |= {name for of, name in FILTERABLE if of == kind.name}
    assert kind.filters == filterable | {"id"}
    sortable = {name for name, one in held.items() if one.get("sortable")}
    assert kind.sorts == sortable | {"id"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_relationships_are_those_of_the_openapi_document(openapi, kind):
    """To-one where it shows one record, to-many where it shows several or a link."""
    schema = openapi["components"]["schemas"].get(f"{kind.name}Relationships", {})
    held = schema.get("properties", {})
    for name in kind.related:
        data = held[name]["properties"]["data"]
        assert data.get("type") != "array", name
    for name in kind.many:
        data = held[name]["properties"].get("data", {"type": "array"})
        assert data.get("type") == "array", name


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_read_only_is_so_in_the_schema(definitions, kind):
    """To-many relationships besides: they are written from the other side."""
    held = definitions[kind.name]["definitions"]
    for name in kind.read_only - set(kind.many):
        assert held.get(name, {"readOnly": True}).get("readOnly"), name


def test_apps_without_a_user_reach_what_the_openapi_document_says(openapi):
    """Its operations with the server-to-server scheme, as far as they are shown."""
    reach = set()
    for path, operations in openapi["paths"].items():
        collection = path.split("/")[1]
        if collection not in {one.collection for one in KINDS.values()}:
            continue
        for method, operation in operations.items():
            schemes = {name for one in operation.get("security") or () for name in one}
            if "s2sAuthToken" in schemes:
                reach.add(f"{collection}.{VERBS[method]}")
    assert reach | MORE_SCOPES == S2S_SCOPES


def as_json_schema(node):
    """An OpenAPI schema as JSON Schema: null where nullable, nothing unknown."""
    if isinstance(node, list):
        return [as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    clean = {k: as_json_schema(v) for k, v in node.items()}
    if node.get("nullable") and isinstance(node.get("type"), str):
        clean["type"] = [node["type"], "null"]
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        clean["additionalProperties"] = False
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("#/components/schemas/", "#/$defs/")}
    return clean


@pytest.fixture(scope="module")
def validator(openapi):
    """Checks a resource against the response that the document gives its type."""
    defs = as_json_schema(openapi["components"]["schemas"])

    def check(resource):
        shown = {k: v for k, v in resource.items() if k not in {"links", "meta"}}
        name = f"{resource['type']}Response"
        schema = {"$ref": f"#/$defs/{name}", "$defs": defs}
        # Not jsonschema.validate: that checks the whole large schema every time.
        jsonschema.Draft202012Validator(schema).validate(shown)

    return check


@pytest.fixture(scope="module")
def outreach():
    """An org with one of each, and a client."""
    service = OutreachService(SandboxClock())
    token = service.handle(
        Request(
            method="POST",
            path="/oauth/token",
            body="&".join(
                f"{name}={value}"
                for name, value in {
                    **service.settings(""),
                    "grant_type": "refresh_token",
                }.items()
            ).encode(),
        )
    )
    bearer = json.loads(token.body)["access_token"]

    def send(method, path, data=None, query=""):
        body = json.dumps({"data": data}).encode() if data is not None else b""
        headers = {
            "authorization": f"Bearer {bearer}",
            "content-type": "application/vnd.api+json",
        }
        request = Request(
            method=method,
            path=f"/api/v2/{path}",
            query=query,
            headers=headers,
            body=body,
        )
        response = service.handle(request)
        assert response.status < 300, response.body
        return json.loads(response.body)["data"] if response.body else None

    send.service = service
    return send


def test_answers_of_every_new_endpoint_fit_the_openapi_document(
    openapi, validator, outreach
):
    """Creates, task actions and batches: paths that exist, resources that validate."""
    task_actions = {
        "markComplete": "actionParams[completionNote]=x",
        "logMeetInPerson": "actionParams[taskDispositionId]=1",
        "snooze": "",
        "reassignOwner": "actionParams[ownerId]=1",
        "reschedule": "actionParams[dueAt]=2027-01-01T00:00:00Z",
        "updateNote": "actionParams[note]=x",
        "updateOpportunityAssociation": (
            "actionParams[opportunityAssociation]=recent_created"
        ),
    }
    made = {
        "accounts": {"type": "account", "attributes": {"name": "Acme"}},
        "users": {"type": "user", "attributes": {"email": "r@us.example"}},
        "prospects": {"type": "prospect", "attributes": {"emails": ["a@x.example"]}},
        "opportunities": {"type": "opportunity", "attributes": {"name": "Deal"}},
        "taskDispositions": {"type": "taskDisposition", "attributes": {"name": "Met"}},
        "calls": {"type": "call", "attributes": {"note": "x"}},
        "prospectNotes": {"type": "prospectNote", "attributes": {"message": "x"}},
    }
    for collection, data in made.items():
        assert "post" in openapi["paths"][f"/{collection}"]
        validator(outreach("POST", collection, data))
    side = {"data": {"type": "prospect", "id": 1}}
    task = {"type": "task", "attributes": {"action": "in_person"}}
    validator(outreach("POST", "tasks", {**task, "relationships": {"subject": side}}))
    for action, query in task_actions.items():
        assert "post" in openapi["paths"][f"/tasks/{{id}}/actions/{action}"]
        validator(outreach("POST", f"tasks/1/actions/{action}", query=query))
    batch = {"type": "batch", "attributes": {"ids": [1, 9], "opportunityId": "1"}}
    started = "batches/actions/prospectsAssignOpportunity"
    assert "post" in openapi["paths"][f"/{started}"]
    validator(outreach("POST", started, batch))
    outreach.service.control("switch", {"batch_step_s": 0})
    validator(outreach("GET", "batches/1"))
    for action in ("confirm", "cancel"):
        assert "post" in openapi["paths"][f"/batches/{{id}}/actions/{action}"]
    validator(outreach("POST", "batches/1/actions/confirm"))
    outreach("GET", "batches/1")
    items = outreach("GET", "batchItems")
    assert [one["attributes"]["failed"] for one in items] == [False, True]
    for one in [*items, *outreach("GET", "opportunityProspectRoles")]:
        validator(one)
    # Soft deletion shows in the same resources.
    outreach.service.control("trash", {"type": "prospect", "id": 1})
    validator(outreach("GET", "prospects/1"))


def test_known_bulk_actions_are_the_documents(openapi):
    """No batch action that the vendor does not have."""
    for name in NAMES:
        assert "post" in openapi["paths"][f"/batches/actions/{name}"]
