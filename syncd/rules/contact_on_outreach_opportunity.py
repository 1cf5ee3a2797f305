"""Contacts of a Salesforce opportunity are prospects of the same one in Outreach."""

from collections.abc import Iterator

from syncd.membership.compare import Primary, Standing
from syncd.membership.people import (
    contacts_for,
    prospect_role_key,
    prospects_for,
    role_holders,
    role_key,
    same_account,
    twins_of,
)
from syncd.membership.sides import Membership, membership
from syncd.model.entities import Contact, Opportunity, Prospect
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
    guarded,
    in_segment,
    is_settling,
    outreach_ref,
    salesforce_ref,
    waits,
)
from syncd.rules._outreach_roles import (
    ID,
    PRACTICES,
    SURE,
    about,
    another_primary,
    demotions,
    doubled,
    taken_off,
)
from syncd.rules._roles import planned_contacts


class Settings(RuleSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this rule.

    Attributes:
        plugin_copies_roles: Outreach's own plug-in copies new roles in this org: wait
            ``settle_minutes`` before adding one beside it. None = if it was seen to.
    """

    mode: Mode = Mode.AUTO
    plugin_copies_roles: bool | None = None


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
    both = membership(view, opportunity)
    if both is None:
        if holders or planned:
            yield _no_twin(view, opportunity, len(twins_of(view, opportunity)))
        return
    found: list[Finding] = []
    for contact_id in sorted(holders | planned.keys()):
        contact = view.contacts.get(contact_id)
        standing = both.standing(contact_id)
        is_planned = contact_id in planned and standing is Standing.ABSENT
        is_new = is_planned or standing is Standing.ADDED_IN_SALESFORCE
        if contact is not None and is_new:
            finding = _missing(view, both, contact, is_planned=is_planned)
            waiting = _waits(view, ctx, both, contact, is_planned=is_planned)
            found.append(waits(finding) if waiting else finding)
    found += another_primary(view, both)
    yield from found
    yield from doubled(view, both)
    yield from taken_off(view, both, beside=found)


def _no_twin(view: AccountView, opportunity: Opportunity, count: int) -> Finding:
    what = (
        "The opportunity is not in Outreach, so its contacts cannot be there."
        if count == 0
        else f"{count} opportunities in Outreach claim to be this one."
    )
    return about(
        view,
        opportunity,
        parts=("twin",),
        practices=("0.15",),
        message=what,
        why_not="opportunities are made and matched by Outreach's own synchronisation",
    )


def _missing(
    view: AccountView, both: Membership, contact: Contact, *, is_planned: bool
) -> Finding:
    """A contact that is new in Salesforce and not in Outreach."""
    ref = salesforce_ref("Contact", contact.id)
    prospects = prospects_for(view, contact)
    refusal = _refusal(view, both.opportunity, contact, prospects)
    return about(
        view,
        both.opportunity,
        parts=(contact.id,),
        message=f"{contact.name} is a contact here and not on it in Outreach.",
        evidence=(Evidence(ref=ref, says="has a contact role in Salesforce"),),
        changes=()
        if refusal
        else _additions(view, both, contact, prospects[0], is_planned=is_planned),
        why_not=refusal,
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
    others = len(contacts_for(view, prospects[0]))
    if others > 1:
        return f"the prospect in Outreach could be {others} contacts"
    accounts = {a.id: a for a in view.records.outreach_accounts}
    home = accounts.get(prospects[0].account_id or "")
    linked = [i for i in home.crm_ids if i.startswith("001")] if home else []
    if linked and opportunity.account_id not in linked:
        return "the prospect belongs to another account in Outreach"
    return ""


def _waits(
    view: AccountView,
    ctx: RuleContext,
    both: Membership,
    contact: Contact,
    *,
    is_planned: bool,
) -> bool:
    """Whether Outreach's plugin may still bring the role itself."""
    copies = ctx.settings.plugin_copies_roles
    if not (view.org.roles_are_copied if copies is None else copies):
        return False
    return is_planned or any(
        is_settling(view, ctx, role.created_at)
        for role in both.roles.get(contact.id, ())
    )


def _additions(
    view: AccountView,
    both: Membership,
    contact: Contact,
    prospect: Prospect,
    *,
    is_planned: bool,
) -> tuple[ProposedChange, ...]:
    """The new role, after the flag was taken from the primary that it replaces."""
    opportunity, twin = both.opportunity, both.twin
    roles = both.roles.get(contact.id, ())
    leads = both.sides.salesforce_primary == contact.id
    replaces = leads and both.primary is Primary.MOVED_IN_SALESFORCE
    first = leads and both.primary is Primary.NEVER_AGREED
    before = demotions(view, both, contact.id, sure=True) if replaces else ()
    label = next((role.role for role in roles if role.role), None)
    after = {
        "opportunity_id": twin.id,
        "prospect_id": prospect.id,
        "is_primary": replaces or (first and both.sides.outreach_primary == ""),
    }
    keys = tuple(change.effect_key for change in before)
    addition = ProposedChange(
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
            *(
                Expectation(
                    ref=salesforce_ref("OpportunityContactRole", role.id),
                    fields={"contact_id": role.contact_id},
                )
                for role in roles[:1]
            ),
        ),
        after_keys=(
            *((role_key(opportunity.id, contact.id),) if is_planned else ()),
            *keys,
        ),
        mode=Mode.AUTO,
        confidence=SURE,
        reason="the contact is on this opportunity in Salesforce",
        evidence=(
            Evidence(
                ref=outreach_ref("prospect", prospect.id),
                says="is this contact in Outreach",
            ),
        ),
        account_id=opportunity.account_id,
        since=max((role.created_at for role in roles if role.created_at), default=None),
    )
    return (*before, addition)


RULE = RuleSpec(
    id=ID,
    title="Contacts of an opportunity are on it in Outreach",
    practices=PRACTICES,
    severity=Severity.WARNING,
    needs=("salesforce", "outreach"),
    settings=Settings,
    check=_check,
)
