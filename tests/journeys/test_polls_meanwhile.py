"""A poll that ends while a plan is being made: the plan saw what came before it."""

from datetime import timedelta

import sqlalchemy as sa

from syncd import clock
from syncd.db.tables import LEDGER
from syncd.mirror.store import SqlMirror
from syncd.pipeline.apply import Selection


def written_and_not_verified(app):
    """Updates that were done by a process which was killed before it looked again."""
    app.poll()
    plan = app.plan(rules=["activity-related-to-opportunity"])
    run = app.apply(plan, Selection())
    done = {item.change_id for item in run.items if item.status.value == "done"}
    updates = [one for one in plan.changes if one.operation == "update"]
    assert done & {one.id for one in updates}
    with app.store.engine.begin() as connection:
        connection.execute(sa.update(LEDGER).values(written_version=""))


def test_our_own_write_is_not_taken_for_reverted(app, sandbox, monkeypatch):
    """The homes were loaded before the poll that brings the write back."""
    written_and_not_verified(app)
    sandbox.clock.advance(timedelta(minutes=2))
    real = SqlMirror.load

    def loading(*given, **more):
        yield from list(real(*given, **more))
        app.poll()

    with monkeypatch.context() as patch:
        patch.setattr(SqlMirror, "load", loading)
        plan = app.plan()
    assert [f for f in plan.findings if "has not come back in a poll" in f.why_not]
    assert plan.tombstones == ()
    assert app.plan().tombstones == ()
    assert app.store.tombstones.all(now=clock.now(), everything=True) == []
