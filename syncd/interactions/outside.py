"""The people outside in a record or cluster, as far as two can be compared."""

from collections.abc import Iterable

import msgspec

from syncd.identity.directory import Directory
from syncd.model.interaction import Participant, Side
from syncd.model.mail import domain_of, registrable_domain


class Outside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``keys`` of the people (ids, addresses) and ``companies`` they belong to.

    A company is an account's id or a registrable domain; somebody with neither, as
    with free mail, is a company of their own.
    """

    keys: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()

    def __or__(self, other: "Outside") -> "Outside":
        return Outside(
            keys=self.keys | other.keys, companies=self.companies | other.companies
        )

    def meets(self, other: "Outside") -> bool:
        """Whether somebody is in both."""
        return bool(self.keys & other.keys)

    def is_foreign_to(self, other: "Outside") -> bool:
        """Whether both have people and no company in common: never one interaction."""
        has_both = bool(self.companies and other.companies)
        return has_both and not self.meets(other) and not self.is_beside(other)

    def is_beside(self, other: "Outside") -> bool:
        """Whether some of both are of one company."""
        return bool(self.companies & other.companies)


NOBODY = Outside()


def outside_of(directory: Directory, people: Iterable[Participant]) -> Outside:
    """The people outside among these."""
    keys: set[str] = set()
    companies: set[str] = set()
    for person in people:
        if person.side is Side.EXTERNAL:
            own = {*person.contact_ids, *person.lead_ids, *person.prospect_ids}
            if person.email:
                own.add(person.email)
            keys |= own
            companies |= _companies(directory, person) or own
    return Outside(keys=frozenset(keys), companies=frozenset(companies))


def _companies(directory: Directory, person: Participant) -> set[str]:
    found = {
        contact.account_id
        for contact_id in person.contact_ids
        if (contact := directory.contacts.get(contact_id)) and contact.account_id
    }
    domain = registrable_domain(domain_of(person.email)) if person.email else ""
    if domain and domain not in directory.org.free_mail:
        found.add(domain)
    return found
