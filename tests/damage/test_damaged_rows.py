"""A value that was overwritten within a sound page of the store, on both databases."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa

from syncd.db import tables
from syncd.errors import StoreError
from syncd.pipeline.apply import Selection
from syncd.wiring import open_app
from tests.sandboxes import company

GARBAGE, ANOTHER = "\x01xx", '{"is": "not it"}'
CASES = [
    (tables.RECORDS, "fields", GARBAGE, "plan"),
    (tables.RECORDS, "fields", ANOTHER, "plan"),
    (tables.RECORDS, "fields", ANOTHER, "get"),
    (tables.VERSIONS, "fields", GARBAGE, "plan"),
    (tables.BASES, "body", ANOTHER, "plan"),
    (tables.TOMBSTONES, "body", GARBAGE, "plan"),
    (tables.LEDGER, "change", ANOTHER, "plan"),
    (tables.LEDGER, "change", GARBAGE, "entries"),
    (tables.LEDGER, "before", GARBAGE, "entries"),
    (tables.LEDGER, "intended_at", GARBAGE, "entries"),
    (tables.RUNS, "body", ANOTHER, "runs"),
    (tables.PLANS, "body", ANOTHER, "latest"),
    (tables.PROPOSALS, "body", ANOTHER, "waiting"),
    (tables.POLLS, "outcome", ANOTHER, "polls"),
    (tables.PROOFS, "body", GARBAGE, "proofs"),
    (tables.FACTS, "value", GARBAGE, "facts"),
    (tables.CURSORS, "cursor", GARBAGE, "poll"),
]


sandbox = company(accounts=3, seed=11)
"""A small company's services."""


@pytest.fixture
def prepared(sandbox, config):
    """The configuration of a store with something in every table."""
    with open_app(config, may_write=True) as app:
        app.poll()
        app.prove()
        run = app.apply(app.plan(), Selection(first=4))
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
    return config


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


def uses(app):
    """What reads the store, by name."""
    mirror, ledger = app.store.mirror, app.store.ledger
    return {
        "plan": app.plan,
        "poll": lambda: app.poll(only="salesforce"),
        "get": lambda: mirror.get(mirror.find(first_id(app, "Contact"))[0]),
        "polls": mirror.polls,
        "proofs": mirror.proofs,
        "facts": mirror.facts,
        "runs": ledger.runs,
        "entries": lambda: ledger.entry_of(first_change(app)),
        "latest": app.store.plans.latest,
        "waiting": app.store.reviews.waiting,
    }


def first_change(app):
    """Some change that was written."""
    with app.store.engine.connect() as connection:
        return connection.scalar(sa.select(tables.LEDGER.c.change_id).limit(1))


def test_it_is_told_as_damage(prepared):
    """Where it is read: the store, the part of it and the remedy, nothing else."""
    with open_app(prepared) as app:
        engine = app.store.engine
        for table, column, garbage, use in CASES:
            with (
                Overwritten(engine, table, column, garbage),
                pytest.raises(StoreError, match="is damaged: a row of ") as told,
            ):
                uses(app)[use]()
            assert str(engine.url.database) in str(told.value)
            assert "restore a backup, or move it away" in str(told.value)
        app.plan()


@pytest.fixture
def live(place):
    """The store's database, whose content is as before at the end."""
    with (
        closing(sqlite3.connect(place.store)) as connection,
        closing(sqlite3.connect(":memory:")) as kept,
    ):
        connection.backup(kept)
        yield connection
        kept.backup(connection)


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("UPDATE records SET fields = 'xx' WHERE object = 'Opportunity'", "plan"),
        ("UPDATE ledger SET change = 'xx', state = 'open'", "apply plan.json"),
        ("UPDATE plans SET body = 'xx'", "apply plan.json"),
        ("UPDATE runs SET body = 'xx'", "runs"),
    ],
)
def test_the_command_line_says_it_in_one_line(place, live, statement, command):
    """Exit 1 with the file and the remedy; no traceback, and nothing is sent."""
    live.execute(statement)
    live.commit()
    writes = place.writes()
    ended = place.run(*command.split())
    assert ended.returncode == 1, ended.stdout
    assert f"syncd: {place.store}: is damaged: a row of" in ended.stderr
    assert "restore a backup, or move it away" in ended.stderr
    assert "unexpected" not in ended.stderr
    assert place.writes() == writes
