"""The second generator: sellers' days played one after the other.

Nothing is drawn per deal. Needs arise at firms, sellers talk to whoever has one, get to
know colleagues by introduction, and make a record once they believe in it. What they
do next follows from how the last talk went, and when from their diaries. Contracts end
and a job makes renewals; firms go to other sellers; things break. A need that came to
nothing leaves talks that were about no opportunity.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec

from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.chances import days, some
from syncd.sandbox.world.corpus.diaries import Agenda, Diaries, working
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.mishaps import befall
from syncd.sandbox.world.corpus.people import FirmMaker, PeopleMaker, plain
from syncd.sandbox.world.corpus.pursuits import Selling, there_at
from syncd.sandbox.world.corpus.seller_titles import SellerTitles
from syncd.sandbox.world.corpus.staff import Staff
from syncd.sandbox.world.corpus.truth import (
    Deal,
    Firm,
    Occasion,
    Series,
    Staffer,
    Story,
    SupportCase,
)
from syncd.sandbox.world.org import OrgBuilder

_WARM_UP: Final = timedelta(days=600)
_TOLD: Final = timedelta(days=390)
_JUST_NOW: Final = timedelta(hours=8)
_PURSUIT_DAYS: Final = 130
"""How long a pursuit takes on the average, at one talk a week."""
_RENEWING: Final = 0.45
"""Renewals that a customer has open at an instant, on the average."""
_COMING: Final = 0.52
"""Firms with needs have more open deals than the average firm: a correction."""
_SELLERS: Final = 0.55
"""Of the deals: the share that a seller owns; a carer's never change hands."""
_CARE_DAYS: Final = 5.5
_ABOUT_RENEWAL: Final = 0.5
_SOON: Final = timedelta(days=75)
_TELLING: Final = 0.85
_MENDING_DAYS: Final = 5
_LEGAL_FORMS: Final = ("GmbH", "Ltd", "SA", "AB", "Group", "Partners", "& Sons")
_HARDLY_EVER: Final = 1e-3


def tell_by_seller(build: OrgBuilder, knobs: WorldKnobs, accounts: int) -> Story:
    """What happened to a company of so many accounts, played day by day."""
    return _Play(build=build, knobs=knobs).run(accounts)


