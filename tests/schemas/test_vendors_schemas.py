"""The connectors and the sandbox, held against the vendors' own documents."""

import json
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
import requests

from syncd.config.load import load_config
from syncd.mapping.load import load_mappings
from syncd.pipeline.apply import Selection
from syncd.sandbox.run import start
from syncd.sandbox.salesforce.schema import build_schema
from syncd.wiring import open_app

FOLDER = os.environ.get("SYNCD_SCHEMAS", "")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SYNCD_SCHEMAS names no folder with the vendors' documents"
)
OURS = {
    "affectlayer__chorus_call_id__c",
    "affectlayer__affectlayer_call_id__c",
    "affectlayer__IsCreatedByChorusZI__c",
}
# Standard fields that the recorded org's user may not see.
HIDDEN = {("Opportunity", "RecordTypeId"), ("Event", "Type")}


def document(name):
    """One of the vendors' documents."""
    return json.loads((Path(FOLDER) / name).read_text())


@pytest.mark.parametrize(
    "name",
    ["Account", "Case", "Contact", "Event", "Lead", "Opportunity", "Task", "User"],
)
def test_the_sandbox_knows_salesforces_fields_as_describe_has_them(name):
    """Type, length and rights of every field agree with the recorded describe."""
    recorded = {f["name"]: f for f in document(f"salesforce/{name}.json")["fields"]}
    kind = build_schema(affectlayer=True, key_field="")[name]
    for field in kind.fields.values():
        if field.name in OURS or (name, field.name) in HIDDEN:
            continue
        vendor = recorded[field.name]
        ours = field.described
        for key in ("type", "createable", "updateable", "filterable", "nillable"):
            assert ours[key] == vendor[key], f"{name}.{field.name}.{key}"


def test_our_salesforce_mappings_name_fields_that_exist():
    """A required field of a shipped mapping is a field of the vendor's object."""
    for (system, name), object_map in load_mappings(None).objects.items():
        path = Path(FOLDER) / "salesforce" / f"{name}.json"
        if system != "salesforce" or not path.is_file():
            continue
        known = {f["name"] for f in json.loads(path.read_text())["fields"]}
        required = {
            remote
            for row in object_map.rows
            if not row.optional
            for remote in row.remote
        }
        assert required <= known, name


@pytest.fixture(scope="module")
def traffic(tmp_path_factory):
    """Every request of a poll, plan and apply, with its answer."""
    running = start(accounts=6, seed=8)
    config = load_config(running.write_config(tmp_path_factory.mktemp("traffic")))
    seen = []
    with open_app(config, may_write=True) as app:
        for system, session in app.sessions.items():
            session.hooks["response"].append(
                lambda response, *_a, system=system, **_k: seen.append(
                    (system, response)
                )
            )
        app.poll()
        app.apply(app.plan(), Selection())
    running.close()
    return seen


def of(traffic, system):
    """Method, path, query names, request body and answer of one system's traffic."""
    for name, response in traffic:
        if name == system and isinstance(response, requests.Response):
            yield response.request, urlsplit(response.url), response


def test_outreach_requests_are_operations_of_the_published_document(traffic):
    """Every method and path that we send stands in the OpenAPI document."""
    paths = document("outreach-openapi.json")["paths"]
    patterns = [
        (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), set(operations))
        for path, operations in paths.items()
    ]
    checked = 0
    for request, parts, _ in of(traffic, "outreach"):
        path = parts.path.removeprefix("/api/v2")
        if not parts.path.startswith("/api/v2/"):
            continue
        known = [ops for pattern, ops in patterns if pattern.fullmatch(path)]
        assert known, path
        assert any(request.method.lower() in ops for ops in known), path
        checked += 1
    assert checked > 10


def test_outreach_answers_have_attributes_that_the_vendor_names(traffic):
    """No resource of the sandbox has an attribute that Outreach does not have."""
    definitions = document("outreach-hyper-schema.json")["definitions"]
    checked = 0
    for _, parts, response in of(traffic, "outreach"):
        if not parts.path.startswith("/api/v2/") or response.status_code != 200:
            continue
        data = response.json()["data"]
        for resource in data if isinstance(data, list) else [data]:
            schema = definitions.get(resource["type"])
            if schema is None:
                continue
            text = json.dumps(schema)
            for name in resource["attributes"]:
                assert f'"{name}"' in text, f"{resource['type']}.{name}"
            for name in resource["relationships"]:
                assert f'"{name}"' in text, f"{resource['type']}.{name}"
            checked += 1
    assert checked > 50


def discovery_schema(name):
    """A schema of Google's discovery document as JSON Schema."""
    schemas = document("google-calendar-v3-discovery.json")["schemas"]
    text = json.dumps(schemas[name])
    body = json.loads(re.sub(r'"\$ref": "(\w+)"', r'"$ref": "#/$defs/\1"', text))
    defs = json.loads(
        re.sub(r'"\$ref": "(\w+)"', r'"$ref": "#/$defs/\1"', json.dumps(schemas))
    )
    return {**strict(body), "$defs": {k: strict(v) for k, v in defs.items()}}


def strict(node):
    """Unknown properties are errors; Google's own annotations are not keywords."""
    if not isinstance(node, dict):
        return node
    clean = {"additionalProperties": False} if "properties" in node else {}
    if "$ref" in node:
        clean["$ref"] = node["$ref"]
    if node.get("type") not in {None, "any"}:
        clean["type"] = node["type"]
    if "properties" in node:
        properties = node["properties"].items()
        clean["properties"] = {name: strict(one) for name, one in properties}
    if "additionalProperties" in node:
        clean["additionalProperties"] = strict(node["additionalProperties"])
    if "items" in node:
        clean["items"] = strict(node["items"])
    return clean


def test_google_requests_and_answers_fit_the_discovery_document(traffic):
    """Parameters of events.list are known, and its answers validate."""
    found = document("google-calendar-v3-discovery.json")
    method = found["resources"]["events"]["methods"]["list"]
    known = {*method["parameters"], *found["parameters"]}
    schema = discovery_schema("Events")
    checked = 0
    for request, parts, response in of(traffic, "google_calendar"):
        if not parts.path.endswith("/events"):
            continue
        names = {pair.partition("=")[0] for pair in parts.query.split("&")}
        assert names <= known
        assert request.method == "GET"
        jsonschema.validate(response.json(), schema)
        checked += 1
    assert checked > 3
