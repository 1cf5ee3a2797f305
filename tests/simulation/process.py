"""One syncd process: it can die at every request, commit and file, and start again."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from syncd.config.load import Config
from syncd.db.tables import LEDGER
from syncd.errors import SyncdError
from syncd.service.jobs import ServiceJobs
from syncd.wiring import App, open_app
from tests.simulation.wire import Wire

_WRITING = 0o3  # O_WRONLY | O_RDWR


class Crash(BaseException):
    """The process is gone. Not an Exception: nothing may catch it and go on."""


class Process:
    """Opens the app, runs work, and drops everything when it dies.

    What survives is what a killed process leaves: the store's commits, files, and what
    services were told. After the crash nothing more goes out or is committed, whatever
    cleaning up the code tries.

    Attributes:
        boundaries: Steps so far at which something lasting happens.
        crashes: How often it died.
    """

    def __init__(self, config: Config, wire: Wire, say: Callable[[str], None]) -> None:
        """Not running yet."""
        self.boundaries = 0
        self.crashes = 0
        self.app: App
        self.jobs: ServiceJobs
        self._config = config
        self._wire = wire
        self._say = say
        self._stack = ExitStack()
        self._left: int | None = None
        self._is_dead = False
        self._opened_file = False

    @property
    def stop_path(self) -> Path:
        """While this file exists nothing may be written."""
        return self._config.stop_path

    def start(self) -> None:
        """Open everything anew from what lasts; a start may crash as well."""
        while True:
            self.stop()
            self._is_dead = False
            try:
                _watch(self)
                self.app = self._stack.enter_context(
                    open_app(self._config, may_write=True)
                )
                self._wire.carry(self.app)
                self.jobs = ServiceJobs(self.app)
            except Crash:
                self._note_crash()
                continue
            self._left = None
            return

    def stop(self) -> None:
        """Drop everything that is held in memory."""
        self._stack.close()
        self._stack = ExitStack()
        _watch(None)

    def crash_after(self, boundaries: int) -> None:
        """Die at the boundary that many steps on, or at the end of the next work."""
        self._left = boundaries

    def run(self, label: str, work: Callable[[], Any]) -> Any:
        """Do some work; a crash is followed by a start. None when it did not end well.

        Deliberate errors are said and swallowed, as the engine does; any other one is
        a fault of syncd's and comes out.
        """
        try:
            result = work()
        except Crash:
            self._note_crash()
            self.start()
            return None
        except SyncdError as error:
            self._say(f"{label}: {type(error).__name__} {error}")
            result = None
        if self._left is not None:
            self._note_crash()
            self.start()
        return result

    def boundary(self, what: str) -> None:
        """Something lasting is about to happen.

        Raises:
            Crash: Not any more.
        """
        if self._is_dead:
            raise Crash
        self.boundaries += 1
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._say(f"CRASH at {what}")
            self._is_dead = True
            raise Crash

    def intents(self) -> int:
        """The sequence of the last intent that was committed."""
        with self.app.store.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.max(LEDGER.c.sequence))) or 0

    def file_opened(self, path: object, mode: object, flags: object) -> None:
        """A boundary, if it is one of syncd's files and will be written."""
        if isinstance(path, int):
            mine, self._opened_file = self._opened_file, False
            if mine:
                self.boundary("file write")
            return
        writes = bool(flags & _WRITING) if isinstance(flags, int) else mode == "w"
        if writes and str(path).startswith(str(self._config.base)):
            self._opened_file = mode is None
            self.boundary(f"file {Path(str(path)).name}")

    def _note_crash(self) -> None:
        self._left = None
        self.crashes += 1
        self._say("the process is gone and starts again")


_RUNNING: list[Process] = []
"""The process that commits and files belong to; at most one."""


def _watch(process: Process | None) -> None:
    """Let this process see its commits and files."""
    _hooks()
    _RUNNING[:] = [] if process is None else [process]


@cache
def _hooks() -> None:
    """Set the hooks, which stay for good and idle while no process runs."""
    sa.event.listen(sa.Engine, "commit", _on_commit)
    sys.addaudithook(_on_audit)


def _on_commit(_connection: sa.Connection) -> None:
    for process in _RUNNING:
        process.boundary("commit")


def _on_audit(event: str, args: tuple[object, ...]) -> None:
    if event == "open":
        for process in _RUNNING:
            process.file_opened(*args)
