"""Every open opportunity has a contact attached, by its contact roles."""

from collections.abc import Iterator
from typing import Final

from syncd.membership.people import role_holders
from syncd.model.entities import Opportunity
from syncd.model.finding import Finding, Severity
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._kit import (
    finding_id,
    guarded,
    in_segment,
    is_settling,
    owner_email,
    salesforce_ref,
    waits,
)
from syncd.rules._roles import (
    CONVERSION,
    PREDECESSOR,
    Missing,
    create_role,
    missing_contacts,
)
from syncd.rules._settings import OpportunityHasContactSettings

_ID: Final = "opportunity-has-contact"
_PRACTICES: Final = {CONVERSION: ("0.9", "0.11"), PREDECESSOR: ("0.9", "0.12")}


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for opportunity in sorted(view.records.opportunities, key=lambda o: o.id):
        if opportunity.is_closed or opportunity.is_private:
            continue
        if not in_segment(
            view, ctx, opportunity=opportunity, owner_id=opportunity.owner_id
        ):
            continue
        missing = missing_contacts(view, ctx, opportunity)
        if missing or not role_holders(view, opportunity.id):
            finding = _finding(view, opportunity, missing)
            finding = guarded(view, finding, rests_on=("salesforce",))
            young = is_settling(view, ctx, opportunity.created_at)
            yield waits(finding) if young else finding


def _finding(
    view: AccountView, opportunity: Opportunity, missing: list[Missing]
) -> Finding:
    subject = salesforce_ref("Opportunity", opportunity.id)
    empty = not role_holders(view, opportunity.id)
    names = ", ".join(m.contact.name or m.contact.id for m in missing)
    message = (
        "The opportunity has no contact."
        if empty
        else f"Not a contact of the opportunity although it should be: {names}."
    )
    practices = {p for m in missing for p in _PRACTICES.get(m.source, ("0.9",))}
    return Finding(
        id=finding_id(_ID, subject, *(() if empty else ("beside",))),
        rule=_ID,
        practices=tuple(sorted(practices or {"0.9"})),
        severity=Severity.ERROR if empty else Severity.WARNING,
        subject=subject,
        subject_name=opportunity.name,
        account_id=opportunity.account_id,
        opportunity_id=opportunity.id,
        owner=owner_email(view, opportunity.owner_id),
        message=message,
        evidence=tuple(e for m in missing for e in m.evidence),
        changes=tuple(create_role(opportunity, m) for m in missing),
        why_not=""
        if missing
        else "nothing on record says which contact belongs here; add one by hand",
    )


RULE = RuleSpec(
    id=_ID,
    title="Every opportunity has a contact",
    practices=("0.9", "0.11", "0.12"),
    severity=Severity.ERROR,
    needs=("salesforce",),
    helps=("outreach", "google_calendar", "chorus"),
    settings=OpportunityHasContactSettings,
    check=_check,
)
