"""Random runs on a real PostgreSQL hold the same promises."""

import pytest

from tests.simulation.postgresql import Server
from tests.simulation.run import run_seed

BLOCK = 5
SEEDS = range(510, 520)


@pytest.fixture(scope="module")
def server(postgresql_server):
    """Where each run has a database of its own."""
    return Server(postgresql_server)


@pytest.mark.postgresql
@pytest.mark.parametrize("first", SEEDS[::BLOCK])
def test_every_promise_holds_on_postgresql(first, server):
    """Whatever people, tools, services and crashes do, in any order."""
    broken = {
        seed: result.broken
        for seed in range(first, first + BLOCK)
        if (result := run_seed(seed, server)).broken
    }
    assert broken == {}, (
        "replay: python -m tests.simulation --store postgresql --seed N"
    )
