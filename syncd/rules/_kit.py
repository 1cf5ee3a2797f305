"""What rules share: ids of findings, windows, segments, and blocked judgements."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from syncd.model.entities import Opportunity
from syncd.model.finding import Finding, Severity
from syncd.model.ids import stable_id
from syncd.model.record import RecordRef
from syncd.model.rule import RuleContext
from syncd.model.view import AccountView


def salesforce_ref(object_name: str, record_id: str) -> RecordRef:
    """Where a Salesforce record lives."""
    return RecordRef("salesforce", object_name, record_id)


def outreach_ref(object_name: str, record_id: str) -> RecordRef:
    """Where an Outreach record lives."""
    return RecordRef("outreach", object_name, record_id)


def finding_id(rule: str, subject: RecordRef, *parts: str) -> str:
    """Stable id of a finding: the rule, its subject and what tells two apart."""
    return stable_id("fnd", rule, str(subject), *parts)


def owner_email(view: AccountView, user_id: str | None) -> str | None:
    """Address of a Salesforce user, None for queues and unknown users."""
    user = view.org.users.get(user_id or "")
    return user.email or None if user else None


def about_opportunity(
    view: AccountView,
    opportunity: Opportunity,
    *,
    rule: str,
    practices: tuple[str, ...],
    parts: tuple[str, ...],
    **more: Any,  # noqa: ANN401 - fields of Finding
) -> Finding:
    """A warning about an opportunity; ``parts`` tell it from the rule's others."""
    subject = salesforce_ref("Opportunity", opportunity.id)
    return Finding(
        id=finding_id(rule, subject, *parts),
        rule=rule,
        practices=practices,
        severity=Severity.WARNING,
        subject=subject,
        subject_name=opportunity.name,
        account_id=opportunity.account_id,
        opportunity_id=opportunity.id,
        owner=owner_email(view, opportunity.owner_id),
        **more,
    )


def window_start(view: AccountView, ctx: RuleContext) -> datetime:
    """Where the judged window begins; the future always lies in it."""
    return view.now - timedelta(days=ctx.policy.defaults.since_days)


def in_segment(
    view: AccountView,
    ctx: RuleContext,
    *,
    opportunity: Opportunity | None,
    owner_id: str | None,
) -> bool:
    """Whether the rule's segment covers a record; without a segment all are."""
    name = ctx.settings.segment
    if name is None:
        return True
    segment = ctx.policy.segments.get(name)
    owner = view.org.users.get(owner_id or "")
    return segment is not None and segment.matches(opportunity=opportunity, owner=owner)


def is_settling(view: AccountView, ctx: RuleContext, at: datetime | None) -> bool:
    """Whether a record is so young that its writer may not have finished."""
    wait = timedelta(minutes=ctx.policy.defaults.settle_minutes)
    return at is not None and view.now - at < wait


def within_grace(view: AccountView, ctx: RuleContext, at: datetime | None) -> bool:
    """Whether something ended so recently that nothing is missing yet."""
    wait = timedelta(minutes=ctx.policy.defaults.grace_minutes)
    return at is not None and view.now - at < wait


def guarded(view: AccountView, finding: Finding, *, rests_on: Iterable[str]) -> Finding:
    """The finding without its changes where an incomplete poll could mislead it.

    Args:
        view: Whose connectors are asked.
        finding: As it would be with complete polls.
        rests_on: Systems whose absence of a record the finding builds on.
    """
    blocked = tuple(sorted(set(rests_on) & view.org.incomplete))
    if not blocked:
        return finding
    return msgspec.structs.replace(
        finding,
        changes=(),
        blocked_by=blocked,
        why_not=finding.why_not
        or f"the last poll of {', '.join(blocked)} was incomplete",
    )


def waits(finding: Finding) -> Finding:
    """The finding while a settle or grace period runs: shown, without changes."""
    return msgspec.structs.replace(finding, waiting=True, changes=())
