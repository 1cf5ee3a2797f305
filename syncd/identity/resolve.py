"""From an address, a name or a number to a participant, with the reason."""

from collections.abc import Iterable, Iterator

import msgspec

from syncd.identity.directory import Directory
from syncd.identity.excluded import excluded_because
from syncd.identity.names import fold_name
from syncd.model.interaction import STRONG_KEYS, MatchKey, Participant, Side
from syncd.model.mail import (
    domain_of,
    normalise_email,
    plain_mailbox,
    registrable_domain,
)
from syncd.model.phones import e164

Match = tuple[tuple[str, ...], MatchKey, str]
"""Contacts, sorted; by which key; why."""


class Clue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a record says of one person; ``email`` as written there.

    ``is_ours`` is the source's own word for it, None when it has none.
    """

    email: str | None = None
    name: str | None = None
    phone: str | None = None
    is_resource: bool = False
    is_ours: bool | None = None
    attended: bool | None = None


def _internal(directory: Directory, clue: Clue, email: str | None) -> bool:
    return clue.is_ours is True if email is None else directory.is_ours(email)


def resolve(directory: Directory, clue: Clue) -> Participant:
    """Who this is, on which side, and by which key; never "the first row".

    Several contacts for one key stay several. The order of keys: a CRM id of the
    prospect with that address, the exact address, an address that only the connected
    prospect has, then the weak keys.
    """
    email = normalise_email(clue.email) if clue.email else None
    why = excluded_because(
        email,
        clue.name,
        is_resource=clue.is_resource,
        customers=directory.customer_domains,
    )
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
    found = _external(directory, clue, email)
    if why and found.matched_by not in STRONG_KEYS | {MatchKey.PHONE}:
        return Participant(side=Side.EXCLUDED, email=email, name=clue.name, reason=why)
    return found


def _external(directory: Directory, clue: Clue, email: str | None) -> Participant:
    prospects = directory.prospects_by_email.get(email or "", ())
    contact_ids, key, reason = _contacts(directory, clue, email, prospects)
    linked = {
        prospect_id
        for contact_id in contact_ids
        for prospect_id in directory.prospects_by_contact.get(contact_id, ())
    }
    return Participant(
        side=Side.EXTERNAL,
        email=email,
        name=clue.name,
        contact_ids=contact_ids,
        lead_ids=_open_leads(directory, [email or ""]),
        prospect_ids=tuple(sorted({*prospects, *linked})),
        matched_by=key,
        reason=reason,
        attended=clue.attended,
    )


def _open_leads(directory: Directory, emails: Iterable[str]) -> tuple[str, ...]:
    found = {i for e in emails for i in directory.leads_by_email.get(e, ())}
    return tuple(sorted(i for i in found if not directory.leads[i].is_converted))


def _contacts(
    directory: Directory, clue: Clue, email: str | None, prospects: tuple[str, ...]
) -> Match:
    exact = directory.contacts_by_email.get(email or "", ())
    linked = {c for p in prospects for c in directory.contacts_of_prospect(p)}
    decided = linked & set(exact) if exact else linked
    if len(decided) == 1:
        key = MatchKey.CRM_ID if exact else MatchKey.ALIAS
        return tuple(decided), key, "the prospect with this address is connected to it"
    if exact and email:
        return _of_address(directory, email, exact)
    converted = _converted(directory, email)
    if converted:
        return converted, MatchKey.CRM_ID, "the converted lead with this address"
    return _weak(directory, clue, email)


def _of_address(directory: Directory, email: str, exact: tuple[str, ...]) -> Match:
    """Contacts that have exactly this address; the company whose domain it is decides.

    Namesakes under one account, and addresses of free mail, stay undecided.
    """
    if len(exact) == 1:
        return exact, MatchKey.EMAIL, "the same address"
    domain = registrable_domain(domain_of(email))
    accounts = {
        c: directory.contacts[c].account_id for c in exact if _known(directory, c)
    }
    home = [c for c, a in accounts.items() if a and directory.sites.get(a) == domain]
    if len(home) == 1:
        says = "of the contacts with this address, the one under the domain's account"
        return tuple(home), MatchKey.EMAIL, says
    return exact, MatchKey.EMAIL, "several contacts have this address"


def _known(directory: Directory, contact_id: str) -> bool:
    return contact_id in directory.contacts


def _converted(directory: Directory, email: str | None) -> tuple[str, ...]:
    leads = (directory.leads[i] for i in directory.leads_by_email.get(email or "", ()))
    found = {
        directory.survivor(lead.converted_contact_id)
        for lead in leads
        if lead.converted_contact_id
    }
    return tuple(sorted(found & directory.contacts.keys()))


def _weak(directory: Directory, clue: Clue, email: str | None) -> Match:
    """What only resembles: never enough for a change without a person."""
    for key, found, says in _resembling(directory, clue, email):
        if found:
            return found, key, says
    return (), MatchKey.NONE, "unknown here"


def _resembling(
    directory: Directory, clue: Clue, email: str | None
) -> Iterator[tuple[MatchKey, tuple[str, ...], str]]:
    if email:
        same = directory.contacts_by_plain_email.get(plain_mailbox(email), ())
        yield MatchKey.PLUS_TAG, same, "the same mailbox but for its plus tag or dots"
    number = e164(clue.phone or (None if email else clue.name))
    same = directory.contacts_by_phone.get(number or "", ())
    yield MatchKey.PHONE, same, "the same phone number"
    yield MatchKey.NAME, _namesakes(directory, clue, email), "the same name"


def _namesakes(directory: Directory, clue: Clue, email: str | None) -> tuple[str, ...]:
    """Contacts of this name; with a foreign company's address it is somebody else."""
    found = directory.contacts_by_name.get(fold_name(clue.name or ""), ())
    domain = domain_of(email) if email else ""
    if not domain or domain in directory.org.free_mail:
        return found
    return tuple(c for c in found if directory.is_domain_of(c, domain))


