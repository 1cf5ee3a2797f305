"""The first generator: meetings, calls and mails drawn deal by deal."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.world.corpus.chances import days, office_hour, poisson, some
from syncd.sandbox.world.corpus.deals import DealMaker, is_in_work, people_of
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.mishaps import befall, carried_on
from syncd.sandbox.world.corpus.people import FirmMaker, PeopleMaker, company_names
from syncd.sandbox.world.corpus.staff import Staff
from syncd.sandbox.world.corpus.titles import RENEWAL, Titles
from syncd.sandbox.world.corpus.truth import (
    Deal,
    Firm,
    Occasion,
    Person,
    Series,
    Staffer,
    Story,
    SupportCase,
)
from syncd.sandbox.world.org import OrgBuilder

WINDOW: Final = timedelta(days=390)
"""How far back anything is told; what Salesforce shows reaches as far."""
_JUST_NOW: Final = timedelta(hours=8)
"""What happened since is not recorded by everybody yet."""
_KINDS: Final = (("meeting", 0.45), ("call", 0.33), ("mail", 0.22))
_HOST_WHEN_ABSENT: Final = ("se", "carer", "manager")
_CARE_TELLS: Final = 0.85
_CARE_IN_RENEWAL: Final = 0.25
_MEETINGS_PER_CASE: Final = 3
_WEEKS: Final = (8, 40)
_AT_FIRM: Final = (8, 16)
_AGENCY_EVERY: Final = 25


def tell_by_deal(build: OrgBuilder, knobs: WorldKnobs, accounts: int) -> Story:
    """What happened to a company of so many accounts, drawn deal by deal."""
    teller = _Teller(
        build=build,
        knobs=knobs,
        staff=Staff(build, build.random),
        titles=Titles(random=build.random, knobs=knobs),
    )
    return teller.tell(accounts)


@dataclass(kw_only=True)
class _Teller:
    build: OrgBuilder
    knobs: WorldKnobs
    staff: Staff
    titles: Titles

    def __post_init__(self) -> None:
        self.story = Story(staff=self.staff.everyone, recorder=self.staff.recorder)
        self.people = PeopleMaker(build=self.build, knobs=self.knobs)
        self.firms = FirmMaker(build=self.build, pairs=company_names())
        self.deals = DealMaker(
            build=self.build, knobs=self.knobs, staff=self.staff, titles=self.titles
        )
        self.since = self.build.now - WINDOW
        self.until = self.build.now - _JUST_NOW

    def tell(self, accounts: int) -> Story:
        agencies = [self._agency() for _ in range(1 + accounts // _AGENCY_EVERY)]
        for _ in range(accounts):
            firm = self._firm(agencies)
            self.deals.add_all(firm)
            self._tell_of(firm)
        self.story.firms += agencies
        for staffer in self.staff.everyone:
            for _ in range(poisson(self.build.random, self.knobs.private)):
                self._alone(staffer)
        self.story.occasions.sort(key=lambda one: (one.at, one.number))
        return self.story

    # --- firms ------------------------------------------------------------------------

    def _agency(self) -> Firm:
        at = self.build.now - timedelta(days=850)
        firm = self.firms.add(self.staff.any_of("ae"), self.staff.any_of("csm"), at)
        firm.is_agency = True
        for _ in range(4):
            self.people.add(firm, at)
        return firm

    def _firm(self, agencies: list[Firm]) -> Firm:
        random, chance = self.build.random, self.build.chance
        at = self.build.now - days(random, 500, 850)
        earlier = [firm for firm in self.story.firms if firm.parent is None]
        child = bool(earlier) and chance(self.knobs.children)
        parent = random.choice(earlier) if child else None
        rep = parent.rep if parent and chance(0.5) else self.staff.any_of("ae")
        firm = self.firms.add(rep, self.staff.any_of("csm"), at, parent)
        firm.is_customer = not chance(self.knobs.prospects)
        firm.agency = random.choice(agencies) if chance(self.knobs.agencies) else None
        elsewhere = [p for p in self.people.everyone if p.is_known and p.to_at is None]
        for _ in range(random.randint(*_AT_FIRM)):
            if elsewhere and chance(self.knobs.moved):
                moved = self.build.now - days(random, 30, 330)
                self.people.add(firm, moved, before=random.choice(elsewhere))
            else:
                self.people.add(firm, at)
        self.story.firms.append(firm)
        return firm

    # --- what happened ----------------------------------------------------------------

    def _tell_of(self, firm: Firm) -> None:
        for deal in firm.deals:
            for at in sorted(self._instants(deal)):
                self._about_deal(deal, at)
        if firm.is_customer:
            self._care(firm)
            for _ in range(poisson(self.build.random, self.knobs.cases)):
                self._case(firm)
        if self.build.chance(self.knobs.series):
            self._series(firm)
        for _ in range(poisson(self.build.random, self.knobs.internal)):
            self._internal(firm)

    def _instants(self, deal: Deal) -> Iterator[datetime]:
        now = self.build.now
        low = max(deal.opened, self.since)
        high = min(deal.ended or now, self.until)
        if deal.is_stale:
            high = min(high, deal.opened + timedelta(days=90))
        if high <= low:
            return
        weeks = (high - low) / timedelta(weeks=1)
        for _ in range(poisson(self.build.random, self.knobs.activity * weeks)):
            at = office_hour(self.build.random, low, high)
            if deal.opened < at < high:
                yield at

    def _about_deal(self, deal: Deal, at: datetime) -> None:
        random = self.build.random
        (kind,) = random.choices([k for k, _ in _KINDS], [w for _, w in _KINDS])
        guests = self._guests(deal, at, 1 if kind != "meeting" else 3)
        if not guests:
            return
        title, title_kind = self.titles.for_deal(deal, guests[0].name, at)
        title, title_kind = carried_on(
            deal.titles, kind, (title, title_kind), self.build, self.knobs
        )
        self._add(
            kind,
            at,
            staff=self._staff(deal, at, alone=kind != "meeting"),
            guests=guests,
            about=deal,
            firm=deal.firm,
            title=title,
            title_kind=title_kind,
        )

    def _guests(self, deal: Deal, at: datetime, most: int) -> tuple[Person, ...]:
        random = self.build.random
        found = some(random, people_of(deal, at), random.randint(1, most))
        there = [p for p in deal.firm.people if p.is_there(at)]
        return tuple(
            dict.fromkeys(
                random.choice(there)
                if there and self.build.chance(self.knobs.outsiders)
                else person
                for person in found
            )
        )

    def _staff(self, deal: Deal, at: datetime, *, alone: bool) -> tuple[Staffer, ...]:
        random, owner = self.build.random, deal.owner_at(at)
        team = dict(zip(_HOST_WHEN_ABSENT, deal.team, strict=True))
        host = owner
        if self.build.chance(self.knobs.owner_absent):
            (who,) = random.choices(_HOST_WHEN_ABSENT, (5, 3, 1))
            host = team[who]
        count = 0 if alone else poisson(random, self.knobs.joined)
        weights = {owner: 3.0, **dict.fromkeys(deal.team, 1.0)}
        weights.pop(host, None)
        if host is not owner:
            weights.pop(owner, None)
        return (host, *some(random, weights, count))

    def _care(self, firm: Firm) -> None:
        """Reviews, trainings, check-ups: they serve no deal."""
        random = self.build.random
        done = sum(o.firm is firm for o in self.story.occasions[-400:])
        mean = self.knobs.no_target * max(done, 8) * 2
        for _ in range(poisson(random, mean)):
            at = office_hour(random, self.since, self.until)
            there = {p: 1.0 for p in firm.people if p.is_there(at)}
            busy = any(is_in_work(d, at) for d in firm.deals)
            if not there or (busy and not self.build.chance(_CARE_IN_RENEWAL)):
                continue
            guests = tuple(some(random, there, random.randint(1, 3)))
            telling = self.build.chance(_CARE_TELLS)
            title = self.titles.for_care(firm, guests[0].name, telling=telling)
            self._add(
                "meeting" if telling else "call",
                at,
                staff=(firm.carer,),
                guests=guests if telling else guests[:1],
                about=None,
                firm=firm,
                title=title,
                title_kind="care" if telling else "generic",
            )

    def _case(self, firm: Firm) -> None:
        random, now = self.build.random, self.build.now
        opened = office_hour(random, self.since, now - timedelta(days=2))
        there = [p for p in firm.people if p.is_there(opened) and p.is_known]
        if not there:
            return
        closed = opened + days(random, 4, 25)
        case = SupportCase(
            id=self.build.new_id("500"),
            number=f"{random.randrange(10**5, 10**7):08d}",
            subject=random.choice(("Cannot invite people", "Export is empty", "Slow")),
            firm=firm,
            person=random.choice(there),
            opened=opened,
            closed=closed if closed < now else None,
        )
        firm.cases.append(case)
        for _ in range(random.randint(1, _MEETINGS_PER_CASE)):
            at = office_hour(random, opened, min(closed, self.until))
            if opened < at < min(closed, self.until):
                named = self.build.chance(self.knobs.case_named)
                self._add(
                    "call",
                    at,
                    staff=(random.choice((firm.carer, self.staff.any_of("se"))),),
                    guests=(case.person,),
                    about=case,
                    firm=firm,
                    title=self.titles.for_case(case, named=named),
                    title_kind="case" if named else "support",
                )

    def _series(self, firm: Firm) -> None:
        """A weekly meeting that outlives the deal it began with."""
        random, until = self.build.random, self.until
        begun = [d for d in firm.deals if d.opened < until and not d.is_stale]
        if not begun:
            return
        deal = random.choice(begun)
        first = office_hour(random, max(deal.opened, self.since), until)
        guests = tuple(some(random, people_of(deal, first), random.randint(1, 2)))
        if not guests or first < self.since:
            return
        series = Series(
            number=len(self.story.series) + 1,
            title=self.titles.for_firm(firm, guests[0].name),
            host=random.choice((deal.owner_at(first), firm.carer)),
            guests=guests,
            first=first,
            times=random.randint(*_WEEKS),
        )
        self.story.series.append(series)
        for week in range(series.times):
            at = first + timedelta(weeks=week)
            there = all(guest.is_there(at) for guest in guests)
            if at > until or not there:
                series.times = week
                break
            self._add(
                "meeting",
                at,
                staff=(series.host,),
                guests=guests,
                about=_current(firm, guests, at),
                firm=firm,
                title=series.title,
                series=series,
            )

    def _internal(self, firm: Firm) -> None:
        at = office_hour(self.build.random, self.since, self.until)
        staff = self.build.random.sample(self.staff.everyone, 2)
        title = f"Account plan {firm.name}"
        self._add("meeting", at, staff=tuple(staff), guests=(), about=None, title=title)

    def _alone(self, staffer: Staffer) -> None:
        at = office_hour(self.build.random, self.since, self.until)
        one = self._add(
            "meeting", at, staff=(staffer,), guests=(), about=None, title="Private"
        )
        one.is_private = True

    def _add(  # noqa: PLR0913 - an occasion has as many sides
        self,
        kind: str,
        at: datetime,
        *,
        staff: tuple[Staffer, ...],
        guests: tuple[Person, ...],
        about: Deal | SupportCase | None,
        title: str,
        firm: Firm | None = None,
        title_kind: str = "generic",
        series: Series | None = None,
    ) -> Occasion:
        occasion = Occasion(
            number=len(self.story.occasions) + 1,
            kind=kind,
            at=at,
            minutes=self.build.random.choice((30, 30, 45, 60)),
            staff=staff,
            guests=guests,
            about=about,
            firm=firm,
            title=title,
            title_kind=title_kind,
            series=series,
        )
        former = self.titles.for_firm(firm, guests[0].name) if firm and guests else ""
        befall(occasion, self.build, self.knobs, former)
        self.story.occasions.append(occasion)
        return occasion


def _current(firm: Firm, guests: tuple[Person, ...], at: datetime) -> Deal | None:
    """What a standing meeting is about now: the newest deal its guests decide on.

    When they decide on none it moves on to the renewal.
    """
    busy = [deal for deal in firm.deals if is_in_work(deal, at)]
    theirs = [deal for deal in busy if set(guests) & deal.committee.keys()]
    renewals = [deal for deal in busy if deal.kind == RENEWAL]
    return max(theirs or renewals, key=lambda deal: deal.opened, default=None)
