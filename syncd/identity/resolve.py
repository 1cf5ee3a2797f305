"""From an address, a name or a number to a participant, with the reason."""

from dataclasses import dataclass

from syncd.identity.directory import Directory, fold_name
from syncd.identity.excluded import excluded_because
from syncd.model.interaction import MatchKey, Participant, Side
from syncd.model.mail import domain_of, normalise_email, strip_plus_tag


@dataclass(frozen=True, kw_only=True)
class Clue:
    """What a record says of one person; ``email`` as written there.

    ``is_ours`` is the source's own word for it, None when it has none.
    """

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    is_resource: bool = False
    is_ours: bool | None = None
    attended: bool | None = None


def is_own_domain(domain: str, own: frozenset[str]) -> bool:
    """Whether a domain is one of ours or lies under one."""
    return any(domain == o or domain.endswith(f".{o}") for o in own)


def _internal(directory: Directory, clue: Clue, email: str | None) -> bool:
    org = directory.org
    if email is None:
        return clue.is_ours is True
    if email in org.users_by_email:
        return True
    return is_own_domain(domain_of(email), org.email_domains)


def resolve(directory: Directory, clue: Clue) -> Participant:
    """Who this is, on which side, and by which key; never "the first row".

    Several contacts for one key stay several. The order of keys: a CRM id of the
    prospect with that address, the exact address, an address that only the connected
    prospect has, then the weak keys.
    """
    email = normalise_email(clue.email) if clue.email else None
    why = excluded_because(email, clue.name, is_resource=clue.is_resource)
    if email in directory.contacts_by_email:
        why = ""  # a shared mailbox that somebody keeps as a contact is a contact
    user = directory.user_by_email(email) if email else None
    if user is not None and user.id in directory.org.integration_user_ids:
        why = why or "an integration's user"
    if _internal(directory, clue, email):
        return Participant(
            side=Side.EXCLUDED if why else Side.INTERNAL,
            email=email,
            name=clue.name,
            user_id=user.id if user else None,
            matched_by=MatchKey.EMAIL if user else MatchKey.NONE,
            reason=why or "one of our own",
            attended=clue.attended,
        )
    if why:
        return Participant(side=Side.EXCLUDED, email=email, name=clue.name, reason=why)
    return _external(directory, clue, email)


def _external(directory: Directory, clue: Clue, email: str | None) -> Participant:
    prospects = directory.prospects_by_email.get(email or "", ())
    contact_ids, key, reason = _contacts(directory, clue, email, prospects)
    linked = {
        prospect_id
        for contact_id in contact_ids
        for prospect_id in directory.prospects_by_contact.get(contact_id, ())
    }
    leads = directory.leads_by_email.get(email or "", ())
    open_leads = tuple(i for i in leads if not directory.leads[i].is_converted)
    return Participant(
        side=Side.EXTERNAL,
        email=email,
        name=clue.name,
        contact_ids=contact_ids,
        lead_ids=open_leads,
        prospect_ids=tuple(sorted({*prospects, *linked})),
        matched_by=key,
        reason=reason,
        attended=clue.attended,
    )


def _contacts(
    directory: Directory, clue: Clue, email: str | None, prospects: tuple[str, ...]
) -> tuple[tuple[str, ...], MatchKey, str]:
    exact = directory.contacts_by_email.get(email or "", ())
    linked = {c for p in prospects for c in directory.contacts_of_prospect(p)}
    decided = linked & set(exact) if exact else linked
    if len(decided) == 1:
        key = MatchKey.CRM_ID if exact else MatchKey.ALIAS
        return tuple(decided), key, "the prospect with this address is connected to it"
    if exact:
        several = len(exact) > 1
        says = "several contacts have this address" if several else "the same address"
        return exact, MatchKey.EMAIL, says
    converted = _converted(directory, email)
    if converted:
        return converted, MatchKey.CRM_ID, "the converted lead with this address"
    return _weak(directory, clue, email)


def _converted(directory: Directory, email: str | None) -> tuple[str, ...]:
    leads = (directory.leads[i] for i in directory.leads_by_email.get(email or "", ()))
    found = {
        directory.survivor(lead.converted_contact_id)
        for lead in leads
        if lead.converted_contact_id
    }
    return tuple(sorted(found & directory.contacts.keys()))


def _weak(
    directory: Directory, clue: Clue, email: str | None
) -> tuple[tuple[str, ...], MatchKey, str]:
    tries = (
        (
            MatchKey.PLUS_TAG,
            directory.contacts_by_plain_email.get(strip_plus_tag(email), ())
            if email
            else (),
            "the same address but for its plus tag",
        ),
        (
            MatchKey.PHONE,
            directory.contacts_by_phone.get(clue.phone or "", ()),
            "the same phone number",
        ),
        (
            MatchKey.NAME,
            directory.contacts_by_name.get(fold_name(clue.name or ""), ()),
            "the same name",
        ),
    )
    for key, found, says in tries:
        if found:
            return found, key, says
    return (), MatchKey.NONE, "unknown here"


def resolve_contact(directory: Directory, contact_id: str) -> Participant:
    """The participant that a Salesforce record names by contact id."""
    survivor = directory.survivor(contact_id)
    contact = directory.contacts.get(survivor)
    emails = contact.emails if contact else ()
    return Participant(
        side=Side.EXTERNAL,
        email=emails[0] if emails else None,
        name=contact.name if contact else None,
        contact_ids=(survivor,),
        prospect_ids=directory.prospects_by_contact.get(survivor, ()),
        matched_by=MatchKey.CRM_ID,
        reason="named by the activity",
    )


def resolve_lead(directory: Directory, lead_id: str) -> Participant:
    """The participant that a Salesforce record names by lead id."""
    lead = directory.leads.get(lead_id)
    if lead is not None and lead.converted_contact_id:
        return resolve_contact(directory, lead.converted_contact_id)
    emails = lead.emails if lead else ()
    return Participant(
        side=Side.EXTERNAL,
        email=emails[0] if emails else None,
        name=lead.name if lead else None,
        lead_ids=(lead_id,),
        matched_by=MatchKey.CRM_ID,
        reason="named by the activity",
    )


def resolve_prospect(
    directory: Directory, prospect_id: str, *, attended: bool | None = None
) -> Participant:
    """The participant that an Outreach record names by prospect id.

    A prospect without a CRM id is looked up by each of its addresses.
    """
    prospect = directory.prospects.get(prospect_id)
    emails = prospect.emails if prospect else ()
    contact_ids = directory.contacts_of_prospect(prospect_id)
    key, reason = MatchKey.CRM_ID, "connected in Outreach"
    if not contact_ids:
        contact_ids = tuple(
            sorted({c for e in emails for c in directory.contacts_by_email.get(e, ())})
        )
        key, reason = MatchKey.EMAIL, "the prospect's address"
    lead_ids = tuple(
        sorted({i for e in emails for i in directory.leads_by_email.get(e, ())})
    )
    return Participant(
        side=Side.EXTERNAL,
        email=emails[0] if emails else None,
        name=prospect.name if prospect else None,
        contact_ids=contact_ids,
        lead_ids=tuple(i for i in lead_ids if not directory.leads[i].is_converted),
        prospect_ids=(prospect_id,),
        matched_by=key if contact_ids else MatchKey.NONE,
        reason=reason if contact_ids else "no contact is connected",
        attended=attended,
    )
