"""Every activity is related to the contact who took part."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from syncd.membership.people import role_holders
from syncd.model.entities import Activity
from syncd.model.finding import (
    Evidence,
    Expectation,
    Finding,
    Mode,
    ProposedChange,
    Severity,
)
from syncd.model.interaction import STRONG_KEYS, Interaction
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._activities import (
    OPPORTUNITY,
    SERIES_REFUSAL,
    has_prefix,
    judged,
    members,
    rewrites_a_series,
    settles,
    update,
)
from syncd.rules._kit import finding_id, guarded, owner_email, salesforce_ref, waits

_ID: Final = "activity-related-to-contact"
_PRACTICES: Final = ("0.34", "0.51", "1.4", "1.13", "1.14")
_SURE: Final = 0.99
_LIKELY: Final = 0.85


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.AUTO


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Who it was, as far as one answer exists; ``why_not`` when none does."""

    who_id: str | None = None
    mode: Mode = Mode.REVIEW
    confidence: float = _LIKELY
    reason: str = ""
    why_not: str = ""


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for activity, interaction in judged(view, ctx):
        if activity.who_id is not None or activity.who_ids or interaction.is_private:
            continue
        answer = _answer(view, activity, interaction)
        if answer is None:
            continue
        finding = _finding(view, activity, interaction, answer)
        finding = guarded(view, finding, rests_on=("salesforce",))
        yield waits(finding) if settles(view, ctx, activity) else finding


def _answer(
    view: AccountView, activity: Activity, interaction: Interaction
) -> _Answer | None:
    people = interaction.external
    if not people:
        return _from_roles(view, activity, interaction)
    sure = [p for p in people if p.matched_by in STRONG_KEYS and p.contact_ids]
    ids = {p.contact_id for p in sure if p.contact_id is not None}
    if len(ids) == len(sure) == 1:
        return _one(view, activity, ids.pop(), "the one contact who took part")
    holders = role_holders(view, activity.what_id or "")
    on_deal = ids & holders
    if len(on_deal) == 1:
        reason = "of those who took part, the one contact of the opportunity"
        return _one(view, activity, on_deal.pop(), reason)
    if len(sure) > 1:
        return _Answer(why_not=f"{len(sure)} contacts took part; choose the main one")
    if sure:
        return _Answer(why_not="several contacts have the address of who took part")
    return _unsure(activity, interaction)


def _one(
    view: AccountView, activity: Activity, contact_id: str, reason: str
) -> _Answer:
    """A sure answer, lowered where the contact's account is not the deal's."""
    deal = view.opportunities.get(activity.what_id or "")
    contact = view.contacts.get(contact_id)
    foreign = (
        deal is not None and contact is not None
    ) and contact.account_id != deal.account_id
    return _Answer(
        who_id=contact_id,
        mode=Mode.REVIEW if foreign else Mode.AUTO,
        confidence=_LIKELY if foreign else _SURE,
        reason=f"{reason}, though of another account" if foreign else reason,
    )


def _unsure(activity: Activity, interaction: Interaction) -> _Answer:
    weak = {p.contact_id for p in interaction.external if p.contact_id is not None}
    if len(weak) == 1:
        return _Answer(who_id=weak.pop(), reason="recognised by a weak key only")
    leads = {i for p in interaction.external for i in p.lead_ids}
    if len(leads) == 1 and activity.what_id is None:
        return _Answer(who_id=leads.pop(), reason="the one lead who took part")
    return _Answer(why_not="nobody who took part is a known contact")


def _from_roles(
    view: AccountView, activity: Activity, interaction: Interaction
) -> _Answer | None:
    """A call or meeting logged on a deal without a person: its only contact, asked."""
    if interaction.kind == "task" or not has_prefix(activity.what_id, OPPORTUNITY):
        return None
    if len(interaction.refs) > 1:
        return None  # another system knows it, and knows of nobody outside
    holders = role_holders(view, activity.what_id or "")
    if len(holders) == 1:
        return _Answer(who_id=min(holders), reason="the opportunity's only contact")
    return _Answer(why_not="nothing on record says who took part")


def _finding(
    view: AccountView, activity: Activity, interaction: Interaction, answer: _Answer
) -> Finding:
    why_not = answer.why_not
    if answer.who_id is not None and rewrites_a_series(view, activity):
        why_not = SERIES_REFUSAL
    deal = activity.what_id if has_prefix(activity.what_id, OPPORTUNITY) else None
    return Finding(
        id=finding_id(_ID, activity.ref),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=activity.ref,
        subject_name=activity.subject,
        account_id=activity.account_id,
        opportunity_id=deal,
        owner=owner_email(view, activity.owner_id),
        message=f"The {activity.object} names nobody.",
        evidence=members(interaction, activity, "speaks of the same interaction"),
        changes=() if why_not else _changes(view, activity, answer),
        why_not=why_not,
    )


def _changes(
    view: AccountView, activity: Activity, answer: _Answer
) -> tuple[ProposedChange, ...]:
    contact = view.contacts.get(answer.who_id or "")
    kind = "Contact" if contact else "Lead"
    ref = salesforce_ref(kind, answer.who_id or "")
    fields = {"account_id": contact.account_id} if contact else {"is_converted": False}
    return (
        update(
            view,
            activity,
            before={"who_id": None},
            after={"who_id": answer.who_id},
            mode=answer.mode,
            confidence=answer.confidence,
            reason=answer.reason,
            evidence=(Evidence(ref=ref, says=answer.reason),),
            also=(Expectation(ref=ref, fields=fields),),
        ),
    )


RULE = RuleSpec(
    id=_ID,
    title="Activities are related to the contact",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=Settings,
    check=_check,
)
