"""Any order of plans, crashes, lost answers, edits and a second process beside us."""

from collections import Counter
from datetime import timedelta

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from syncd.apply.effects import settle_open
from syncd.db.tables import LEDGER
from syncd.model.plan import effect_of

FATES = ("done", "lost before", "lost after", "crash before", "crash after", "retry")
CONTACTS = ("003000000000001AAA",)  # few things, so that much happens to each
TASKS = range(1)
FIELDS = ("WhatId", "Subject")
VALUES = ("006000000000001AAA", "006000000000002AAA")


class Interrupted:
    """A ledger beside which something happens once, right after the first intents."""

    def __init__(self, ledger, between):
        self._ledger = ledger
        self._between = [between]

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def intend(self, changes, **facts):
        """The intents are committed; then it happens."""
        states = self._ledger.intend(changes, **facts)
        if self._between:
            self._between.pop()()
        return states


class AnyOrder(RuleBasedStateMachine):
    """What may happen to a run, and what must hold whatever happened."""

    stage_class = None
    store = None
    plans = Bundle("plans")

    def __init__(self):
        super().__init__()
        with self.store.engine.begin() as connection:
            connection.execute(sa.delete(LEDGER))
        self.stage = self.stage_class(self.store.ledger, tasks=len(TASKS))
        self.world = self.stage.world
        self.overwritten = []

    # --- what may happen ----------------------------------------------------

    def _tick(self):
        self.world.at += timedelta(seconds=2)

    def _past(self, change):
        effect = effect_of(change)
        return self.store.ledger.past([effect]).get(effect, ())

    def _planned(self, make):
        """A change as a plan would have it: fresh, and nothing open beside it."""
        self._tick()
        past = self._past(make(0))
        if any(write.state == "open" for write in past):
            return None
        return make(sum(write.state == "done" for write in past))

    @rule(
        target=plans,
        number=st.sampled_from(TASKS),
        field=st.sampled_from(FIELDS),
        value=st.sampled_from(VALUES),
        guarded=st.booleans(),
        contact=st.sampled_from(CONTACTS),
    )
    def plan(self, number, field, value, guarded, contact):
        """Two wishes on what stands there now."""
        last_write = self.store.ledger.last_write()
        one = self._planned(
            lambda n: self.stage.update(
                number,
                world=self.world,
                field=field,
                value=value,
                guarded=guarded,
                generation=n,
            )
        )
        other = self._planned(lambda n: self.stage.create(contact, generation=n))
        there = contact in {person for _, person in self.world.pairs()}
        task = self.world.tasks[f"00T{number:012d}AAA"]["fields"]
        wanted = []
        if one is not None and task[field] != value:
            wanted.append(one)
        if other is not None and not there:
            wanted.append(other)
        return self.world.at, last_write, wanted

    @rule(
        plan=plans,
        fates=st.lists(st.sampled_from(FATES), max_size=3),
        beside=st.one_of(st.none(), plans),
        meanwhile=st.one_of(st.none(), st.sampled_from(TASKS)),
        sleeps=st.sampled_from((0, 0, 0, 15)),
    )
    def apply(self, plan, fates, beside, meanwhile, sleeps):
        """A process writes; another one, a person or a pause may come between."""

        def between():
            self.world.at += timedelta(minutes=sleeps)
            if beside is not None:
                self._run(beside, self._connector(beside, ()))
            if meanwhile is not None:
                self.edit(meanwhile, "Subject")

        ledger = Interrupted(self.store.ledger, between)
        self._run(plan, self._connector(plan, fates), ledger=ledger)

    def _run(self, plan, connector, *, ledger=None):
        _, planned_after, changes = plan
        self._tick()
        executor = self.stage.executor(
            connector=connector, planned_after=planned_after, ledger=ledger
        )
        try:
            executor.run(changes)
        except self.stage_class.Crash:
            return

    def _connector(self, plan, fates):
        machine, planned_at = self, plan[0]

        class Watching(self.stage_class.Connector):
            """Notes when a record was read last, and what a write goes over."""

            read_at = None

            def current(self, refs, fields):
                machine._tick()
                self.read_at = machine.world.at
                return super().current(refs, fields)

            def _do(self, write):
                until = None if write.guarded_by else self.read_at
                machine._note(write, planned_at, until)
                return super()._do(write)

        return Watching(self.world, fates)

    def _note(self, write, planned_at, until):
        """A person's edit since the plan that the last read could see."""
        task = self.world.tasks.get(write.record_id)
        if task is None or (write.guarded_by and task["at"] > write.guarded_by):
            return
        self.overwritten += [
            (at, record_id, field)
            for at, record_id, field in self.world.edits
            if record_id == write.record_id
            and field in write.fields
            and planned_at < at
            and (until is None or at <= until)
        ]

    @rule(number=st.sampled_from(TASKS), field=st.sampled_from(FIELDS))
    def edit(self, number, field):
        """A person writes something of their own."""
        self._tick()
        words = f"own words {len(self.world.edits)}"
        self.world.edit(f"00T{number:012d}AAA", **{field: words})
        self._tick()

    @rule(minutes=st.sampled_from((1, 9, 11)))
    def wait(self, minutes):
        """Time passes."""
        self.world.at += timedelta(minutes=minutes)

    @rule()
    def settle(self):
        """Somebody looks for what is open."""
        settle_open(self.store.ledger, self._clean(), now=self.world.at)

    def _clean(self):
        return {"salesforce": self.stage_class.Connector(self.world)}

    # --- what must hold -----------------------------------------------------

    @invariant()
    def nothing_is_doubled(self):
        """No record was ever made twice, by whichever process."""
        made = Counter(self.world.ever_made)
        assert not [pair for pair, times in made.items() if times > 1]

    @invariant()
    def no_visible_edit_is_overwritten(self):
        """Nobody's words that the last read showed were written over."""
        assert self.overwritten == []

    def teardown(self):
        """Nothing is lost: all settles, and each wish comes true in the end."""
        self.world.at += timedelta(minutes=11)
        settle_open(self.store.ledger, self._clean(), now=self.world.at)
        assert self.store.ledger.open_intents() == []
        done = [
            entry
            for number in range(1, self.stage.runs + 1)
            for entry in self.store.ledger.entries(f"run_{number}")
            if entry.change.operation == "create" and entry.state == "done"
        ]
        assert len(done) == len(self.world.ever_made)
        wishes = [
            change
            for contact in CONTACTS
            if contact not in {person for _, person in self.world.pairs()}
            and (
                change := self._planned(
                    lambda n, c=contact: self.stage.create(c, generation=n)
                )
            )
        ]
        executor = self.stage.executor(planned_after=self.store.ledger.last_write())
        assert {item.status.value for item in executor.run(wishes)} <= {"done"}
        assert len(self.world.pairs()) == len(CONTACTS)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_whatever_happens_nothing_is_doubled_lost_or_overwritten(staged, store):
    """Plans, two processes, crashes, lost answers, pauses and people, in any order."""
    run_state_machine_as_test(
        type("Machine", (AnyOrder,), {"stage_class": staged, "store": store}),
        settings=settings(
            max_examples=100,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
