"""The executor on a real ledger, with a remote that can be told to misbehave."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from syncd.apply.executor import Executor
from syncd.model.plan import Change, ExpectedFields, Expects
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, WriteOutcome, WriteStatus

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
VERSION = "2026-11-20T08:00:00Z"
US = "005000000000001AAA"


class Crash(BaseException):
    """The process dies here."""


class Remote:
    """Tasks and roles in memory; ``script`` says what happens to the next writes."""

    system = "salesforce"

    def __init__(self, tasks=30):
        """Tasks without relation, and no role."""
        self.tasks = {f"00T{n:012d}AAA": {"WhatId": None} for n in range(tasks)}
        self.versions = {}
        self.editors = {}
        self.roles = []
        self.script = []
        self.calls = 0

    def current(self, refs, fields):
        """Tasks and roles as they stand."""
        roles = {ref: self._role(ref.id.removeprefix("00K")) for ref in refs}
        return roles | {
            ref: Current(
                ref=ref,
                version=self.versions.get(ref.id, VERSION),
                modified_at=datetime.fromisoformat(self.versions.get(ref.id, VERSION)),
                modified_by=self.editors.get(ref.id),
                fields=dict(self.tasks[ref.id]),
            )
            if ref.id in self.tasks
            else None
            for ref in refs
            if ref.object == "Task"
        }

    def write(self, writes):
        """Answer as told, by default do it."""
        self.calls += 1
        return [self._one(write) for write in writes]

    def write_calls(self, writes):
        """Everything goes out in one call."""
        return 1 if writes else 0

    def _one(self, write):
        told = self.script.pop(0) if self.script else "done"
        if told == "crash before":
            raise Crash
        if told in {"done", "lost after", "crash after"}:
            self._do(write)
        if told == "crash after":
            raise Crash
        status = {
            "done": WriteStatus.DONE,
            "refused": WriteStatus.REFUSED,
            "lost after": WriteStatus.AMBIGUOUS,
            "lost before": WriteStatus.AMBIGUOUS,
        }[told]
        made = (
            f"00K{write.fields['ContactId']}" if "ContactId" in write.fields else None
        )
        record_id = write.record_id or made
        return WriteOutcome(key=write.key, status=status, record_id=record_id)

    def _do(self, write):
        if write.operation == "create":
            self.roles.append(dict(write.fields))
        else:
            self.tasks[write.record_id].update(write.fields)
            self.editors[write.record_id] = US
            self.versions[write.record_id] = "2026-11-24T09:00:00Z"

    def find_effect(self, write):
        """Nothing but roles is made here."""

    def memberships(self, object_name, opportunity_ids):
        """All roles, on every deal."""
        roles = [self._role(role["ContactId"]) for role in self.roles]
        return dict.fromkeys(opportunity_ids, roles)

    def _role(self, contact):
        for role in self.roles:
            if role["ContactId"] == contact:
                ref = RecordRef("salesforce", "OpportunityContactRole", f"00K{contact}")
                return Current(ref=ref, version=VERSION, fields=role)
        return None


def update(number, *, field="WhatId", value="006000000000001AAA", **options):
    """A change of one task."""
    given = {
        "id": f"chg_{number}_{field}",
        "key": f"key_{number}_{field}",
        "rule": "a-rule",
        "mode": "auto",
        "system": "salesforce",
        "operation": "update",
        "object": "Task",
        "record_id": f"00T{number:012d}AAA",
        "before": {field: None},
        "after": {field: value},
        "expects": Expects(version=VERSION),
        "depends_on": (),
        "confidence": 0.99,
        "reason": "because",
        "evidence": (),
    }
    return Change(**{**given, **options})


def create(contact="003000000000001AAA"):
    """A role to create."""
    after = {"OpportunityId": "006000000000001AAA", "ContactId": contact}
    return update(
        0,
        id=f"chg_{contact}",
        key=f"key_{contact}",
        operation="create",
        object="OpportunityContactRole",
        record_id=None,
        before={},
        after=after,
        natural_key=f"OpportunityContactRole|006000000000001AAA|{contact}",
        expects=Expects(),
    )


class Stage:
    """A remote, a ledger and a clock."""

    def __init__(self, store):
        """Everything at rest."""
        self.remote = Remote()
        self.store = store
        self.at = NOW
        self.stopped = False
        self.runs = 0

    def apply(self, *changes, canary=10):
        """Outcomes in the order of the changes."""
        self.runs += 1
        executor = Executor(
            connectors={"salesforce": self.remote},
            ledger=self.store.ledger,
            our_users={"salesforce": US},
            run_id=f"run_{self.runs}",
            plan_id="pln_1",
            canary=canary,
            now=lambda: self.at,
            stop=lambda: self.stopped,
        )
        return [item.status.value for item in executor.run(changes)]

    def what(self, number):
        """The relation of a task."""
        return self.remote.tasks[f"00T{number:012d}AAA"]["WhatId"]


@pytest.fixture
def stage(store):
    """On each database."""
    return Stage(store)


def test_a_hundred_updates_need_two_calls_and_stick(stage):
    """A canary and the rest."""
    stage.remote = Remote(tasks=100)
    assert set(stage.apply(*[update(n) for n in range(100)])) == {"done"}
    assert stage.remote.calls == 2
    assert {stage.what(n) for n in range(100)} == {"006000000000001AAA"}


def test_several_changes_of_one_record_are_one_write(stage):
    """A record is never twice in one call."""
    both = [update(1), update(1, field="Subject", value="x"), update(2)]
    stage.remote.tasks["00T000000000001AAA"]["Subject"] = None
    assert stage.apply(*both) == ["done"] * 3
    assert stage.remote.calls == 1


def test_a_refused_record_still_takes_what_it_can(stage):
    """When the fold is refused its changes are tried one by one."""
    stage.remote.tasks["00T000000000001AAA"]["Subject"] = None
    stage.remote.script = ["refused", "refused", "done"]
    both = [update(1), update(1, field="Subject", value="x")]
    assert stage.apply(*both) == ["refused", "done"]


@pytest.mark.parametrize("when", ["crash before", "crash after"])
@pytest.mark.parametrize("make", [create, lambda: update(1)])
def test_a_crash_around_the_write_ends_in_one_effect(stage, when, make):
    """Killed before or after the write: a later run settles it by looking."""
    change = make()
    stage.remote.script = [when]
    with pytest.raises(Crash):
        stage.apply(change)
    assert len(stage.store.ledger.open_intents()) == 1
    first = stage.apply(change)
    stage.at = NOW + timedelta(minutes=11)
    second = stage.apply(change)
    assert first[0] in {"already", "parked"}
    assert second[0] in {"already", "done"}
    done = stage.remote.roles if change.operation == "create" else [stage.what(1)]
    assert len(done) == 1
    assert done[0]
    assert stage.store.ledger.open_intents() == []


def test_a_lost_answer_is_settled_by_looking(stage):
    """The effect is there: done; it is not: parked, and never sent again at once."""
    stage.remote.script = ["lost after"]
    assert stage.apply(create()) == ["done"]
    stage.remote.script = ["lost before"]
    other = create("003000000000002AAA")
    assert stage.apply(other) == ["parked"]
    calls = stage.remote.calls
    assert stage.apply(other) == ["parked"]
    assert stage.remote.calls == calls


def test_applying_twice_writes_once(stage):
    """The second run finds it said already."""
    stage.apply(update(1), create())
    calls = stage.remote.calls
    assert stage.apply(update(1), create()) == ["already", "already"]
    assert stage.remote.calls == calls
    assert len(stage.remote.roles) == 1


@pytest.mark.parametrize(
    ("edit", "status"),
    [
        ({"WhatId": "006000000000009AAA"}, "stale"),
        ({"Subject": "edited"}, "stale"),
        ({"WhatId": "006000000000001AAA"}, "already"),
    ],
)
def test_a_person_wins(stage, edit, status):
    """A record that a person edited since is left as it is."""
    task = stage.remote.tasks["00T000000000001AAA"]
    task.update(edit)
    stage.remote.versions["00T000000000001AAA"] = "2026-11-24T08:59:00Z"
    stage.remote.editors["00T000000000001AAA"] = "005000000000077AAA"
    assert stage.apply(update(1)) == [status]
    assert task == {"WhatId": None, **edit}


def test_our_own_earlier_edit_is_no_reason_to_stop(stage):
    """What we wrote ourselves since the plan does not make a change stale."""
    stage.remote.versions["00T000000000001AAA"] = "2026-11-24T08:59:00Z"
    stage.remote.editors["00T000000000001AAA"] = US
    assert stage.apply(update(1)) == ["done"]


@pytest.mark.parametrize(
    ("wanted", "status"), [(None, "done"), ("006000000000005AAA", "stale")]
)
def test_a_fact_that_moved_makes_a_change_stale(stage, wanted, status):
    """Other records that a change rests on are looked at again."""
    fact = ExpectedFields(
        system="salesforce",
        object="Task",
        id="00T000000000002AAA",
        fields={"WhatId": wanted},
    )
    change = update(1, expects=Expects(version=VERSION, also=(fact,)))
    assert stage.apply(change) == [status]


def test_a_record_that_is_gone_is_stale_and_its_delete_is_done(stage):
    """Nothing to update any more; nothing left to delete."""
    del stage.remote.tasks["00T000000000001AAA"]
    gone = update(1, operation="delete", before={}, after={}, key="d", id="chg_d")
    assert stage.apply(update(1), gone) == ["stale", "already"]


def test_what_depends_on_a_failure_is_held_back(stage):
    """A change whose precondition did not happen is not sent."""
    stage.remote.script = ["refused"]
    first, third = update(1), update(3)
    second = update(2, depends_on=(first.id,))
    assert stage.apply(first, second, third)[:2] == ["refused", "held_back"]
    assert stage.what(2) is None


def test_a_failing_canary_stops_the_rest(stage):
    """When the whole first batch fails, nothing more is sent."""
    stage.remote.script = ["refused"] * 3
    changes = [update(n) for n in range(10)]
    assert stage.apply(*changes, canary=3) == ["refused"] * 3 + ["held_back"] * 7
    assert stage.remote.calls == 1


def test_one_bad_row_does_not_stop_the_rest(stage):
    """Partial failure is an outcome like others."""
    stage.remote.script = ["done", "refused"]
    got = stage.apply(*[update(n) for n in range(6)])
    assert sorted(got) == ["done"] * 5 + ["refused"]


def test_the_stop_file_is_looked_at_before_every_batch(stage):
    """Once it is there the rest is held back."""
    real = stage.remote.write

    def write(writes):
        stage.stopped = True
        return real(writes)

    stage.remote.write = write
    got = stage.apply(*[update(n) for n in range(12)], canary=4)
    assert got == ["done"] * 4 + ["held_back"] * 8


def test_a_value_that_does_not_stick_is_said(stage):
    """An automation that changes it back is reported, not fought."""
    real = stage.remote.write

    def write(writes):
        answers = real(writes)
        for task in stage.remote.tasks.values():
            task["WhatId"] = None
        return answers

    stage.remote.write = write
    assert stage.apply(update(1)) == ["failed"]
    assert stage.remote.calls == 1


def test_the_before_image_is_kept(stage):
    """What a write replaced stands in the ledger, for taking it back."""
    stage.remote.tasks["00T000000000001AAA"]["WhatId"] = "006000000000007AAA"
    change = update(1, before={"WhatId": "006000000000007AAA"})
    stage.apply(change)
    (entry,) = stage.store.ledger.entries("run_1")
    assert entry.before == {"WhatId": "006000000000007AAA"}
    assert entry.state == "done"
    assert msgspec.to_builtins(entry.change)["id"] == change.id
