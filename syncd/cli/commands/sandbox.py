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
) -> None:
    """Serve the four simulated services.

    Until stopped; writes a ready syncd.toml.

    Examples: ``syncd sandbox``, ``syncd sandbox --accounts 200 --port 9000``
    """
    from syncd.sandbox.run import start  # noqa: PLC0415

    try:
        running = start(seed=seed, accounts=accounts, port=port)
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
