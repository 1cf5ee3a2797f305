"""The simulation notices a syncd that breaks a promise."""

import pytest

from tests.simulation.run import run_seed
from tests.simulation.sabotage import SABOTAGES


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda one: one.name)
def test_a_broken_syncd_is_found_out(monkeypatch, sabotage):
    """With the promise that is broken, and by the sabotage alone."""
    sabotage.breaks(monkeypatch)
    broken = (says for seed in sabotage.seeds for says in run_seed(seed).broken)
    assert any(sabotage.told in says for says in broken)
