"""A sandbox over HTTP and an app on each database."""

import pytest

from syncd.config.load import load_config
from syncd.sandbox.run import start
from syncd.wiring import open_app


@pytest.fixture
def sandbox():
    """A small company's services, stopped at the end."""
    running = start(accounts=12, seed=11)
    yield running
    running.close()


@pytest.fixture
def config(sandbox, store_url, tmp_path, monkeypatch):
    """A configuration for the sandbox, on each database in turn."""
    path = sandbox.write_config(tmp_path / "conf")
    monkeypatch.setenv("SYNCD_STORE__URL", store_url)
    if store_url.startswith("postgresql"):
        from cryptography.fernet import Fernet

        monkeypatch.setenv("KEY_OF_STORE", Fernet.generate_key().decode())
        monkeypatch.setenv("SYNCD_STORE__ENCRYPTION_KEY", "env:KEY_OF_STORE")
    return load_config(path)


@pytest.fixture
def app(config):
    """An app that may write."""
    with open_app(config, may_write=True) as opened:
        yield opened
