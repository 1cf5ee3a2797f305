"""A call's disposition stands in Salesforce too, copied from who holds it."""

from collections.abc import Iterator
from typing import Final

from syncd.model.entities import Activity
from syncd.model.finding import Evidence, Finding, Mode, ProposedChange, Severity
from syncd.model.interaction import Interaction
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import settles, update
from syncd.rules._calls import calls_of, engagements_of, finished_calls
from syncd.rules._kit import finding_id, guarded, owner_email, waits

_ID: Final = "call-disposition"
_PRACTICES: Final = ("0.28", "1.27")
_SURE: Final = 0.995
_SUGGESTED: Final = 0.7


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.AUTO


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in finished_calls(view, ctx):
        finding = _of_call(view, activity, interaction)
        if finding is None:
            continue
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _labels(view: AccountView, interaction: Interaction) -> dict[str, Evidence]:
    """Dispositions that Outreach holds, in Salesforce's words."""
    table = view.org.value_tables.get("call_disposition", {})
    found: dict[str, Evidence] = {}
    for ref, call in calls_of(view, interaction):
        known = view.org.call_dispositions.get(call.disposition_id or "")
        if known is not None and known.label:
            label = table.get(known.label) or known.label
            found[label] = Evidence(ref=ref, says=f"disposition {known.label}")
    return found


def _suggestion(view: AccountView, interaction: Interaction) -> dict[str, Evidence]:
    """What Chorus heard: never more than a suggestion."""
    table = view.org.value_tables.get("chorus_disposition", {})
    found: dict[str, Evidence] = {}
    for ref, engagement in engagements_of(view, interaction):
        flags = {
            "voicemail": engagement.voicemail,
            "gatekeeper": engagement.gatekeeper,
            "phone_tree": engagement.phone_tree,
            "connected": engagement.connected,
        }
        heard = next((table.get(name) for name, said in flags.items() if said), None)
        label = engagement.call_disposition or heard
        if label:
            found[label] = Evidence(ref=ref, says=f"Chorus heard: {label}")
    return found


def _of_call(
    view: AccountView, activity: Activity, interaction: Interaction
) -> Finding | None:
    held = _labels(view, interaction)
    present = activity.call_disposition
    if present:
        if not held or present.casefold() in {label.casefold() for label in held}:
            return None
        message = "The call's disposition differs between Salesforce and Outreach."
        why = "both sides hold one; which is right is for a person to decide"
        return _finding(view, activity, tuple(held.values()), message, why_not=why)
    message = "The call has no disposition."
    if len(held) > 1:
        why = "several Outreach calls with different dispositions match"
        return _finding(view, activity, tuple(held.values()), message, why_not=why)
    heard = {} if held else _suggestion(view, interaction)
    if len(held or heard) == 1:
        ((label, proof),) = (held or heard).items()
        change = _copy(view, activity, label, proof, is_heard=not held)
        return _finding(view, activity, (proof,), message, changes=(change,))
    why = "no system holds one; its owner has to say"
    return _finding(view, activity, (), message, why_not=why)


def _copy(
    view: AccountView,
    activity: Activity,
    label: str,
    proof: Evidence,
    *,
    is_heard: bool,
) -> ProposedChange:
    return update(
        view,
        activity,
        before={"call_disposition": None},
        after={"call_disposition": label},
        mode=Mode.REVIEW if is_heard else Mode.AUTO,
        confidence=_SUGGESTED if is_heard else _SURE,
        reason="Chorus heard it so" if is_heard else "Outreach's call has it",
        evidence=(proof,),
    )


def _finding(
    view: AccountView,
    activity: Activity,
    evidence: tuple[Evidence, ...],
    message: str,
    *,
    changes: tuple[ProposedChange, ...] = (),
    why_not: str = "",
) -> Finding:
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        owner=owner_email(view, activity.owner_id),
        message=message,
        evidence=evidence,
        changes=changes,
        why_not=why_not,
    )


RULE = RuleSpec(
    id=_ID,
    title="Calls have a disposition",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "chorus"),
    fields=("salesforce.Task.call_disposition",),
    settings=Settings,
    check=_check,
)
