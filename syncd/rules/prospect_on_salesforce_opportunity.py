"""Prospects of an Outreach opportunity are its contacts in Salesforce: proposed."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from syncd.membership.compare import Primary, Standing
from syncd.membership.people import contacts_for, role_holders, same_account
from syncd.membership.sides import Membership, membership
from syncd.model.entities import Contact, ContactRole, Opportunity, ProspectRole
from syncd.model.finding import (
    Evidence,
    Expectation,
    Finding,
    Mode,
    ProposedChange,
    Severity,
)
from syncd.model.policy import RuleSettings
from syncd.model.rule import RuleContext, RuleSpec
from syncd.model.view import AccountView
from syncd.rules._kit import (
    about_opportunity,
    guarded,
    in_segment,
    is_settling,
    outreach_ref,
    salesforce_ref,
    waits,
)
from syncd.rules._roles import Missing, create_role, planned_contacts

_ID: Final = "prospect-on-salesforce-opportunity"
_PRACTICES: Final = ("0.13", "0.38")
_LIKELY: Final = 0.9
_ELSEWHERE: Final = "the contact lives under another account"

_about = partial(about_opportunity, rule=_ID, practices=_PRACTICES)


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
    both = membership(view, opportunity)
    if both is None:
        return
    planned = planned_contacts(view, ctx, opportunity).keys()
    for role, contacts in _added(view, both):
        if planned.isdisjoint(contact.id for contact in contacts):
            finding = _addition(view, opportunity, role, contacts)
            settling = is_settling(view, ctx, role.created_at)
            yield waits(finding) if settling else finding
    yield from _taken_off(view, both)
    yield from _flipped(view, both)


def _added(
    view: AccountView, both: Membership
) -> Iterator[tuple[ProspectRole, tuple[Contact, ...]]]:
    """Prospects that are new in Outreach, with the contacts that they may be.

    One that may be several contacts counts as there when one of them is.
    """
    holders = role_holders(view, both.opportunity.id)
    for contact_id in both.who(Standing.ADDED_IN_OUTREACH):
        yield both.prospect_roles[contact_id][0], (view.contacts[contact_id],)
    seen: set[str] = set()
    for role in both.others:
        prospect = view.prospects.get(role.prospect_id)
        contacts = contacts_for(view, prospect) if prospect else ()
        is_there = not holders.isdisjoint(contact.id for contact in contacts)
        if not is_there and role.prospect_id not in seen:
            seen.add(role.prospect_id)
            yield role, contacts


def _taken_off(view: AccountView, both: Membership) -> Iterator[Finding]:
    """Contacts that were on both sides and were taken off in Outreach."""
    for contact_id in both.who(Standing.REMOVED_IN_OUTREACH):
        contact = view.contacts.get(contact_id)
        roles = both.roles[contact_id]
        foreign = contact is None or not same_account(contact, both.opportunity)
        back = Expectation(
            ref=outreach_ref("opportunityProspectRole", ""),
            fields={
                "opportunity_id": both.twin.id,
                "prospect_id": both.base.outreach[contact_id],
            },
        )
        name = contact.name if contact else "A contact"
        yield _about(
            view,
            both.opportunity,
            parts=(contact_id, "removed"),
            message=f"{name} was taken off it in Outreach, but not in Salesforce.",
            evidence=tuple(_is_there(role) for role in roles),
            changes=()
            if foreign
            else tuple(_remove(view, both, role, back) for role in roles),
            why_not=_ELSEWHERE if foreign else "",
        )


def _remove(
    view: AccountView, both: Membership, role: ContactRole, back: Expectation
) -> ProposedChange:
    target = salesforce_ref("OpportunityContactRole", role.id)
    return ProposedChange(
        target=target,
        operation="delete",
        before={
            "opportunity_id": role.opportunity_id,
            "contact_id": role.contact_id,
            "role": role.role,
            "is_primary": role.is_primary,
        },
        after={},
        also=(back,),
        mode=Mode.REVIEW,
        confidence=_LIKELY,
        reason="the contact was taken off the opportunity in Outreach",
        account_id=both.opportunity.account_id,
        version=view.version_of(target),
    )


def _flipped(view: AccountView, both: Membership) -> Iterator[Finding]:
    """Another primary contact in Outreach, where Salesforce says nothing newer."""
    theirs, ours = both.sides.outreach_primary, both.sides.salesforce_primary
    undecided = both.primary in {Primary.NEVER_AGREED, Primary.MOVED_APART}
    follows = both.primary is Primary.MOVED_IN_OUTREACH
    if theirs is None or not (follows or (undecided and not ours)):
        return
    if theirs and theirs not in both.roles:
        return  # not there yet, taken off, or no contact: said of the person itself
    if not theirs and both.standing(ours or "") is Standing.REMOVED_IN_OUTREACH:
        return  # goes with the removal
    contact = view.contacts.get(theirs)
    roles = both.roles.get(theirs, ())
    why_not = ""
    if len(roles) > 1:
        why_not = "the contact is on it more than once in Salesforce"
    elif theirs and (contact is None or not same_account(contact, both.opportunity)):
        why_not = _ELSEWHERE
    elif both.standing(ours or "") is Standing.REMOVED_IN_OUTREACH:
        why_not = "Salesforce's was taken off in Outreach: that is to be decided first"
    others = [r for who, some in both.roles.items() if who != theirs for r in some]
    changes = (
        *(_flag(view, both, r, primary=False) for r in others if r.is_primary),
        *(_flag(view, both, role, primary=True) for role in roles),
    )
    name = contact.name if contact else "Nobody"
    yield _about(
        view,
        both.opportunity,
        parts=("primary",),
        message=f"{name} is the primary contact in Outreach, unlike in Salesforce.",
        evidence=tuple(
            Evidence(ref=outreach_ref("opportunityProspectRole", r.id), says="primary")
            for r in both.prospect_roles.get(theirs, ())
        ),
        changes=() if why_not else changes,
        why_not=why_not,
    )


def _flag(
    view: AccountView, both: Membership, role: ContactRole, *, primary: bool
) -> ProposedChange:
    target = salesforce_ref("OpportunityContactRole", role.id)
    reason = "Outreach says so, and Salesforce names nobody"
    if both.primary is Primary.MOVED_IN_OUTREACH:
        reason = "Outreach changed it since both agreed, Salesforce did not"
    return ProposedChange(
        target=target,
        operation="update",
        before={"is_primary": not primary},
        after={"is_primary": primary},
        mode=Mode.REVIEW,
        confidence=_LIKELY,
        reason=reason,
        account_id=both.opportunity.account_id,
        version=view.version_of(target),
    )


def _is_there(role: ContactRole) -> Evidence:
    flag = ", primary" if role.is_primary else ""
    ref = salesforce_ref("OpportunityContactRole", role.id)
    return Evidence(ref=ref, says=f"is on it in Salesforce{flag}")


def _addition(
    view: AccountView,
    opportunity: Opportunity,
    role: ProspectRole,
    contacts: tuple[Contact, ...],
) -> Finding:
    evidence = (
        Evidence(
            ref=outreach_ref("opportunityProspectRole", role.id),
            says="is on the opportunity in Outreach",
        ),
    )
    refusal = _refusal(opportunity, contacts)
    prospect = view.prospects.get(role.prospect_id)
    name = prospect.name if prospect else ""
    return _about(
        view,
        opportunity,
        parts=(role.prospect_id,),
        message=f"{name or 'A prospect'} is on it in Outreach, not in Salesforce.",
        evidence=evidence,
        changes=() if refusal else (_change(opportunity, role, contacts[0], evidence),),
        why_not=refusal,
    )


def _refusal(opportunity: Opportunity, contacts: tuple[Contact, ...]) -> str:
    """Why adding a contact role would not be safe."""
    if not contacts:
        return "no contact in Salesforce is known to be this prospect"
    if len(contacts) > 1:
        return f"{len(contacts)} contacts in Salesforce could be this prospect"
    if not same_account(contacts[0], opportunity):
        return _ELSEWHERE
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
