"""Connectors on services of a test's own, as wiring builds them."""

import pytest

from syncd import clock, plugins
from syncd.kit.session import build_session
from syncd.ports.connector import ConnectorContext
from syncd.sandbox.server import serve
from tests.connector_contract.vault import Vault


@pytest.fixture
def connect(no_waiting):
    """Builds a connector that may only read on a service; it carries its waits."""
    servers = []

    def build(service, **settings):
        servers.append(serve(service))
        spec = plugins.connectors()[service.name]
        session = build_session(service.name, reads=spec.reads, dry_run=True)
        context = ConnectorContext(
            settings={**service.settings(servers[-1].url), **settings},
            session=session,
            vault=Vault(),
            now=clock.now,
        )
        connector = spec.build(context)
        connector.waits = no_waiting
        return connector

    yield build
    for server in servers:
        server.close()
