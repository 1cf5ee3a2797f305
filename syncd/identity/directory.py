"""The directory of one account view: every key by which a person is known there."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from syncd.identity.names import fold_name
from syncd.model.entities import Contact, Lead, Prospect, User
from syncd.model.ids import salesforce_id
from syncd.model.mail import (
    domain_of,
    domain_of_website,
    lies_under,
    normalise_email,
    plain_mailbox,
    registrable_domain,
)
from syncd.model.view import HomeRecords, OrgContext

CONTACT_PREFIX = "003"
LEAD_PREFIX = "00Q"
USER_PREFIX = "005"


def crm_ids(prospect: Prospect) -> frozenset[str]:
    """Salesforce ids a prospect is connected to, the free-text id included.

    Data connections count, and so does ``external_id`` where it has an id's shape.
    """
    external = salesforce_id(prospect.external_id)
    return frozenset(prospect.crm_ids) | ({external} if external else frozenset())


def layers(records: HomeRecords) -> Iterable[HomeRecords]:
    """A home's records, then its guests', outermost first."""
    current: HomeRecords | None = records
    while current is not None:
        yield current
        current = current.guests


def _by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        if key:
            found.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in found.items()}


def _address(text: str) -> str:
    return normalise_email(text) or ""


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Lookups from any key of a person to sorted record ids.

    Built once per view; merged contacts are answered by their survivor.
    """

    records: HomeRecords
    org: OrgContext

    @cached_property
    def contacts(self) -> dict[str, Contact]:
        """Contacts by id, guests included; the home's own record wins."""
        return {
            contact.id: contact
            for layer in reversed(list(layers(self.records)))
            for contact in layer.contacts
        }

    @cached_property
    def leads(self) -> dict[str, Lead]:
        """Leads by id."""
        return {le.id: le for layer in layers(self.records) for le in layer.leads}

    @cached_property
    def prospects(self) -> dict[str, Prospect]:
        """Prospects by id; one in the trash is still whom an old call names."""
        return {p.id: p for layer in layers(self.records) for p in layer.prospects}

    @cached_property
    def live_prospects(self) -> tuple[Prospect, ...]:
        """Prospects that can be looked up: those outside the trash."""
        return tuple(p for p in self.prospects.values() if p.trashed_at is None)

    def survivor(self, contact_id: str) -> str:
        """The contact that a merged one lives on in; itself when not merged."""
        seen: set[str] = set()
        while contact_id not in seen:
            seen.add(contact_id)
            contact = self.contacts.get(contact_id)
            into = contact.merged_into_id if contact else None
            into = into or self.records.merged.get(contact_id)
            if into is None:
                return contact_id
            contact_id = into
        return contact_id

    @cached_property
    def contacts_by_email(self) -> dict[str, tuple[str, ...]]:
        """Contact ids by address, over every address field."""
        return _by_key(
            (_address(email), self.survivor(contact.id))
            for contact in self.contacts.values()
            for email in contact.emails
        )

    @cached_property
    def contacts_by_plain_email(self) -> dict[str, tuple[str, ...]]:
        """Contact ids by mailbox, plus tag and Gmail's dots aside: a weak key."""
        return _by_key(
            (plain_mailbox(email), contact_id)
            for email, ids in self.contacts_by_email.items()
            for contact_id in ids
        )

    @cached_property
    def contacts_by_phone(self) -> dict[str, tuple[str, ...]]:
        """Contact ids by phone in E.164: a weak key."""
        return _by_key(
            (phone, self.survivor(contact.id))
            for contact in self.contacts.values()
            for phone in contact.phones
        )

    @cached_property
    def contacts_by_name(self) -> dict[str, tuple[str, ...]]:
        """Contact ids by folded name: a weak key."""
        return _by_key(
            (fold_name(contact.name), self.survivor(contact.id))
            for contact in self.contacts.values()
        )

    @cached_property
    def leads_by_email(self) -> dict[str, tuple[str, ...]]:
        """Ids of leads by address, converted ones included."""
        return _by_key(
            (_address(email), lead.id)
            for lead in self.leads.values()
            for email in lead.emails
        )

    @cached_property
    def prospects_by_email(self) -> dict[str, tuple[str, ...]]:
        """Ids of live prospects by address."""
        return _by_key(
            (_address(email), prospect.id)
            for prospect in self.live_prospects
            for email in prospect.emails
        )

    @cached_property
    def prospects_by_contact(self) -> dict[str, tuple[str, ...]]:
        """Ids of live prospects by the contact that a CRM id connects them to."""
        return _by_key(
            (contact_id, prospect.id)
            for prospect in self.live_prospects
            for contact_id in self.contacts_of_prospect(prospect.id)
        )

    def contacts_of_prospect(self, prospect_id: str) -> tuple[str, ...]:
        """Contacts that a prospect's CRM ids name, through a converted lead too."""
        prospect = self.prospects.get(prospect_id)
        if prospect is None:
            return ()
        found = set()
        for crm_id in crm_ids(prospect):
            if crm_id.startswith(CONTACT_PREFIX):
                found.add(self.survivor(crm_id))
            elif crm_id.startswith(LEAD_PREFIX):
                lead = self.leads.get(crm_id)
                if lead is not None and lead.converted_contact_id:
                    found.add(self.survivor(lead.converted_contact_id))
        return tuple(sorted(found & self.contacts.keys()))

    @cached_property
    def customer_domains(self) -> frozenset[str]:
        """Registrable domains of the contacts here and of their accounts' websites."""
        found = {domain for known in self._domains.values() for domain in known}
        return frozenset(found)

    @cached_property
    def _domains(self) -> dict[str, frozenset[str]]:
        """Companies' domains by account: its website, and its contacts' addresses."""
        found: dict[str, set[str]] = {}
        for contact in self.contacts.values():
            if contact.account_id:
                found.setdefault(contact.account_id, set()).update(
                    registrable_domain(domain_of(e)) for e in contact.emails
                )
        for account_id, site in self.sites.items():
            found.setdefault(account_id, set()).add(site)
        return {key: frozenset(one - self.org.free_mail) for key, one in found.items()}

    @cached_property
    def sites(self) -> dict[str, str]:
        """Registrable domain of the website by account, free-mail providers' aside."""
        found = {
            account.id: domain_of_website(account.website)
            for layer in layers(self.records)
            for account in layer.every_account
        }
        return {key: s for key, s in found.items() if s and s not in self.org.free_mail}

    def is_domain_of(self, contact_id: str, domain: str) -> bool:
        """Whether a company's domain is that of the contact's account."""
        contact = self.contacts.get(contact_id)
        known = self._domains.get((contact.account_id or "") if contact else "")
        return known is not None and registrable_domain(domain) in known

    def is_ours(self, email: str) -> bool:
        """Whether a normalised address is that of one of our own people."""
        return email in self.org.staff_by_address or lies_under(
            domain_of(email), self.org.email_domains
        )

    def user_by_email(self, email: str | None) -> User | None:
        """The one user of ours behind an address; active standard ones are preferred.

        On our own domains a plus tag is the same mailbox.
        """
        address = (email or "").casefold()
        users = self.org.staff_by_address.get(address, ())
        if not users and lies_under(domain_of(address), self.org.email_domains):
            users = self.org.staff_by_address.get(plain_mailbox(address), ())
        usable = [u for u in users if u.is_active and u.user_type == "Standard"]
        chosen = usable or list(users)
        return chosen[0] if len(chosen) == 1 else None

    def user_of_outreach(self, outreach_user_id: str | None) -> str | None:
        """Salesforce user id of an Outreach user: by CRM id, then by address."""
        known = self.org.outreach_users.get(outreach_user_id or "")
        if known is None:
            return None
        linked = [i for i in known.crm_ids if i.startswith(USER_PREFIX)]
        if len(linked) == 1:
            return linked[0]
        user = self.user_by_email(known.email)
        return None if user is None else user.id
