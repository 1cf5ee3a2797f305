"""``syncd sandbox``."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from syncd.errors import Problem, UsageError


def sandbox(
    port: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=65_530, help="First port to use; 0 takes free ones."
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed, the same company.")
    ] = 7,
    accounts: Annotated[
        int, typer.Option(metavar="N", min=1, help="Size of the company.")
    ] = 60,
    folder: Annotated[
        Path,
        typer.Option(
            "--folder", metavar="DIR", help="Where to write the configuration."
        ),
    ] = Path("syncd-sandbox"),
    world: Annotated[
        Path | None,
        typer.Option(
            "--world",
            metavar="FILE",
            help="Settings of a company on which the association is measured.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            help="Write what is right for every activity, as `evaluate` reads it.",
        ),
    ] = None,
) -> None:
    """Serve the four simulated services.

    Until stopped; writes a ready syncd.toml.

    Examples: ``syncd sandbox``, ``syncd sandbox --world hard.toml --labels right.csv``
    """
    from syncd.sandbox.run import start  # noqa: PLC0415
    from syncd.sandbox.world.corpus.build import write_labels  # noqa: PLC0415
    from syncd.sandbox.world.corpus.knobs import load_knobs  # noqa: PLC0415

    knobs = None if world is None else load_knobs(world)
    try:
        running = start(seed=seed, accounts=accounts, port=port, world=knobs)
    except OSError as error:
        raise UsageError(
            Problem(
                where=f"--port {port}",
                what=f"it, or one of the next ones, cannot be had ({error.strerror})",
                remedy="name another one, or 0",
            )
        ) from None
    try:
        path = running.write_config(folder)
        if labels is not None:
            write_labels(running.company, labels)
        print(f"# {path}")
        print(f"# control port: {running.urls['control']}")
        print(path.read_text(encoding="utf-8"), flush=True)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        stopped.wait()
    finally:
        running.close()


COMMAND = sandbox
