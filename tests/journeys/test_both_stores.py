"""One company, two databases, one plan."""

import pytest

from syncd.sandbox.run import start
from syncd.wiring import open_app
from tests.stores import configured


@pytest.mark.postgresql
def test_both_stores_give_the_same_digest(tmp_path, new_store):
    """The plan does not depend on where the mirror is kept."""
    running = start(accounts=8, seed=6)
    digests = []
    for kind in ("sqlite", "sqlite", "pg"):
        folder = tmp_path / str(len(digests))
        folder.mkdir()
        # The next store has no token yet, and grants are one a minute.
        running.outreach.control("expire_tokens", {})
        with open_app(configured(running, new_store(kind, folder), folder)) as app:
            app.poll()
            plan = app.plan()
        assert plan.changes
        digests.append(plan.digest)
    running.close()
    assert len(set(digests)) == 1
