"""A text speaks of the deal it is about, of another, or of none, as its world says."""

import re
from calendar import month_name
from datetime import date, timedelta

import pytest

from syncd.sandbox.world.corpus.knobs import WorldKnobs
from syncd.sandbox.world.corpus.phrase_books import book_of
from syncd.sandbox.world.corpus.seller_titles import MODULES
from syncd.sandbox.world.corpus.texts import Agenda, write_texts
from syncd.sandbox.world.corpus.titles import ADD_ON, NEW, PRODUCTS, RENEWAL
from syncd.sandbox.world.corpus.truth import (
    OPEN_STAGES,
    Deal,
    Firm,
    Occasion,
    Person,
    Series,
    Staffer,
    Step,
)
from tests.sandbox_world.conftest import NOW

KNOBS = [
    WorldKnobs(grammar="dashes"),
    WorldKnobs(grammar="brackets"),
    WorldKnobs(grammar="colons"),
    WorldKnobs(grammar="prose"),
    WorldKnobs(generator="sellers"),
]
_REP = Staffer(id="r", outreach=1, email="r@x.com", name="Rita Rep", job="ae")
_PLAIN = {"wandering": 0.0, "wrong_texts": 0.0, "vague": 0.0, "vague_summaries": 0.0}
_SAMPLE = 400


@pytest.fixture(params=KNOBS, ids=["dashes", "brackets", "colons", "prose", "sellers"])
def of(request):
    """Makes knobs of each book: all is written, plainly, but for what is asked."""

    def made(**knobs):
        rates = {"agendas": 1.0, "notes": 1.0, "summaries": 1.0, **_PLAIN, **knobs}
        is_seller = request.param.generator == "sellers"
        return WorldKnobs(
            generator=request.param.generator,
            **({} if is_seller else {"grammar": request.param.grammar}),
            **rates,
        )

    return made


def firm():
    """A firm with an add-on of one product and a first deal of another."""
    here = Firm(id="f", outreach=1, name="Acme", domain="a.com", rep=_REP, carer=_REP)
    opened = NOW - timedelta(days=60)
    for kind, product, words in (
        (ADD_ON, "Zebra", ("Zebra add-on", "Zebra")),
        (NEW, "Quokka", ("Quokka", "Quokka trial")),
    ):
        here.deals.append(
            Deal(
                id=product,
                firm=here,
                name=f"Acme {product}",
                kind=kind,
                opened=opened,
                created=opened,
                steps=[Step(at=opened, stage="Proposal", close_date=NOW.date())],
                words=words,
                product=product,
            )
        )
    return here


def texts(knobs, about, here, kind="meeting", series=None):
    """Agenda, note and summary of many occasions about one thing, together by text."""
    anna = Person(first="Anna", last="A", title="", firm=here, email="anna@a.com")
    for number in range(_SAMPLE):
        one = Occasion(
            kind=kind,
            at=NOW,
            staff=(_REP,),
            guests=(anna,),
            about=about,
            firm=here,
            title="Sync",
            number=number,
            series=series,
        )
        written = write_texts(one, knobs, seed=1)
        yield written.agenda.text, written.note, written.logged


def share(knobs, word, about, here):
    """Shares of agendas, notes and summaries that hold a word."""
    columns = zip(*texts(knobs, about, here), strict=True)
    return [
        sum(word in text.lower() for text in column) / _SAMPLE for column in columns
    ]


def test_what_is_vague_does_not_depend_on_the_deal(of):
    """Where all is vague, texts about one deal and another are the same."""
    here = firm()
    knobs = of(vague=1.0, vague_summaries=1.0)
    one, other = here.deals
    assert [*texts(knobs, one, here)] == [*texts(knobs, other, here)]


def test_plain_texts_differ_with_the_deal(of):
    """Where nothing is vague, what is written of two deals is not the same."""
    here = firm()
    one, other = here.deals
    pairs = zip(texts(of(), one, here), texts(of(), other, here), strict=True)
    different = [a != b for left in pairs for a, b in zip(*left, strict=True)]
    # A stage's matters fit either of them.
    assert sum(different) / len(different) > 0.8


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_another_deal_comes_up_at_its_rate(of, rate):
    """So many texts mention another deal of the firm, and about as many name ours."""
    here = firm()
    knobs = of(wandering=rate)
    assert share(knobs, "quokka", here.deals[0], here) == pytest.approx(
        [rate] * 3, abs=0.08
    )


def test_talk_that_serves_no_deal_mentions_deals_at_that_rate(of):
    """A care meeting speaks of a deal only where talk wanders."""
    here = firm()
    assert share(of(), "zebra", None, here) == [0, 0, 0]
    both = [share(of(wandering=0.4), word, None, here) for word in ("zebra", "quokka")]
    total = [sum(pair) for pair in zip(*both, strict=True)]
    assert total == pytest.approx([0.4] * 3, abs=0.08)


def test_wrong_texts_speak_of_the_other_deal_only(of):
    """None of them speaks of the right one."""
    here = firm()
    knobs = of(wrong_texts=1.0)
    assert share(knobs, "zebra", here.deals[0], here) == [0, 0, 0]
    assert min(share(knobs, "quokka", here.deals[0], here)) > 0.3


