"""The bars of ``make evaluate``: a bar that is missed is seen to be missed."""

from dataclasses import replace

import msgspec
import pytest

from benchmarks.association.bars import AS_OF_LABELS, Bar, bars_of
from benchmarks.association.clustering import Pairwise
from benchmarks.association.evaluate import HELD, pooled_by_kind
from benchmarks.association.evaluate import main as measure_worlds
from benchmarks.association.measure import Measured, kind_of
from syncd.evaluate.answers import NO_ANSWER
from syncd.evaluate.evaluation import evaluate
from tests.evaluate.made import (
    DEAL,
    FOREIGN,
    SISTER,
    every_block_once,
    judged,
    links_to,
)


def measured(world, *answers, merges=0, clustering=None):
    """A world in which a hundred labels each got one of these answers in turn."""
    table = [
        judged(n, DEAL, answers[n % len(answers)], block=f"001{n}") for n in range(100)
    ]
    return Measured(
        world=world,
        kind=kind_of(world),
        roles_missing=0.0,
        judged=tuple(table),
        evaluation=evaluate(table, every_block_once),
        clustering=clustering or Pairwise(right=10, found=10, true=10),
        merges=merges,
        explain_s=0.05,
    )


def missed(*worlds):
    """Names of the bars that these worlds miss."""
    return {
        (bar.of, bar.figure)
        for bar in bars_of(worlds, pooled_by_kind(worlds))
        if not bar.is_met
    }


@pytest.mark.parametrize(
    ("value", "limit", "at_least", "is_met"),
    [
        (0.98, 0.98, True, True),
        (0.9799, 0.98, True, False),
        (0.03, 0.03, False, True),
        (0.031, 0.03, False, False),
        (None, 0.98, True, False),
        (None, 0.03, False, False),
    ],
)
def test_a_bar_is_met_or_missed(value, limit, at_least, is_met):
    """The limit itself meets it; nothing to divide by does not."""
    bar = Bar(of="w", figure="f", value=value, limit=limit, at_least=at_least)
    assert bar.is_met is is_met


def test_a_perfect_world_misses_nothing():
    """All bars of ordinary dirt can be met."""
    assert missed(measured("ordinary_x", links_to(DEAL, 1.0))) == set()


def test_each_figure_has_a_bar_of_its_own():
    """What is wrong with a world is named by its figure."""
    half = measured("ordinary_x", links_to(DEAL, 1.0), links_to(SISTER, 1.0))
    assert missed(half) == {
        ("ordinary_x", "precision"),
        ("ordinary_x", "coverage at precision 0.98"),
        ("ordinary_x", "ECE"),
    }
    foreign = measured("ordinary_x", links_to(FOREIGN, 0.0))
    assert ("ordinary_x", "wrong account") in missed(foreign)
    torn = Pairwise(right=9, found=10, true=10)
    apart = measured("as_of_x", links_to(DEAL, 1.0), clustering=torn, merges=1)
    assert {figure for _, figure in missed(apart)} == {
        "clustering F1",
        "merges across accounts",
    }


def test_dirtier_worlds_have_no_bar_of_coverage():
    """Precision must hold everywhere; coverage may fall where it says so."""
    timid = measured("twice_as_dirty_x", links_to(DEAL, 1.0), *[NO_ANSWER] * 9)
    assert missed(timid) == set()
    for name in ("ordinary_x", "roles_60_missing_x", "hints_withheld_x"):
        timid = measured(name, links_to(DEAL, 1.0), *[NO_ANSWER] * 9)
        assert (name, "coverage") in missed(timid)


def test_as_of_needs_enough_labels():
    """A handful of cases proves nothing."""
    world = measured("as_of_x", links_to(DEAL, 1.0))
    table = tuple(
        msgspec.structs.replace(one, slices=frozenset({"as_of"}))
        for one in world.judged
    )
    found = missed(replace(world, judged=table))
    assert found == {("as_of worlds", "as_of labels")}
    assert AS_OF_LABELS == 2000


def test_every_held_out_world_is_of_a_known_kind():
    """None is measured without a bar by a slip of its name."""
    assert {kind_of(one.stem) for one in HELD.glob("*.toml")} >= {
        "ordinary",
        "twice_as_dirty",
        "hints_withheld",
        "as_of",
        "roles_60_missing",
    }
    with pytest.raises(ValueError, match="no known kind"):
        kind_of("unheard_of")


def test_an_unknown_world_is_refused(capsys):
    """A mistyped name must not look like a world that misses nothing."""
    assert measure_worlds(["nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
