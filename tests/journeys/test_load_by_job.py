"""First and full loads by query jobs, into the mirror."""

from datetime import timedelta

import pytest


def counts(sandbox, *names):
    """Live rows of the org by object."""
    tables = sandbox.salesforce.tables
    return {n: sum(1 for _ in tables.rows(n, with_deleted=False)) for n in names}


@pytest.fixture(autouse=True)
def by_job(monkeypatch, no_waiting):
    """Everything counts as many; jobs are asked for again at once."""
    monkeypatch.setattr("connectors.salesforce.reader._MANY", 0)


def test_loads_by_job_fill_the_mirror_and_sweep_what_is_gone(app, sandbox):
    """A first load, then a full one after a row vanished without a tombstone."""
    names = ("User", "Account", "Contact", "Opportunity", "OpportunityContactRole")
    for full in (False, True):
        [poll] = app.poll(only="salesforce", full=full)
        assert poll.complete
        live = app.store.mirror.live_counts()
        seen = {name: live[("salesforce", name)] for name in names}
        assert seen == counts(sandbox, *names)
        assert app.store.mirror.quarantined() == []
        contact = next(
            iter(sandbox.salesforce.tables.rows("Contact", with_deleted=False))
        )
        gone = {"object": "Contact", "id": contact["Id"]}
        sandbox.salesforce.control("delete", gone)
        sandbox.salesforce.control("purge", gone)
    jobs = [
        one for one in sandbox.recorders["salesforce"].log if "/results" in one.path
    ]
    assert len(jobs) == 20


def test_what_changed_after_a_load_by_job_comes_with_the_next_poll(app, sandbox):
    """The watermark is the instant before the job, not that of its end."""
    app.poll(only="salesforce")
    made = sandbox.salesforce.control(
        "insert", {"object": "Account", "fields": {"Name": "Late Ltd"}}
    )
    sandbox.clock.advance(timedelta(minutes=1))
    app.poll(only="salesforce")
    assert len(app.store.mirror.find(made["id"])) == 1
