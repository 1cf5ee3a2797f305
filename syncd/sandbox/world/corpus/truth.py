"""What is true of a generated company, whether or not anybody records it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from syncd.sandbox.world.corpus.knobs import WorldKnobs

OPEN_STAGES: Final = (
    "Discovery",
    "Scoping",
    "Technical Evaluation",
    "Proposal",
    "Negotiating",
)
WON: Final = "Closed Won"
LOST: Final = "Closed Lost"
CLOSED_STAGES: Final = frozenset({WON, LOST})


@dataclass(kw_only=True, eq=False)
class Staffer:
    """One of our own people; ``job`` is ``ae``, ``csm``, ``se`` or ``manager``."""

    id: str
    outreach: int
    email: str
    name: str
    job: str
    left_at: datetime | None = None


@dataclass(kw_only=True, eq=False)
class Firm:
    """A customer, a prospect, or an agency that works for some of them.

    Attributes:
        is_customer: It has bought before.
        rep: Whoever sells to it.
        carer: Whoever looks after it once it has bought.
    """

    id: str
    outreach: int
    name: str
    domain: str
    rep: Staffer
    carer: Staffer
    is_customer: bool = False
    is_agency: bool = False
    parent: "Firm | None" = None
    agency: "Firm | None" = None
    people: list["Person"] = field(default_factory=list)
    deals: list["Deal"] = field(default_factory=list)
    cases: list["SupportCase"] = field(default_factory=list)

    @property
    def family(self) -> tuple["Firm", ...]:
        """Itself and its parent."""
        return (self, self.parent) if self.parent else (self,)


@dataclass(kw_only=True, eq=False)
class Person:
    """Somebody outside.

    Attributes:
        email: Where invitations go; empty for one who is known by phone only.
        written_as: How the calendar writes the address: an alias, with a plus tag.
        contacts: Salesforce contacts of this person, the used one first.
        lead: Salesforce lead, where there is no contact.
        before: The same human at another firm, earlier.
        from_at: Since when this person works here.
        to_at: Until when.
        roles_on: Deals on which they have ever had a contact role.
    """

    first: str
    last: str
    title: str
    firm: Firm
    email: str
    written_as: str = ""
    phone: str = ""
    contacts: list[str] = field(default_factory=list)
    lead: str = ""
    prospect: int = 0
    before: "Person | None" = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    roles_on: list["Deal"] = field(default_factory=list)
    is_duplicated: bool = False
    is_free_mail: bool = False

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def address(self) -> str:
        """The address as invitations have it."""
        return self.written_as or self.email

    @property
    def is_known(self) -> bool:
        """Whether Salesforce has a contact that their address leads to."""
        return bool(self.contacts) and bool(self.email)

    def is_there(self, at: datetime) -> bool:
        """Whether they work at this firm at an instant."""
        begun = self.from_at is None or self.from_at <= at
        return begun and (self.to_at is None or at < self.to_at)


@dataclass(frozen=True, kw_only=True)
class Step:
    """An opportunity's record from an instant on."""

    at: datetime
    stage: str
    close_date: date


