"""Taking back: every kind of write, and what people did meanwhile."""

from datetime import timedelta

import pytest

from syncd.model.outcome import RunOutcome
from syncd.model.plan import effect_of
from syncd.model.tombstone import TombstoneKind
from syncd.pipeline.undo import UndoRequest, entomb_undone, make_undo
from syncd.plan.reverts import held
from tests.plan.past import inputs, kind_of

KINDS = ["update", "create", "delete", "text"]
TASK = "00T000000000001AAA"


class Bench:
    """A stage whose runs can be undone."""

    def __init__(self, stage, store):
        """Undo looks at the world through a connector of its own."""
        self.stage = stage
        self.world = stage.world
        self.store = store

    def request(self, **options):
        """What to undo with, now."""
        self.stage.later(seconds=10)
        given = {
            "ledger": self.store.ledger,
            "plans": self.store.plans,
            "tombstones": self.store.tombstones,
            "connectors": {"salesforce": self.stage.Connector(self.world)},
            "orgs": {},
            "states": {},
            "links": {},
            "policy_digest": "",
            "now": self.world.at,
        }
        return UndoRequest(**{**given, **options})

    def undo(self, run_id, **options):
        """Plan, apply, entomb: run id, statuses, and reasons for what is left."""
        request = self.request(**options)
        plan = make_undo(run_id, request)
        left = [one.why_not for one in plan.findings if one.why_not]
        return (*self.carry_out(plan), left)

    def carry_out(self, plan):
        """Apply, entomb: run id and statuses."""
        items = self.stage.executor().run(plan.changes)
        run = RunOutcome(
            run_id=f"run_{self.stage.runs}",
            plan_id=plan.plan_id,
            started_at=self.world.at,
            ended_at=self.world.at,
            kind="undo",
            items=items,
        )
        entomb_undone(plan, run, self.request())
        return run.run_id, [item.status.value for item in items]

    def held(self, change):
        """Why a change must not be planned now."""
        effect = effect_of(change)
        past = self.store.ledger.past([effect])[effect]
        stones = self.store.tombstones.of([effect])
        given = inputs(change, *past, now=self.world.at, tombstones=stones)
        return held(change, given)

    def apply(self, kind):
        """One change of a kind; its run's id."""
        self.stage.later(seconds=10)
        changes = {
            "update": lambda: self.stage.update(1, world=self.world),
            "text": lambda: self.stage.update(
                1, world=self.world, field="Subject", value="Note", texts=("Subject",)
            ),
            "create": self.stage.create,
            "delete": lambda: self.stage.remove(
                next(iter(self.world.roles)),
                before={"ContactId": "003000000000009AAA"},
            ),
        }
        assert self.stage.run([changes[kind]()]) == ["done"]
        return f"run_{self.stage.runs}"

    def state(self):
        """Everything but stamps and ids of roles."""
        rows = [{"Id": key, **row["fields"]} for key, row in self.world.tasks.items()]
        rows += [role["fields"] for role in self.world.roles.values()]
        return sorted(str(sorted(row.items())) for row in rows)


@pytest.fixture
def bench(stage, store):
    """With a role to delete, on each database."""
    made = Bench(stage, store)
    role = {"OpportunityId": stage.DEAL, "ContactId": "003000000000009AAA"}
    made.world.make({**role, "Role": "Evaluator", "IsPrimary": True})
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_undo_restores_and_undoing_the_undo_brings_it_back(bench, kind):
    """Fields, records made, records removed with their role: three times over."""
    before = bench.state()
    run = bench.apply(kind)
    after = bench.state()
    assert after != before
    for expected in (before, after, before):
        run, statuses, left = bench.undo(run)
        assert (statuses, left) == (["done"], [])
        assert bench.state() == expected


def test_what_an_undone_undo_brought_back_is_a_persons_to_take_back(bench):
    """It is ours once more, not forgiven with what came before the undo."""
    run = bench.apply("update")
    for _ in ("undone", "brought back"):
        run, _, _ = bench.undo(run)
    bench.stage.later(minutes=10)
    bench.world.edit(TASK, WhatId=None)
    change = bench.stage.update(1, world=bench.world)
    assert kind_of(bench.held(change)) is TombstoneKind.REVERTED


def test_what_a_person_brought_back_before_us_is_theirs_to_take_away_again(bench):
    """Undoing an undo had nothing left to write: what they remove is not made anew."""
    run, _, _ = bench.undo(bench.apply("create"))
    change = bench.stage.create(generation=1)
    role = bench.world.make(change.after)
    assert bench.undo(run)[1:] == (["already"], [])
    bench.stage.later(minutes=10)
    del bench.world.roles[role]
    found = bench.held(change)
    assert found.says.startswith("it was undone with run_")
    assert not found.waiting


