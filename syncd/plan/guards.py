"""Guards: limits that a plan is held against, and what makes a plan unfit to apply."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from syncd.errors import GuardError, Problem
from syncd.model.plan import Change, GuardResult, Plan
from syncd.plan.digest import digest_of
from syncd.plan.inputs import Limits, PlanInputs

_SHARE_FROM: Final = 100  # of fewer records a single change is a large share


def check_guards(
    changes: Sequence[Change], *, inputs: PlanInputs
) -> tuple[GuardResult, ...]:
    """Every guard with its limit and what the plan comes to."""
    limits = inputs.limits
    return (
        GuardResult(
            guard="max_changes",
            limit=limits.max_changes,
            actual=len(changes),
            ok=len(changes) <= limits.max_changes,
        ),
        *_shares(changes, inputs=inputs),
        GuardResult(
            guard="no_deletes_on_incomplete_poll",
            limit=0,
            actual=_unsafe_deletes(changes, inputs),
            ok=_unsafe_deletes(changes, inputs) == 0,
        ),
        GuardResult(
            guard="snapshots_believed",
            limit=0,
            actual=len(inputs.doubts),
            ok=not inputs.doubts,
            detail="; ".join(inputs.doubts),
        ),
    )


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
) -> None:
    """Stop a plan that must not be applied as it is.

    The limits on number and share are held against the selected changes; ``force``
    lifts those two and nothing else.

    Raises:
        GuardError: Edited by hand, for another org, too old, or over a limit.
    """
    where = plan.plan_id
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
    age = now - plan.created_at
    if age > timedelta(hours=limits.plan_max_age_hours):
        hours = age.total_seconds() / 3600
        raise _refused(
            where,
            f"it is {hours:.0f} h old, older than {limits.plan_max_age_hours:g} h",
            "make a new plan: syncd plan",
        )
    for guard in plan.guards:
        name, _, of = guard.guard.partition(":")
        lifted = force and name in {"max_changes", "max_share"}
        actual = _actual(guard, plan.changes, selected, of=of)
        if not guard.ok and actual > guard.limit and not lifted:
            detail = f" ({guard.detail})" if guard.detail else ""
            raise _refused(
                where,
                f"{guard.guard} is {actual:g}, the limit is {guard.limit:g}{detail}",
                "look at the plan, then use --first N, or --force",
            )


def _actual(
    guard: GuardResult,
    changes: Sequence[Change],
    selected: Sequence[Change],
    *,
    of: str,
) -> float:
    """What the selected part of a plan comes to, for the limits on number and share."""
    if guard.guard == "max_changes":
        return len(selected)
    if not of:
        return guard.actual
    all_of = sum(f"{c.system}.{c.object}" == of for c in changes)
    chosen = sum(f"{c.system}.{c.object}" == of for c in selected)
    return guard.actual * chosen / all_of if all_of else 0.0


def _refused(where: str, what: str, remedy: str) -> GuardError:
    return GuardError(Problem(where=where, what=what, remedy=remedy))
