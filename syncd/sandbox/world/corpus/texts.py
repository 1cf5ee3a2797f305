"""What people and tools write about an occasion: agendas, notes, summaries.

Texts come from the truth and a chance of their own. Nothing else of a world depends on
them, and none of what the services keep (hints, links, ids) goes into them.
"""

import html
from calendar import month_name
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from syncd.sandbox.world import names
from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.phrase_books import Lines, Phrases, book_of
from syncd.sandbox.world.corpus.seller_titles import MODULES
from syncd.sandbox.world.corpus.titles import ADD_ON, NEW, PRODUCTS, RENEWAL
from syncd.sandbox.world.corpus.truth import (
    OPEN_STAGES,
    Deal,
    Occasion,
    SupportCase,
)

_FIELDS: Final = {NEW: "new", RENEWAL: "renewal", ADD_ON: "more"}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_MONTHS: Final = month_name[1:]
_COUNTS: Final = (10, 15, 20, 25, 40, 60, 80, 120, 200, 350)

_WHOLE_NAME: Final = 0.05
"""Of the mentions of a deal: the share that calls it by its whole name."""
_STAGE_TOO: Final = 0.4
"""Of the texts that speak of a deal: the share that speaks of its stage's matters."""
_STAGE_ONLY: Final = 0.15
"""Of the texts that speak of a deal: the share that speaks of nothing else of it."""
_ELSEWHERE: Final = 0.05
"""Of the texts: the share with a word on a product that nobody sells there."""
_HEARD: Final = 0.5
"""Of the asides in recordings: the share that a tracker listens for."""
_CARELESS: Final = 0.12
"""Of people's notes: the share all in small letters."""
_HTML: Final = 0.4
"""Of the agendas: the share written in an editor that makes HTML."""
_FOOTER: Final = 0.5
"""Of the invitations: the share with the conference's footer under them."""


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """An invitation's description: what the host wrote, and what a tool added."""

    text: str = ""
    host: str = ""
    is_html: bool = False
    has_footer: bool = False

    def shown(self, link: str) -> str:
        """As the calendar has it, with the conference's link in the footer."""
        parts = [self.text] if self.text else []
        if self.has_footer:
            number = link.rpartition("/")[2]
            anchor = f'<a href="{link}">{link}</a>' if self.is_html else link
            parts.append(
                f"{self.host} is inviting you to a scheduled Zoom meeting.\n"
                f"Join Zoom Meeting\n{anchor}\nMeeting ID: {number}"
            )
        if not self.is_html:
            return "\n\n──────────\n".join(parts)
        escaped = [html.escape(self.text), *parts[1:]] if self.text else parts
        return "<br><br>".join(escaped).replace("\n", "<br>")


@dataclass(frozen=True, kw_only=True)
class Written:
    """Everything that is written about one occasion; empty where nobody wrote.

    Attributes:
        note: The host's, on a meeting or a call.
        summary: What the recorder makes of what was said.
        actions: The recorder's action items.
        trackers: What the recorder listened for, and how often it came up.
    """

    agenda: Agenda = field(default_factory=Agenda)
    note: str = ""
    summary: str = ""
    actions: tuple[str, ...] = ()
    trackers: tuple[tuple[str, int], ...] = ()

    @property
    def logged(self) -> str:
        """The summary as the recorder logs it."""
        items = "".join(f"\n- {one}" for one in self.actions)
        return f"{self.summary}\n\nAction items:{items}" if items else self.summary


def write_texts(one: Occasion, knobs: WorldKnobs, seed: int) -> Written:
    """What is written about an occasion; ``knobs`` are its host's."""
    if one.is_private or not one.guests or one.kind == "mail":
        return Written()
    pen = _Pen(
        random=Random(f"texts {seed} {one.number}"),  # noqa: S311 - no secret
        one=one,
        knobs=knobs,
    )
    return pen.write()


