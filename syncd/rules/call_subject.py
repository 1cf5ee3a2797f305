"""Calls logged by hand carry one of the team's subject lines."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from syncd.interactions.activity import kind_of
from syncd.model.entities import Activity
from syncd.model.finding import Finding, Mode, ProposedChange, Severity
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import OPPORTUNITY, has_prefix, judged, settles, update
from syncd.rules._kit import finding_id, guarded, owner_email, waits
from syncd.rules._subjects import Reading, is_allowed, read

_ID: Final = "call-subject"
_PRACTICES: Final = ("0.17", "0.18", "0.19", "0.20", "0.21", "0.22", "0.23")
_SURE: Final = 0.99
_LIKELY: Final = 0.8
Numbers = Mapping[tuple[str, str], Mapping[int, tuple[str, ...]]]


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        allowed: Subject lines; ``{n}`` stands for a number that counts up per deal.
        exempt: Regular expressions of subjects that are left alone.
        opportunity_types: Deals whose calls are judged while no segment is set.
    """

    mode: Mode = Mode.AUTO
    allowed: tuple[str, ...] = (
        "Initial Call (ii)",
        "IQM (ii)",
        "Trial check in call (ii)",
        "Check in call {n} (ii)",
        "Quote check in call (ii)",
    )
    exempt: tuple[str, ...] = (r"^\[",)
    opportunity_types: tuple[str, ...] = ("New Business",)


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    calls = list(_by_hand(view, ctx))
    numbers = _numbers(calls, ctx.settings.allowed)
    for activity in calls:
        finding = _of_call(view, ctx, activity, numbers)
        if finding is None:
            continue
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _by_hand(view: AccountView, ctx: RuleContext) -> Iterator[Activity]:
    exempt = [re.compile(pattern) for pattern in ctx.settings.exempt]
    types = {kind.casefold() for kind in ctx.settings.opportunity_types}
    for activity, _ in judged(view, ctx):
        deal = view.opportunities.get(activity.what_id or "")
        if activity.object != "Task" or kind_of(activity) != "call" or deal is None:
            continue
        if ctx.settings.segment is None and (deal.type or "").casefold() not in types:
            continue
        tool_made = activity.created_by_id in view.org.integration_user_ids
        if not tool_made and not any(p.search(activity.subject) for p in exempt):
            yield activity


def _numbers(calls: list[Activity], allowed: tuple[str, ...]) -> Numbers:
    """Numbers in use: by deal and pattern, number → activities, oldest first."""
    found: dict[tuple[str, str], dict[int, tuple[str, ...]]] = {}
    for activity in sorted(calls, key=_order):
        reading = read(activity.subject, allowed)
        if reading.pattern is not None and reading.number is not None:
            key = (activity.what_id or "", reading.pattern)
            users = found.setdefault(key, {}).get(reading.number, ())
            found[key][reading.number] = (*users, activity.id)
    return found


def _order(activity: Activity) -> tuple[str, str, str]:
    day = activity.day.isoformat() if activity.day else ""
    created = activity.created_at.isoformat() if activity.created_at else ""
    return day, created, activity.id


def _next(numbers: Mapping[int, tuple[str, ...]]) -> int:
    return max(numbers, default=0) + 1


def _of_call(
    view: AccountView, ctx: RuleContext, activity: Activity, numbers: Numbers
) -> Finding | None:
    reading = read(activity.subject, ctx.settings.allowed)
    used = numbers.get((activity.what_id or "", reading.pattern or ""), {})
    if reading.lacks_number:
        message = "The call's subject lacks its number."
        change = _change(
            view,
            activity,
            reading.subject(_next(used)),
            mode=Mode.REVIEW,
            reason="the next number on this opportunity; check the order",
        )
        return _finding(view, activity, message, changes=(change,))
    users = used.get(reading.number or 0, ())
    if activity.id in users[1:]:
        message = "Two calls on the opportunity have the same number."
        change = _change(
            view,
            activity,
            reading.subject(_next(used)),
            mode=Mode.REVIEW,
            reason="the later one of the two gets the next number; check the order",
        )
        return _finding(view, activity, message, changes=(change,))
    if is_allowed(activity.subject, ctx.settings.allowed):
        return None
    return _other(view, activity, reading)


def _other(view: AccountView, activity: Activity, reading: Reading) -> Finding:
    message = "The call's subject is not one of the team's."
    if reading.pattern is None:
        why = "no single allowed subject is close enough to be meant"
        return _finding(view, activity, message, why_not=why)
    change = _change(
        view,
        activity,
        reading.subject(),
        mode=Mode.AUTO,
        reason=f"it is {reading.subject()!r} {reading.why}",
    )
    return _finding(view, activity, message, changes=(change,))


def _change(
    view: AccountView, activity: Activity, subject: str, *, mode: Mode, reason: str
) -> ProposedChange:
    return update(
        view,
        activity,
        before={"subject": activity.subject},
        after={"subject": subject},
        mode=mode,
        confidence=_SURE if mode is Mode.AUTO else _LIKELY,
        reason=reason,
    )


def _finding(
    view: AccountView,
    activity: Activity,
    message: str,
    *,
    changes: tuple[ProposedChange, ...] = (),
    why_not: str = "",
) -> Finding:
    deal = activity.what_id if has_prefix(activity.what_id, OPPORTUNITY) else None
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.INFO,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        opportunity_id=deal,
        owner=owner_email(view, activity.owner_id),
        message=message,
        changes=changes,
        why_not=why_not,
    )


RULE = RuleSpec(
    id=_ID,
    title="Calls carry the team's subject lines",
    practices=_PRACTICES,
    severity=Severity.INFO,
    needs=("salesforce",),
    settings=Settings,
    check=_check,
)
