"""A store that takes no more, or is lost, at any commit of a poll and of an apply."""

import sqlite3
from collections import Counter
from datetime import timedelta
from threading import Lock

import pytest
import sqlalchemy as sa

from syncd import clock
from syncd.db.tables import FILING, LEDGER, RECORDS
from syncd.errors import StoreError
from syncd.pipeline.apply import Selection
from tests.sandboxes import company


class Failing:
    """Lets the n-th commit from now fail; every other one goes through.

    SQLite says that the disk is full; PostgreSQL's session is ended by another one.
    """

    def __init__(self, engine):
        """Stands before the engine's own commit."""
        self.engine, self.left, self.lock = engine, 0, Lock()
        self.commit = engine.dialect.do_commit
        engine.dialect.do_commit = self

    def at(self, number):
        """The commit to fail, counted from 1."""
        self.left = number

    def __call__(self, connection):
        """Commit, or not."""
        with self.lock:
            self.left -= 1
            fails = self.left == 0
        if fails and self.engine.dialect.name == "sqlite":
            message = "database or disk is full"
            raise sqlite3.OperationalError(message)
        if fails:
            self.end(connection.dbapi_connection.info.backend_pid)
        self.commit(connection)

    def end(self, pid):
        """End a session as an administrator or a restart does."""
        other = sa.create_engine(self.engine.url, poolclass=sa.pool.NullPool)
        with other.connect() as connection:
            connection.execute(sa.select(sa.func.pg_terminate_backend(pid, 5_000)))


sandbox = company(accounts=3, seed=11)
"""A small company's services."""


def present(app):
    """What the mirror holds, and where it is filed."""
    columns = (RECORDS.c.object, RECORDS.c.id, RECORDS.c.version, RECORDS.c.deleted)
    with app.store.engine.connect() as connection:
        records = connection.execute(sa.select(*columns)).all()
        filed = connection.execute(sa.select(FILING.c.id, FILING.c.home)).all()
    return sorted(map(tuple, records)), sorted(map(tuple, filed))


def until_it_ends(work, failing, *, check=lambda: None):
    """Do it again and again, failing one commit later each time; how often it did."""
    for number in range(1, 1_000):
        failing.at(number)
        try:
            work()
        except StoreError:
            check()
            continue
        if failing.left > 0:
            failing.at(0)
            return number - 1
    message = "it never ended"
    raise AssertionError(message)


@pytest.mark.parametrize(("full", "commits"), [(False, 5), (True, 20)])
def test_a_poll_goes_on_behind_any_commit_that_failed(app, full, commits):
    """One commit later each time: in the end the mirror is as if none had failed."""
    failing = Failing(app.store.engine)

    def work():
        # A connector whose own store was lost under it is not asked for a person.
        ended = app.poll(full=full)
        assert not [one.error for one in ended if one.needs_credentials]

    failures = until_it_ends(work, failing)
    assert failures > commits
    assert all(one.complete for one in app.store.mirror.polls().values())
    found = present(app)
    app.poll(full=True)
    assert present(app) == found


def roles(sandbox):
    """How often each pair of deal and person is joined, in both systems."""
    found = sandbox.outreach.control("resources", {"type": "opportunityProspectRole"})
    ends = ("opportunity", "prospect")
    pairs = Counter(
        tuple(one["relationships"][end]["data"]["id"] for end in ends)
        for one in found["resources"]
    )
    rows = sandbox.salesforce.tables.rows("OpportunityContactRole", with_deleted=False)
    pairs.update((row["OpportunityId"], row["ContactId"]) for row in rows)
    return pairs


def test_an_apply_goes_on_behind_any_commit_that_failed(app, sandbox, monkeypatch):
    """No effect is doubled or lost, none was sent without its intent on the disk."""
    app.poll()
    plan = app.plan()
    chosen = [one for one in plan.changes if one.mode == "auto"]
    makes = [one for one in chosen if one.operation == "create"]
    assert makes
    assert len(chosen) > len(makes)
    before = roles(sandbox)
    failing = Failing(app.store.engine)

    def announced():
        made = sum((roles(sandbox) - before).values())
        with app.store.engine.connect() as connection:
            kept = connection.scalars(sa.select(LEDGER.c.change)).all()
        assert made <= sum('"operation":"create"' in one for one in kept)

    ends = []
    failures = until_it_ends(
        lambda: ends.append(app.apply(plan, Selection())), failing, check=announced
    )
    assert failures > 5
    # Of a batch that was broken off, what had not been sent is looked for first.
    states = {one.status.value for one in ends[-1].items}
    assert states <= {"done", "already", "parked"}
    later = clock.now() + timedelta(minutes=11)
    monkeypatch.setattr(clock, "now", lambda: later)
    app.settle()
    app.poll()
    app.apply(app.plan(), Selection())
    assert app.store.ledger.open_intents() == []
    app.poll()
    assert [one for one in app.plan().changes if one.mode == "auto"] == []
    made = roles(sandbox) - before
    assert set(made.values()) == {1}
    assert len(made) >= len(makes)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_disk_that_is_really_full_is_told_and_gone_on_from(app):
    """SQLite has no page left: nothing of the page is kept; room made, it goes on."""

    def pages(limit):
        with app.store.engine.connect() as connection:
            count = connection.exec_driver_sql("PRAGMA page_count").scalar()
            wanted = count + limit
            connection.exec_driver_sql(f"PRAGMA max_page_count = {wanted}")

    pages(4)
    with pytest.raises(StoreError, match="its disk is full → free space"):
        app.poll()
    pages(100_000)
    assert all(one.complete for one in app.poll())
    found = present(app)
    app.poll(full=True)
    assert present(app) == found


def test_the_command_line_says_it_in_one_line(place):
    """Exit 1 with the file and the remedy; the same again goes on."""
    ended = place.run("sync", "--full", before=("prlimit", "--fsize=4096"))
    assert ended.returncode == 1, ended.stdout
    assert f"syncd: {place.store}: its disk cannot be read or written" in ended.stderr
    assert "run the same again" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert place.run("sync", "--full").returncode == 0
