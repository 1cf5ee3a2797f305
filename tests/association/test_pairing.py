"""Pairing: each other's nearest, and nobody by a toss."""

from datetime import timedelta

import pytest

from syncd.interactions.pairing import Gap, pair_off


@pytest.mark.parametrize(
    ("gaps", "pairs"),
    [
        ([], ""),
        ([(1, "a", "x")], "ax"),
        ([(1, "a", "x"), (5, "a", "y"), (4, "b", "x"), (2, "b", "y")], "ax by"),
        ([(1, "a", "x"), (2, "b", "x"), (3, "b", "y")], "ax by"),
        ([(1, "a", "x"), (1, "a", "y")], ""),
        ([(1, "a", "x"), (1, "b", "x")], ""),
        ([(1, "a", "x"), (1, "b", "x"), (2, "b", "y")], ""),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_nearest_of_either_side_are_paired(gaps, pairs, turned):
    """In any order; where two are equally near, neither is taken."""
    wanted = dict(pairs.split())
    number = {name: place for place, name in enumerate("abxy")}
    rows = [Gap(timedelta(minutes=m), number[a], number[b]) for m, a, b in gaps]
    found = pair_off(rows[::-1] if turned else rows)
    assert found == {number[a]: number[b] for a, b in wanted.items()}
