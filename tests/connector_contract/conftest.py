"""Connectors on services of a test's own, as wiring builds them."""

import contextlib

import pytest

from syncd import clock, plugins
from syncd.kit.session import build_session
from syncd.ports.connector import ConnectorContext
from syncd.sandbox.server import serve


class Vault:
    """Tokens in memory."""

    def __init__(self):
        """Empty."""
        self.values = {}

    def load(self, name):
        """The stored value."""
        return self.values.get(name)

    def save(self, name, value):
        """Keep it."""
        self.values[name] = dict(value)

    def locked(self, name):
        """One process, one thread."""
        return contextlib.nullcontext()


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits are noted, not waited."""
    from syncd.kit import retry

    waits = []
    monkeypatch.setitem(retry.retrying.__kwdefaults__, "sleep", waits.append)
    return waits


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
