"""``syncd sandbox``."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer


def sandbox(
    port: Annotated[
        int, typer.Option(help="First port to use; 0 takes free ones.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed, the same company.")] = 7,
    accounts: Annotated[int, typer.Option(min=1, help="Size of the company.")] = 60,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where to write the configuration.")
    ] = Path("syncd-sandbox"),
) -> None:
    """Serve the simulated services until stopped; writes a ready syncd.toml.

    Examples: ``syncd sandbox``, ``syncd sandbox --accounts 200 --port 9000``
    """
    from syncd.sandbox.run import start  # noqa: PLC0415

    running = start(seed=seed, accounts=accounts, port=port)
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
