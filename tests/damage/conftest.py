"""A company's services, and the command line in processes of their own."""

import os
import signal
import subprocess
import sys
import time

import pytest

from syncd.sandbox.run import start
from tests.command_line import begin, syncd


class Place:
    """A sandbox with its configuration; ``run`` runs one command to its end."""

    def __init__(self, sandbox, path):
        """Everything a test looks at."""
        self.sandbox = sandbox
        self.path = path
        self.store = path.parent / "syncd.db"

    def run(self, *arguments, before=()):
        """A command's result; ``before`` is put before it, as ``setpriv`` is."""
        if not before:
            return syncd(self.path, *arguments)
        return subprocess.run(
            [*before, sys.executable, "-m", "syncd", *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "NO_COLOR": "1", "SYNCD_CONFIG": str(self.path)},
            cwd=self.path.parent,
        )

    def serve(self, until, *, within_s=60):
        """Run the service in a dry run until ``until()`` or its own end."""
        running = begin(self.path, "run", SYNCD_MODE="dry-run")
        deadline = time.monotonic() + within_s
        while running.is_alive() and time.monotonic() < deadline and not until():
            time.sleep(0.2)
        if running.is_alive():
            running.send_signal(signal.SIGTERM)
        return running.ended(within_s=30)

    def writes(self):
        """Requests so far that could have changed a record."""
        return sum(one.write_calls for one in self.sandbox.recorders.values())


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
