"""The first generator's deals: renewals in a chain, add-ons, trials, second tries."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.world.corpus.chances import days, poisson, some
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.staff import Staff
from syncd.sandbox.world.corpus.titles import ADD_ON, NEW, PRODUCTS, RENEWAL, Titles
from syncd.sandbox.world.corpus.truth import (
    LOST,
    OPEN_STAGES,
    WON,
    Deal,
    Firm,
    Person,
    Step,
)
from syncd.sandbox.world.org import OrgBuilder

_YEAR: Final = timedelta(days=365)
_LOOK_BACK: Final = timedelta(days=420)
_WON: Final = 0.6
_SILENT: Final = 0.5
_FROM_FAMILY: Final = 0.35
_CONSULTANT: Final = 0.6
_PUSHED: Final = 0.5


@dataclass(kw_only=True)
class DealMaker:
    """Draws the deals of one firm after the other."""

    build: OrgBuilder
    knobs: WorldKnobs
    staff: Staff
    titles: Titles
    _counts: dict[str, int] = field(default_factory=dict)

    def add_all(self, firm: Firm) -> None:
        """Everything that was and is being sold to a firm."""
        random, now = self.build.random, self.build.now
        (wanted,) = random.choices(range(1, 7), self.knobs.open_deals)
        if firm.is_customer:
            self._renewals(firm)
        kind = ADD_ON if firm.is_customer else NEW
        for _ in range(wanted - sum(not d.is_closed for d in firm.deals)):
            self._add(firm, kind, opened=now - days(random, 15, 150), ended=None)
        for _ in range(poisson(random, self.knobs.past_deals)):
            opened = now - days(random, 130, 400)
            ended = min(opened + days(random, 45, 130), now - days(random, 3, 30))
            if ended - opened > timedelta(days=20):
                self._past(firm, kind, opened, ended)
        if self.build.chance(self.knobs.stale):
            opened = now - days(random, 220, 400)
            deal = self._add(firm, kind, opened=opened, ended=None)
            self._forget(deal)
        firm.deals.sort(key=lambda deal: deal.opened)

    # --- kinds of deals ---------------------------------------------------------------

    def _renewals(self, firm: Firm) -> None:
        """One a year, each due on the day the contract ends, back to back."""
        random, now = self.build.random, self.build.now
        due = now + timedelta(days=random.uniform(-20, 345))
        for year in range(2):
            ends = due - _YEAR * year
            opened = ends - days(random, 70, 130)
            late = ends + days(random, -12, 15)
            if opened > now:
                if self.build.chance(self.knobs.renewal_ahead):
                    # The job made it when the one before was won: nobody works on it.
                    made = max(ends - _YEAR, now - _LOOK_BACK) + days(random, 0, 2)
                    if made < now:
                        deal = self._add(
                            firm, RENEWAL, opened=opened, ended=None, made=made
                        )
                        deal.steps = [
                            Step(at=made, stage=OPEN_STAGES[0], close_date=ends.date())
                        ]
                continue
            ahead = self.build.chance(self.knobs.renewal_ahead)
            deal = self._add(
                firm,
                RENEWAL,
                opened=opened,
                ended=late if late < now else None,
                made=ends - _YEAR + days(random, 0, 2) if ahead else None,
            )
            deal.steps = [
                Step(at=step.at, stage=step.stage, close_date=ends.date())
                for step in deal.steps
            ]

    def _past(self, firm: Firm, kind: str, opened: datetime, ended: datetime) -> None:
        lost = self._add(firm, kind, opened=opened, ended=ended)
        again = lost.steps[-1].stage == LOST
        if again and self.build.chance(self.knobs.lost_then_new):
            random, now = self.build.random, self.build.now
            begun = ended + days(random, 5, 40)
            if begun < now - timedelta(days=10):
                late = begun + days(random, 40, 110)
                over = late if late < now else None
                second = self._add(firm, kind, opened=begun, ended=over)
                second.name, second.words = lost.name, lost.words
                second.product = lost.product
                second.committee = dict(lost.committee)

    def _forget(self, deal: Deal) -> None:
        """The record stays open with a close date long gone; nobody meets any more."""
        deal.is_stale = True
        gone = self.build.now.date() - timedelta(
            days=self.build.random.randint(40, 200)
        )
        deal.steps = [
            Step(at=step.at, stage=step.stage, close_date=gone) for step in deal.steps
        ]

    # --- one deal ---------------------------------------------------------------------

    def _add(
        self,
        firm: Firm,
        kind: str,
        *,
        opened: datetime,
        ended: datetime | None,
        made: datetime | None = None,
    ) -> Deal:
        random = self.build.random
        product = random.choice(PRODUCTS)
        created = made or opened
        if made is None and self.build.chance(self.knobs.created_late):
            created = opened + days(random, 2, 12)
        created = min(created, (ended or self.build.now) - timedelta(days=1))
        year = (ended or opened + timedelta(days=100)).year
        carer = kind != NEW and self.build.chance(self.knobs.carer_owns)
        owner = firm.carer if carer else firm.rep
        deal = Deal(
            id=self.build.new_id("006"),
            firm=firm,
            name=self.titles.deal_name(firm, kind, product, year),
            kind=kind,
            opened=opened,
            created=created.replace(microsecond=0),
            owners=[(created, owner)],
            team=[self.staff.any_of("se"), firm.carer, self.staff.any_of("manager")],
            words=self.titles.words_of(kind, product),
            product=product,
        )
        self._steps(deal, ended)
        self._hand_over(deal, ended)
        self._committee(deal)
        firm.deals.append(deal)
        return deal

    def _steps(self, deal: Deal, ended: datetime | None) -> None:
        """Stages in order, close dates that move out, and how it ended."""
        random, now = self.build.random, self.build.now
        until = ended or now
        count = random.randint(2, len(OPEN_STAGES)) if ended is None else 5
        begun = max(deal.opened, deal.created)
        span = max(until - begun, timedelta(hours=12))
        due = (ended or now + days(random, 15, 90)).date()
        if ended is None and self.build.chance(_PUSHED / 2):
            due = now.date() - timedelta(days=random.randint(1, 25))  # just overdue
        guess = due - timedelta(days=random.randint(10, 45))
        pushed = self.build.chance(_PUSHED)
        points = sorted(random.random() for _ in range(count - 1))
        instants = [deal.created, *(begun + span * p for p in points)]
        deal.steps = [
            Step(
                at=at.replace(microsecond=0),
                stage=stage,
                close_date=guess if pushed and place < count // 2 else due,
            )
            for place, (at, stage) in enumerate(
                zip(instants, OPEN_STAGES, strict=False)
            )
        ]
        if ended is None:
            return
        if self.build.chance(self.knobs.reopened):
            closed = begun + span * random.uniform(0.4, 0.7)
            back = closed + days(random, 2, 15)
            if back < ended - timedelta(days=5):
                kept = [step for step in deal.steps if step.at < closed]
                last = kept[-1]
                deal.was_reopened = True
                deal.steps = [
                    *kept,
                    Step(at=closed, stage=LOST, close_date=closed.date()),
                    Step(at=back, stage=last.stage, close_date=due),
                ]
        stage = WON if self.build.chance(_WON) else LOST
        deal.steps.append(
            Step(at=ended.replace(microsecond=0), stage=stage, close_date=due)
        )

    def _hand_over(self, deal: Deal, ended: datetime | None) -> None:
        until = ended or self.build.now
        begun = max(deal.opened, deal.created)
        if begun >= until or not self.build.chance(self.knobs.owner_changes):
            return
        at = begun + (until - begun) * self.build.random.uniform(0.3, 0.8)
        others = [o for o in self.staff.of(deal.owner.job) if o is not deal.owner]
        deal.owners.append(
            (at.replace(microsecond=0), self.build.random.choice(others))
        )

    def _committee(self, deal: Deal) -> None:
        """Some who decided before, some new ones, at times somebody of the parent."""
        random, firm = self.build.random, deal.firm
        there = [p for p in firm.people if p.is_there(deal.opened)] or firm.people
        known = {p for other in firm.deals for p in other.committee if p in there}
        chosen = [
            p for p in there if p in known and self.build.chance(self.knobs.overlap)
        ]
        size = random.randint(*self.knobs.committee)
        fresh = {p: 1.0 for p in there if p not in known} or dict.fromkeys(there, 1.0)
        chosen += [p for p in some(random, fresh, size) if p not in chosen]
        chosen = chosen[: max(size, 1)]
        family = firm.parent.people if firm.parent else []
        if family and self.build.chance(_FROM_FAMILY):
            chosen.append(random.choice(family))
        deal.committee = {person: random.uniform(0.3, 1.0) for person in chosen}
        if firm.agency and self.build.chance(_CONSULTANT):
            deal.consultant = random.choice(firm.agency.people)
            deal.committee[deal.consultant] = 0.5


def is_in_work(deal: Deal, at: datetime) -> bool:
    """Whether people were busy with a deal, whatever its record said."""
    ended = deal.ended
    last = deal.opened + timedelta(days=90) if deal.is_stale else None
    over = any(end is not None and end <= at for end in (ended, last))
    return deal.opened <= at and not over


def people_of(deal: Deal, at: datetime) -> dict[Person, float]:
    """Who of a committee is there at an instant, with how often each takes part."""
    return {p: w for p, w in deal.committee.items() if p.is_there(at)}
