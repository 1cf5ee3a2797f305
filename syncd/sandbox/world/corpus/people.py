"""People outside, and how Salesforce and Outreach know them, if they do."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.truth import Firm, Person, Staffer
from syncd.sandbox.world.org import OrgBuilder, Row

_FREE_MAIL: Final = ("gmail.com", "outlook.com", "web.de", "yahoo.com")
_KNOWN_TO_OUTREACH: Final = 0.6
"""Of the aliases: the share that stands among a prospect's addresses."""
_AT_HOME: Final = 0.6
"""Of the duplicates: the share that lies under the same account."""
_EXTRAS: Final = timedelta(days=40)


def plain(text: str) -> str:
    """Lower-case letters and digits of a name, for an address."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in folded.lower() if c.isalnum())


@dataclass(kw_only=True)
class PeopleMaker:
    """Makes people and what is recorded of them."""

    build: OrgBuilder
    knobs: WorldKnobs
    taken: set[str] = field(default_factory=set)
    everyone: list[Person] = field(default_factory=list)

    def add(self, firm: Firm, at: datetime, *, before: Person | None = None) -> Person:
        """Somebody who works at a firm from an instant on, with their records.

        Args:
            firm: Where they work.
            at: From when on.
            before: The same human at another firm, who leaves it then.
        """
        random = self.build.random
        person = Person(
            first=before.first if before else random.choice(names.FIRST),
            last=before.last if before else random.choice(names.LAST),
            title=random.choice(names.TITLES),
            firm=firm,
            email="",
            before=before,
            from_at=at if before else None,
        )
        if before is not None:
            before.to_at = at
        person.email = self._address(person, firm.domain)
        self._record(person, at)
        firm.people.append(person)
        self.everyone.append(person)
        return person

    def _address(self, person: Person, domain: str) -> str:
        if self.build.chance(self.knobs.free_mail):
            domain = self.build.random.choice(_FREE_MAIL)
            person.is_free_mail = True
        local = f"{plain(person.first)}.{plain(person.last)}"
        number, address = 1, f"{local}@{domain}"
        while address in self.taken:
            number += 1
            address = f"{local}{number}@{domain}"
        self.taken.add(address)
        return address

    def _record(self, person: Person, at: datetime) -> None:
        chance = self.build.chance
        if chance(self.knobs.unknown):
            return
        if chance(self.knobs.leads):
            person.lead = self._lead(person, at)
            return
        addresses = self._reached_by(person)
        person.contacts.append(self.contact(person, person.firm, at))
        person.prospect = self._prospect(person, addresses, at)
        if person.email and chance(self.knobs.duplicates):
            self._duplicate(person, at)
        if person.email and chance(self.knobs.half_converted):
            self._lead(person, at)

    def _reached_by(self, person: Person) -> list[str]:
        """Addresses that Outreach has; invitations may be written otherwise."""
        knobs, chance = self.knobs, self.build.chance
        addresses = [person.email]
        if chance(knobs.phone_only):
            person.phone = f"+1 555 {self.build.random.randrange(10**7):07d}"
            addresses, person.email = [], ""
        elif chance(knobs.alias):
            local, _, domain = person.email.partition("@")
            first, _, last = local.partition(".")
            person.written_as = f"{first[0]}{last}@{domain}"
            if person.written_as in self.taken:
                person.written_as = f"{last}.{first}@{domain}"
            self.taken.add(person.written_as)
            if chance(_KNOWN_TO_OUTREACH):
                addresses.append(person.written_as)
        elif chance(knobs.plus_tag):
            person.written_as = person.email.replace("@", "+meetings@")
        return addresses

    def contact(self, person: Person, firm: Firm, at: datetime) -> str:
        """One more Salesforce contact of a person under an account; its id."""
        row = {
            "Id": self.build.new_id("003"),
            "AccountId": firm.id,
            "FirstName": person.first,
            "LastName": person.last,
            "Name": person.name,
            "Email": person.email or None,
            "Phone": person.phone or None,
            "Title": person.title,
            "OwnerId": firm.rep.id,
        }
        self.build.add_salesforce("Contact", row, at=at, by=firm.rep.id)
        return str(row["Id"])

    def _duplicate(self, person: Person, at: datetime) -> None:
        random = self.build.random
        firm = person.firm
        if self.everyone and not self.build.chance(_AT_HOME):
            firm = firm.parent or random.choice(self.everyone).firm
        person.is_duplicated = True
        person.contacts.append(self.contact(person, firm, at + _EXTRAS))

    def _prospect(self, person: Person, addresses: list[str], at: datetime) -> int:
        firm = person.firm
        attributes: Row = {
            "name": person.name,
            "emails": addresses,
            "optedOut": False,
            "workPhones": [person.phone] if person.phone else [],
        }
        return self.build.add_outreach(
            "prospect",
            attributes,
            {
                "account": ("account", firm.outreach),
                "owner": ("user", firm.rep.outreach),
            },
            at=at,
            crm=[("Contact", person.contacts[0])],
        )

    def _lead(self, person: Person, at: datetime) -> str:
        row = {
            "Id": self.build.new_id("00Q"),
            "FirstName": person.first,
            "LastName": person.last,
            "Name": person.name,
            "Company": person.firm.name,
            "Email": person.email,
            "Status": "Working",
            "OwnerId": person.firm.rep.id,
            "IsConverted": False,
        }
        self.build.add_salesforce("Lead", row, at=at, by=person.firm.rep.id)
        return str(row["Id"])


@dataclass(kw_only=True)
class FirmMaker:
    """Makes firms with their records; names never repeat."""

    build: OrgBuilder
    pairs: list[tuple[str, str]]
    """A name and the domain that goes with it, in the order of use."""
    used: int = 0

    def add(
        self, rep: Staffer, carer: Staffer, at: datetime, parent: Firm | None = None
    ) -> Firm:
        """A firm that the org has known since an instant."""
        name, domain = self.pairs[self.used % len(self.pairs)]
        lap = self.used // len(self.pairs)
        if lap:
            name, domain = f"{name} {lap + 1}", domain.replace(".", f"{lap + 1}.", 1)
        self.used += 1
        row: Row = {
            "Id": self.build.new_id("001"),
            "Name": name,
            "OwnerId": rep.id,
            "Website": f"https://{domain}",
            "ParentId": parent.id if parent else None,
        }
        self.build.add_salesforce("Account", row, at=at, by=rep.id)
        number = self.build.add_outreach(
            "account",
            {"name": name, "domain": domain},
            {"owner": ("user", rep.outreach)},
            at=at,
            crm=[("Account", row["Id"])],
        )
        return Firm(
            id=row["Id"],
            outreach=number,
            name=name,
            domain=domain,
            rep=rep,
            carer=carer,
            parent=parent,
        )


def company_names() -> list[tuple[str, str]]:
    """Firms named by two words: what the first generator calls them."""
    return [
        (f"{word} {trade}", f"{word}-{trade}.com".lower())
        for trade in names.TRADE
        for word in names.COMPANY
    ]
