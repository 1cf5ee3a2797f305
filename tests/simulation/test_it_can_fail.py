"""The simulation notices a syncd that breaks a promise."""

import pytest

from syncd.apply.recheck import Recheck
from tests.simulation.run import run_seed

SEEDS = range(40)


def look_at_nothing_again(monkeypatch):
    """Every change is sent as planned, whatever has moved since."""
    monkeypatch.setattr(Recheck, "moved", lambda *_: None)


def forget_what_was_taken_back(monkeypatch):
    """No tombstones, and no looking at former writes."""
    monkeypatch.setattr("syncd.plan.build.held", lambda *_, **__: None)


@pytest.mark.parametrize(
    ("sabotage", "told"),
    [
        (look_at_nothing_again, "overwritten"),
        (forget_what_was_taken_back, "done again"),
    ],
)
def test_a_broken_syncd_is_found_out(monkeypatch, sabotage, told):
    """Within forty seeds, and with the promise that is broken."""
    sabotage(monkeypatch)
    found = (says for seed in SEEDS for says in run_seed(seed).broken)
    assert any(told in says for says in found)
