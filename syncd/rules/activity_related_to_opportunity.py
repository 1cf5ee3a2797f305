"""Every activity is related to an opportunity, not just to a contact."""

from collections.abc import Iterator
from typing import Final

from syncd.model.association import Association, Decision
from syncd.model.entities import Activity
from syncd.model.finding import (
    Expectation,
    Finding,
    Mode,
    ProposedChange,
    Severity,
)
from syncd.model.interaction import Interaction
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import (
    ACCOUNT,
    LEAD,
    SERIES_REFUSAL,
    evidence_of,
    has_prefix,
    judged,
    reason_of,
    rewrites_a_series,
    settles,
    update,
)
from syncd.rules._kit import finding_id, guarded, owner_email, waits

_ID: Final = "activity-related-to-opportunity"
_PRACTICES: Final = ("0.6", "0.31", "0.34", "0.51", "1.11", "1.15")


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.AUTO


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in judged(view, ctx):
        if activity.what_id is not None and not has_prefix(activity.what_id, ACCOUNT):
            continue
        association = view.associations.get(interaction.key)
        if association is None or not _is_breach(interaction, association):
            continue
        finding = _finding(view, activity, association)
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _is_breach(interaction: Interaction, association: Association) -> bool:
    """Whether there was an opportunity to relate it to at all."""
    if interaction.is_private or interaction.is_internal_only:
        return False
    target = association.target
    if target is not None:
        return target.object == "Opportunity"
    return any(c.target.object == "Opportunity" for c in association.candidates)


def _finding(
    view: AccountView, activity: Activity, association: Association
) -> Finding:
    refusal = _refusal(view, activity, association)
    changes = () if refusal else (_change(view, activity, association),)
    target = association.target
    related = "an account only" if activity.what_id else "no opportunity"
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=_account(view, activity, association),
        opportunity_id=target.id if target else None,
        owner=owner_email(view, activity.owner_id),
        message=f"The {activity.object} is related to {related}.",
        evidence=evidence_of(association),
        changes=changes,
        why_not=refusal,
    )


def _account(
    view: AccountView, activity: Activity, association: Association
) -> str | None:
    if association.target is not None:
        return association.candidates[0].account_id
    home = view.records.account
    return activity.account_id or (home.id if home else None)


def _refusal(view: AccountView, activity: Activity, association: Association) -> str:
    """Why no link is safe."""
    if association.target is None:
        return reason_of(view, association)
    if has_prefix(activity.who_id, LEAD):
        return "an activity of a lead cannot be related to an opportunity"
    return SERIES_REFUSAL if rewrites_a_series(view, activity) else ""


def _change(
    view: AccountView, activity: Activity, association: Association
) -> ProposedChange:
    target = association.target or association.candidates[0].target
    best = association.candidates[0]
    sure = association.decision is Decision.APPLY
    return update(
        view,
        activity,
        before={"what_id": activity.what_id},
        after={"what_id": target.id},
        mode=Mode.AUTO if sure else Mode.REVIEW,
        confidence=association.probability,
        reason=reason_of(view, association),
        evidence=evidence_of(association)[:1],
        also=(
            Expectation(
                ref=target,
                fields={"is_closed": best.closed_today, "account_id": best.account_id},
            ),
        ),
    )


RULE = RuleSpec(
    id=_ID,
    title="Activities are related to the opportunity",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=Settings,
    check=_check,
)
