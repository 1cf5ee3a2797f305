"""What holds of every association, on random accounts."""

import math
import random

import pytest

from syncd.association.associate import probabilities
from syncd.association.facts import replay
from syncd.association.ground import lay_ground
from syncd.association.scene import set_scene
from syncd.association.weights import shipped
from syncd.model.association import Decision
from tests.association.company import random_world, related_to, shuffled, view_of

ACCOUNTS = 110


def test_the_stated_fact_flips_the_answer_when_it_is_played_through() -> None:
    """Of a thousand answers and more, each that could flip does, as it says."""
    played = settled_by_nothing = 0
    for seed in range(ACCOUNTS):
        world = random_world(seed)
        view = view_of(world)
        for key, found in view.associations.items():
            if not any(not candidate.vetoes for candidate in found.candidates):
                assert key not in view.flips
                continue
            flip = view.flips.get(key)
            if flip is None:
                assert found.decision is Decision.ABSTAIN
                settled_by_nothing += 1
                continue
            then = replay(view, key, flip.facts, world.rules().association)
            assert (then.decision, then.target) == (flip.decision, flip.target)
            assert (then.decision, then.target) != (found.decision, found.target)
            assert flip.says.endswith(".")
            played += 1
    assert played >= 1_000
    assert settled_by_nothing <= played / 20


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_records_changes_nothing(seed: int) -> None:
    """Answers, evidence and flips are the same in every order of the records."""
    world = random_world(seed)
    view = view_of(world)
    again = shuffled(view, random.Random(seed), world)
    assert again.associations == view.associations
    assert dict(again.flips) == dict(view.flips)


@pytest.mark.parametrize("seed", range(8))
def test_what_an_interaction_is_related_to_says_nothing_about_itself(
    seed: int,
) -> None:
    """Neither an activity's own link nor its interaction's other records' is read."""
    world = random_world(seed)
    view = view_of(world)
    deal = view.records.opportunities[0].id
    for interaction in view.interactions:
        own = frozenset(r.id for r in interaction.refs if r.system == "salesforce")
        for what in (deal, "006gone", None):
            other = related_to(view, own, what, world)
            key = interaction.key
            assert other.associations[key] == view.associations[key]


@pytest.mark.parametrize("seed", range(8))
def test_probabilities_and_decisions_agree_with_the_policy(seed: int) -> None:
    """Probabilities make one at most, and nothing is applied below the thresholds."""
    world = random_world(seed)
    policy = world.rules().association
    for found in view_of(world).associations.values():
        assert sum(c.probability for c in found.candidates) <= 1.0 + 1e-5
        if found.decision is Decision.APPLY:
            assert found.probability >= policy.apply_at
            assert found.margin >= policy.margin
            assert not found.held_back
        if found.decision is Decision.ABSTAIN:
            assert found.target is None


@pytest.mark.parametrize("seed", range(8))
def test_the_evidence_that_is_shown_is_what_decided(seed: int) -> None:
    """The weights that are shown add up to scores of just these probabilities."""
    view = view_of(random_world(seed))
    ground = lay_ground(view)
    decided = 0
    for interaction in view.interactions:
        found = view.associations[interaction.key]
        live = [one for one in found.candidates if not one.vetoes]
        if not live:
            continue
        scene = set_scene(ground, interaction)
        shown = [math.fsum(f.weight for f in one.features) for one in live]
        people = len(scene.strong) + len(scene.weak)
        assert shown == sorted(shown, reverse=True)
        assert [one.probability for one in live] == probabilities(
            shown, shipped(), people=people
        )
        decided += 1
    assert decided
