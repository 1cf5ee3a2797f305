"""Contacts of a Salesforce opportunity are prospects of the same one in Outreach."""

from collections.abc import Iterator
from typing import Any, Final

from syncd.model.entities import (
    Contact,
    Opportunity,
    OutreachOpportunity,
    Prospect,
    ProspectRole,
)
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
    contacts_for,
    planned_contacts,
    prospect_role_key,
    prospects_for,
    role_holders,
    role_key,
    same_account,
    survivor,
    twins_of,
    was_taken_off,
)

_ID: Final = "contact-on-outreach-opportunity"
_PRACTICES: Final = ("0.13", "0.15", "0.32", "0.38")
_SURE: Final = 0.99


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        plugin_copies_roles: Outreach's own plugin copies new roles in this org: wait
            ``settle_minutes`` before adding one beside it.
    """

    mode: Mode = Mode.AUTO
    plugin_copies_roles: bool = False


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
    planned = planned_contacts(view, ctx, opportunity)
    holders = role_holders(view, opportunity.id)
    twins = twins_of(view, opportunity)
    if len(twins) != 1:
        if holders or planned:
            yield _no_twin(view, opportunity, len(twins))
        return
    for contact_id in sorted(holders | planned.keys()):
        contact = view.contacts.get(contact_id)
        if contact is not None:
            yield from _of_contact(
                view,
                ctx,
                opportunity,
                twins[0],
                contact,
                is_planned=contact_id in planned,
            )
    yield from _taken_off(view, opportunity, twins[0], holders)


def _base(view: AccountView, opportunity: Opportunity, **more: Any) -> Finding:  # noqa: ANN401 - fields of Finding
    """A finding about this opportunity with what all of them share."""
    subject = salesforce_ref("Opportunity", opportunity.id)
    parts = more.pop("parts")
    return Finding(
        id=finding_id(_ID, subject, *parts),
        rule=_ID,
        practices=more.pop("practices", _PRACTICES),
        severity=Severity.WARNING,
        subject=subject,
        subject_name=opportunity.name,
        account_id=opportunity.account_id,
        opportunity_id=opportunity.id,
        owner=owner_email(view, opportunity.owner_id),
        **more,
    )


def _no_twin(view: AccountView, opportunity: Opportunity, count: int) -> Finding:
    what = (
        "The opportunity is not in Outreach, so its contacts cannot be there."
        if count == 0
        else f"{count} opportunities in Outreach claim to be this one."
    )
    return _base(
        view,
        opportunity,
        parts=("twin",),
        practices=("0.15",),
        message=what,
        why_not="opportunities are made and matched by Outreach's own synchronisation",
    )


def _of_contact(
    view: AccountView,
    ctx: RuleContext,
    opportunity: Opportunity,
    twin: OutreachOpportunity,
    contact: Contact,
    *,
    is_planned: bool,
) -> Iterator[Finding]:
    ref = salesforce_ref("Contact", contact.id)
    prospects = prospects_for(view, contact)
    held = [
        role
        for role in view.prospect_roles_by_opportunity.get(twin.id, ())
        if role.prospect_id in {p.id for p in prospects}
    ]
    if held:
        yield from _of_held(view, opportunity, contact, held)
        return
    refusal = _refusal(view, opportunity, contact, prospects)
    changes = (
        ()
        if refusal
        else (
            _add(view, opportunity, twin, contact, prospects[0], is_planned=is_planned),
        )
    )
    finding = _base(
        view,
        opportunity,
        parts=(contact.id,),
        message=f"{contact.name} is a contact here and not on it in Outreach.",
        evidence=(Evidence(ref=ref, says="has a contact role in Salesforce"),),
        changes=changes,
        why_not=refusal,
    )
    yield (
        waits(finding)
        if _waits(view, ctx, opportunity, contact, is_planned)
        else finding
    )


def _refusal(
    view: AccountView,
    opportunity: Opportunity,
    contact: Contact,
    prospects: tuple[Prospect, ...],
) -> str:
    """Why adding this contact in Outreach would not be safe."""
    if not same_account(contact, opportunity):
        return "the contact lives under another account"
    if not prospects:
        return "the contact has no prospect in Outreach"
    if len(prospects) > 1:
        return f"{len(prospects)} prospects in Outreach could be this contact"
    accounts = {a.id: a for a in view.records.outreach_accounts}
    home = accounts.get(prospects[0].account_id or "")
    linked = [i for i in home.crm_ids if i.startswith("001")] if home else []
    if linked and opportunity.account_id not in linked:
        return "the prospect belongs to another account in Outreach"
    return ""


def _waits(
    view: AccountView,
    ctx: RuleContext,
    opportunity: Opportunity,
    contact: Contact,
    is_planned: bool,  # noqa: FBT001 - mirrors the caller's keyword
) -> bool:
    """Whether Outreach's plugin may still bring the role itself."""
    if not ctx.settings.plugin_copies_roles:
        return False
    roles = view.roles_by_opportunity.get(opportunity.id, ())
    return is_planned or any(
        survivor(view, role.contact_id) == contact.id
        and is_settling(view, ctx, role.created_at)
        for role in roles
    )


