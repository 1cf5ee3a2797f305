"""Reads the ledger backwards: a plan that takes a run's changes back."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from syncd.apply.recheck import current_of
from syncd.errors import Problem, UsageError
from syncd.model.compare import all_same, same
from syncd.model.ids import stable_id
from syncd.model.outcome import ItemStatus, RunOutcome
from syncd.model.plan import (
    SCHEMA,
    Change,
    ConnectorState,
    Expects,
    Plan,
    PlanEvidence,
    PlanFinding,
    Subject,
    effect_of,
)
from syncd.model.record import RecordRef, link_to
from syncd.model.texts import is_forgotten
from syncd.model.tombstone import Tombstone, TombstoneKind
from syncd.pipeline.cost import cost_of
from syncd.plan.digest import digest_of
from syncd.plan.names import names_for
from syncd.plan.order import in_order
from syncd.ports.connector import Current, WritingConnector
from syncd.ports.ledger import Ledger, LedgerEntry, Tombstones
from syncd.ports.plans import Plans


@dataclass(frozen=True, kw_only=True)
class UndoRequest:
    """What to undo with.

    Attributes:
        only: Changes of the run to take back; empty = all of them.
        tombstone_days: How long what is undone stays undone; 0 = until cleared.
    """

    ledger: Ledger
    plans: Plans
    tombstones: Tombstones
    connectors: Mapping[str, WritingConnector]
    orgs: Mapping[str, str]
    states: Mapping[str, ConnectorState]
    links: Mapping[str, str]
    policy_digest: str
    now: datetime
    only: Sequence[str] = ()
    tombstone_days: int = 0


@dataclass(kw_only=True)
class _Undo:
    """What taking back one write comes to: a change, or why there is none."""

    entry: LedgerEntry
    change: Change | None = None
    left: str = ""
    message: str = field(default="", init=False)

    def __post_init__(self) -> None:
        kind = self.entry.change.operation
        self.message = f"{kind} by {self.entry.run_id} ({self.entry.change.rule})."


def make_undo(run_id: str, request: UndoRequest) -> Plan:
    """A saved plan that restores what was there before a run, as far as it is ours.

    A field goes back only where it still holds what we wrote; what we made is removed
    unless someone has changed it since; what we removed is made anew. The rest is
    listed with the reason and left. There is no limit on the number: an undo never
    touches more than the run did.

    Raises:
        UsageError: No such run or change, or a run that wrote nothing.
    """
    last_write = request.ledger.last_write()
    entries = _entries(run_id, request)
    current = _current(entries, request)
    undos = [_undo(entry, current, request) for entry in entries]
    changes = in_order(_linked(undos))
    digest = digest_of(changes, orgs=request.orgs)
    plan = Plan(
        schema=SCHEMA,
        plan_id=stable_id("pln", "undo", run_id, digest, request.now.isoformat()),
        digest=digest,
        created_at=request.now,
        scope={"undo": run_id},
        policy_digest=request.policy_digest,
        orgs=request.orgs,
        connectors=request.states,
        cost=cost_of(changes, request.connectors),
        findings=tuple(_finding(undo, request) for undo in undos),
        changes=changes,
        guards=(),
        after_write=last_write,
        names=names_for(changes, _names(entries, request.plans)),
    )
    request.plans.save(plan)
    return plan


def _names(entries: Iterable[LedgerEntry], plans: Plans) -> dict[str, dict[str, str]]:
    """What the plans behind these writes called the records that they speak of."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for plan_id in sorted({entry.plan_id for entry in entries}):
        plan = plans.load(plan_id)
        for system, names in plan.names.items() if plan else ():
            found[system].update(names)
    return found


def entomb_undone(plan: Plan, run: RunOutcome, request: UndoRequest) -> None:
    """Entomb what an undo took back, and lift the tombstones of what it brought back.

    What a person brought back before us stays entombed: it is theirs, to be taken away
    again too. Should it be killed before, the ledger says as much: see
    ``syncd.plan.reverts``.
    """
    status = {item.change_id: item.status for item in run.items}
    request.tombstones.add(
        _stone(change, plan, request)
        for change in plan.changes
        if status.get(change.id) is ItemStatus.DONE
        or (status.get(change.id) is ItemStatus.ALREADY and change.takes_back)
    )