def resolve_contact(directory: Directory, contact_id: str) -> Participant:
    """The participant that a Salesforce record names by contact id.

    Somebody of ours who is kept as a contact is one of ours.
    """
    survivor = directory.survivor(contact_id)
    contact = directory.contacts.get(survivor)
    emails = contact.emails if contact else ()
    if emails and all(directory.is_ours(email) for email in emails):
        return resolve(directory, Clue(email=emails[0]))
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

    A prospect without a CRM id is looked up by each of its addresses and numbers. One
    that is connected to one contact while its address is another's is either of them.
    """
    prospect = directory.prospects.get(prospect_id)
    emails = prospect.emails if prospect else ()
    contact_ids, key, reason = _of_prospect(directory, prospect_id)
    return Participant(
        side=Side.EXTERNAL,
        email=emails[0] if emails else None,
        name=prospect.name if prospect else None,
        contact_ids=contact_ids,
        lead_ids=_open_leads(directory, emails),
        prospect_ids=(prospect_id,),
        matched_by=key,
        reason=reason,
        attended=attended,
    )


def _of_prospect(directory: Directory, prospect_id: str) -> Match:
    prospect = directory.prospects.get(prospect_id)
    if prospect is None:
        return (), MatchKey.NONE, "a prospect unknown here"
    connected = directory.contacts_of_prospect(prospect_id)
    exact = {c for e in prospect.emails for c in directory.contacts_by_email.get(e, ())}
    if connected and exact and not exact & set(connected):
        both = tuple(sorted({*connected, *exact}))
        return (
            both,
            MatchKey.EMAIL,
            "connected to one contact, the address is another's",
        )
    if connected:
        return connected, MatchKey.CRM_ID, "connected in Outreach"
    if exact:
        return tuple(sorted(exact)), MatchKey.EMAIL, "the prospect's address"
    for clue in (
        *(Clue(email=e, name=prospect.name) for e in prospect.emails),
        *(Clue(phone=p, name=prospect.name) for p in prospect.phones),
    ):
        found = _weak(directory, clue, clue.email)
        if found[0]:
            return found
    return (), MatchKey.NONE, "no contact is connected"
