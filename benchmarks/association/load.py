"""A world polled into a store, with its labels beside it, kept until it changes.

``python -m benchmarks.association.load SETTINGS.toml [SEED [ACCOUNTS]]`` prints where
it is. The services are served over HTTP and read by the real connectors; nothing of the
truth goes into the store.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import msgspec
import time_machine

from syncd import clock
from syncd.config.load import load_config
from syncd.log import configure_logging
from syncd.sandbox.run import RunningSandbox, start
from syncd.sandbox.world.corpus.build import write_labels
from syncd.sandbox.world.corpus.knobs import load_knobs
from syncd.wiring import open_app

WORLDS: Final = Path(__file__).parent / "worlds"
NOW: Final = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
"""The present of every world, so that figures do not depend on the day."""
_ROOT: Final = Path(__file__).parents[2]
_BUILT: Final = _ROOT / "build" / "worlds"
_MAKERS: Final = (
    "syncd/sandbox/world",
    "syncd/model",
    "syncd/mapping",
    "syncd/mirror",
    "mappings",
    "connectors",
)
"""What the content of a store depends on, beside the settings."""
_DONE: Final = "done.json"


@dataclass(frozen=True, kw_only=True)
class LoadedWorld:
    """A polled store and what is true of it.

    Attributes:
        config: The syncd.toml to open the store with; its services are gone.
        labels: CSV ``activity_id,opportunity_id``, a row for each activity.
        slices: Names of slices by activity id.
        same: Number of the interaction by ``system/object/id`` of a record.
        polled_s: How long reading took when it was read.
    """

    folder: Path
    config: Path
    labels: Path
    slices: Mapping[str, frozenset[str]]
    same: Mapping[str, int]
    polled_s: float

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return f"sqlite:///{self.folder / 'syncd.db'}"


@contextmanager
def at_present() -> Iterator[None]:
    """While this holds it is the worlds' present, going on as time does."""
    with time_machine.travel(NOW, tick=True):
        yield


def load(settings: Path, *, seed: int = 1, accounts: int = 150) -> LoadedWorld:
    """A world of these settings, polled now or kept from an earlier time.

    Raises:
        ConfigError: What is wrong with the settings.
        RuntimeError: A connector did not read everything.
    """
    folder = _BUILT / f"{settings.stem}-{seed}-{accounts}-{_digest(settings)}"
    if not folder.exists():
        # Made under another name: whoever asks at the same time sees it whole or not.
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(mkdtemp(dir=folder.parent))
        _build(settings, made, seed=seed, accounts=accounts)
        with suppress(OSError):
            made.rename(folder)
        shutil.rmtree(made, ignore_errors=True)
    done = msgspec.json.decode((folder / _DONE).read_bytes())
    slices = msgspec.json.decode((folder / "slices.json").read_bytes())
    return LoadedWorld(
        folder=folder,
        config=folder / "syncd.toml",
        labels=folder / "labels.csv",
        slices={key: frozenset(names) for key, names in slices.items()},
        same=msgspec.json.decode((folder / "same.json").read_bytes()),
        polled_s=done["polled_s"],
    )


def _digest(settings: Path) -> str:
    """Of the settings and of all code that a store's content comes from."""
    digest = hashlib.sha256(msgspec.json.encode(load_knobs(settings)))
    for maker in _MAKERS:
        for path in sorted((_ROOT / maker).rglob("*")):
            if path.suffix in {".py", ".toml", ".json"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _build(settings: Path, folder: Path, *, seed: int, accounts: int) -> None:
    knobs = load_knobs(settings)
    with at_present():
        running = start(seed=seed, accounts=accounts, now=NOW, world=knobs)
        try:
            polled_s = _poll(running, folder)
        finally:
            running.close()
    company = running.company
    write_labels(company, folder / "labels.csv")
    slices = {key: sorted(names) for key, names in company.slices.items()}
    (folder / "slices.json").write_bytes(msgspec.json.encode(slices))
    (folder / "same.json").write_bytes(msgspec.json.encode(company.same))
    done = {"polled_s": polled_s, "seed": seed, "accounts": accounts, "at": NOW}
    (folder / _DONE).write_bytes(msgspec.json.encode(done))


def _poll(running: RunningSandbox, folder: Path) -> float:
    config = load_config(running.write_config(folder))
    began = clock.monotonic_s()
    with open_app(config) as app:
        outcomes = app.poll(progress=_progress)
    failed = [f"{one.system}: {one.error}" for one in outcomes if not one.complete]
    failed += [f"{o.system}: {o.quarantined} bad" for o in outcomes if o.quarantined]
    if failed:
        raise RuntimeError("; ".join(failed))
    return clock.monotonic_s() - began


def _progress(system: str, name: str, done: int, total: int | None) -> None:
    if os.isatty(sys.stderr.fileno()):
        print(f"\r{system} {name} {done}/{total or '?'}    ", end="", file=sys.stderr)


def main(settings: str, seed: str = "1", accounts: str = "150") -> None:
    """Load one world and say where it is."""
    configure_logging()
    world = load(Path(settings), seed=int(seed), accounts=int(accounts))
    print(f"{world.folder} (polled in {world.polled_s:.1f} s)")


if __name__ == "__main__":
    main(*sys.argv[1:])
