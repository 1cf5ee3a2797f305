"""Random runs of the whole system hold every promise; one seed is one run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.run import run_seed

SEEDS = int(os.environ.get("SYNCD_SIMULATED_SEEDS", "1000"))
BLOCK = 10
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_every_promise_holds(first):
    """Whatever people, tools, services and crashes do, in any order."""
    broken = {
        seed: result.broken
        for seed in range(first, first + BLOCK)
        if (result := run_seed(seed)).broken
    }
    assert broken == {}, "replay: python -m tests.simulation -v --seed N"


def test_a_seed_is_one_run():
    """The same in every process, whatever its hashes of texts are."""

    def trace(hash_seed):
        command = [sys.executable, "-m", "tests.simulation", "--seed", "3", "-v"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
        return ended.stdout

    assert trace("1") == trace("2")