def _stone(change: Change, plan: Plan, request: UndoRequest) -> Tombstone:
    now, days = request.now, request.tombstone_days
    last_write = request.ledger.last_write()
    return Tombstone(
        effect=effect_of(change),
        kind=TombstoneKind.UNDONE,
        rule=change.rule,
        system=change.system,
        object=change.object,
        what=change.natural_key or change.record_id or "",
        fields=tuple(sorted(change.after or change.before)),
        says=f"it was undone with {plan.scope['undo']}",
        made_at=now,
        expires_at=now + timedelta(days=days) if days else None,
        cleared_at=None if change.takes_back else now,
        # What is brought back is ours again: only what came before it is forgiven.
        after_write=last_write if change.takes_back else plan.after_write,
    )


def _entries(run_id: str, request: UndoRequest) -> list[LedgerEntry]:
    """The run's writes, last first."""
    entries = [e for e in request.ledger.entries(run_id) if e.state in {"done", "open"}]
    if not entries:
        known = request.ledger.run(run_id) is not None
        raise UsageError(
            Problem(
                where=run_id,
                what="wrote nothing" if known else "no such run",
                remedy="list the runs: syncd runs",
            )
        )
    ids = {entry.change.id for entry in entries}
    for one in request.only:
        if one not in ids:
            remedy = f"see what it wrote: syncd runs {run_id}"
            raise UsageError(
                Problem(where=one, what="the run wrote no such change", remedy=remedy)
            )
    chosen = [e for e in entries if not request.only or e.change.id in request.only]
    return chosen[::-1]


def _current(
    entries: Sequence[LedgerEntry], request: UndoRequest
) -> dict[RecordRef, Current | None]:
    found: dict[RecordRef, Current | None] = {}
    for system, connector in request.connectors.items():
        mine = [entry for entry in entries if entry.change.system == system]
        made = {entry.change.id: entry.record_id for entry in mine}
        changes = [entry.change for entry in mine if entry.change.operation != "delete"]
        found.update(current_of(connector, changes, made=made))
    return found


def _undo(
    entry: LedgerEntry,
    current: Mapping[RecordRef, Current | None],
    request: UndoRequest,
) -> _Undo:
    change = entry.change
    left = ""
    if change.system not in request.connectors:
        left = f"{change.system} is not configured"
    elif entry.state == "open":
        left = "its outcome is not known yet: try again in ten minutes"
    elif change.operation == "action":
        left = f"{change.action} cannot be taken back: do it by hand"
    if left:
        return _Undo(entry=entry, left=left)
    if change.operation == "delete":
        return _Undo(entry=entry, change=_made_anew(entry, request))
    ref = RecordRef(change.system, change.object, entry.record_id or "")
    here = current.get(ref)
    if here is None:
        return _Undo(entry=entry, left="the record is gone")
    if change.operation == "create":
        return _remove(entry, here, request)
    return _restore(entry, here, request)


def _restore(entry: LedgerEntry, here: Current, request: UndoRequest) -> _Undo:
    """Put fields back where they still hold our value."""
    wrote = dict(entry.change.after)
    before = {name: entry.before.get(name) for name in wrote}
    ours = {n: v for n, v in wrote.items() if same(v, here.fields.get(n))}
    if not ours:
        again = all_same(before, dict(here.fields))
        left = "it is as it was before" if again else f"someone changed {_named(wrote)}"
        return _Undo(entry=entry, left=left)
    if any(is_forgotten(before[name]) for name in ours):
        left = "the text that it replaced is no longer kept"
        return _Undo(entry=entry, left=left)
    moved = wrote.keys() - ours.keys()
    change = _change(
        entry,
        request,
        operation="update",
        record_id=here.ref.id,
        before={name: here.fields.get(name) for name in ours},
        after={name: before[name] for name in ours},
        expects=Expects(version=here.version),
    )
    return _Undo(
        entry=entry,
        change=change,
        left=f"someone changed {_named(moved)} since" if moved else "",
    )


