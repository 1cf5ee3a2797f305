"""A value that was overwritten within a sound page of the store, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from syncd.db import tables
from syncd.errors import StoreError
from syncd.pipeline.apply import Selection
from syncd.sandbox.run import start
from syncd.wiring import open_app

TYPED = [
    (tables.RECORDS, "fields"),
    (tables.VERSIONS, "fields"),
    (tables.BASES, "body"),
    (tables.POLLS, "outcome"),
    (tables.PROOFS, "body"),
    (tables.LEDGER, "change"),
    (tables.RUNS, "body"),
    (tables.PLANS, "body"),
    (tables.TOMBSTONES, "body"),
    (tables.PROPOSALS, "body"),
]
FREE = [
    (tables.CURSORS, "cursor"),
    (tables.FACTS, "value"),
    (tables.LEDGER, "before"),
    (tables.LEDGER, "intended_at"),
]
CASES = [
    *((*one, garbage) for one in TYPED for garbage in ("\x01xx", '{"is": "not it"}')),
    *((*one, "\x01xx") for one in FREE),
]


@pytest.fixture
def sandbox():
    """A small company's services."""
    running = start(accounts=3, seed=11)
    yield running
    running.close()


@pytest.fixture
def prepared(sandbox, config):
    """A store with something in every table, its services, and its configuration."""
    with open_app(config, may_write=True) as app:
        app.poll()
        app.prove()
        plan = app.plan()
        run = app.apply(plan, Selection(first=4))
        app.undo(run.run_id, only=[run.items[0].change_id])
        role = {
            "object": "OpportunityContactRole",
            "id": first_id(app, "OpportunityContactRole"),
            "fields": {"Role": "Evaluator"},
        }
        sandbox.salesforce.control("edit", role)
        sandbox.clock.advance(timedelta(minutes=2))  # polls stay behind the clock
        app.poll()
        app.plan()
    return sandbox, config, plan


def first_id(app, name):
    """Some record of an object."""
    query = sa.select(tables.RECORDS.c.id).where(tables.RECORDS.c.object == name)
    with app.store.engine.connect() as connection:
        return connection.scalar(query.limit(1))


class Overwritten:
    """One column of a table, overwritten in every row, and put back at the end."""

    def __init__(self, engine, table, column, garbage):
        """Which column, and what stands there then."""
        self.engine, self.garbage = engine, garbage
        keys = [key.name for key in table.primary_key]
        # As plain text: a column that knows its type would not take it.
        self.all = f'SELECT {", ".join(keys)}, "{column}" AS value FROM {table.name}'
        self.set = f'UPDATE {table.name} SET "{column}" = :value'
        self.one = " AND ".join(f"{key} = :{key}" for key in keys)

    def __enter__(self):
        with self.engine.begin() as connection:
            rows = connection.execute(sa.text(self.all)).all()
            connection.execute(sa.text(self.set), {"value": self.garbage})
        self.before = [row._asdict() for row in rows]
        assert rows, self.all

    def __exit__(self, *_):
        with self.engine.begin() as connection:
            connection.execute(sa.text(f"{self.set} WHERE {self.one}"), self.before)
            # What was polled meanwhile has superseded an overwritten record.
            left = sa.delete(tables.VERSIONS)
            connection.execute(left.where(tables.VERSIONS.c.fields == self.garbage))


def uses(app, plan):
    """Whatever reads the store, each by itself."""
    mirror, ledger = app.store.mirror, app.store.ledger
    yield lambda: [ledger.entries(run.run_id) for run in ledger.runs()]
    yield app.store.plans.latest
    yield lambda: (mirror.proofs(), mirror.polls(), mirror.facts())
    yield app.store.reviews.waiting
    yield lambda: mirror.get(mirror.find(first_id(app, "Contact"))[0])
    yield app.poll
    yield app.plan
    yield lambda: app.apply(app.store.plans.load(plan.plan_id), Selection(first=2))


def test_it_is_told_as_damage_and_nothing_is_sent(prepared):
    """Where the damage is met: the store, the part of it and the remedy, nothing else.

    No driver's or decoder's error comes through, and no write goes out.
    """
    sandbox, config, plan = prepared
    sent = sum(one.write_calls for one in sandbox.recorders.values())
    unnoticed = []
    with open_app(config, may_write=True) as app:
        engine = app.store.engine
        for table, column, garbage in CASES:
            told = []
            with Overwritten(engine, table, column, garbage):
                for use in uses(app, plan):
                    try:
                        use()
                    except StoreError as error:
                        told.append(str(error))
            if not told:
                unnoticed.append((table.name, column, garbage))
            where = engine.url.database
            for one in told:
                assert where in one
                assert "is damaged: a row of " in one
                assert "restore a backup, or move it away" in one
        assert unnoticed == []
        app.plan()
    assert sum(one.write_calls for one in sandbox.recorders.values()) == sent


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("UPDATE records SET fields = 'xx' WHERE object = 'Opportunity'", "plan"),
        ("UPDATE ledger SET change = 'xx', state = 'open'", "apply plan.json"),
        ("UPDATE plans SET body = 'xx'", "runs"),
    ],
)
def test_the_command_line_says_it_in_one_line(place, statement, command):
    """Exit 1 with the file and the remedy; no traceback, and nothing is sent."""
    import sqlite3

    connection = sqlite3.connect(place.store)
    connection.execute(statement)
    connection.commit()
    connection.close()
    writes = place.writes()
    ended = place.run(*command.split())
    assert ended.returncode == 1, ended.stdout
    assert f"syncd: {place.store}: is damaged: a row of" in ended.stderr
    assert "restore a backup, or move it away" in ended.stderr
    assert "unexpected" not in ended.stderr
    assert place.writes() == writes
