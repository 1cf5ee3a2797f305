"""A faithful remote in memory, and changes for it."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.apply.executor import Executor
from syncd.model.plan import Change, Expects
from syncd.model.record import RecordRef
from syncd.ports.connector import Current, WriteOutcome, WriteStatus

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
US = "005000000000001AAA"
PERSON = "005000000000077AAA"
DEAL = "006000000000001AAA"


class Crash(BaseException):
    """The process dies here: nothing below may catch it."""


class World:
    """The remote's records, with who changed what and when; never forgets a write.

    Unlike a script it decides by itself: a guarded write is refused when the record
    moved, a deleted record cannot be written, and every creation gives a new record.
    """

    def __init__(self, tasks=4):
        """Tasks without relation, and no role."""
        self.at = START
        self.tasks = {
            f"00T{n:012d}AAA": {
                "fields": {"WhatId": None, "Subject": None},
                "at": START - timedelta(days=3),
                "by": PERSON,
            }
            for n in range(tasks)
        }
        self.roles = {}
        self.ever_made = []
        self.log = []
        self.edits = []

    def edit(self, record_id, by=PERSON, **fields):
        """Someone changes a task."""
        task = self.tasks[record_id]
        task["fields"].update(fields)
        task["at"], task["by"] = self.at, by
        if by != US:
            self.edits += [(self.at, record_id, name) for name in fields]

    def make(self, fields):
        """A new role; the remote itself allows twins."""
        role_id = f"00K{len(self.ever_made):012d}AAA"
        self.roles[role_id] = {
            "fields": dict(fields),
            "at": self.at,
            "made": self.at,
        }
        self.ever_made.append((fields["OpportunityId"], fields["ContactId"]))
        return role_id

    def pairs(self):
        """Who is on which deal, twins included."""
        found = [role["fields"] for role in self.roles.values()]
        return sorted((one["OpportunityId"], one["ContactId"]) for one in found)


class Connector:
    """One process's connector to the world; ``script`` breaks the next calls.

    A told word per call: ``lost before``, ``lost after``, ``crash before``,
    ``crash after``, ``refused``, ``retry``; anything else is done.
    """

    system = "salesforce"

    def __init__(self, world, script=()):
        """Shares the world with other processes."""
        self.world = world
        self.script = list(script)
        self.before_call = lambda: None

    def current(self, refs, fields):
        """Records as they stand; an absent one is None."""
        return {ref: self._current(ref, fields) for ref in refs}

    def _current(self, ref, fields):
        table = self.world.tasks if ref.object == "Task" else self.world.roles
        row = table.get(ref.id)
        if row is None:
            return None
        return Current(
            ref=ref,
            version=row["at"].isoformat().replace("+00:00", "Z"),
            created_at=row.get("made"),
            modified_at=row["at"],
            modified_by=row.get("by"),
            fields={name: row["fields"].get(name) for name in fields},
        )

    def write_calls(self, writes):
        """Guarded writes alone, everything else together."""
        plain = [write for write in writes if write.guarded_by is None]
        return len(writes) - len(plain) + bool(plain)

    def write(self, writes):
        """Effects, as far as the script lets them, and their answers."""
        self.before_call()
        told = self.script.pop(0) if self.script else "done"
        if told == "crash before":
            raise Crash
        answers = [self._one(write, told) for write in writes]
        if told == "crash after":
            raise Crash
        return answers

    def _one(self, write, told):
        statuses = {
            "lost before": WriteStatus.AMBIGUOUS,
            "refused": WriteStatus.REFUSED,
            "retry": WriteStatus.RETRY,
        }
        if told in statuses:
            return WriteOutcome(key=write.key, status=statuses[told])
        made, status = self._do(write)
        if told == "lost after":
            return WriteOutcome(key=write.key, status=WriteStatus.AMBIGUOUS)
        return WriteOutcome(key=write.key, status=status, record_id=made)

    def _do(self, write):
        world = self.world
        world.log.append((write.operation, write.record_id, dict(write.fields)))
        if write.operation == "create":
            return world.make(write.fields), WriteStatus.DONE
        if write.operation == "delete":
            gone = world.roles.pop(write.record_id, None) is None
            return write.record_id, (WriteStatus.CONFLICT if gone else WriteStatus.DONE)
        task = world.tasks.get(write.record_id)
        moved = task and write.guarded_by and task["at"] > write.guarded_by
        if task is None or moved:
            return write.record_id, WriteStatus.CONFLICT
        world.edit(write.record_id, by=US, **write.fields)
        return write.record_id, WriteStatus.DONE

    def find_effect(self, write):
        """Tasks are not made here, and roles are found by their sides."""

    def memberships(self, object_name, opportunity_ids):
        """All roles of each deal."""
        found = {deal: [] for deal in opportunity_ids}
        for role_id, role in self.world.roles.items():
            deal = role["fields"]["OpportunityId"]
            if deal in found:
                ref = RecordRef("salesforce", object_name, role_id)
                fields = ("OpportunityId", "ContactId")
                found[deal].append(self._current(ref, fields))
        return found


def update(number, *, world=None, field="WhatId", value=DEAL, generation=0, **options):
    """A change of one task, decided on what stands there now."""
    record_id = f"00T{number:012d}AAA"
    task = world.tasks[record_id] if world else None
    before = task["fields"][field] if task else None
    at = task["at"] if task else START - timedelta(days=3)
    key = f"key_{number}_{field}_{before}_{value}_{generation}"
    given = {
        "id": f"chg_{key}",
        "key": key,
        "rule": "a-rule",
        "mode": "auto",
        "system": "salesforce",
        "operation": "update",
        "object": "Task",
        "record_id": record_id,
        "before": {field: before},
        "after": {field: value},
        "expects": Expects(version=at.isoformat().replace("+00:00", "Z")),
        "depends_on": (),
        "confidence": 0.99,
        "reason": "because",
        "evidence": (),
    }
    return Change(**{**given, **options})


def create(contact="003000000000001AAA", *, generation=0, **options):
    """A role to create."""
    key = f"key_{contact}_{generation}"
    given = {
        "id": f"chg_{key}",
        "key": key,
        "operation": "create",
        "object": "OpportunityContactRole",
        "record_id": None,
        "before": {},
        "after": {"OpportunityId": DEAL, "ContactId": contact},
        "natural_key": f"OpportunityContactRole|{DEAL}|{contact}",
        "expects": Expects(),
    }
    return update(0, **{**given, **options})


def remove(role_id, **options):
    """A role to delete."""
    given = {
        "id": f"chg_{role_id}",
        "key": f"key_{role_id}",
        "operation": "delete",
        "object": "OpportunityContactRole",
        "record_id": role_id,
        "before": {"OpportunityId": DEAL, "ContactId": "003000000000001AAA"},
        "after": {},
        "expects": Expects(),
    }
    return update(0, **{**given, **options})


class Stage:
    """A world, a ledger, and processes that write from the one into the other."""

    Crash = Crash
    World = World
    Connector = Connector
    PERSON = PERSON
    DEAL = DEAL
    update = staticmethod(update)
    create = staticmethod(create)
    remove = staticmethod(remove)

    def __init__(self, ledger, tasks=4):
        """Everything at rest."""
        self.world = World(tasks)
        self.ledger = ledger
        self.runs = 0

    def executor(self, *script, ledger=None, connector=None, **options):
        """What a process that starts now writes with."""
        self.runs += 1
        given = {
            "connectors": {"salesforce": connector or Connector(self.world, script)},
            "ledger": ledger or self.ledger,
            "our_users": {"salesforce": US},
            "run_id": f"run_{self.runs}",
            "plan_id": "pln_1",
            "canary": 2,
            "now": lambda: self.world.at,
        }
        return Executor(**{**given, **options})

    def run(self, changes, *script, **options):
        """Statuses in the order of the changes."""
        items = self.executor(*script, **options).run(changes)
        return [item.status.value for item in items]

    def later(self, **span):
        """Time passes."""
        self.world.at += timedelta(**span)

    def states(self):
        """State of every attempt in the ledger."""
        found = [
            entry.state
            for number in range(1, self.runs + 1)
            for entry in self.ledger.entries(f"run_{number}")
        ]
        return sorted(found)


@pytest.fixture
def staged():
    """The class, for tests that need many stages."""
    return Stage


@pytest.fixture
def stage(store):
    """On each database."""
    return Stage(store.ledger)
