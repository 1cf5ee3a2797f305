"""Many seeds, in several processes, with a bar, and where it stopped it goes on."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from tests.simulation.postgresql import server_of_this_process
from tests.simulation.result import Result
from tests.simulation.run import run_seed

_AT_ONCE = 5


def brief(seed: int, store: str = "sqlite") -> dict[str, Any]:
    """One seed's result without its trace; an exception of syncd's breaks a promise."""
    try:
        server = server_of_this_process() if store == "postgresql" else None
        result = run_seed(seed, server)
    except Exception as error:  # noqa: BLE001 - the other seeds are to be run all the same
        result = Result(seed=seed, broken=[f"{type(error).__name__}: {error}"])
    return {
        "seed": seed,
        "digest": result.digest,
        "broken": result.broken,
        "windows": result.windows,
        "counts": dict(result.counts),
    }


def run_many(
    seeds: Sequence[int],
    *,
    jobs: int,
    resume: Path | None,
    console: Console,
    store: str = "sqlite",
) -> bool:
    """Run seeds that the file does not have yet; whether all of them are well.

    Args:
        seeds: Which ones.
        jobs: Processes.
        resume: One JSON line a seed is added to it; seeds in it are not run again.
        store: The kind of store, ``sqlite`` or ``postgresql``.
        console: For the bar, and for seeds that broke a promise.
    """
    done = {one["seed"]: one for one in _read(resume)}
    known = [done[seed] for seed in seeds if seed in done]
    todo = [seed for seed in seeds if seed not in done]
    columns = (
        "[progress.description]{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("seeds", total=len(seeds), completed=len(known))
        for one in _results(todo, jobs, store):
            known.append(one)
            bar.advance(task)
            if resume is not None:
                with resume.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(one) + "\n")
            if one["broken"]:
                console.print(f"seed {one['seed']}: {one['broken'][0]}", markup=False)
    _tell(known, console)
    return not any(one["broken"] for one in known)


def _read(resume: Path | None) -> Iterator[dict[str, Any]]:
    if resume is None or not resume.exists():
        return
    for line in resume.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # a line that was cut off: that seed is run again


def _results(seeds: Sequence[int], jobs: int, store: str) -> Iterator[dict[str, Any]]:
    if jobs == 1:
        yield from (brief(seed, store) for seed in seeds)
        return
    groups = [
        seeds[start : start + _AT_ONCE] for start in range(0, len(seeds), _AT_ONCE)
    ]
    context = get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context) as pool:
        for future in as_completed(
            [pool.submit(_briefs, group, store) for group in groups]
        ):
            yield from future.result()


def _briefs(seeds: Sequence[int], store: str) -> list[dict[str, Any]]:
    return [brief(seed, store) for seed in seeds]


def _tell(results: Sequence[dict[str, Any]], console: Console) -> None:
    """What was played, what was broken, and what no guard could have prevented."""
    counts: Counter[str] = Counter()
    for one in results:
        counts.update(one["counts"])
    played = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    broken = [one for one in results if one["broken"]]
    console.print(f"{len(results)} seeds: {played}", markup=False)
    console.print(f"{len(broken)} broke a promise", markup=False)
    for one in broken:
        console.print(
            f"  python -m tests.simulation --seed {one['seed']}", markup=False
        )
    windows = [window for one in results for window in one["windows"]]
    for window in windows[:10]:
        console.print(f"  within a vendor's window: {window}", markup=False)
