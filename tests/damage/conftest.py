"""A company's services, and the command line in processes of their own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from syncd.sandbox.run import start


class Place:
    """A sandbox with its configuration; ``run`` runs one command to its end."""

    def __init__(self, sandbox, path):
        """Everything a test looks at."""
        self.sandbox = sandbox
        self.path = path
        self.store = path.parent / "syncd.db"

    def run(self, *arguments, before=(), **environment):
        """A command's result; ``before`` is put before it, as ``setpriv`` is."""
        return subprocess.run(
            [*before, *self._command(arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "NO_COLOR": "1", **environment},
            cwd=self.path.parent,
        )

    def serve(self, until, *, within_s=60):
        """Run the service until ``until()`` or its own end: exit code and stderr."""
        running = subprocess.Popen(
            self._command(["run"]),
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.path.parent,
        )
        deadline = time.monotonic() + within_s
        while running.poll() is None and time.monotonic() < deadline and not until():
            time.sleep(0.2)
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=30)
        return running.returncode, told

    def writes(self):
        """Requests so far that could have changed a record."""
        return sum(one.write_calls for one in self.sandbox.recorders.values())

    def _command(self, arguments):
        return [sys.executable, "-m", "syncd", "--config", str(self.path), *arguments]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A company that was synchronised, with a plan of which one change is applied."""
    sandbox = start(accounts=4, seed=5)
    path = sandbox.write_config(tmp_path_factory.mktemp("damage"))
    found = Place(sandbox, path)
    assert found.run("plan", "-o", "plan.json").returncode == 0
    assert found.run("apply", "plan.json", "--first", "1").returncode == 0
    yield found
    sandbox.close()
