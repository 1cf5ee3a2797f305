"""``python -m tests.chaos``: the storm at full strength, with its figures."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.chaos.storm import Figures, Storm, Weather


def main() -> int:
    """Blow, print what was seen; 1 when an effect was doubled or lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--accounts", type=int, default=2700)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--dropped", type=float, default=0.30)
    parser.add_argument("--trouble", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    weather = Weather(
        accounts=given.accounts,
        changes=given.changes,
        kills=given.kills,
        dropped=given.dropped,
        trouble=given.trouble,
        seed=given.seed,
    )
    with tempfile.TemporaryDirectory(prefix="syncd-chaos-") as folder:
        figures = Storm(weather, Path(folder), say=_say).blow()
    _print(figures)
    return 0 if figures.good else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print(figures: Figures) -> None:
    print(f"changes                   {figures.changes:>8}")
    print(f"processes killed          {figures.kills:>8}")
    print(f"runs to finish            {figures.runs_after:>8}")
    print(f"requests                  {figures.calls:>8}")
    print(f"of them writes            {figures.write_calls:>8}")
    print(f"effects doubled           {len(figures.verdict.doubled):>8}")
    print(f"effects lost              {len(figures.verdict.lost):>8}")
    print(f"outcomes unknown          {figures.open_intents:>8}")
    print(f"left in the next plan     {figures.left_in_next_plan:>8}")
    print(f"seconds                   {figures.seconds:>8.0f}")
    for line in (*figures.verdict.doubled, *figures.verdict.lost)[:20]:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
