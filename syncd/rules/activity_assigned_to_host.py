"""An activity that a tool logged is assigned to the person who held it."""

from collections.abc import Iterator
from typing import Final

from syncd.model.entities import Activity
from syncd.model.finding import (
    Evidence,
    Expectation,
    Finding,
    Mode,
    ProposedChange,
    Severity,
)
from syncd.model.interaction import Interaction, InteractionStatus, Side
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import (
    SERIES_REFUSAL,
    judged,
    members,
    rewrites_a_series,
    settles,
    update,
)
from syncd.rules._kit import finding_id, guarded, owner_email, salesforce_ref, waits

_ID: Final = "activity-assigned-to-host"
_PRACTICES: Final = ("0.51", "2.34")
_SURE: Final = 0.99
_LIKELY: Final = 0.85
_DID_NOT_HAPPEN: Final = frozenset(
    {InteractionStatus.CANCELLED, InteractionStatus.NO_SHOW}
)


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.AUTO


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in judged(view, ctx):
        if interaction.starts_at > view.now or interaction.status in _DID_NOT_HAPPEN:
            continue
        is_tool = activity.owner_id in view.org.integration_user_ids
        if not is_tool and not _is_strangers(activity, interaction):
            continue
        if interaction.is_internal_only or len(interaction.refs) == 1:
            continue  # no other system says who held it
        finding = _finding(view, activity, interaction, is_tool=is_tool)
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _is_strangers(activity: Activity, interaction: Interaction) -> bool:
    """Whether its owner neither held the interaction nor took part in it."""
    host = interaction.host_user_id
    if host is None or activity.owner_id == host:
        return False
    others = (ref for ref in interaction.refs if ref.system != "salesforce")
    return any(others) and not any(
        p.side is Side.INTERNAL and p.user_id == activity.owner_id
        for p in interaction.participants
    )


def _refusal(view: AccountView, activity: Activity, host_id: str | None) -> str:
    host = view.org.users.get(host_id or "")
    if host is None:
        return "who of us held it is not known"
    if not host.is_active or host.user_type != "Standard":
        return f"{host.name} held it and cannot own records any more"
    if host.id in view.org.integration_user_ids:
        return "only an integration's user is known"
    return SERIES_REFUSAL if rewrites_a_series(view, activity) else ""


def _finding(
    view: AccountView, activity: Activity, interaction: Interaction, *, is_tool: bool
) -> Finding:
    host_id = interaction.host_user_id
    host = view.org.users.get(host_id or "")
    refusal = _refusal(view, activity, host_id)
    evidence = members(interaction, activity, "says who held it")
    changes: tuple[ProposedChange, ...] = ()
    if host is not None and not refusal:
        change = update(
            view,
            activity,
            before={"owner_id": activity.owner_id},
            after={"owner_id": host.id},
            mode=Mode.AUTO if is_tool else Mode.REVIEW,
            confidence=_SURE if is_tool else _LIKELY,
            reason=f"{host.name} held it",
            evidence=(
                Evidence(ref=salesforce_ref("User", host.id), says="held it"),
                *evidence,
            ),
            also=(
                Expectation(
                    ref=salesforce_ref("User", host.id), fields={"is_active": True}
                ),
            ),
        )
        changes = (change,)
    who = "an integration's user" if is_tool else "somebody who did not take part"
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        owner=host.email if host else owner_email(view, activity.owner_id),
        message=f"The {activity.object} is assigned to {who}.",
        evidence=evidence,
        changes=changes,
        why_not=refusal,
    )


RULE = RuleSpec(
    id=_ID,
    title="Activities are assigned to who held them",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=Settings,
    check=_check,
)
