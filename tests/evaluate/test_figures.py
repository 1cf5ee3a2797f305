"""Figures, worked out by hand beside each table of answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.evaluate.answers import (
    NO_ANSWER,
    Answer,
    answer_of,
    is_right,
    worth_of,
)
from syncd.evaluate.evaluation import as_json, evaluate, ours
from syncd.evaluate.figures import figures_of
from syncd.model.association import CLOSED_TODAY, Association, Candidate, Decision
from syncd.model.policy import AssociationPolicy
from syncd.model.record import RecordRef
from tests.evaluate.made import (
    CASE,
    DEAL,
    FOREIGN,
    SISTER,
    every_block_once,
    hesitates,
    judged,
    links_to,
    proposes,
)

ALL = Answer(links=(DEAL, SISTER, FOREIGN))
HERE = frozenset({"001acme"})


@pytest.mark.parametrize(
    ("answer", "truth", "cost", "right"),
    [
        (links_to(DEAL), DEAL, 0.0, True),
        (links_to(CASE), CASE, 0.0, True),
        (links_to(SISTER), DEAL, 3.0, False),
        (links_to(FOREIGN), DEAL, 10.0, False),
        (links_to(DEAL), None, 3.0, False),
        (links_to(FOREIGN), None, 10.0, False),
        (NO_ANSWER, DEAL, 1.0, False),
        (hesitates(DEAL), DEAL, 1.0, False),
        (NO_ANSWER, None, 0.0, True),
        (proposes(DEAL), DEAL, 0.2, False),
        (proposes(SISTER), DEAL, 1.2, False),
        (proposes(DEAL), None, 0.2, True),
        (ALL, DEAL, 13.0, False),
        (ALL, None, 16.0, False),
    ],
)
def test_what_an_answer_costs(answer, truth, cost, right):
    """A wrong account is worst, then a wrong deal, a missed one, a question."""
    assert worth_of(answer, truth, HERE).cost == pytest.approx(cost)
    assert is_right(answer, truth) is right


def test_the_figures_of_a_small_table():
    """Six labels, four of them with a target, worked out by hand."""
    table = [
        judged(1, DEAL, links_to(DEAL, 1.0)),
        judged(2, DEAL, links_to(SISTER, 0.9)),
        judged(3, DEAL, links_to(FOREIGN, 0.8)),
        judged(4, DEAL, proposes(DEAL, 0.6)),
        judged(5, None, links_to(DEAL, 0.5)),
        judged(6, None, NO_ANSWER),
    ]
    found = figures_of(table, ours)
    assert (found.n, found.targets, found.linked, found.links) == (6, 4, 4, 4)
    assert (found.right, found.wrong_accounts, found.queued) == (1, 1, 1)
    assert found.abstained == 2
    assert found.coverage == pytest.approx(4 / 4)
    assert found.precision == pytest.approx(1 / 4)
    assert found.recall == pytest.approx(1 / 4)
    assert found.wrong_account_rate == pytest.approx(1 / 4)
    assert found.likeliest_right == pytest.approx(3 / 6)
    assert found.cost == pytest.approx((0 + 3 + 10 + 0.2 + 3 + 0) / 6)
    # Six bins of one: 1.0, 0.9, 0.8, 0.6, 0.5 and 0.0 beside 1, 0, 0, 1, 0, 0.
    assert found.ece == pytest.approx((0 + 0.9 + 0.8 + 0.4 + 0.5 + 0) / 6)


def test_rules_that_link_to_all_are_scored_link_by_link():
    """Coverage counts activities, precision counts links, recall counts targets."""
    table = [
        judged(1, DEAL, Answer(links=(DEAL, SISTER))),
        judged(2, DEAL, Answer(links=(DEAL,))),
        judged(3, DEAL, Answer()),
    ]
    found = figures_of(table, ours)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.ece is None


def test_one_that_is_always_right_has_perfect_figures():
    """Nothing costs anything, and no threshold loses anything."""
    table = [judged(n, DEAL, links_to(DEAL, 1.0)) for n in range(20)]
    table += [judged(n, None, NO_ANSWER) for n in range(20, 25)]
    found = evaluate(table, every_block_once)
    own = found.figures
    assert (own.precision, own.recall, own.coverage) == (1.0, 1.0, 1.0)
    assert (own.wrong_account_rate, own.ece, own.cost) == (0.0, 0.0, 0.0)
    assert own.likeliest_right == 1.0
    assert found.precision_at == {"0.7": 1.0, "0.8": 1.0, "0.9": 1.0}
    assert found.coverage_at == {"0.98": 1.0, "0.99": 1.0}


def test_one_that_always_abstains_is_never_wrong_and_of_no_use():
    """Shares that would divide by nothing are none, not a flattering one."""
    table = [judged(n, DEAL if n % 2 else None) for n in range(10)]
    own = evaluate(table, every_block_once).figures
    assert (own.coverage, own.recall, own.abstained) == (0.0, 0.0, 10)
    assert own.precision is None
    assert own.wrong_account_rate is None
    assert own.cost == pytest.approx(0.5)
    assert own.likeliest_right == pytest.approx(0.5)


def test_no_labels_give_no_figures_and_no_failure():
    """An empty slice may be asked for."""
    own = evaluate([], every_block_once).figures
    assert (own.n, own.precision, own.cost, own.ece) == (0, None, None, None)


TARGETS = st.sampled_from([DEAL, SISTER, FOREIGN, CASE])
ANSWERS = st.one_of(
    st.just(NO_ANSWER),
    st.builds(links_to, TARGETS, st.sampled_from([0.98, 0.99, 1.0])),
    st.builds(proposes, TARGETS, st.sampled_from([0.7, 0.9])),
    st.builds(hesitates, TARGETS, st.sampled_from([0.2, 0.5])),
)
BLOCKS = st.sampled_from(["001acme", "001else", "domain:x.example"])
ROWS = st.lists(
    st.tuples(st.none() | TARGETS, ANSWERS, ANSWERS, BLOCKS), min_size=1, max_size=40
)


@given(ROWS, st.randoms())
def test_the_order_of_labels_does_not_matter(rows, random):
    """Every figure, interval and curve is the same for the same set of labels."""
    table = [
        judged(n, truth, answer, block=block, other=other)
        for n, (truth, answer, other, block) in enumerate(rows)
    ]
    mixed = list(table)
    random.shuffle(mixed)
    assert evaluate(mixed, every_block_once) == evaluate(table, every_block_once)


@given(ROWS)
def test_figures_agree_with_each_other(rows):
    """Shares come from the counts beside them and stay between 0 and 1."""
    table = [judged(n, truth, answer) for n, (truth, answer, _, _) in enumerate(rows)]
    own = figures_of(table, ours)
    assert own.linked + own.abstained == own.n
    assert own.right + own.wrong_accounts <= own.links
    for share in (own.precision, own.recall, own.wrong_account_rate, own.ece):
        assert share is None or 0 <= share <= 1
    assert own.cost is not None
    assert own.cost >= 0


def association(decision=Decision.PROPOSE, probability=0.99, margin=0.98, **more):
    """An answer of the associator about one deal."""
    ref = RecordRef("salesforce", "Opportunity", DEAL.id)
    one = Candidate(
        target=ref, name="", account_id=DEAL.account_id, probability=probability
    )
    return Association(
        interaction_key="k",
        decision=decision,
        target=ref,
        probability=probability,
        margin=margin,
        reason="",
        candidates=(one,),
        **more,
    )


@pytest.mark.parametrize(
    ("given_", "is_linked"),
    [
        (association(Decision.APPLY), True),
        (association(held_back=CLOSED_TODAY), True),
        (association(held_back=CLOSED_TODAY, probability=0.9), False),
        (association(held_back=CLOSED_TODAY, margin=0.1), False),
        (association(held_back="people are recognised by weak keys only"), False),
        (association(), False),
        (association(Decision.ABSTAIN, 0.3, 0.0), False),
    ],
)
def test_only_a_deal_closed_since_counts_as_linked_though_it_is_proposed(
    given_, is_linked
):
    """Whatever else holds a link back holds it back here too."""
    answer = answer_of(given_, AssociationPolicy())
    assert bool(answer.links) is is_linked
    assert answer.because_open_then is (is_linked and bool(given_.held_back))
    assert answer.likeliest == DEAL


def test_without_an_interaction_or_candidate_nothing_is_linked_surely():
    """It is scored as a probability of nought."""
    vetoed = association(Decision.ABSTAIN)
    out = Candidate(
        target=vetoed.target, name="", account_id="", probability=0.0, vetoes=("no",)
    )
    bare = Association(
        interaction_key="k",
        decision=Decision.ABSTAIN,
        target=None,
        probability=0.0,
        margin=0.0,
        reason="",
        candidates=(out,),
    )
    assert answer_of(None, AssociationPolicy()) == NO_ANSWER
    assert answer_of(bare, AssociationPolicy()) == NO_ANSWER


def test_the_json_has_the_fixed_keys():
    """Scripts read these names."""
    table = [judged(1, DEAL, links_to(DEAL), gong=Answer(links=(DEAL,)))]
    told = as_json(evaluate(table, every_block_once))
    fixed = {"n", "coverage", "precision", "recall", "abstained", "ece"}
    fixed.add("wrong_account_rate")
    assert fixed | {"baselines", "slices"} <= set(told)
    assert fixed <= set(told["baselines"]["gong"])
    assert not math.isnan(told["ece"])