@dataclass(kw_only=True)
class _Play:
    build: OrgBuilder
    knobs: WorldKnobs

    def __post_init__(self) -> None:
        self.random = self.build.random
        self.begin = self.build.now - _WARM_UP
        self.staff = Staff(self.build, self.random)
        self.titles = SellerTitles(random=self.random, knobs=self.knobs)
        self.people = PeopleMaker(build=self.build, knobs=self.knobs)
        self.firms = FirmMaker(build=self.build, pairs=_family_firms())
        self.story = Story(staff=self.staff.everyone, recorder=self.staff.recorder)
        self.agenda = Agenda(random=self.random, ends=self.build.now - _JUST_NOW)
        self.diaries = Diaries()
        self.selling = Selling(
            build=self.build,
            knobs=self.knobs,
            staff=self.staff,
            titles=self.titles,
            agenda=self.agenda,
            diaries=self.diaries,
            begin=self.begin,
            tell=self._tell,
        )

    def run(self, accounts: int) -> Story:
        """Set the scene, then play until the present."""
        for staffer in self.staff.everyone:
            self.story.habits[staffer.id] = self._habits()
        agency = self._firm(None)
        agency.is_agency = True
        for _ in range(accounts):
            self._settle(self._firm(agency))
        for seller in self.staff.of("ae"):
            for _ in range(round(self.knobs.private)):
                self._some_time(partial(self._alone, seller))
        for _ in range(round(self.knobs.internal * accounts)):
            self._some_time(self._among_ourselves)
        self.agenda.run()
        for one in self.story.occasions:
            if one.deal is not None and not one.deal.steps:
                one.about, one.unrecorded = None, one.deal
        self.story.occasions.sort(key=lambda one: (one.at, one.number))
        return self.story

    def _habits(self) -> WorldKnobs:
        """Some keep records of everything, some of little."""
        knobs, care = self.knobs, self.random.uniform(0.55, 1.35)
        return msgspec.structs.replace(
            knobs,
            logged_by_host=min(1.0, knobs.logged_by_host * care),
            related_by_people=min(1.0, knobs.related_by_people * care),
            related_wrongly=min(1.0, knobs.related_wrongly * (2 - care)),
            notes=min(1.0, knobs.notes * care),
        )

    def _some_time(self, act: Callable[[datetime], None]) -> None:
        self.agenda.at(self.begin + _WARM_UP * self.random.random(), act)

    # --- the scene --------------------------------------------------------------------

    def _firm(self, agency: Firm | None) -> Firm:
        random, chance = self.random, self.build.chance
        old = [f for f in self.story.firms if not (f.parent or f.is_agency)]
        parent = random.choice(old) if old and chance(self.knobs.children) else None
        at = self.begin - days(random, 30, 250)
        firm = self.firms.add(
            self.staff.any_of("ae"), self.staff.any_of("csm"), at, parent
        )
        firm.is_customer = not chance(self.knobs.prospects)
        firm.agency = agency if agency and chance(self.knobs.agencies) else None
        movers = [p for p in self.people.everyone if p.is_known and p.to_at is None]
        for _ in range(random.randint(9, 18)):
            if movers and chance(self.knobs.moved):
                moved = self.build.now - days(random, 20, 300)
                self.people.add(firm, moved, before=random.choice(movers))
                movers = [p for p in movers if p.to_at is None]
            else:
                self.people.add(firm, at)
        self.story.firms.append(firm)
        self.selling.pursuits[firm] = []
        return firm

    def _settle(self, firm: Firm) -> None:
        """Everything that may come up at a firm is put on the agenda."""
        knobs, begin, every = self.knobs, self.begin, self.agenda.every
        if firm.is_customer:
            ends = begin + days(self.random, 130, 495)
            self.selling.expect_renewal(firm, ends, won_at=begin)
            pause = _CARE_DAYS / max(knobs.no_target, _HARDLY_EVER)
            every(begin, pause, lambda at: self._care(firm, at))
        wanted = sum(n * share for n, share in enumerate(knobs.open_deals, 1))
        needs = wanted * _COMING - (_RENEWING if firm.is_customer else 0)
        pause = _PURSUIT_DAYS / max(needs, _RENEWING / 2)
        every(begin, pause, lambda at: self._need(firm, at))
        pause = _TOLD.days / max(knobs.cases, _HARDLY_EVER)
        every(begin, pause, lambda at: self._break(firm, at))
        pause = _PURSUIT_DAYS * _SELLERS / max(knobs.owner_changes, _HARDLY_EVER)
        every(begin, pause, lambda at: self._hand_over(firm, at))
        if self.build.chance(knobs.series):
            first = working(begin + days(self.random, 200, 560))
            self.agenda.at(first, lambda at: self._stand(firm, at))

    # --- what comes up ----------------------------------------------------------------

    def _need(self, firm: Firm, at: datetime) -> None:
        """Somebody wants something; it becomes a deal or comes to nothing."""
        there = there_at(firm, at)
        if not there:
            return
        former = {p.sponsor for p in self.selling.pursuits[firm]}
        again = [person for person in there if person in former]
        if not (again and self.build.chance(self.knobs.overlap)):
            again = there
        kind = "more" if firm.is_customer else "first"
        self.selling.pursue(firm, self.random.choice(again), kind, at)

    def _hand_over(self, firm: Firm, at: datetime) -> None:
        """A firm goes to another seller, with every open deal of the former one."""
        former = firm.rep
        others = [one for one in self.staff.of("ae") if one is not former]
        firm.rep = self.random.choice(others)
        for pursuit in self.selling.pursuits[firm]:
            if not pursuit.over and pursuit.deal.owner is former:
                pursuit.deal.owners.append((at, firm.rep))

    def _care(self, firm: Firm, wished: datetime) -> None:
        """The carer calls on people; close to a renewal it may be about that."""
        there = dict.fromkeys(there_at(firm, wished), 1.0)
        if not there:
            return
        at = self.diaries.book([firm.carer], wished)
        guests = tuple(some(self.random, there, self.random.randint(1, 3)))
        renewing = [
            pursuit.deal
            for pursuit in self.selling.pursuits[firm]
            if pursuit.due and not pursuit.over and pursuit.due - at < _SOON
        ]
        about = None
        if renewing and self.build.chance(_ABOUT_RENEWAL):
            about = renewing[-1]
        telling = about is None and self.build.chance(_TELLING)
        you = guests[0].name
        self._tell(
            Occasion(
                kind="meeting",
                at=at,
                staff=(firm.carer,),
                guests=guests,
                about=about,
                firm=firm,
                title=self.titles.care(firm, firm.carer, you, telling=telling),
                title_kind="care" if telling else "generic",
            )
        )

    def _break(self, firm: Firm, at: datetime) -> None:
        """Something does not work, and somebody reports it."""
        there = [person for person in there_at(firm, at) if person.is_known]
        if not firm.is_customer or not there:
            return
        closed = at + days(self.random, 3, 30)
        case = SupportCase(
            id=self.build.new_id("500"),
            number=f"{self.random.randrange(10**5, 10**7):08d}",
            subject="Numbers differ",
            firm=firm,
            person=self.random.choice(there),
            opened=at,
            closed=closed if closed < self.build.now else None,
        )
        firm.cases.append(case)
        for _ in range(self.random.randint(1, 3)):
            self.agenda.later(at, _MENDING_DAYS, lambda then: self._mend(case, then))

    def _mend(self, case: SupportCase, wished: datetime) -> None:
        helper = self.random.choice((case.firm.carer, self.staff.any_of("se")))
        at = self.diaries.book([helper], wished)
        if case.closed is not None and at >= case.closed:
            return
        named = self.build.chance(self.knobs.case_named)
        self._tell(
            Occasion(
                kind="call",
                at=at,
                staff=(helper,),
                guests=(case.person,),
                about=case,
                firm=case.firm,
                title=self.titles.trouble(case, named=named),
                title_kind="case" if named else "support",
            )
        )

    # --- standing meetings ------------------------------------------------------------

    def _stand(self, firm: Firm, first: datetime) -> None:
        """A weekly talk begins, and goes on whatever it was begun for."""
        there = there_at(firm, first)
        live = [p for p in self.selling.pursuits[firm] if not p.over]
        if not there or not live:
            return
        sponsors = [p.sponsor for p in live if p.sponsor in there]
        guest = self.random.choice(sponsors or there)
        host = self.random.choice((firm.rep, firm.carer))
        series = Series(
            number=len(self.story.series) + 1,
            title=self.titles.about_firm(firm, host, guest.name),
            host=host,
            guests=(guest,),
            first=first,
            times=0,
        )
        self.story.series.append(series)
        self._occur(firm, series, self.random.randint(6, 45), first)

    def _occur(self, firm: Firm, series: Series, left: int, at: datetime) -> None:
        if not left or not all(guest.is_there(at) for guest in series.guests):
            return
        series.times += 1
        self._tell(
            Occasion(
                kind="meeting",
                at=at,
                staff=(series.host,),
                guests=series.guests,
                about=self._current(firm, series),
                firm=firm,
                title=series.title,
                series=series,
            )
        )
        then = at + timedelta(weeks=1)
        self.agenda.at(then, lambda at: self._occur(firm, series, left - 1, at))

    def _current(self, firm: Firm, series: Series) -> Deal | None:
        """What is talked about now: the newest thing that the guests decide on.

        When they decide on nothing it is what is to be renewed.
        """
        live = [p for p in self.selling.pursuits[firm] if not p.over]
        theirs = [p.deal for p in live if set(series.guests) & p.deal.committee.keys()]
        renewals = [p.deal for p in live if p.due is not None]
        return max(theirs or renewals, key=lambda deal: deal.opened, default=None)

    # --- telling ----------------------------------------------------------------------

    def _alone(self, staffer: Staffer, at: datetime) -> None:
        at = self.diaries.book([staffer], at)
        self._tell(
            Occasion(
                kind="meeting",
                at=at,
                staff=(staffer,),
                guests=(),
                about=None,
                firm=None,
                title="Private",
                is_private=True,
            )
        )

    def _among_ourselves(self, at: datetime) -> None:
        both = self.random.sample(self.staff.everyone, 2)
        self._tell(
            Occasion(
                kind="meeting",
                at=self.diaries.book(both, at),
                staff=tuple(both),
                guests=(),
                about=None,
                firm=None,
                title="Forecast call",
            )
        )

    def _tell(self, one: Occasion) -> None:
        """Keep an occasion of the time that is told."""
        if not self.build.now - _TOLD < one.at < self.build.now - _JUST_NOW:
            return
        one.number = len(self.story.occasions) + 1
        one.minutes = self.random.choice((25, 30, 50))
        befall(one, self.build, self.knobs, self._former_title(one))
        self.story.occasions.append(one)

    def _former_title(self, one: Occasion) -> str:
        if one.firm is None or not one.guests:
            return ""
        return self.titles.about_firm(one.firm, one.host, one.guests[0].name)


def _family_firms() -> list[tuple[str, str]]:
    """Firms named after families, with the domains that go with them."""
    return [
        (f"{name} {form}", f"{plain(name)}-{plain(form) or 'sons'}.eu")
        for form in _LEGAL_FORMS
        for name in names.LAST
    ]