def _remove(entry: LedgerEntry, here: Current, request: UndoRequest) -> _Undo:
    """Remove what we made, unless a person has made it theirs."""
    wrote = dict(entry.change.after)
    moved = [n for n, v in wrote.items() if not same(v, here.fields.get(n))]
    if moved:
        return _Undo(entry=entry, left=f"someone changed {_named(moved)} since")
    change = _change(
        entry,
        request,
        operation="delete",
        record_id=here.ref.id,
        before={name: here.fields.get(name) for name in wrote},
        after={},
        expects=Expects(version=here.version),
    )
    return _Undo(entry=entry, change=change)


def _made_anew(entry: LedgerEntry, request: UndoRequest) -> Change:
    """Make what we removed once more: contact roles have no recycle bin of use."""
    after = {name: v for name, v in entry.before.items() if v is not None}
    return _change(
        entry,
        request,
        operation="create",
        record_id=None,
        before={},
        after=after,
        expects=Expects(),
    )


def _change(
    entry: LedgerEntry,
    request: UndoRequest,
    *,
    operation: str,
    record_id: str | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    expects: Expects,
) -> Change:
    of = entry.change
    effect = effect_of(of)
    past = request.ledger.past([effect]).get(effect, ())
    times = sum(write.state != "open" for write in past)
    body = f"undo\x1f{of.key}\x1f{times}".encode()
    key = hashlib.sha256(body).hexdigest()
    said = PlanEvidence(
        system=of.system,
        object=of.object,
        id=entry.record_id or "",
        says=f"written by {entry.run_id} on {entry.intended_at:%Y-%m-%d %H:%M}",
    )
    return Change(
        id=stable_id("chg", key),
        key=key,
        rule=of.rule,
        mode="auto",
        system=of.system,
        operation=operation,
        object=of.object,
        record_id=record_id,
        before=before,
        after=after,
        expects=expects,
        depends_on=(),
        confidence=1.0,
        reason=f"takes back {of.id}",
        evidence=(said,),
        partition=of.partition,
        natural_key=_natural_key(of, operation),
        finding_ids=(stable_id("fnd", "undo", key),),
        undoes=of.key,
        texts=of.texts or tuple(n for n, v in of.after.items() if is_forgotten(v)),
        takes_back=not of.takes_back,
    )


def _natural_key(of: Change, operation: str) -> str:
    """How the effect is told from others: what is made anew has no id of its own."""
    if operation == "create" and not of.natural_key:
        return f"{of.object}|anew|{of.record_id}"
    return of.natural_key


def _linked(undos: Sequence[_Undo]) -> list[Change]:
    """What came last goes first: each waits for the undoing of those that needed it."""
    by_original = {u.entry.change.id: u.change for u in undos if u.change is not None}
    needs: dict[str, set[str]] = defaultdict(set)
    for undo in undos:
        for needed in undo.entry.change.depends_on:
            if undo.change is not None and needed in by_original:
                needs[by_original[needed].id].add(undo.change.id)
    return [
        msgspec.structs.replace(change, depends_on=tuple(sorted(needs[change.id])))
        for change in by_original.values()
    ]


def _finding(undo: _Undo, request: UndoRequest) -> PlanFinding:
    of = undo.entry.change
    ref = RecordRef(of.system, of.object, undo.entry.record_id or of.record_id or "")
    change = undo.change
    return PlanFinding(
        id=change.finding_ids[0] if change else stable_id("fnd", "undo", of.key),
        rule=of.rule,
        practice=(),
        severity="info",
        subject=Subject(
            system=ref.system,
            object=ref.object,
            id=ref.id,
            url=link_to(ref, request.links),
        ),
        account_id=None,
        opportunity_id=None,
        owner=None,
        message=undo.message,
        evidence=of.evidence,
        changes=(change.id,) if change else (),
        status="fixable" if change else "report",
        why_not=undo.left,
    )


def _named(fields: Iterable[str]) -> str:
    return ", ".join(sorted(fields))