@dataclass(kw_only=True)
class _Pen:
    random: Random
    one: Occasion
    knobs: WorldKnobs

    def __post_init__(self) -> None:
        self.book = book_of(self.knobs)
        self.about = self.one.about or self.one.unrecorded
        firm = self.about.firm if self.about is not None else self.one.firm
        self.deals = firm.deals if firm else []
        self.others = [deal for deal in self.deals if self._is_another(deal)]
        guests = [guest.first for guest in self.one.guests]
        ours = [s.name.partition(" ")[0] for s in self.one.staff]
        colleagues = [*guests[1:], *ours[1:]] or [self.random.choice(names.FIRST)]
        self.slots = {
            "person": guests[0],
            "host": ours[0],
            "colleague": self.random.choice(colleagues),
            "firm": firm.name if firm else "",
            "day": self.random.choice(_DAYS),
            "month": self.random.choice(_MONTHS),
        }
        strays = self._chance(self.knobs.wandering) and self.others
        self.stray = self.random.choice(self.others) if strays else None

    def write(self) -> Written:
        """All texts; each draws whether it is there and what it says."""
        agenda = self._agenda() if self.one.kind == "meeting" else Agenda()
        note = self._note() if self._chance(self.knobs.notes) else ""
        written = Written(agenda=agenda, note=note)
        held = self.one.kind == "meeting" and self.one.status == "held"
        if held and self._chance(self.knobs.summaries):
            return self._summed_up(written)
        return written

    # --- kinds of texts ---------------------------------------------------------------

    def _agenda(self) -> Agenda:
        text = ""
        if self._chance(self.knobs.agendas):
            # A standing meeting's invitation is written once, for whatever comes up.
            standing = self.one.series is not None
            about = None if standing else self._meant(self.knobs.vague)
            points = [*self._on(about, self.book.points, 1)]
            if not standing:
                self._digress(points, self.book.points)
            text = self._framed(self.book.agendas, "; ".join(points))
        return Agenda(
            text=text,
            host=self.one.host.name,
            is_html=self._chance(_HTML),
            has_footer=self._chance(_FOOTER),
        )

    def _note(self) -> str:
        if self.one.status != "held":
            return self._filled(self.random.choice(self.book.missed))
        about = self._meant(self.knobs.vague)
        frames = self.book.notes if self.one.kind == "meeting" else self.book.calls
        text = self._framed(frames, self._told(about, 1))
        return text.lower() if self._chance(_CARELESS) else text

    def _summed_up(self, written: Written) -> Written:
        about = self._meant(self.knobs.vague_summaries)
        topic = self._told(about, 2)
        actions = [
            self._filled(text)
            for text in self.random.sample(self.book.actions, self.random.randint(1, 2))
        ]
        heard = self.random.sample(self.book.trackers, self.random.randint(0, 2))
        if self.stray is not None and self._chance(_HEARD):
            heard.append(self._heard(self.stray))
        if isinstance(about, Deal):
            on = self._deal_slots(about)
            actions.append(self._filled(self.random.choice(self.book.actions_on), **on))
            heard.append(self._heard(about))
        return Written(
            agenda=written.agenda,
            note=written.note,
            summary=self._framed(self.book.summaries, topic),
            actions=tuple(actions),
            trackers=tuple(
                (name, self.random.randint(1, 6)) for name in dict.fromkeys(heard)
            ),
        )

    def _heard(self, deal: Deal) -> str:
        by_kind = self.book.trackers_on[_FIELDS[deal.kind]]
        return self.random.choice((*by_kind, deal.product))

    # --- what they speak of -----------------------------------------------------------

    def _meant(self, vague: float) -> Deal | SupportCase | str | None:
        """What a text speaks of: the truth mostly, ``care``, or None for nothing."""
        is_wrong, is_vague = self._chance(self.knobs.wrong_texts), self._chance(vague)
        if is_wrong and self.others and isinstance(self.about, Deal):
            return self.random.choice(self.others)
        return None if is_vague else self.about or "care"

    def _on(
        self, about: Deal | SupportCase | str | None, lines: Lines, count: int
    ) -> Iterator[str]:
        """Sentences on a matter."""
        if isinstance(about, Deal):
            yield from self._on_deal(about, lines, count)
            return
        of = lines.vague if about is None else lines.trouble
        of = lines.care if about == "care" else of
        yield from map(self._filled, self.random.sample(of, count))

    def _on_deal(self, deal: Deal, lines: Lines, count: int) -> Iterator[str]:
        step = deal.step_at(self.one.at)
        stage = step.stage if step is not None else OPEN_STAGES[0]
        matters: Phrases = lines.stages.get(stage, ())
        if not (matters and self._chance(_STAGE_ONLY)):
            by_kind: Phrases = getattr(lines, _FIELDS[deal.kind])
            phrases = (*by_kind, *lines.site) if deal.site else by_kind
            for text in self.random.sample(phrases, count):
                yield self._filled(text, **self._deal_slots(deal))
            if not self._chance(_STAGE_TOO):
                return
        if matters:
            yield self._filled(self.random.choice(matters))

    def _deal_slots(self, deal: Deal) -> dict[str, str]:
        whole = self._chance(_WHOLE_NAME)
        step = deal.step_at(self.one.at)
        due = step.close_date if step is not None else self.one.at
        return {
            "word": deal.name if whole else self.random.choice(deal.words),
            "product": deal.product,
            "site": deal.site,
            "due": month_name[due.month],
            "n": str(self.random.choice(_COUNTS)),
        }

    def _is_another(self, deal: Deal) -> bool:
        """Whether it was there to be talked of, and would be called otherwise."""
        there = min(deal.opened, deal.created) <= self.one.at
        right = self.about
        return there and not (isinstance(right, Deal) and deal.words == right.words)

    # --- putting it down --------------------------------------------------------------

    def _told(self, about: Deal | SupportCase | str | None, count: int) -> str:
        said = [*self._on(about, self.book.said, count)]
        self._digress(said, self.book.said)
        return " ".join(_capital(one) for one in said)

    def _digress(self, said: list[str], lines: Lines) -> None:
        """Put in a word on the other deal that came up, if one did."""
        if self.stray is not None:
            aside = self.random.choice(lines.other)
            word = self.random.choice(self.stray.words)
            place = self.random.randint(0, len(said))
            said.insert(place, self._filled(aside, other=word))

    def _framed(self, frames: Phrases, topic: str) -> str:
        text = self._filled(
            self.random.choice(frames),
            topic=topic,
            chat=_capital(self._chat()),
            next=_capital(self._filled(self.random.choice(self.book.next))),
        )
        return _capital(text)

    def _chat(self) -> str:
        sold = {deal.product for deal in self.deals}
        products: Sequence[str] = (
            MODULES if self.knobs.generator == "sellers" else PRODUCTS
        )
        unsold = [one for one in products if one not in sold]
        if unsold and self._chance(_ELSEWHERE):
            text = self.random.choice(self.book.elsewhere)
            return self._filled(text, product=self.random.choice(unsold))
        return self._filled(self.random.choice(self.book.chat))

    def _filled(self, text: str, **more: str) -> str:
        return text.format(**self.slots, **more)

    def _chance(self, rate: float) -> bool:
        return self.random.random() < rate


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