def test_people_seldom_use_a_deals_whole_name(of):
    """It stands in a few texts and in most of them not."""
    here = firm()
    for found in share(of(), "acme zebra", here.deals[0], here):
        assert found < 0.1


def test_a_deal_that_was_not_there_yet_is_not_mentioned(of):
    """Talk wanders to what is or was, not to what will be."""
    here = firm()
    other = here.deals[1]
    other.opened = other.created = NOW + timedelta(days=1)
    assert share(of(wandering=1.0), "quokka", here.deals[0], here) == [0, 0, 0]


def test_a_standing_invitation_speaks_of_no_deal(of):
    """It was written once; what is noted on an occurrence is of that occurrence."""
    here = firm()
    one, other = here.deals
    series = Series(number=1, title="Weekly", host=_REP, guests=(), first=NOW, times=9)
    both = [[*texts(of(), deal, here, series=series)] for deal in (one, other)]
    pairs = [*zip(*both, strict=True)]
    assert all(left[0] == right[0] for left, right in pairs)
    assert sum(left[1] == right[1] for left, right in pairs) < 0.2 * _SAMPLE


def test_a_contract_ends_when_the_renewal_is_due(of):
    """Whoever says when it ends says the month of the record's close date."""
    here = firm()
    renewal = here.deals[0]
    renewal.kind = RENEWAL
    renewal.steps[0] = Step(at=renewal.opened, stage="", close_date=date(2027, 7, 9))
    said = (
        "(?<!year )ends in",
        "up in",
        "runs out in",
        "renewal in",
        "re-up in",
        "lapses",
    )
    months = "|".join(month_name[1:])
    found = {
        month
        for row in texts(of(), renewal, here)
        for text in row
        for month in re.findall(rf"(?:{'|'.join(said)}) ({months})", text)
    }
    assert found == {"July"}


def test_a_product_that_nobody_sells_there_comes_up_seldom(of):
    """Some texts name one; a text that does is about a deal all the same."""
    here = firm()
    products = MODULES if of().generator == "sellers" else PRODUCTS
    found = [
        any(product in text for product in products)
        for row in texts(of(), here.deals[0], here)
        for text in row
    ]
    assert 0 < sum(found) / len(found) < 0.06


def test_html_shows_what_was_written_as_it_was_written():
    """Line breaks and signs are HTML's; the footer links to the conference."""
    written = Agenda(text="Q&A\n<b>", host="Rita", is_html=True, has_footer=True)
    shown = written.shown("https://zoom.us/j/12")
    assert shown.startswith("Q&amp;A<br>&lt;b&gt;<br><br>Rita is inviting you")
    assert '<a href="https://zoom.us/j/12">https://zoom.us/j/12</a>' in shown
    assert shown.endswith("Meeting ID: 12")
    assert Agenda(host="Rita", is_html=True).shown("https://zoom.us/j/12") == ""


def test_calls_have_a_note_and_mails_nothing(of):
    """Neither has an agenda or a summary."""
    here = firm()
    assert {*texts(of(), here.deals[0], here, "mail")} == {("", "", "")}
    for agenda, note, summary in texts(of(), here.deals[0], here, "call"):
        assert (agenda, summary) == ("", "")
        assert note


@pytest.mark.parametrize("knobs", KNOBS)
def test_every_book_has_enough_frames_and_something_to_fill_them(knobs):
    """Twelve frames a kind; each says once where its topic stands."""
    book = book_of(knobs)
    for frames in (book.agendas, book.notes, book.calls, book.summaries):
        assert len(set(frames)) >= 12
        assert {frame.count("{topic}") for frame in frames} == {1}
    for lines in (book.points, book.said):
        assert set(lines.stages) == set(OPEN_STAGES)
        for of_kind in (lines.new, lines.renewal, lines.more, lines.vague):
            assert len(set(of_kind)) >= 6


def _phrases(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _phrases(tuple(value.values()))
    elif isinstance(value, tuple):
        for one in value:
            yield from _phrases(one)
    else:
        for name in value.__struct_fields__:
            yield from _phrases(getattr(value, name))


def test_held_worlds_share_no_phrase_with_those_for_fitting():
    """Beyond single words, no frame or sentence is in two books."""
    fit = {*_phrases(book_of(KNOBS[0])), *_phrases(book_of(KNOBS[1]))}
    for knobs in KNOBS[2:]:
        shared = fit & {*_phrases(book_of(knobs))}
        assert {one for one in shared if " " in one} == set()


@pytest.mark.parametrize("kind", [NEW, RENEWAL, ADD_ON])
@pytest.mark.parametrize("stage", OPEN_STAGES)
def test_every_phrase_can_be_filled(of, kind, stage):
    """No kind of deal at any stage leaves a gap in a text."""
    here = firm()
    deal = here.deals[0]
    deal.kind, deal.site = kind, "Oslo"
    deal.steps = [Step(at=deal.opened, stage=stage, close_date=NOW.date())]
    for written in texts(of(wandering=0.5, vague=0.2), deal, here):
        assert not [text for text in written if "{" in text or not text]
