"""One syncd process: it can die at every request, commit and file, and start again."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from syncd.config.load import Config
from syncd.db.tables import LEDGER
from syncd.errors import SyncdError
from syncd.model.plan import Change
from syncd.service.jobs import ServiceJobs
from syncd.wiring import App, open_app
from tests.simulation.wire import Wire

_WRITING = 0o3  # O_WRONLY | O_RDWR
_LAST = sa.select(sa.func.max(LEDGER.c.sequence))
_OPEN = sa.select(LEDGER.c.sequence).where(LEDGER.c.state == "open")
_MOVES = frozenset({"os.link", "os.rename", "os.remove"})


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
        self._torn: Path | None = None

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
                if self._torn is not None:
                    self._die(f"writing {_named(self._torn)}")
            except Crash:
                self._note_crash()
                continue
            self.crash_after(None)
            return

    def stop(self) -> None:
        """Drop everything that is held in memory."""
        self._stack.close()
        self._stack = ExitStack()
        _watch(None)

    def crash_after(self, boundaries: int | None) -> None:
        """Die at the boundary that many steps on, or at the end of the next work.

        None: not any more.
        """
        self._left, self._torn = boundaries, None

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
        if self._torn is not None:
            self._die(f"writing {_named(self._torn)}")
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            self._die(what)

    def _die(self, what: str) -> None:
        self._say(f"CRASH at {what}")
        self._is_dead = True
        raise Crash

    def intents(self) -> int:
        """The sequence of the last intent that was committed."""
        with self.app.store.engine.connect() as connection:
            return connection.scalar(_LAST) or 0

    def unsettled(self) -> frozenset[int]:
        """Sequences of the intents without outcome."""
        with self.app.store.engine.connect() as connection:
            return frozenset(connection.scalars(_OPEN))

    def planned(self) -> Sequence[Change]:
        """The automatic changes of the last plan."""
        plans = self.app.store.plans.latest(1)
        return [one for plan in plans for one in plan.changes if one.mode == "auto"]

    def file_opened(self, path: object, mode: object, flags: object) -> None:
        """A boundary, if it is one of syncd's files and will be written.

        Every other crash there comes while the file is being written. What a process
        that dies then leaves is what one leaves that goes on to its next boundary,
        but for the end of the file: so it dies there, and the file is cut.
        """
        writes = bool(flags & _WRITING) if isinstance(flags, int) else mode == "w"
        if isinstance(path, int) or not writes or not self._is_mine(path):
            return
        file = Path(str(path))
        if self._left == 0 and self._torn is None and self.boundaries % 2 == 0:
            self.boundaries += 1
            self._torn = file
        else:
            self.boundary(f"file {_named(file)}")

    def file_moved(self, path: object) -> None:
        """A boundary, if one of syncd's files gets another name or goes."""
        if self._is_mine(path):
            self.boundary(f"move {_named(Path(str(path)))}")

    def _is_mine(self, path: object) -> bool:
        return str(path).startswith(str(self._config.base))

    def _note_crash(self) -> None:
        torn, self._torn = self._torn, None
        if torn is not None and torn.exists():
            os.truncate(torn, self.boundaries % (torn.stat().st_size + 1))
        self._left = None
        self.crashes += 1
        self._say("the process is gone and starts again")


def _named(path: Path) -> str:
    """A file's name without a process's number, which differs from run to run."""
    return re.sub(r"\.\d+$", "", path.name)


_RUNNING: list[Process] = []
"""The process that commits and files belong to; at most one."""


def _watch(process: Process | None) -> None:
    """Let this process see its commits and files."""
    _hooks()
    _RUNNING[:] = [] if process is None else [process]


@cache
def _hooks() -> None:
    """Set the hooks, which stay for good and idle while no process runs."""
    DefaultDialect.do_commit = _do_commit  # type: ignore[method-assign]
    sys.addaudithook(_on_audit)


_commit = DefaultDialect.do_commit


def _do_commit(dialect: DefaultDialect, connection: Any) -> None:
    for process in _RUNNING:
        process.boundary("commit")
    _commit(dialect, connection)


def _on_audit(event: str, args: tuple[object, ...]) -> None:
    if event == "open":
        for process in _RUNNING:
            process.file_opened(*args)
    elif event in _MOVES:
        for process in _RUNNING:
            process.file_moved(args[0])
