"""An activity that follows up on a case is related to the case."""

from collections.abc import Iterator
from typing import Final

from syncd.model.association import Association, Decision
from syncd.model.entities import Activity
from syncd.model.finding import Expectation, Finding, Mode, ProposedChange, Severity
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import (
    ACCOUNT,
    LEAD,
    OPPORTUNITY,
    SERIES_REFUSAL,
    by_tool,
    evidence_of,
    has_prefix,
    judged,
    reason_of,
    rewrites_a_series,
    settles,
    update,
)
from syncd.rules._kit import finding_id, guarded, owner_email, waits

_ID: Final = "activity-related-to-case"
_PRACTICES: Final = ("0.53", "0.54")


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.AUTO


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in judged(view, ctx):
        association = view.associations.get(interaction.key)
        if association is None or not _is_breach(activity, association):
            continue
        finding = _finding(view, activity, association)
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _is_breach(activity: Activity, association: Association) -> bool:
    """A case is meant, and the activity is free or on a deal that a number beats."""
    target = association.target
    if target is None or target.object != "Case":
        return False
    if activity.what_id is None or has_prefix(activity.what_id, ACCOUNT):
        return True
    named = any(f.name == "case_number" for f in association.candidates[0].features)
    return named and has_prefix(activity.what_id, OPPORTUNITY)


def _finding(
    view: AccountView, activity: Activity, association: Association
) -> Finding:
    best = association.candidates[0]
    refusal = ""
    if has_prefix(activity.who_id, LEAD):
        refusal = "an activity of a lead cannot be related to a case"
    elif rewrites_a_series(view, activity):
        refusal = SERIES_REFUSAL
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=best.account_id,
        owner=owner_email(view, activity.owner_id),
        message=f"The {activity.object} follows up on a case and is not related to it.",
        evidence=evidence_of(association),
        changes=() if refusal else (_change(view, activity, association),),
        why_not=refusal,
    )


def _change(
    view: AccountView, activity: Activity, association: Association
) -> ProposedChange:
    best = association.candidates[0]
    is_free = not has_prefix(activity.what_id, OPPORTUNITY)
    # A link that a person chose is replaced by proposal only.
    sure = association.decision is Decision.APPLY and (
        is_free or by_tool(view, activity)
    )
    return update(
        view,
        activity,
        before={"what_id": activity.what_id},
        after={"what_id": best.target.id},
        mode=Mode.AUTO if sure else Mode.REVIEW,
        confidence=association.probability,
        reason=reason_of(view, association),
        evidence=evidence_of(association)[:1],
        also=(Expectation(ref=best.target, fields={"is_closed": best.closed_today}),),
    )


RULE = RuleSpec(
    id=_ID,
    title="Activities about a case are related to it",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=Settings,
    check=_check,
)