@dataclass(kw_only=True, eq=False)
class Deal:
    """One thing that we try to sell.

    Attributes:
        opened: When work on it began.
        created: When somebody made the record.
        steps: The record's stages and close dates, oldest first.
        owners: Who has owned it since when, oldest first.
        committee: People outside who decide on it, with how often each is there.
        words: What its meetings are called by: product, region, kind.
        product: What is sold, also where its name does not say so.
        site: Where it is to be used; empty where nobody said.
        roles: Contact roles in Salesforce: contact, person, since when.
        titles: Titles about it so far and the kind of each, by kind of occasion.
    """

    id: str
    firm: Firm
    name: str
    kind: str
    opened: datetime
    created: datetime
    steps: list[Step] = field(default_factory=list)
    owners: list[tuple[datetime, Staffer]] = field(default_factory=list)
    team: list[Staffer] = field(default_factory=list)
    committee: dict[Person, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    product: str = ""
    site: str = ""
    outreach: int = 0
    consultant: Person | None = None
    roles: list[tuple[str, Person, datetime]] = field(default_factory=list)
    titles: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    is_stale: bool = False
    was_reopened: bool = False

    def owner_at(self, at: datetime) -> Staffer:
        """Its owner at an instant; before the first, the first."""
        found = self.owners[0][1]
        for since, staffer in self.owners:
            if since <= at:
                found = staffer
        return found

    @property
    def owner(self) -> Staffer:
        """Its owner today."""
        return self.owners[-1][1]

    def step_at(self, at: datetime) -> Step | None:
        """What its record said at an instant; None before it was made."""
        found = None
        for step in self.steps:
            if step.at > at:
                break
            found = step
        return found

    def is_open_at(self, at: datetime) -> bool:
        """Whether its record was there and open at an instant."""
        step = self.step_at(at)
        return step is not None and step.stage not in CLOSED_STAGES

    @property
    def is_closed(self) -> bool:
        """Whether it is closed today."""
        return self.steps[-1].stage in CLOSED_STAGES

    @property
    def ended(self) -> datetime | None:
        """When it closed for good; None while it is open."""
        return self.steps[-1].at if self.is_closed else None


@dataclass(kw_only=True, eq=False)
class SupportCase:
    """Trouble that somebody has with what they bought."""

    id: str
    number: str
    subject: str
    firm: Firm
    person: Person
    opened: datetime
    closed: datetime | None


@dataclass(kw_only=True, eq=False)
class Series:
    """A meeting that recurs weekly on the same guests, whatever is going on."""

    number: int
    title: str
    host: Staffer
    guests: tuple[Person, ...]
    first: datetime
    times: int


@dataclass(kw_only=True, eq=False)
class Occasion:
    """One meeting, call or mail: what it was about, and how it came to pass.

    Attributes:
        number: Of its own; records that speak of it share it.
        kind: ``meeting``, ``call`` or ``mail``.
        about: The deal or case; None when it served neither.
        staff: Our own people who took part, the host first.
        title_kind: ``generic``, ``account``, ``stage``, ``deal`` or ``misleading``.
        status: ``held``, ``cancelled`` or ``no_show``.
        moved_from: When it was first to be.
        former_title: What it was called when some tools looked.
        unlisted: Guests without an address, by name.
        others: Addresses of rooms, bots and lists that are invited, too.
        unrecorded: The deal that it served, where nobody made a record of that.
    """

    kind: str
    at: datetime
    staff: tuple[Staffer, ...]
    guests: tuple[Person, ...]
    about: "Deal | SupportCase | None"
    firm: Firm | None
    title: str
    title_kind: str = "generic"
    series: Series | None = None
    status: str = "held"
    moved_from: datetime | None = None
    former_title: str = ""
    unlisted: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    unrecorded: "Deal | None" = None
    is_private: bool = False
    number: int = 0
    minutes: int = 30

    @property
    def host(self) -> Staffer:
        """Who held it."""
        return self.staff[0]

    @property
    def deal(self) -> Deal | None:
        """The deal it was about."""
        return self.about if isinstance(self.about, Deal) else None

    @property
    def target(self) -> str | None:
        """Id of the right opportunity or case."""
        return self.about.id if self.about is not None else None


@dataclass(kw_only=True)
class Story:
    """Everything that happened: what a generator hands to those who keep records.

    Attributes:
        recorder: The Salesforce user that Chorus writes as.
        habits: Those of our people who keep records unlike the others, by id.
        occasions: By time.
    """

    firms: list[Firm] = field(default_factory=list)
    staff: list[Staffer] = field(default_factory=list)
    recorder: str = ""
    habits: dict[str, WorldKnobs] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    occasions: list[Occasion] = field(default_factory=list)

    @property
    def deals(self) -> Iterable[Deal]:
        """All deals of all firms."""
        return (deal for firm in self.firms for deal in firm.deals)