def test_what_was_removed_already_when_it_was_undone_stays_removed(bench):
    """A person did the same just before: neither wants it there."""
    run = bench.apply("create")
    plan = make_undo(run, bench.request())
    change = bench.stage.create(generation=1)
    bench.world.roles.popitem()
    assert bench.carry_out(plan)[1] == ["already"]
    assert bench.held(change).says.startswith("it was undone with run_")


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_of_an_undo_changes_nothing(bench, kind):
    """It gives the plan; the world has no new write."""
    run = bench.apply(kind)
    state, writes = bench.state(), len(bench.world.log)
    plan = make_undo(run, bench.request())
    assert len(plan.changes) == 1
    assert (bench.state(), len(bench.world.log)) == (state, writes)


def test_a_record_that_was_deleted_meanwhile_is_left(bench):
    """There is nothing to put back, and nothing to remove."""
    update, create = bench.apply("update"), bench.apply("create")
    del bench.world.tasks[TASK]
    bench.world.roles.clear()
    for run in (update, create):
        assert bench.undo(run)[1:] == ([], ["the record is gone"])


def test_a_record_that_we_made_and_a_person_changed_is_left(bench):
    """It is theirs now; the field is named."""
    run = bench.apply("create")
    role = list(bench.world.roles.values())[-1]
    role["fields"]["ContactId"] = "003000000000005AAA"
    state = bench.state()
    assert bench.undo(run)[1:] == ([], ["someone changed ContactId since"])
    assert bench.state() == state


def test_what_we_removed_and_a_person_made_again_is_not_doubled(bench):
    """The role is there by now."""
    run = bench.apply("delete")
    role = {"OpportunityId": bench.stage.DEAL, "ContactId": "003000000000009AAA"}
    bench.world.make(role)
    assert bench.undo(run)[1] == ["already"]
    assert len(bench.world.roles) == 1


def test_only_the_fields_that_are_still_ours_go_back(bench):
    """Of two fields a person has changed one since."""
    both = {"WhatId": bench.stage.DEAL, "Subject": "ours"}
    change = bench.stage.update(
        1, world=bench.world, before={"WhatId": None, "Subject": None}, after=both
    )
    assert bench.stage.run([change]) == ["done"]
    bench.stage.later(seconds=10)
    bench.world.edit(TASK, Subject="theirs")
    _, statuses, left = bench.undo(f"run_{bench.stage.runs}")
    assert (statuses, left) == (["done"], ["someone changed Subject since"])
    fields = bench.world.tasks[TASK]["fields"]
    assert fields == {"WhatId": None, "Subject": "theirs"}


def test_an_edit_between_the_undos_plan_and_its_write_wins(bench):
    """The undo looks again like every other write."""
    run = bench.apply("update")
    plan = make_undo(run, bench.request())
    bench.stage.later(seconds=10)
    bench.world.edit(TASK, WhatId="006000000000009AAA")
    assert bench.stage.run(plan.changes) == ["stale"]


def test_a_write_of_unknown_outcome_is_not_undone_yet(bench):
    """First it must be known whether there is anything to take back."""
    bench.stage.run([bench.stage.create()], "lost before")
    _, statuses, left = bench.undo("run_1")
    assert statuses == []
    assert left == ["its outcome is not known yet: try again in ten minutes"]


@pytest.mark.parametrize("kind", ["create", "delete"])
def test_an_undo_whose_answer_was_lost_is_not_sent_twice(bench, kind):
    """Undoing again while the first undo is in doubt makes nothing anew."""
    run = bench.apply(kind)
    made = len(bench.world.ever_made)
    plan = make_undo(run, bench.request())
    with pytest.raises(bench.stage.Crash):
        bench.stage.run(plan.changes, "crash after")
    bench.undo(run)
    bench.stage.later(minutes=11)
    bench.undo(run)
    assert len(bench.world.ever_made) == made + (kind == "delete")
    assert bench.store.ledger.open_intents() == []


def test_a_text_is_taken_back_after_it_was_forgotten(bench):
    """Its hash says whether it is still ours; what stood before was nothing."""
    run = bench.apply("text")
    due = bench.world.at + timedelta(days=31)
    assert bench.store.retention.forget_texts(now=due) == 1
    assert bench.undo(run)[1:] == (["done"], [])
    assert bench.world.tasks[TASK]["fields"]["Subject"] is None


def test_a_text_that_replaced_a_forgotten_one_is_left(bench):
    """What is no longer kept cannot be put back."""
    bench.world.edit(TASK, Subject="An older note")
    run = bench.apply("text")
    bench.store.retention.forget_texts(now=bench.world.at + timedelta(days=31))
    left = ["the text that it replaced is no longer kept"]
    assert bench.undo(run)[1:] == ([], left)
    assert bench.world.tasks[TASK]["fields"]["Subject"] == "Note"
