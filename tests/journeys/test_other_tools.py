"""The job beside other tools, and in an org with shared activities."""

from datetime import timedelta

import pytest

from syncd import clock
from syncd.pipeline.apply import Selection

MISHAPS = "late as_task wrong_what wrong_who wrong_owner twice makes_contacts"


@pytest.fixture(autouse=True)
def wait(monkeypatch):
    """Lets time pass for everybody: for the services and for syncd."""
    real, passed = clock.now, [timedelta(0)]
    monkeypatch.setattr(clock, "now", lambda: real() + passed[0])

    def pass_by(**time):
        passed[0] += timedelta(**time)

    return pass_by


def work(app, wait):
    """A day and an hour later syncd reads and mends."""
    wait(hours=25)
    app.poll()
    app.apply(app.plan(), Selection())


def related(sandbox):
    """Ids of the events that Chorus logged, and to what they are related."""
    rows = sandbox.salesforce.control("rows", {"object": "Event"})["rows"]
    return {
        row["Id"]: row["WhatId"]
        for row in rows
        if row["affectlayer__chorus_call_id__c"]
    }


@pytest.fixture
def config(config):
    """The policy names Chorus's user as one of the tools."""
    text = config.policy_path.read_text()
    known = '[org]\nintegration_users = ["chorus.integration@tools.example"]\n'
    config.policy_path.write_text(known + text)
    return config


def test_what_chorus_writes_over_is_corrected_once_more_and_then_left(
    app, sandbox, wait
):
    """Two tools that write over each other for ever would be worse than either."""
    habits = dict.fromkeys(MISHAPS.split(), 0)
    habits |= {"no_what": 1, "rewrites": 1, "rewrite_after_s": 36 * 3600}
    since = sandbox.clock.now() - timedelta(days=40)
    body = {"habits": habits, "since": since.isoformat()}
    sandbox.actors.control("chorus", body)
    assert sandbox.actors.control("run", {})["done"] > 10
    assert not any(related(sandbox).values())
    work(app, wait)
    corrected = {k: v for k, v in related(sandbox).items() if v}
    assert len(corrected) > 5
    wait(hours=25)
    assert sandbox.actors.control("run", {})["done"] > 10
    assert not any(related(sandbox).values())
    work(app, wait)
    # What was corrected is known by now, and makes others certain.
    assert corrected.items() <= related(sandbox).items()
    for record_id in corrected:
        again = {"object": "Event", "id": record_id, "fields": {"WhatId": None}}
        author = sandbox.salesforce.tables.held("Event")[record_id]["CreatedById"]
        sandbox.salesforce.control("edit", {**again, "user": author})
    work(app, wait)
    left = related(sandbox)
    assert not any(left[record_id] for record_id in corrected)
    says = [finding.why_not for finding in app.plan().findings]
    assert sum("writing over each other" in one for one in says) >= len(corrected)


def test_a_shared_activity_keeps_its_other_people(app, sandbox):
    """Relating it to its opportunity leaves everybody on it."""
    sandbox.salesforce.control("switch", {"shared_activities": True})
    app.poll()
    wanted = [
        change
        for change in app.plan().changes
        if change.rule == "activity-related-to-opportunity" and change.mode == "auto"
    ]
    tables = sandbox.salesforce.tables
    contacts = list(tables.held("Contact"))
    for change in wanted:
        row = tables.held(change.object)[change.record_id]
        other = next(one for one in contacts if one != row["WhoId"])
        kind = f"{change.object}Relation"
        fields = {f"{change.object}Id": row["Id"], "RelationId": other}
        if kind == "EventRelation":
            fields["IsParent"] = True
        sandbox.salesforce.control("insert", {"object": kind, "fields": fields})
    assert len(wanted) > 2
    sandbox.clock.advance(timedelta(minutes=1))
    app.poll()
    app.apply(app.plan(), Selection())
    for change in wanted:
        row = tables.held(change.object)[change.record_id]
        assert row["WhatId"] == sandbox.company.truth[change.record_id]
        assert (row["WhoCount"], row["WhatCount"]) == (2, 1)
