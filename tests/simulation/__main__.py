"""``python -m tests.simulation``: replay one seed, or run many.

One seed: ``--seed 17 -v`` prints everything that happened in it. Many:
``--seeds 0..9999 --jobs 2 --resume done.jsonl``. With ``--sabotage NAME`` syncd is
broken on purpose, and seeds that notice it say so.
"""

import argparse
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.simulation.batch import run_many
from tests.simulation.postgresql import server_of_this_process
from tests.simulation.run import run_seed
from tests.simulation.sabotage import SABOTAGES


def _range(text: str) -> range:
    first, _, last = text.partition("..")
    return range(int(first), int(last or first) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="replay this seed")
    which.add_argument("--seeds", type=_range, help="run these seeds: FIRST..LAST")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--resume", type=Path, help="file of seeds that are done")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    names = [sabotage.name for sabotage in SABOTAGES]
    parser.add_argument("--sabotage", choices=names, help="break syncd; with one job")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the trace")
    return parser


def main() -> int:
    """Exit code 0 when every promise held, else 1."""
    given = _parser().parse_args()
    console = Console(soft_wrap=True)
    with pytest.MonkeyPatch.context() as patch:
        for sabotage in SABOTAGES:
            if sabotage.name == given.sabotage:
                sabotage.breaks(patch)
        if given.seeds is None:
            return _replay(given, console)
        ok = run_many(
            given.seeds,
            jobs=given.jobs,
            resume=given.resume,
            store=given.store,
            console=console,
        )
        return 0 if ok else 1


def _replay(given: argparse.Namespace, console: Console) -> int:
    server = server_of_this_process() if given.store == "postgresql" else None
    result = run_seed(given.seed, server)
    if given.verbose:
        for line in result.trace:
            console.print(line, markup=False, highlight=False)
    for says in (*result.windows, *result.broken):
        console.print(says, markup=False, highlight=False)
    ended = "broke its promises" if result.broken else "held every promise"
    console.print(f"seed {given.seed} {ended}; trace {result.digest[:16]}")
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
