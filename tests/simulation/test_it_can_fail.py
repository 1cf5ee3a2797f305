"""The simulation notices a syncd that breaks a promise."""

import pytest

from syncd.apply.recheck import Recheck
from tests.simulation.run import run_seed

MANY = range(40)


def look_at_nothing_again(monkeypatch):
    """Every change is sent as planned, whatever has moved since."""
    monkeypatch.setattr(Recheck, "moved", lambda *_: None)


def forget_what_was_taken_back(monkeypatch):
    """No tombstones, and no looking at former writes."""
    monkeypatch.setattr("syncd.plan.build.held", lambda *_, **__: None)


@pytest.mark.parametrize(
    ("sabotage", "told", "seeds"),
    [
        # Somebody must edit in the very moment before a write: few seeds play that.
        (look_at_nothing_again, "overwritten", (77, 212, *MANY)),
        (forget_what_was_taken_back, "done again", MANY),
    ],
)
def test_a_broken_syncd_is_found_out(monkeypatch, sabotage, told, seeds):
    """Within some forty seeds, and with the promise that is broken."""
    sabotage(monkeypatch)
    found = (says for seed in seeds for says in run_seed(seed).broken)
    assert any(told in says for says in found)
