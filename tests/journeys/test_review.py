"""What is likely waits for a person; their word is carried out and remembered."""

from datetime import timedelta

import pytest

from syncd import clock
from syncd.errors import UsageError
from syncd.model.plan import effect_of
from syncd.model.review import Verdict
from syncd.model.tombstone import TombstoneKind
from syncd.pipeline.apply import Selection
from tests.sandboxes import company

sandbox = company(accounts=16, seed=3)


@pytest.fixture
def planned(app):
    """A plan of everything, and what it leaves to a person."""
    app.poll()
    plan = app.plan()
    waiting = [change for change in plan.changes if change.mode == "review"]
    assert waiting
    return plan, waiting


def ids(proposals):
    """Their ids, in order of ids."""
    return sorted(one.id for one in proposals)


def test_the_queue_is_what_plans_leave_to_a_person(app, planned):
    """Equal plans leave it alone; a plan of one rule touches that rule's only."""
    _, waiting = planned
    first = app.store.reviews.waiting()
    assert ids(first) == ids(waiting)
    app.plan()
    again = app.store.reviews.waiting()
    assert [(one.id, one.proposed_at) for one in again] == [
        (one.id, one.proposed_at) for one in first
    ]
    app.plan(rules=["call-subject"])
    assert ids(app.store.reviews.waiting()) == ids(waiting)


def test_a_plan_of_one_account_leaves_the_rest_of_the_queue(app, planned):
    """What lies outside the scope is neither judged nor withdrawn."""
    from syncd.model.scope import Scope

    _, waiting = planned
    account = app.store.reviews.waiting()[0].findings[0].account_id
    app.plan(scope=Scope(accounts=(account,)))
    assert ids(app.store.reviews.waiting()) == ids(waiting)


def test_what_is_accepted_is_written_once_and_waits_no_longer(app, planned, sandbox):
    """By a run of its own, which can be taken back like any other."""
    _, waiting = planned
    change = next(c for c in waiting if c.operation == "update" and not c.depends_on)
    before = sandbox.salesforce.tables.stored(change.object)[change.record_id].copy()
    run, gone = app.accept([change.id])
    assert (run.kind, gone) == ("review", {})
    assert [item.status.value for item in run.items] == ["done"]
    row = sandbox.salesforce.tables.stored(change.object)[change.record_id]
    assert {name: row[name] for name in change.after} == dict(change.after)
    assert change.id not in ids(app.store.reviews.waiting())
    with pytest.raises(UsageError, match="does not wait"):
        app.accept([change.id])
    app.undo(run.run_id)
    row = sandbox.salesforce.tables.stored(change.object)[change.record_id]
    assert {n: row[n] for n in change.after} == {n: before[n] for n in change.after}


@pytest.mark.parametrize("is_polled", [True, False])
def test_what_somebody_mended_meanwhile_is_not_written(
    app, planned, sandbox, monkeypatch, is_polled
):
    """It is seen when judged anew, at the latest when read again before the write."""
    _, waiting = planned
    change = next(c for c in waiting if c.operation == "update" and not c.depends_on)
    body = {"object": change.object, "id": change.record_id, "fields": change.after}
    sandbox.salesforce.control("edit", body)
    if is_polled:
        at = clock.now() + timedelta(minutes=5)
        monkeypatch.setattr(clock, "now", lambda: at)
        app.poll()
    writes = sandbox.recorders["salesforce"].write_calls
    run, gone = app.accept([change.id])
    if is_polled:
        assert (run, list(gone)) == (None, [change.id])
    else:
        assert [item.status.value for item in run.items] == ["already"]
    assert sandbox.recorders["salesforce"].write_calls == writes
    assert change.id not in ids(app.store.reviews.waiting())


def test_what_is_rejected_is_not_proposed_again_until_it_is_cleared(app, planned):
    """Each kind of change: a value, a record, a deletion."""
    _, waiting = planned
    kinds = {(c.object, c.operation, *sorted(c.after)): c for c in waiting}
    chosen = list(kinds.values())
    stones = app.reject([change.id for change in chosen])
    assert {stone.kind for stone in stones} == {TombstoneKind.REJECTED}
    plan = app.plan()
    rejected = {change.id for change in chosen}
    assert not rejected & {change.id for change in plan.changes}
    assert not rejected & set(ids(app.store.reviews.waiting()))
    assert any("a person rejected it" in finding.why_not for finding in plan.findings)

    app.store.tombstones.clear([stone.id for stone in stones], now=clock.now())
    again = {change.id for change in app.plan().changes}
    assert rejected <= again


def test_a_rejected_value_leaves_room_for_another_one(app, planned):
    """The tombstone names the value: what is right instead may be proposed."""
    _, waiting = planned
    change = next(c for c in waiting if c.operation == "update")
    (stone,) = app.reject([change.id])
    assert stone.effect.startswith(effect_of(change) + "=")


def test_an_accepted_link_is_remembered_as_a_persons_choice(app, planned):
    """And a rejected one, until it is cleared."""
    from syncd.pipeline.review import with_choices

    _, waiting = planned
    links = [c for c in waiting if set(c.after) == {"WhatId"}]
    accepted, rejected = links[0], links[1]
    app.accept([accepted.id])
    (stone,) = app.reject([rejected.id])

    def said():
        org = app.store.mirror.org(app.policy)
        stones = app.store.tombstones.all(now=clock.now())
        org = with_choices(org, reviews=app.store.reviews, stones=stones)
        return {(c.activity.id, c.target.id, c.verdict) for c in org.choices}

    yes = (accepted.record_id, accepted.after["WhatId"], Verdict.ACCEPTED)
    no = (rejected.record_id, rejected.after["WhatId"], Verdict.REJECTED)
    assert said() == {yes, no}
    app.store.tombstones.clear([stone.id], now=clock.now())
    assert said() == {yes}


def test_what_an_apply_writes_waits_no_longer(app, planned):
    """A run that takes proposals along empties the queue by them."""
    plan, waiting = planned
    run = app.apply(plan, Selection(include_review=True, force=True))
    done = {item.change_id for item in run.items if item.status.value == "done"}
    assert done & {change.id for change in waiting}
    assert not done & set(ids(app.store.reviews.waiting()))


def test_what_a_person_refused_is_known_to_explain(app, planned):
    """An explanation and a plan judge with the same knowledge."""
    from syncd.pipeline.explain import Explainer

    _, waiting = planned
    refused = next(c for c in waiting if set(c.after) == {"WhatId"})
    app.reject([refused.id])
    looker = app.looker()
    told = Explainer(
        looker=looker, plans=app.store.plans, ledger=app.store.ledger
    ).explain(refused.record_id)
    target = refused.after["WhatId"]
    (candidate,) = (c for c in told.candidates if c.target.id == target)
    assert any("a person refused it" in one for one in candidate.vetoes)
