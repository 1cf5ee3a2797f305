"""The weights file: read whole or refused, switched off by name."""

import pytest

from syncd.association.associate import probabilities
from syncd.association.weights import Calibration, read_weights, shipped
from syncd.errors import ConfigError
from syncd.pipeline.judge import build_view
from tests.association.company import NOW, random_world

GOOD = """
version = "1"
[evidence.role]
weight = 2.0
hand = 1.5
sign = "+"
why = "a role"
[seen]
candidates = 3
people = 4
[calibration]
points = [[0.5, 0.4], [1.0, 0.9]]
"""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("weight = 2.0", "weight = -2.0"), "wrong side of its sign"),
        (('sign = "+"', 'sign = "?"'), "Invalid enum value"),
        (("why", "because"), "unknown field"),
        (("[0.5, 0.4], [1.0, 0.9]", "[0.5, 0.9], [1.0, 0.4]"), "must rise"),
        (("[0.5, 0.4], [1.0, 0.9]", ""), "must rise"),
        (("version", "= version"), "Invalid"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(change, says) -> None:
    """Each slip is told with where it stands and what to do."""
    with pytest.raises(ConfigError) as caught:
        read_weights(GOOD.replace(*change))
    assert says in str(caught.value)
    assert "weights.toml" in str(caught.value)


def test_the_shipped_file_can_be_read_and_says_why() -> None:
    """Every kind of evidence has its reason."""
    weights = shipped()
    assert weights is shipped()
    assert all(len(one.why) > 10 for one in weights.evidence.values())


def test_evidence_that_is_switched_off_is_not_even_noted() -> None:
    """And an unknown name is an error, not a silence."""
    world = random_world(3)
    some = {"roles", "attendance"}
    view = build_view(
        world.records(),
        org=world.context(),
        policy=world.rules(),
        now=NOW,
        weights=shipped().without(*some),
    )
    noted = {
        feature.name
        for found in view.associations.values()
        for candidate in found.candidates
        for feature in candidate.features
    }
    assert noted
    assert not noted & some
    with pytest.raises(KeyError):
        shipped().without("no_such_evidence")


@pytest.mark.parametrize(
    ("raw", "expected"), [(0.5, 0.4), (0.75, 0.65), (1.0, 0.9), (0.2, 0.2)]
)
def test_calibration_is_linear_between_its_points(raw, expected) -> None:
    """Below the first point the raw probability stands."""
    bend = Calibration(points=((0.5, 0.4), (1.0, 0.9)))
    assert bend.of(raw) == pytest.approx(expected)


def test_more_than_was_fitted_is_less_sure() -> None:
    """Crowds of candidates or people lower the best one's probability."""
    weights = read_weights(GOOD)
    few = probabilities([5.0, 0.0], weights, people=2)[0]
    assert probabilities([5.0, 0.0], weights, people=9)[0] < few
    assert probabilities([5.0, -9, -9, -9, -9, -9], weights, people=2)[0] < few
