"""Guards: limits that a plan is held against, and what makes a plan unfit to apply."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from syncd.errors import BusyError, GuardError, Problem
from syncd.model.plan import Change, ConnectorState, GuardResult, Plan, PlanFinding
from syncd.plan.digest import digest_of
from syncd.plan.inputs import Limits, PlanInputs

_APART: Final = timedelta(minutes=5)  # clocks of two machines
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
    return (
        *_limits(changes, owners=owners, limits=inputs.limits, live=inputs.live),
        _result(
            "no_deletes_on_incomplete_poll",
            0,
            _unsafe_deletes(changes, inputs.connectors),
        ),
        msgspec.structs.replace(
            _result("snapshots_believed", 0, len(inputs.doubts)),
            detail="; ".join(inputs.doubts),
        ),
    )


def _limits(
    changes: Sequence[Change],
    *,
    owners: Mapping[str, str],
    limits: Limits,
    live: Mapping[tuple[str, str], int],
) -> tuple[GuardResult, ...]:
    """The configured limits on number and share, each with what changes come to."""
    by_rule = Counter(change.rule for change in changes)
    by_owner = Counter(owners[c.id] for c in changes if c.id in owners)
    return (
        _result("max_changes", limits.max_changes, len(changes)),
        *_shares(changes, max_share=limits.max_share, live=live),
        *_capped("max_changes_per_rule", limits.max_changes_per_rule, by_rule),
        *_capped("max_changes_per_owner", limits.max_changes_per_owner, by_owner),
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
    changes: Sequence[Change],
    *,
    max_share: float,
    live: Mapping[tuple[str, str], int],
) -> tuple[GuardResult, ...]:
    counts = Counter((change.system, change.object) for change in changes)
    results = []
    for (system, name), count in sorted(counts.items()):
        total = live.get((system, name), 0)
        if total >= _SHARE_FROM:
            share = count / total
            results.append(
                GuardResult(
                    guard=f"max_share:{system}.{name}",
                    limit=max_share,
                    actual=round(share, 4),
                    ok=share <= max_share,
                    detail=f"{count} of {total}",
                )
            )
    return tuple(results)


def _unsafe_deletes(
    changes: Sequence[Change], connectors: Mapping[str, ConnectorState]
) -> int:
    """Deletes that may rest on what was not read; what takes back our own does not."""
    if all(state.complete for state in connectors.values()):
        return 0
    return sum(c.operation == "delete" and not c.undoes for c in changes)


def _refuse_age(where: str, age: timedelta, *, limits: Limits) -> None:
    remedy = "make a new plan: syncd plan"
    if age < -_APART:
        minutes = -age.total_seconds() / 60
        what = f"it was made {minutes:.0f} min from now: a clock is wrong, or was"
        raise BusyError(Problem(where=where, what=what, remedy=remedy))
    hours = age.total_seconds() / 3600
    if hours > limits.plan_max_age_hours:
        what = f"it is {hours:.0f} h old, older than {limits.plan_max_age_hours:g} h"
        raise _refused(where, what, remedy)


def refuse_unfit(
    plan: Plan,
    selected: Sequence[Change],
    *,
    orgs: Mapping[str, str],
    limits: Limits,
    live: Mapping[tuple[str, str], int],
    now: datetime,
    force: bool,
    stopped_systems: Mapping[str, str],
) -> None:
    """Stop a plan that must not be applied as it is.

    The limits on number and share are those configured now, whatever the plan says of
    them, held against the selected changes and today's ``live`` records by system and
    object; ``force`` lifts those and nothing else. ``stopped_systems`` says why
    nothing may be written to a system now: a plan for other systems too is applied
    without it.

    Raises:
        GuardError: Edited by hand, for another org, too old, or over a limit.
        BusyError: Only for systems that must not be written to now; or made in the
            future, so that its age cannot be told.
    """
    where = plan.plan_id
    _refuse_age(where, now - plan.created_at, limits=limits)
    if digest_of(plan.changes, orgs=plan.orgs) != plan.digest:
        raise _refused(
            where,
            "its changes do not fit its digest: it was edited by hand",
            "make a new plan; take parts of it with --only or --rule",
        )
    for system in sorted({change.system for change in plan.changes}):
        if orgs.get(system) != plan.orgs.get(system):
            raise _refused(
                where,
                f"it was made for another {system} org",
                "check which org the configuration connects to",
            )
    if _unsafe_deletes(selected, plan.connectors):
        raise _refused(
            where,
            "it deletes on an incomplete poll",
            "make a new plan when every connector can be read",
        )
    if not force:
        owners = owners_of(plan.findings)
        _refuse_over(
            _limits(selected, owners=owners, limits=limits, live=live), where=where
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


def _refuse_over(guards: Iterable[GuardResult], *, where: str) -> None:
    for guard in guards:
        if not guard.ok:
            detail = f" ({guard.detail})" if guard.detail else ""
            raise _refused(
                where,
                f"{guard.guard} is {guard.actual:g}, the limit is {guard.limit:g}"
                f"{detail}",
                "look at the plan, then use --first N, or --force",
            )


def owners_of(plan_findings: Iterable[PlanFinding]) -> dict[str, str]:
    """The owner of each change, by change id, as its findings name them."""
    return {
        change_id: finding.owner
        for finding in plan_findings
        if finding.owner
        for change_id in finding.changes
    }


def _refused(where: str, what: str, remedy: str) -> GuardError:
    return GuardError(Problem(where=where, what=what, remedy=remedy))
