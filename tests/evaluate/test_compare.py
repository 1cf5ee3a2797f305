"""Comparisons: exact tests by hand, and a bootstrap that keeps pairs together."""

import pytest

from syncd.evaluate.answers import Answer
from syncd.evaluate.compare import compare, mcnemar, two_sided_p
from syncd.evaluate.evaluation import ours
from syncd.pipeline.evaluate import draws
from tests.evaluate.made import (
    DEAL,
    FOREIGN,
    SISTER,
    every_block_once,
    judged,
    links_to,
)

RIGHT, WRONG = Answer(links=(DEAL,)), Answer(links=(SISTER,))


def theirs(one):
    """The only baseline of these tables."""
    return one.baselines["other"]


@pytest.mark.parametrize(
    ("fewer", "n", "p"),
    [
        (0, 0, 1.0),
        (0, 1, 1.0),
        (0, 5, 2 / 32),
        (1, 5, 2 * 6 / 32),
        (2, 4, 1.0),
        (3, 10, 2 * (1 + 10 + 45 + 120) / 1024),
    ],
)
def test_the_exact_p(fewer, n, p):
    """Twice the tail of a fair coin, one at most."""
    assert two_sided_p(fewer, n) == pytest.approx(p)


def test_the_exact_p_of_many_labels_is_finite():
    """Twenty thousand disagreements are no overflow."""
    assert two_sided_p(9_900, 20_000) == pytest.approx(0.16, abs=0.01)


def test_only_disagreements_count():
    """Both right and both wrong say nothing about which is better."""
    table = [judged(n, DEAL, links_to(DEAL), other=RIGHT) for n in range(50)]
    table += [judged(n, DEAL, links_to(DEAL), other=WRONG) for n in range(50, 55)]
    found = mcnemar(table, ours, theirs)
    assert (found.only_ours, found.only_theirs) == (5, 0)
    assert found.p == pytest.approx(2 / 32)


def test_differences_are_ours_less_theirs():
    """Cost and precision by hand, with the sample itself as the only resample."""
    table = [
        judged(1, DEAL, links_to(DEAL), other=WRONG),
        judged(2, DEAL, links_to(SISTER), other=Answer(links=(FOREIGN,))),
        judged(3, DEAL, links_to(DEAL), block="001else", other=Answer()),
    ]
    found = compare(table, ours, {"other": theirs}, every_block_once)["other"]
    assert found.cost.value == pytest.approx((3 - (3 + 10 + 1)) / 3)
    assert found.precision.value == pytest.approx(2 / 3 - 0)
    assert (found.cost.low, found.cost.high) == (found.cost.value, found.cost.value)


def test_identical_answers_differ_by_nothing_in_every_resample():
    """Pairs stay pairs: the same answer on both sides has no spread."""
    table = [
        judged(n, DEAL, links_to(pick), block=f"001{n}", other=Answer(links=(pick,)))
        for n, pick in enumerate([DEAL, SISTER, FOREIGN, DEAL] * 5)
    ]
    found = compare(table, ours, {"other": theirs}, draws)["other"]
    assert (found.cost.low, found.cost.high) == (0.0, 0.0)
    assert (found.precision.low, found.precision.high) == (0.0, 0.0)


def test_accounts_are_drawn_whole():
    """A thousand labels of one account are one draw: no interval can be told."""
    table = [
        judged(n, DEAL, links_to(DEAL if n % 2 else SISTER), other=RIGHT)
        for n in range(1000)
    ]
    one_block = compare(table, ours, {"other": theirs}, draws)["other"].cost
    assert one_block.low == one_block.high
    apart = [
        judged(n, one.truth, one.answer, block=f"001{n}", other=RIGHT)
        for n, one in enumerate(table)
    ]
    many = compare(apart, ours, {"other": theirs}, draws)["other"].cost
    assert many.low < many.value < many.high


def test_the_draws_are_the_same_every_time():
    """Two runs on the same labels print the same intervals."""
    assert draws(7) == draws(7)
    assert {len(one) for one in draws(7)} == {7}
    assert {index for one in draws(7) for index in one} == set(range(7))
