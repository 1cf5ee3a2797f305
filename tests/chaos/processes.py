"""syncd's commands in processes of their own, cheap to start and free to be killed.

Each is forked from a server that has imported syncd once: a start then costs what it
does, not what it imports. Otherwise it is a process like any other, with a pid, memory,
and connections to store and services of its own.
"""

import datetime as dt
import multiprocessing
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import time_machine

import syncd.app
import syncd.cli.output
import syncd.wiring  # noqa: F401 - imported once, for all that are forked
from syncd import plugins
from syncd.cli.main import run

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])

plugins.rules()
plugins.connectors()


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command left with."""

    code: int
    out: str
    err: str


class Running:
    """One command under way; its output goes to files of its own."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        *,
        folder: Path,
        environment: Mapping[str, str],
        later: dt.timedelta = dt.timedelta(0),
    ) -> None:
        """Start it in a folder that holds a syncd.toml; ``later`` moves its clock."""
        self._out, self._err = folder / "stdout.txt", folder / "stderr.txt"
        self._process = _CONTEXT.Process(
            target=_command,
            args=(arguments, str(folder), dict(environment), later),
        )
        self._process.start()

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.exitcode

    def kill(self) -> bool:
        """End it with SIGKILL; False when it had ended by itself."""
        self._process.kill()
        self._process.join()
        return (self._process.exitcode or 0) < 0

    def end(self) -> Ended:
        """Wait for its end.

        Raises:
            TimeoutError: It takes more than an hour.
        """
        self._process.join(3600)
        if self._process.exitcode is None:
            self.kill()
            raise TimeoutError
        return Ended(
            code=self._process.exitcode,
            out=self._out.read_text(encoding="utf-8"),
            err=self._err.read_text(encoding="utf-8"),
        )


def _command(
    arguments: tuple[str, ...],
    folder: str,
    environment: Mapping[str, str],
    later: dt.timedelta,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, name in ((1, "stdout.txt"), (2, "stderr.txt")):
        file = os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        os.dup2(file, number)
        os.close(file)
    then = dt.datetime.now(dt.UTC) + later
    with time_machine.travel(then, tick=True) if later else nullcontext():
        sys.exit(run(("--config", "syncd.toml", *arguments)))
