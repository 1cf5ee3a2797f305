"""A Task moves to its closed status once what it stands for has happened.

Only Tasks: an Event has no status and is over when it ends.
"""

from collections.abc import Iterator
from datetime import UTC, date
from typing import Final
from zoneinfo import ZoneInfo

from syncd.model.entities import Activity
from syncd.model.finding import (
    Evidence,
    Finding,
    Mode,
    ProposedChange,
    Severity,
)
from syncd.model.interaction import Interaction, InteractionStatus
from syncd.model.policy import RuleSettings
from syncd.model.record import RecordRef
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import judged, settles, update
from syncd.rules._kit import finding_id, guarded, owner_email, waits, within_grace

_ID: Final = "activity-completed"
_PRACTICES: Final = ("0.24", "1.8", "3.60")
_SURE: Final = 0.995
_STANDARD_LABEL: Final = "Completed"


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        outcome_required: Never close a Task while its outcome field is empty.
        cancelled_status: Closed status for what was called off, proposed; empty =
            only reported.
    """

    mode: Mode = Mode.AUTO
    outcome_required: bool = False
    cancelled_status: str = ""


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in judged(view, ctx):
        if activity.object != "Task" or activity.is_closed:
            continue
        finding = _of_task(view, ctx, activity, interaction)
        if finding is None:
            continue
        finding = guarded(view, finding, rests_on=_rests_on(view, interaction))
        over = interaction.ends_at or interaction.starts_at
        young = within_grace(view, ctx, over) or settles(view, ctx, activity)
        pending = interaction.status is InteractionStatus.PENDING
        yield waits(finding) if young or pending else finding


def _rests_on(view: AccountView, interaction: Interaction) -> tuple[str, ...]:
    """Systems whose silence matters: only Chorus knows that nobody came."""
    by_calendar = any(ref.object == "Event" for ref in interaction.proof)
    if by_calendar and "chorus" in view.org.configured:
        return ("salesforce", "chorus")
    return ("salesforce",)


def _done_in_outreach(
    view: AccountView, interaction: Interaction
) -> tuple[RecordRef, ...]:
    """Completed Outreach tasks that are this very Task."""
    return tuple(
        ref
        for ref in interaction.refs
        if ref.object == "task" and view.outreach_tasks[ref.id].is_completed
    )


def _of_task(
    view: AccountView, ctx: RuleContext, activity: Activity, interaction: Interaction
) -> Finding | None:
    done = _done_in_outreach(view, interaction)
    status = interaction.status
    if done or (status is InteractionStatus.HELD and interaction.proof):
        return _held(view, ctx, activity, interaction, done or interaction.proof)
    if status is InteractionStatus.PENDING:
        why = "its recording is still being worked on"
        return _finding(view, activity, interaction, "is still open.", why_not=why)
    if status is InteractionStatus.NO_SHOW:
        why = "nobody came; a person decides what becomes of it"
        return _finding(view, activity, interaction, "was a no-show.", why_not=why)
    if status is InteractionStatus.CANCELLED:
        return _cancelled(view, ctx, activity, interaction)
    return None


def _held(
    view: AccountView,
    ctx: RuleContext,
    activity: Activity,
    interaction: Interaction,
    proof: tuple[RecordRef, ...],
) -> Finding:
    label = closed_label(view)
    why_not = _refusal(view, ctx, activity, interaction, label)
    message = "is open although it has happened."
    if why_not:
        return _finding(view, activity, interaction, message, why_not=why_not)
    return _finding(
        view,
        activity,
        interaction,
        message,
        status=label,
        mode=Mode.AUTO,
        evidence=tuple(
            Evidence(ref=ref, says="proves that it happened") for ref in proof
        ),
    )


def closed_label(view: AccountView) -> str:
    """The status to write: mapped, the standard one, or the only closed one."""
    closed = [s.label for s in view.org.task_statuses if s.is_closed]
    mapped = view.org.value_tables.get("task_status", {}).get("completed", "")
    if mapped:
        return mapped if mapped in closed else ""
    if _STANDARD_LABEL in closed:
        return _STANDARD_LABEL
    return closed[0] if len(closed) == 1 else ""


def _refusal(
    view: AccountView,
    ctx: RuleContext,
    activity: Activity,
    interaction: Interaction,
    label: str,
) -> str:
    if ctx.settings.outcome_required and not activity.outcome:
        if "salesforce.Task.outcome" in view.org.unmapped:
            return "an outcome is required and no outcome field is mapped"
        return "its outcome has to be filled in first"
    if activity.day is not None and activity.day > _last_day(
        view, activity, interaction
    ):
        return "it is due on a later day than what has happened"
    if not label:
        return "the org has several closed statuses; map task_status.completed"
    return ""


def _last_day(view: AccountView, activity: Activity, interaction: Interaction) -> date:
    """The latest day that may be meant: tools write the owner's day, or the UTC one."""
    owner = view.org.users.get(activity.owner_id or "")
    zones = (ZoneInfo((owner.time_zone if owner else None) or "UTC"), UTC)
    return max(interaction.starts_at.astimezone(zone).date() for zone in zones)


def _cancelled(
    view: AccountView, ctx: RuleContext, activity: Activity, interaction: Interaction
) -> Finding:
    label = ctx.settings.cancelled_status
    closed = {s.label for s in view.org.task_statuses if s.is_closed}
    message = "is open although it was called off."
    if label not in closed:
        why = "no closed status for what was called off is set (cancelled_status)"
        return _finding(view, activity, interaction, message, why_not=why)
    evidence = tuple(
        Evidence(ref=ref, says="was called off") for ref in interaction.proof
    )
    return _finding(
        view,
        activity,
        interaction,
        message,
        status=label,
        mode=Mode.REVIEW,
        evidence=evidence,
    )


def _finding(
    view: AccountView,
    activity: Activity,
    interaction: Interaction,
    message: str,
    *,
    status: str = "",
    mode: Mode = Mode.REVIEW,
    evidence: tuple[Evidence, ...] = (),
    why_not: str = "",
) -> Finding:
    proof = evidence or tuple(
        Evidence(ref=ref, says=interaction.status.value) for ref in interaction.proof
    )
    changes: tuple[ProposedChange, ...] = ()
    if status:
        change = update(
            view,
            activity,
            before={"status": activity.status},
            after={"status": status},
            mode=mode,
            confidence=_SURE if mode is Mode.AUTO else 0.8,
            reason=f"the interaction is {interaction.status.value}",
            evidence=proof,
        )
        changes = (change,)
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        owner=owner_email(view, activity.owner_id),
        message=f"The Task {message}",
        evidence=proof,
        changes=changes,
        why_not=why_not,
    )


RULE = RuleSpec(
    id=_ID,
    title="Tasks are completed once done",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=Settings,
    check=_check,
)
