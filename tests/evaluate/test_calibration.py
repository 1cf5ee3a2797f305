"""Calibration and thresholds, worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.evaluate.calibration import (
    bins,
    coverage_at,
    curve,
    expected_error,
    precision_at,
)


def test_ten_bins_of_equal_mass():
    """A hundred activities: ten each, the surest last, with their own means."""
    scored = [(n / 100, n % 10 != 0) for n in range(100)]
    found = bins(scored)
    assert [one.n for one in found] == [10] * 10
    assert found[9].probability == pytest.approx(0.945)
    assert {one.right for one in found} == {0.9}
    # Bin k has mean 0.1 k + 0.045 and is right nine times in ten.
    by_hand = sum(abs(0.1 * k + 0.045 - 0.9) for k in range(10)) / 10
    assert expected_error(found) == pytest.approx(by_hand)


def test_equal_probabilities_share_their_outcomes():
    """A tie that falls into several bins is split evenly: no order helps."""
    scored = [(0.5, True)] * 10 + [(0.5, False)] * 10
    assert {one.right for one in bins(scored)} == {0.5}
    assert expected_error(bins(scored)) == 0.0


def test_few_activities_make_few_bins():
    """Three activities are three bins, none of them empty."""
    assert [one.n for one in bins([(0.1, False), (0.2, True), (0.3, True)])] == [1] * 3
    assert bins([]) == ()
    assert expected_error(()) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_no_activity_is_lost_or_doubled(scored):
    """Bins hold every activity once and differ in size by one at most."""
    sizes = [one.n for one in bins(scored)]
    assert sum(sizes) == len(scored)
    assert not sizes or max(sizes) - min(sizes) <= 1
    error = expected_error(bins(scored))
    assert error is None or 0 <= error <= 1


def test_the_curve_links_the_surest_first():
    """Five of eight targets: each threshold by hand, ties taken together."""
    scored = [(0.9, True), (0.9, True), (0.8, False), (0.7, True), (0.6, False)]
    points = [(p.probability, p.coverage, p.precision) for p in curve(scored, 8)]
    assert points == [
        (0.9, 2 / 8, 1.0),
        (0.8, 3 / 8, 2 / 3),
        (0.7, 4 / 8, 3 / 4),
        (0.6, 5 / 8, 3 / 5),
    ]


def test_fixed_coverage_and_fixed_precision():
    """The first threshold that covers enough; the widest that is precise enough."""
    points = curve([(0.9, True), (0.8, False), (0.7, True), (0.6, True)], 4)
    assert precision_at(points, 0.7) == pytest.approx(2 / 3)
    assert precision_at(points, 1.0) == pytest.approx(3 / 4)
    assert coverage_at(points, 0.75) == 1.0
    assert coverage_at(points, 0.99) == 0.25
    assert precision_at(curve([(0.9, True)], 4), 0.9) is None
    assert coverage_at((), 0.98) == 0.0
