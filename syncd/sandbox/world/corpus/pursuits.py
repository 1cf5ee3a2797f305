"""How the second generator's sellers pursue what somebody needs, talk by talk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from syncd.sandbox.world.corpus.chances import days, some
from syncd.sandbox.world.corpus.diaries import Agenda, Diaries
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.mishaps import carried_on
from syncd.sandbox.world.corpus.seller_titles import MODULES, SITES, SellerTitles
from syncd.sandbox.world.corpus.staff import Staff
from syncd.sandbox.world.corpus.truth import (
    LOST,
    OPEN_STAGES,
    WON,
    Deal,
    Firm,
    Occasion,
    Person,
    Staffer,
    Step,
)
from syncd.sandbox.world.org import OrgBuilder

_TYPES: Final = {"first": "New Business", "more": "Add-On Business", "again": "Renewal"}
_TECHNICAL: Final = 2
_COMMERCIAL: Final = 3
_PATIENCE: Final = 3
"""After so many talks without a record a seller gives up."""
_YEAR: Final = timedelta(days=365)


def there_at(firm: Firm, at: datetime) -> list[Person]:
    """Who works at a firm at an instant."""
    return [person for person in firm.people if person.is_there(at)]


@dataclass(kw_only=True, eq=False)
class Pursuit:
    """A need that somebody works on; it has a deal's record or will have, or not.

    Attributes:
        due: When the contract ends that is to be renewed.
        stage: Place in the order of open stages.
        size: How many people decide at most.
    """

    deal: Deal
    sponsor: Person
    due: datetime | None = None
    stage: int = 0
    talks: int = 0
    over: bool = False
    size: int = 3


@dataclass(kw_only=True)
class Selling:
    """All pursuits, by firm; ``tell`` takes each talk."""

    build: OrgBuilder
    knobs: WorldKnobs
    staff: Staff
    titles: SellerTitles
    agenda: Agenda
    diaries: Diaries
    begin: datetime
    tell: Callable[[Occasion], None]
    pursuits: dict[Firm, list[Pursuit]] = field(default_factory=dict)

    @property
    def random(self) -> Random:
        """The company's source of chance."""
        return self.build.random

    def pursue(
        self, firm: Firm, sponsor: Person, kind: str, at: datetime, *, name: str = ""
    ) -> Pursuit:
        """Begin to work on a need of a ``first``, ``more`` or ``again`` (renewal)."""
        module = self.random.choice(MODULES)
        when = f"Q{(at.month - 1) // 3 + 1}-{at.year % 100}"
        owner = (
            firm.rep
            if kind == "first" or not self.build.chance(self.knobs.carer_owns)
            else firm.carer
        )
        name = name or self.titles.deal_name(firm, kind, module, when)
        deal = Deal(
            id=self.build.new_id("006"),
            firm=firm,
            name=name,
            kind=_TYPES[kind],
            opened=at,
            created=at,
            owners=[(at, owner)],
            team=[self.staff.any_of("se"), firm.carer, self.staff.any_of("manager")],
            committee={sponsor: 1.0},
            words=self.titles.words(kind, module),
            product=module,
            site=next((site for site in SITES if name.endswith(site)), ""),
        )
        pursuit = Pursuit(
            deal=deal, sponsor=sponsor, size=self.random.randint(*self.knobs.committee)
        )
        self.pursuits[firm].append(pursuit)
        if kind == "again" or not self.build.chance(self.knobs.created_late):
            self._qualify(pursuit, at)
        self._next(pursuit, at)
        return pursuit

    def _qualify(self, pursuit: Pursuit, at: datetime) -> None:
        """The record is made."""
        deal = pursuit.deal
        deal.created = at
        self._step(pursuit, at)
        deal.firm.deals.append(deal)

    def _step(self, pursuit: Pursuit, at: datetime, stage: str = "") -> None:
        due = (pursuit.due or at + days(self.random, 25, 80)).date()
        step = Step(at=at, stage=stage or OPEN_STAGES[pursuit.stage], close_date=due)
        pursuit.deal.steps.append(step)

    def _next(self, pursuit: Pursuit, at: datetime) -> None:
        pace = 7 / max(self.knobs.activity, 0.05)
        self.agenda.later(at, pace, lambda then: self._talk(pursuit, then))

    def _talk(self, pursuit: Pursuit, wished: datetime) -> None:
        deal = pursuit.deal
        if pursuit.over:
            return
        guests = self._guests(pursuit, wished)
        staff = self._ours(pursuit, wished)
        at = self.diaries.book(staff, wished)
        if at >= self.agenda.ends:
            return
        kinds = {"meeting": 2.0 + pursuit.stage, "call": 3.0, "mail": 2.0}
        (kind,) = some(self.random, kinds, 1)
        if kind != "meeting":
            staff, guests = staff[:1], guests[:1]
        stage = OPEN_STAGES[pursuit.stage]
        title, said = self.titles.of(deal, staff[0], guests[0].name, stage)
        title, said = carried_on(
            deal.titles, kind, (title, said), self.build, self.knobs
        )
        self.tell(
            Occasion(
                kind=kind,
                at=at,
                staff=staff,
                guests=guests,
                about=deal,
                firm=deal.firm,
                title=title,
                title_kind=said,
            )
        )
        pursuit.talks += 1
        self._decide(pursuit, at + timedelta(hours=2))

    def _guests(self, pursuit: Pursuit, at: datetime) -> tuple[Person, ...]:
        deal, firm = pursuit.deal, pursuit.deal.firm
        if not pursuit.sponsor.is_there(at):
            there = [p for p in deal.committee if p.is_there(at)] or there_at(firm, at)
            pursuit.sponsor = self.random.choice(there or [pursuit.sponsor])
            deal.committee.setdefault(pursuit.sponsor, 1.0)
        if len(deal.committee) < pursuit.size and self.build.chance(0.35):
            family = firm.parent.people[:1] if firm.parent else []
            circle = [*there_at(firm, at), *family]
            deal.committee.setdefault(
                self.random.choice(circle or [pursuit.sponsor]), 1.0
            )
        weights = {p: 1.0 for p in deal.committee if p.is_there(at)}
        weights[pursuit.sponsor] = 2.5
        guests = some(self.random, weights, self.random.randint(1, 3))
        if self.build.chance(self.knobs.outsiders):
            guests[0] = self.random.choice(there_at(firm, at) or guests)
        if firm.agency and self.build.chance(0.3):
            deal.consultant = deal.consultant or self.random.choice(firm.agency.people)
            guests.append(deal.consultant)
        return tuple(dict.fromkeys(guests))

    def _ours(self, pursuit: Pursuit, at: datetime) -> tuple[Staffer, ...]:
        """Whoever the stage asks for; the owner, unless somebody stands in."""
        deal = pursuit.deal
        engineer, carer, manager = deal.team
        owner = deal.owner_at(at)
        if self.build.chance(self.knobs.owner_absent):
            return (engineer if pursuit.stage >= _TECHNICAL else carer,)
        joined = {
            engineer: 0.6 * (pursuit.stage == _TECHNICAL),
            manager: 0.25 * (pursuit.stage > _COMMERCIAL),
        }
        return (
            owner,
            *(who for who, share in joined.items() if self.build.chance(share)),
        )

    def _decide(self, pursuit: Pursuit, at: datetime) -> None:
        """How it went decides what comes next."""
        deal, chance = pursuit.deal, self.build.chance
        if not deal.steps:
            if pursuit.talks > 1 and chance(0.6):
                self._qualify(pursuit, at)
            elif pursuit.talks > _PATIENCE:
                pursuit.over = True
                return
        renewing = pursuit.due is not None
        if deal.steps and chance(0.012 if renewing else 0.03):
            self._lose(pursuit, at)
        elif deal.steps and not renewing and chance(self.knobs.stale / 20):
            pursuit.over = deal.is_stale = True
        elif deal.steps and chance(0.27):
            self._advance(pursuit, at)
        if not pursuit.over:
            self._next(pursuit, at)

    def _advance(self, pursuit: Pursuit, at: datetime) -> None:
        if pursuit.stage + 1 < len(OPEN_STAGES):
            pursuit.stage += 1
            self._step(pursuit, at)
        elif pursuit.due is None or at >= pursuit.due - timedelta(days=12):
            self._win(pursuit, at)

    def _win(self, pursuit: Pursuit, at: datetime) -> None:
        firm = pursuit.deal.firm
        pursuit.over = True
        self._step(pursuit, at, WON)
        if pursuit.due is not None or not firm.is_customer:
            firm.is_customer = True
            ends = (pursuit.due or at) + _YEAR
            self.expect_renewal(firm, ends, won_at=at)

    def _lose(self, pursuit: Pursuit, at: datetime) -> None:
        deal = pursuit.deal
        self._step(pursuit, at, LOST)
        if self.build.chance(self.knobs.reopened):
            deal.was_reopened = True
            self.agenda.at(
                at + days(self.random, 2, 14), lambda then: self._step(pursuit, then)
            )
            return
        pursuit.over = True
        if pursuit.due is None and self.build.chance(self.knobs.lost_then_new):
            kind = "more" if deal.firm.is_customer else "first"
            back = at + days(self.random, 10, 45)
            self.agenda.at(back, lambda then: self._retry(pursuit, kind, then))

    def _retry(self, lost: Pursuit, kind: str, at: datetime) -> None:
        firm = lost.deal.firm
        second = self.pursue(firm, lost.sponsor, kind, at, name=lost.deal.name)
        second.deal.words = lost.deal.words
        second.deal.product = lost.deal.product

    def expect_renewal(self, firm: Firm, ends: datetime, *, won_at: datetime) -> None:
        """Have a job make the renewal's record, in time or a year ahead."""
        begins = ends - days(self.random, 90, 130)
        ahead = self.build.chance(self.knobs.renewal_ahead)
        made = won_at + timedelta(days=1) if ahead else begins

        def make(at: datetime) -> None:
            there = there_at(firm, at) or firm.people
            sponsor = self.random.choice(there)
            pursuit = self.pursue(firm, sponsor, "again", at)
            pursuit.due = ends
            pursuit.deal.steps = [
                Step(at=at, stage=OPEN_STAGES[0], close_date=ends.date())
            ]
            if ahead:
                # Nobody talks about it for a long time.
                pursuit.over = True
                self.agenda.at(begins, lambda then: self._begin(pursuit, then))

        self.agenda.at(max(made, self.begin), make)

    def _begin(self, pursuit: Pursuit, at: datetime) -> None:
        pursuit.over, pursuit.deal.opened = False, at
        self._next(pursuit, at)
