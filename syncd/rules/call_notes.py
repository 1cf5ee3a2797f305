"""A call's notes stand in Salesforce too, copied from Outreach, never made up."""

from collections.abc import Iterator
from typing import Final

from syncd.model.entities import Activity
from syncd.model.finding import (
    Evidence,
    Finding,
    Mode,
    ProposedChange,
    Severity,
    TextOf,
)
from syncd.model.interaction import Interaction
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import settles, update
from syncd.rules._calls import calls_of, finished_calls
from syncd.rules._kit import finding_id, guarded, owner_email, waits

_ID: Final = "call-notes"
_PRACTICES: Final = ("0.29", "1.27")
_SURE: Final = 0.995
_LONGEST: Final = 32_000
"""Characters that a Task's comments hold (Salesforce object reference, Task)."""


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        least_characters: Shorter notes are no notes.
    """

    mode: Mode = Mode.AUTO
    least_characters: int = 1


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in finished_calls(view, ctx):
        note = activity.note
        if note.length >= ctx.settings.least_characters and not note.is_template:
            continue
        finding = _finding(view, ctx, activity, interaction)
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _sources(
    view: AccountView, ctx: RuleContext, interaction: Interaction
) -> dict[str, TextOf]:
    """Notes of the interaction's Outreach calls, each text once."""
    found: dict[str, TextOf] = {}
    for ref, call in calls_of(view, interaction):
        note = call.note
        if note.length >= ctx.settings.least_characters and not note.is_template:
            found.setdefault(
                note.sha256,
                TextOf(ref=ref, field="note", length=note.length, sha256=note.sha256),
            )
    return found


def _refusal(activity: Activity, sources: dict[str, TextOf]) -> str:
    if not sources:
        return "no system holds any; its owner has to write them"
    if len(sources) > 1:
        return "several Outreach calls with different notes match"
    if activity.note.length:
        return "the comments hold a template or a few words, never overwritten"
    if next(iter(sources.values())).length > _LONGEST:
        return "the notes are longer than the Task can hold"
    return ""


def _finding(
    view: AccountView, ctx: RuleContext, activity: Activity, interaction: Interaction
) -> Finding:
    sources = _sources(view, ctx, interaction)
    refusal = _refusal(activity, sources)
    evidence = tuple(
        Evidence(ref=text.ref, says=f"holds notes of {text.length} characters")
        for _, text in sorted(sources.items())
    )
    changes: tuple[ProposedChange, ...] = ()
    if not refusal:
        (text,) = sources.values()
        changes = (
            update(
                view,
                activity,
                before={"note": None},
                after={"note": text},
                mode=Mode.AUTO,
                confidence=_SURE,
                reason="Outreach's call has them",
                evidence=evidence,
            ),
        )
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        owner=owner_email(view, activity.owner_id),
        message="The call has no notes.",
        evidence=evidence,
        changes=changes,
        why_not=refusal,
    )


RULE = RuleSpec(
    id=_ID,
    title="Calls have notes",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach",),
    fields=("salesforce.Task.note",),
    settings=Settings,
    check=_check,
)
