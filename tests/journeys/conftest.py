"""A sandbox over HTTP, new for each test or read by a whole module."""

import pytest

from syncd.sandbox.run import start
from syncd.wiring import open_app
from tests.stores import BOTH, configured


@pytest.fixture
def sandbox():
    """Services of a small company with much to mend, stopped at the end."""
    running = start(accounts=6, seed=3)
    yield running
    running.close()


@pytest.fixture(scope="module", params=BOTH)
def polled(request, new_store, tmp_path_factory):
    """A larger company, polled once for tests that write nothing; the app may."""
    running = start(accounts=12, seed=11)
    folder = tmp_path_factory.mktemp("polled")
    config = configured(running, new_store(request.param, folder), folder)
    with open_app(config, may_write=True) as app:
        app.poll()
        yield app, running
    running.close()