def _add(
    view: AccountView,
    opportunity: Opportunity,
    twin: OutreachOpportunity,
    contact: Contact,
    prospect: Prospect,
    *,
    is_planned: bool,
) -> ProposedChange:
    roles = [
        role
        for role in view.roles_by_opportunity.get(opportunity.id, ())
        if survivor(view, role.contact_id) == contact.id
    ]
    others = view.prospect_roles_by_opportunity.get(twin.id, ())
    primary = any(r.is_primary for r in roles) and not any(r.is_primary for r in others)
    label = next((r.role for r in roles if r.role), None)
    after = {
        "opportunity_id": twin.id,
        "prospect_id": prospect.id,
        "is_primary": primary,
    }
    return ProposedChange(
        target=outreach_ref("opportunityProspectRole", ""),
        operation="create",
        natural_key=prospect_role_key(twin.id, prospect.id),
        after=after | ({"role": label} if label else {}),
        also=(
            Expectation(
                ref=salesforce_ref("Opportunity", opportunity.id),
                fields={"is_closed": False},
            ),
            Expectation(
                ref=salesforce_ref("Contact", contact.id),
                fields={"account_id": contact.account_id},
            ),
            Expectation(
                ref=outreach_ref("prospect", prospect.id),
                fields={"trashed_at": None},
            ),
        ),
        after_keys=(role_key(opportunity.id, contact.id),) if is_planned else (),
        mode=Mode.AUTO,
        confidence=_SURE,
        reason="the contact is on this opportunity in Salesforce",
        evidence=(
            Evidence(
                ref=outreach_ref("prospect", prospect.id),
                says="is this contact in Outreach",
            ),
        ),
        account_id=opportunity.account_id,
    )


def _of_held(
    view: AccountView,
    opportunity: Opportunity,
    contact: Contact,
    held: list[ProspectRole],
) -> Iterator[Finding]:
    """A contact that is on both sides: doubled, or with another primary flag."""
    if len(held) > 1:
        refs = (outreach_ref("opportunityProspectRole", r.id) for r in held)
        yield _base(
            view,
            opportunity,
            parts=(contact.id, "twice"),
            message=f"{contact.name} is on it {len(held)} times in Outreach.",
            evidence=tuple(Evidence(ref=ref, says="the same person") for ref in refs),
            why_not="which of them people work with is not known",
        )
        return
    primary = any(
        role.is_primary
        for role in view.roles_by_opportunity.get(opportunity.id, ())
        if survivor(view, role.contact_id) == contact.id
    )
    known = bool(view.roles_by_opportunity.get(opportunity.id))
    if known and primary != held[0].is_primary:
        yield _flip(view, opportunity, contact, held[0], primary=primary)


def _flip(
    view: AccountView,
    opportunity: Opportunity,
    contact: Contact,
    role: ProspectRole,
    *,
    primary: bool,
) -> Finding:
    target = outreach_ref("opportunityProspectRole", role.id)
    change = ProposedChange(
        target=target,
        operation="update",
        before={"is_primary": role.is_primary},
        after={"is_primary": primary},
        mode=Mode.REVIEW,
        confidence=0.8,
        reason="Salesforce says so; which side changed last is not known",
        account_id=opportunity.account_id,
        version=view.version_of(target),
    )
    word = "the" if primary else "not the"
    return _base(
        view,
        opportunity,
        parts=(contact.id, "primary"),
        message=f"{contact.name} is {word} primary contact, unlike in Outreach.",
        evidence=(Evidence(ref=target, says=f"primary: {role.is_primary}".lower()),),
        changes=(change,),
    )


def _taken_off(
    view: AccountView,
    opportunity: Opportunity,
    twin: OutreachOpportunity,
    holders: frozenset[str],
) -> Iterator[Finding]:
    """Prospects whose contact was taken off the opportunity in Salesforce."""
    if not view.records.removed_roles:
        return
    for role in sorted(
        view.prospect_roles_by_opportunity.get(twin.id, ()), key=lambda r: r.id
    ):
        prospect = view.prospects.get(role.prospect_id)
        contacts = contacts_for(view, prospect) if prospect else ()
        if len(contacts) != 1 or contacts[0].id in holders:
            continue
        contact = contacts[0]
        if not was_taken_off(view, opportunity.id, contact.id):
            continue
        target = outreach_ref("opportunityProspectRole", role.id)
        change = ProposedChange(
            target=target,
            operation="delete",
            before={"opportunity_id": twin.id, "prospect_id": role.prospect_id},
            after={},
            mode=Mode.REVIEW,
            confidence=0.8,
            reason="the contact was taken off the opportunity in Salesforce",
            account_id=opportunity.account_id,
            version=view.version_of(target),
        )
        yield _base(
            view,
            opportunity,
            parts=(contact.id, "removed"),
            message=f"{contact.name} was taken off it, but not in Outreach.",
            evidence=(Evidence(ref=target, says="is still there"),),
            changes=(change,),
        )


RULE = RuleSpec(
    id=_ID,
    title="Contacts of an opportunity are on it in Outreach",
    practices=_PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce", "outreach"),
    settings=Settings,
    check=_check,
)
