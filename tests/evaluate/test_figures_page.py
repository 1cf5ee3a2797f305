"""The page of figures says where another rule is better, and why."""

import msgspec

from benchmarks.association.clustering import Pairwise
from benchmarks.association.evaluate import pool, pooled_by_kind
from benchmarks.association.measure import Measured
from benchmarks.association.page import BEHIND_BECAUSE, Together, page_of
from syncd.evaluate.answers import NO_ANSWER, Answer
from syncd.evaluate.evaluation import ENOUGH, evaluate
from syncd.evaluate.slices import SLICES
from syncd.sandbox.world.corpus.slices import NAMES
from tests.evaluate.made import DEAL, every_block_once, judged, links_to

OTHERS = ("weflow", "eci_video", "gong_14_days_roles")


def page(ours, theirs, slice_name):
    """The text about one world of just enough labels, all of one slice."""
    table = tuple(
        msgspec.structs.replace(
            judged(n, DEAL, ours, block=f"001{n}", **dict.fromkeys(OTHERS, theirs)),
            slices=frozenset({slice_name}),
        )
        for n in range(ENOUGH)
    )
    world = Measured(
        world="ordinary_x",
        kind="ordinary",
        roles_missing=0.1,
        judged=table,
        evaluation=evaluate(table, every_block_once),
        clustering=Pairwise(right=1, found=1, true=1),
        merges=0,
        explain_s=0.05,
    )
    together = Together(
        everything=pool([world]),
        by_kind=pooled_by_kind([world]),
        by_missing_roles={0.1: pool([world])},
    )
    return page_of([world], together, [], accounts=1).text


def test_a_slice_on_which_another_rule_costs_less_is_named_with_its_reason():
    """And one without a known reason says that."""
    right = Answer(links=(DEAL,))
    assert f"- `no_target`: {', '.join(OTHERS)}. {BEHIND_BECAUSE['no_target']}" in page(
        NO_ANSWER, right, "no_target"
    )
    assert "The reason is not known yet." in page(NO_ANSWER, right, "mine")


def test_where_none_costs_less_it_says_so():
    """The same cost is not less."""
    text = page(links_to(DEAL), Answer(links=(DEAL,)), "mine")
    assert "On every slice of enough labels no other rule costs less" in text


def test_reasons_are_about_slices_that_there_are():
    """A slice that is renamed takes its reason with it."""
    assert set(BEHIND_BECAUSE) <= {*SLICES, *NAMES}
