"""Prospects of an Outreach opportunity are its contacts in Salesforce: proposed."""

from collections.abc import Iterator
from typing import Final

from syncd.model.entities import Contact, Opportunity, ProspectRole
from syncd.model.finding import Evidence, Finding, Mode, ProposedChange, Severity
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._kit import (
    finding_id,
    guarded,
    in_segment,
    is_settling,
    outreach_ref,
    owner_email,
    salesforce_ref,
    waits,
)
from syncd.rules._roles import (
    Missing,
    contacts_for,
    create_role,
    planned_contacts,
    role_holders,
    same_account,
    twins_of,
    was_taken_off,
)

_ID: Final = "prospect-on-salesforce-opportunity"
_PRACTICES: Final = ("0.13", "0.38")
_LIKELY: Final = 0.9


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule: those that every rule has."""

    mode: Mode = Mode.REVIEW


def _check(view: AccountView, ctx: RuleContext) -> Iterator[Finding]:
    for opportunity in sorted(view.records.opportunities, key=lambda o: o.id):
        if opportunity.is_closed or opportunity.is_private:
            continue
        if in_segment(
            view, ctx, opportunity=opportunity, owner_id=opportunity.owner_id
        ):
            for finding in _of_opportunity(view, ctx, opportunity):
                yield guarded(view, finding, rests_on=("salesforce", "outreach"))


def _of_opportunity(
    view: AccountView, ctx: RuleContext, opportunity: Opportunity
) -> Iterator[Finding]:
    twins = twins_of(view, opportunity)
    if len(twins) != 1:
        return
    roles = view.prospect_roles_by_opportunity.get(twins[0].id, ())
    planned = planned_contacts(view, ctx, opportunity)
    there = role_holders(view, opportunity.id) | planned.keys()
    seen: set[str] = set()
    for role in sorted(roles, key=lambda r: r.id):
        prospect = view.prospects.get(role.prospect_id)
        contacts = contacts_for(view, prospect) if prospect else ()
        settled = any(
            c.id in there or was_taken_off(view, opportunity.id, c.id) for c in contacts
        )
        if settled or role.prospect_id in seen:
            continue
        seen.add(role.prospect_id)
        name = prospect.name if prospect else ""
        finding = _finding(view, opportunity, role, contacts, name)
        yield waits(finding) if is_settling(view, ctx, role.created_at) else finding


def _finding(
    view: AccountView,
    opportunity: Opportunity,
    role: ProspectRole,
    contacts: tuple[Contact, ...],
    name: str,
) -> Finding:
    subject = salesforce_ref("Opportunity", opportunity.id)
    evidence = (
        Evidence(
            ref=outreach_ref("opportunityProspectRole", role.id),
            says="is on the opportunity in Outreach",
        ),
    )
    refusal = _refusal(opportunity, contacts)
    change = () if refusal else (_change(opportunity, role, contacts[0], evidence),)
    return Finding(
        id=finding_id(_ID, subject, role.prospect_id),
        rule=_ID,
        practices=_PRACTICES,
        severity=Severity.WARNING,
        subject=subject,
        subject_name=opportunity.name,
        account_id=opportunity.account_id,
        opportunity_id=opportunity.id,
        owner=owner_email(view, opportunity.owner_id),
        message=f"{name or 'A prospect'} is on it in Outreach, not in Salesforce.",
        evidence=evidence,
        changes=change,
        why_not=refusal,
    )


def _refusal(opportunity: Opportunity, contacts: tuple[Contact, ...]) -> str:
    """Why adding a contact role would not be safe."""
    if not contacts:
        return "no contact in Salesforce is known to be this prospect"
    if len(contacts) > 1:
        return f"{len(contacts)} contacts in Salesforce could be this prospect"
    if not same_account(contacts[0], opportunity):
        return "the contact lives under another account"
    return ""


def _change(
    opportunity: Opportunity,
    role: ProspectRole,
    contact: Contact,
    evidence: tuple[Evidence, ...],
) -> ProposedChange:
    missing = Missing(
        contact=contact,
        source="outreach",
        mode=Mode.REVIEW,
        confidence=_LIKELY,
        reason="the prospect is on this opportunity in Outreach",
        evidence=evidence,
    )
    return create_role(opportunity, missing, role=role.role)


RULE = RuleSpec(
    id=_ID,
    title="Prospects of an Outreach opportunity are its contacts in Salesforce",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce", "outreach"),
    settings=Settings,
    check=_check,
)
