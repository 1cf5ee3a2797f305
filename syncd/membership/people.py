"""Which contacts, prospects and opportunities are one and the same on both sides."""

from syncd.model.entities import Contact, Opportunity, OutreachOpportunity, Prospect
from syncd.model.ids import salesforce_id
from syncd.model.view import AccountView


def role_key(opportunity_id: str, contact_id: str) -> str:
    """Natural key of a contact role."""
    return f"OpportunityContactRole|{opportunity_id}|{contact_id}"


def prospect_role_key(opportunity_id: str, prospect_id: str) -> str:
    """Natural key of a prospect role."""
    return f"opportunityProspectRole|{opportunity_id}|{prospect_id}"


def survivor(view: AccountView, contact_id: str) -> str:
    """The contact that a merged one lives on in."""
    seen: set[str] = set()
    while contact_id in view.merged and contact_id not in seen:
        seen.add(contact_id)
        contact_id = view.merged[contact_id]
    return contact_id


def role_holders(view: AccountView, opportunity_id: str) -> frozenset[str]:
    """Contacts with a role, merged ones by their survivor."""
    roles = view.roles_by_opportunity.get(opportunity_id, ())
    return frozenset(survivor(view, role.contact_id) for role in roles)


def was_taken_off(view: AccountView, opportunity_id: str, contact_id: str) -> bool:
    """Whether a role of this contact was seen and has been removed."""
    return any(
        role.opportunity_id == opportunity_id
        and survivor(view, role.contact_id) == contact_id
        for role in view.records.removed_roles
    )


def same_account(contact: Contact, opportunity: Opportunity) -> bool:
    """Whether the contact lives under the opportunity's account."""
    return contact.account_id is not None and (
        contact.account_id == opportunity.account_id
    )


def twins_of(
    view: AccountView, opportunity: Opportunity
) -> tuple[OutreachOpportunity, ...]:
    """The opportunity in Outreach; several are an ambiguity."""
    return view.outreach_opportunities_of.get(opportunity.id, ())


def prospects_for(view: AccountView, contact: Contact) -> tuple[Prospect, ...]:
    """Prospects of a contact: by CRM id, else by address; several are an ambiguity.

    A prospect linked to a contact that was merged into this one is this one's too.
    """
    linked = {
        prospect.id: prospect
        for contact_id in (contact.id, *_merged_into(view, contact))
        for prospect in view.prospects_of.get(contact_id, ())
    }
    found = linked or {
        prospect.id: prospect
        for email in contact.emails
        for prospect in view.prospects_by_email.get(email.casefold(), ())
        if not any(i.startswith("003") for i in prospect.crm_ids)
    }
    return tuple(found[key] for key in sorted(found))


def contacts_for(view: AccountView, prospect: Prospect) -> tuple[Contact, ...]:
    """Contacts that a prospect may be: by CRM id, else by address."""
    external = salesforce_id(prospect.external_id)
    linked = {survivor(view, i) for i in prospect.crm_ids if i.startswith("003")}
    if not linked and external is not None and external.startswith("003"):
        linked = {survivor(view, external)}
    if not linked:
        linked = {
            contact.id
            for email in prospect.emails
            for contact in view.contacts_by_email.get(email.casefold(), ())
        }
    return tuple(view.contacts[i] for i in sorted(linked) if i in view.contacts)


def _merged_into(view: AccountView, contact: Contact) -> list[str]:
    return [one for one in view.merged if survivor(view, one) == contact.id]
