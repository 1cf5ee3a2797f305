"""``syncd`` as its users run it: a command line in a process of its own.

The processes are forked from one that has imported what commands import, as importing
takes longer than most commands do.
"""

import datetime as dt
import os
import sys
import tempfile
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import time_machine

_NOW = dt.timedelta(0)
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "syncd.cli.main",
        "syncd.service.daemon",
        "syncd.plan.codec",
        "connectors.chorus",
        "connectors.google_calendar",
        "connectors.outreach",
        "connectors.salesforce",
        "simple_salesforce",
        "psycopg",
        "rich.progress",
        "rich.table",
    ]
)


class Ended(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Running:
    """A command that runs; it ends with the tests at the latest."""

    def __init__(self, path, arguments, environment, later):
        """Starts it in the folder of its configuration's file, as if it were later."""
        self._folder = tempfile.TemporaryDirectory()
        given = (
            ["--config", str(path), *map(str, arguments)],
            {**os.environ, "NO_COLOR": "1", **environment},
            path.parent,
            Path(self._folder.name),
            later,
        )
        self._process = _FORKS.Process(target=_run, args=given, daemon=True)
        self._process.start()

    @property
    def pid(self):
        """Of its process."""
        return self._process.pid

    def is_alive(self):
        """Whether it has not ended."""
        return self._process.is_alive()

    def send_signal(self, number):
        """To its process."""
        os.kill(self._process.pid, number)

    def ended(self, *, within_s=150):
        """Wait for its end."""
        self._process.join(within_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
            message = f"not ended within {within_s} s: {self._said('stderr')}"
            raise AssertionError(message)
        ended = Ended(
            self._process.exitcode, self._said("stdout"), self._said("stderr")
        )
        self._folder.cleanup()
        return ended

    def _said(self, stream):
        return (Path(self._folder.name) / stream).read_text(encoding="utf-8")


def begin(path, *arguments, later=_NOW, **environment):
    """Start ``syncd`` on a configuration; ``later`` moves its clock."""
    return Running(path, arguments, environment, later)


def syncd(path, *arguments, later=_NOW, **environment):
    """Run a command to its end."""
    return begin(path, *arguments, later=later, **environment).ended()


def _run(arguments, environment, folder, said, later):
    """What the new process does."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for stream in ("stdout", "stderr"):
        with (said / stream).open("wb") as file:
            os.dup2(file.fileno(), getattr(sys, stream).fileno())
    sys.argv = ["syncd", *arguments]
    from syncd.__main__ import main

    then = dt.datetime.now(dt.UTC) + later
    with time_machine.travel(then, tick=True) if later else nullcontext():
        main()
