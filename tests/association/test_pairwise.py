"""The measure of clustering: pairs found against pairs that are true."""

import pytest

from benchmarks.association.clustering import merges_across, pairwise

TRUTH = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 2, "f": 3}


@pytest.mark.parametrize(
    ("found", "precision", "recall"),
    [
        ("aaabbc", 1.0, 1.0),
        ("abcdef", 1.0, 0.0),
        ("aaaaaa", 4 / 15, 1.0),
        ("aabccd", 1.0, 0.5),
        ("aaabcb", 3 / 4, 3 / 4),
    ],
)
def test_pairs_are_counted(found, precision, recall):
    """What is torn apart costs recall, what is thrown together precision."""
    result = pairwise(TRUTH, dict(zip(TRUTH, found, strict=True)))
    assert (result.precision, result.recall) == (precision, recall)
    both = precision + recall
    assert result.f1 == pytest.approx(2 * precision * recall / both if both else 0)


def test_only_records_that_both_know_count():
    """A record without truth, and one that was not read, are left out."""
    assert pairwise(TRUTH, {"a": 0, "b": 0, "x": 0}).found == 1


def test_merges_across_accounts_are_named():
    """Two records whose interactions share no account; unknown accounts say nothing."""
    found = {"a": "one", "b": "one", "c": "two", "d": "two", "e": "two"}
    accounts = {
        "a": frozenset({"x"}),
        "b": frozenset({"x", "y"}),
        "c": frozenset({"x"}),
        "d": frozenset({"y"}),
        "e": frozenset(),
    }
    assert merges_across(found, accounts) == ["two"]
