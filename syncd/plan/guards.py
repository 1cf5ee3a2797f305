"""Guards: limits that a plan is held against, and what makes a plan unfit to apply."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from syncd.errors import BusyError, GuardError, Problem
from syncd.model.plan import Change, GuardResult, Plan, PlanFinding
from syncd.plan.digest import digest_of
from syncd.plan.inputs import Limits, PlanInputs

_LIFTED: Final = frozenset(
    {"max_changes", "max_share", "max_changes_per_rule", "max_changes_per_owner"}
)
_ANEW: Final = frozenset({"snapshots_believed"})  # as it stands when it is applied
_SHARE_FROM: Final = 100  # of fewer records a single change is a large share


def check_guards(
    changes: Sequence[Change],
    *,
    owners: Mapping[str, str],
    inputs: PlanInputs,
) -> tuple[GuardResult, ...]:
    """Every guard with its limit and what the plan comes to.

    ``owners`` are the changes' owners (e-mails) by change id, as far as known.
    """
    limits = inputs.limits
    by_rule = Counter(change.rule for change in changes)
    by_owner = Counter(owners[c.id] for c in changes if c.id in owners)
    return (
        _result("max_changes", limits.max_changes, len(changes)),
        *_shares(changes, inputs=inputs),
        *_capped("max_changes_per_rule", limits.max_changes_per_rule, by_rule),
        *_capped("max_changes_per_owner", limits.max_changes_per_owner, by_owner),
        _result("no_deletes_on_incomplete_poll", 0, _unsafe_deletes(changes, inputs)),
        msgspec.structs.replace(
            _result("snapshots_believed", 0, len(inputs.doubts)),
            detail="; ".join(inputs.doubts),
        ),
    )


def _result(guard: str, limit: int, actual: int) -> GuardResult:
    return GuardResult(guard=guard, limit=limit, actual=actual, ok=actual <= limit)


def _capped(
    guard: str, limit: int, counts: Mapping[str, int]
) -> tuple[GuardResult, ...]:
    """One result for each rule or owner; none without a cap."""
    if not limit:
        return ()
    return tuple(_result(f"{guard}:{k}", limit, n) for k, n in sorted(counts.items()))


def _shares(
    changes: Sequence[Change], *, inputs: PlanInputs
) -> tuple[GuardResult, ...]:
    counts = Counter((change.system, change.object) for change in changes)
    results = []
    for (system, name), count in sorted(counts.items()):
        live = inputs.live.get((system, name), 0)
        if live >= _SHARE_FROM:
            share = count / live
            results.append(
                GuardResult(
                    guard=f"max_share:{system}.{name}",
                    limit=inputs.limits.max_share,
                    actual=round(share, 4),
                    ok=share <= inputs.limits.max_share,
                    detail=f"{count} of {live}",
                )
            )
    return tuple(results)


def _unsafe_deletes(changes: Sequence[Change], inputs: PlanInputs) -> int:
    incomplete = any(not state.complete for state in inputs.connectors.values())
    return sum(c.operation == "delete" for c in changes) if incomplete else 0


def refuse_unfit(
    plan: Plan,
    selected: Sequence[Change],
    *,
    orgs: Mapping[str, str],
    limits: Limits,
    now: datetime,
    force: bool,
    stopped_systems: Mapping[str, str],
) -> None:
    """Stop a plan that must not be applied as it is.

    The limits on number and share are held against the selected changes; ``force``
    lifts those and nothing else. ``stopped_systems`` says why nothing may be written
    to a system now: a plan for other systems too is applied without it.

    Raises:
        GuardError: Edited by hand, for another org, too old, or over a limit.
        BusyError: Only for systems that must not be written to now.
    """
    where = plan.plan_id
    age = now - plan.created_at
    if age > timedelta(hours=limits.plan_max_age_hours):
        hours = age.total_seconds() / 3600
        raise _refused(
            where,
            f"it is {hours:.0f} h old, older than {limits.plan_max_age_hours:g} h",
            "make a new plan: syncd plan",
        )
    if digest_of(plan.changes, orgs=plan.orgs) != plan.digest:
        raise _refused(
            where,
            "its changes do not fit its digest: it was edited by hand",
            "make a new plan; take parts of it with --only or --rule",
        )
    for system, org in plan.orgs.items():
        if orgs.get(system) != org:
            raise _refused(
                where,
                f"it was made for another {system} org",
                "check which org the configuration connects to",
            )
    for guard in plan.guards:
        name, _, of = guard.guard.partition(":")
        lifted = name in _ANEW or (force and name in _LIFTED)
        actual = _actual(name, of, guard, plan, selected)
        if not guard.ok and actual > guard.limit and not lifted:
            detail = f" ({guard.detail})" if guard.detail else ""
            raise _refused(
                where,
                f"{guard.guard} is {actual:g}, the limit is {guard.limit:g}{detail}",
                "look at the plan, then use --first N, or --force",
            )
    systems = {change.system for change in selected}
    if systems and systems <= stopped_systems.keys():
        why = "; ".join(f"{one}: {stopped_systems[one]}" for one in sorted(systems))
        raise BusyError(
            Problem(
                where=where,
                what=f"snapshots_believed is broken, nothing is written ({why})",
                remedy="check permissions; if it is as it should be: syncd doubts "
                "clear ID",
            )
        )


def owners_of(plan_findings: Iterable[PlanFinding]) -> dict[str, str]:
    """The owner of each change, by change id, as its findings name them."""
    return {
        change_id: finding.owner
        for finding in plan_findings
        if finding.owner
        for change_id in finding.changes
    }


def _actual(
    name: str,
    of: str,
    guard: GuardResult,
    plan: Plan,
    selected: Sequence[Change],
) -> float:
    """What the selected part of a plan comes to."""
    if name == "max_share":
        all_of = sum(f"{c.system}.{c.object}" == of for c in plan.changes)
        chosen = sum(f"{c.system}.{c.object}" == of for c in selected)
        return guard.actual * chosen / all_of if all_of else 0.0
    owners = owners_of(plan.findings)
    counts: dict[str, Callable[[Change], bool]] = {
        "max_changes": lambda _: True,
        "max_changes_per_rule": lambda change: change.rule == of,
        "max_changes_per_owner": lambda change: owners.get(change.id) == of,
        "no_deletes_on_incomplete_poll": lambda change: change.operation == "delete",
    }
    counted = counts.get(name)
    return guard.actual if counted is None else sum(map(counted, selected))


def _refused(where: str, what: str, remedy: str) -> GuardError:
    return GuardError(Problem(where=where, what=what, remedy=remedy))
