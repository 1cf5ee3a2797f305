"""Applies a saved plan: exactly that plan, or a chosen part of it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from syncd.apply.executor import Executor
from syncd.errors import BusyError, Problem, UsageError
from syncd.model.finding import Mode
from syncd.model.outcome import RunOutcome
from syncd.model.plan import Change, Plan
from syncd.plan.guards import refuse_unfit
from syncd.plan.inputs import Limits
from syncd.ports.connector import WritingConnector
from syncd.ports.ledger import Ledger


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which changes of a plan to apply; everything automatic by default."""

    only: Sequence[str] = ()
    rules: Sequence[str] = ()
    first: int | None = None
    include_review: bool = False
    force: bool = False

    def of(self, plan: Plan) -> tuple[Change, ...]:
        """The chosen changes with those that they depend on, in the plan's order.

        What waits for a person is never taken along unasked: a change that depends on
        such a one is then held back by the run.

        Raises:
            UsageError: An id or rule that the plan does not have.
        """
        known = {change.id for change in plan.changes}
        takeable = {c.id for c in plan.changes if self.only or self._is_asked(c)}
        _known(self.only, known, what="change")
        _known(self.rules, {f.rule for f in plan.findings}, what="rule")
        chosen = [change for change in plan.changes if self._wants(change)]
        if self.first is not None:
            chosen = chosen[: self.first]
        ids = {change.id for change in chosen}
        for change in reversed(plan.changes):
            if change.id in ids:
                ids.update(set(change.depends_on) & takeable)
        return tuple(change for change in plan.changes if change.id in ids)

    def _wants(self, change: Change) -> bool:
        if self.only:
            return change.id in self.only
        of_rule = not self.rules or change.rule in self.rules
        return of_rule and self._is_asked(change)

    def _is_asked(self, change: Change) -> bool:
        return change.mode == Mode.AUTO.value or self.include_review


def _known(given: Sequence[str], known: set[str], *, what: str) -> None:
    for one in given:
        if one not in known:
            raise UsageError(
                Problem(
                    where=one,
                    what=f"the plan has no such {what}",
                    remedy=f"list the plan's: {', '.join(sorted(known)[:5]) or 'none'}",
                )
            )


@dataclass(frozen=True, kw_only=True)
class ApplyRequest:
    """What to apply with.

    Attributes:
        live: Live records by system and object, for the limit on their share.
        stopped_systems: Why nothing may be written to a system now, by system.
    """

    ledger: Ledger
    connectors: Mapping[str, WritingConnector]
    orgs: Mapping[str, str]
    our_users: Mapping[str, str]
    limits: Limits
    live: Mapping[tuple[str, str], int]
    now: Callable[[], datetime]
    stopped: Callable[[], bool]
    stopped_systems: Mapping[str, str] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    kind: str = "apply"
    progress: Callable[[int], None] = lambda _: None


def apply_plan(plan: Plan, request: ApplyRequest) -> RunOutcome:
    """Apply the selected changes of a plan; one outcome per change.

    Raises:
        GuardError: The plan is unfit or over a limit.
        BusyError: The stop file is there, another process is writing, or nothing may
            be written to the plan's systems for now.
    """
    changes = request.selection.of(plan)
    refuse_unfit(
        plan,
        changes,
        orgs=request.orgs,
        limits=request.limits,
        live=request.live,
        now=request.now(),
        # An undo never touches more than the run that it takes back.
        force=request.selection.force or request.kind == "undo",
        stopped_systems=request.stopped_systems,
    )
    if request.stopped():
        raise BusyError(
            Problem(
                where="the stop file",
                what="forbids every write",
                remedy="read why it is there, then remove it",
            )
        )
    run = RunOutcome(
        run_id=f"run_{secrets.token_hex(8)}",
        plan_id=plan.plan_id,
        started_at=request.now(),
        ended_at=None,
        kind=request.kind,
    )
    with request.ledger.writer_lock() as lock_held:
        request.ledger.open_run(run)
        executor = Executor(
            connectors=request.connectors,
            ledger=request.ledger,
            our_users=request.our_users,
            run_id=run.run_id,
            plan_id=plan.plan_id,
            canary=request.limits.canary,
            now=request.now,
            planned_after=plan.after_write,
            stop=request.stopped,
            lock_held=lock_held,
            stopped_systems=request.stopped_systems,
            progress=request.progress,
        )
        items = executor.run(changes)
        ended = msgspec.structs.replace(run, ended_at=request.now(), items=items)
        request.ledger.close_run(ended)
    return ended
