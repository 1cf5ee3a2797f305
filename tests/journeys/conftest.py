"""A sandbox over HTTP, new for each test or read by a whole module."""

import pytest

from syncd.sandbox.run import start
from syncd.wiring import open_app
from tests.sandboxes import company
from tests.stores import BOTH, configured

sandbox = company(accounts=6, seed=3)
"""Services of a small company with much to mend, stopped at the end."""


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
