"""The Salesforce connector on a sandbox of its own, as wiring builds it."""

import pytest

from syncd import clock, plugins
from syncd.kit.session import build_session
from syncd.mapping.load import fit, load_mappings
from syncd.ports.connector import ConnectorContext, ReadRequest
from syncd.sandbox.run import start
from tests.connector_contract.vault import Vault

KEY_FIELD = "Syncd_Key__c"
MAPPINGS = load_mappings(None).objects


class Salesforce:
    """A connector, its session and the org behind it."""

    def __init__(self, sandbox, *, dry_run, key_field="", now=clock.now):
        """Logs in when asked."""
        self.org = sandbox.salesforce
        self.recorder = sandbox.recorders["salesforce"]
        self.clock = sandbox.clock
        spec = plugins.connectors()["salesforce"]
        self.session = build_session("salesforce", reads=spec.reads, dry_run=dry_run)
        settings = {
            **self.org.settings(sandbox.urls["salesforce"]),
            "auth": "client_credentials",
            "audience": "",
            "api_version": "62.0",
            "activity_key_field": key_field,
            "daily_call_share": 0.5,
        }
        context = ConnectorContext(
            settings=settings, session=self.session, vault=Vault(), now=now
        )
        self.connector = spec.build(context)

    def request(self, name, **options):
        """A read of one object with the fields of its mapping."""
        object_map = MAPPINGS[("salesforce", name)]
        fitted = fit(object_map, self.connector.describe(name)).object_map
        return ReadRequest(object=name, fields=fitted.remote_fields(), **options)

    def records(self, name, **options):
        """All records of one pass, in the order they come."""
        pages = list(self.connector.read(self.request(name, **options)))
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        return [record for page in pages for record in page.records]

    def sent(self, part):
        """Requests so far whose path contains ``part``."""
        log = self.recorder.log
        return [(one.method, one.path) for one in log if part in one.path]


@pytest.fixture
def org_sandbox():
    """A small company whose activities have a key field."""
    running = start(accounts=6, seed=9, activity_key_field=KEY_FIELD)
    yield running
    running.close()


@pytest.fixture
def reading(org_sandbox):
    """A connector that may only read."""
    return Salesforce(org_sandbox, dry_run=True)


@pytest.fixture
def writing(org_sandbox):
    """A connector that may write, and knows no key field."""
    return Salesforce(org_sandbox, dry_run=False)


@pytest.fixture
def keyed(org_sandbox):
    """A connector that may write, and knows the key field."""
    return Salesforce(org_sandbox, dry_run=False, key_field=KEY_FIELD)
