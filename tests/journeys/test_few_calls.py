"""A quiet cycle costs a handful of Salesforce calls, and misses nothing."""

from collections import Counter
from datetime import timedelta

import pytest

from syncd.sandbox.recorder import Fault
from syncd.wiring import open_app

COMPOSITE = "/services/data/v62.0/composite"


def sent(sandbox, since):
    """Salesforce requests after the first ``since`` ones, log-ins left out."""
    log = sandbox.recorders["salesforce"].log[since:]
    return [(one.method, one.path) for one in log if "/oauth2/" not in one.path]


def test_a_quiet_cycle_is_at_most_four_calls(app, sandbox):
    """Metadata in one call, thirteen queries in three, whatever the org holds."""
    app.poll(only="salesforce")
    before = sandbox.recorders["salesforce"].calls
    [poll] = app.poll(only="salesforce")
    assert poll.complete
    assert sent(sandbox, before) == [("POST", COMPOSITE)] * 4
    assert sandbox.recorders["salesforce"].write_calls == 0


def test_a_fresh_process_needs_no_more_calls_than_a_running_one(app, config, sandbox):
    """What a cycle must know about the org comes in the same four calls."""
    app.poll(only="salesforce")
    before = sandbox.recorders["salesforce"].calls
    with open_app(config) as other:
        [poll] = other.poll(only="salesforce")
    assert poll.complete
    assert sent(sandbox, before) == [("POST", COMPOSITE)] * 4


def test_a_cycle_of_few_calls_brings_what_changed(app, sandbox):
    """Edits, new rows, tombstones and roles gone without trace all arrive."""
    app.poll(only="salesforce")
    tables = sandbox.salesforce.tables
    rows = tables.rows("Task", with_deleted=False)
    task, gone = [row for row in rows if app.store.mirror.find(row["Id"])][:2]
    role = next(iter(tables.rows("OpportunityContactRole", with_deleted=False)))
    control = sandbox.salesforce.control
    fields = {"Subject": "Changed"}
    control("edit", {"object": "Task", "id": task["Id"], "fields": fields})
    control("delete", {"object": "Task", "id": gone["Id"]})
    control("delete", {"object": "OpportunityContactRole", "id": role["Id"]})
    made = control("insert", {"object": "Account", "fields": {"Name": "New Ltd"}})
    sandbox.clock.advance(timedelta(minutes=1))
    counts = Counter(app.store.mirror.live_counts())
    app.poll(only="salesforce")
    moved = Counter(app.store.mirror.live_counts())
    moved.subtract(counts)
    assert {name: n for (_, name), n in moved.items() if n} == {
        "Task": -1,
        "OpportunityContactRole": -1,
        "Account": 1,
    }
    assert len(app.store.mirror.find(made["id"])) == 1
    [ref] = app.store.mirror.find(task["Id"])
    assert b'"Changed"' in app.store.mirror.get(ref).fields


def test_pages_behind_the_first_follow_one_by_one(app, sandbox):
    """A first page that came with others is gone on from as if it had come alone."""
    sandbox.salesforce.page_size = 7
    app.poll(only="salesforce")
    counts = app.store.mirror.live_counts()
    for name in ("Account", "Contact", "OpportunityContactRole"):
        rows = list(sandbox.salesforce.tables.rows(name, with_deleted=False))
        assert counts[("salesforce", name)] == len(rows)
    more = [path for _, path in sent(sandbox, 0) if "/01g" in path]
    assert len(more) > 10


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404, "body": '[{"errorCode": "NOT_FOUND", "message": "no"}]'},
        {"status": 400, "body": '[{"errorCode": "INVALID_TYPE", "message": "no"}]'},
    ],
)
def test_an_org_that_refuses_composites_is_read_query_by_query(app, sandbox, fault):
    """Many calls, the same records."""
    refused = Fault(method="POST", path="/composite$", times=10_000, **fault)
    sandbox.recorders["salesforce"].break_next(refused)
    [poll] = app.poll(only="salesforce")
    assert poll.complete
    gets = [path for method, path in sent(sandbox, 0) if method == "GET"]
    assert len([path for path in gets if path.endswith("/describe")]) == 13
    counts = app.store.mirror.live_counts()
    contacts = sandbox.salesforce.tables.rows("Contact", with_deleted=False)
    assert counts[("salesforce", "Contact")] == len(list(contacts))


def test_a_field_hidden_between_two_cycles_is_found_out(app, sandbox):
    """An optional field that vanishes is left out from then on, and reading goes on."""
    app.poll(only="salesforce")
    sandbox.salesforce.control("hide_field", {"object": "Task", "field": "Type"})
    polls = [app.poll(only="salesforce")[0] for _ in range(2)]
    assert polls[-1].complete
    assert "salesforce.Task.type" in app.store.mirror.facts()["unmapped"]
