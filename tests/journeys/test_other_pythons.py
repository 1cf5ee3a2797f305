"""The whole job on the other Python versions that we say we support."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def interpreter(version):
    """A Python of this version on the path or among pyenv's; None without one."""
    found = [shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    for one in found:
        if one is None:
            continue
        asked = subprocess.run(
            [str(one), "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return str(one)
    return None


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_demo_and_the_engine_run_on_another_python(version, tmp_path):
    """Installed from this checkout, it polls, applies, finds nothing left, serves."""
    python = interpreter(version)
    if python is None:
        pytest.skip(f"needs Python {version}")
    home = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", str(home)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    # Most of what is installed is never imported, so is not worth compiling.
    install = [*pip, "install", "--quiet", "--no-compile", str(ROOT)]
    subprocess.run(install, check=True, capture_output=True, timeout=400)
    demo = subprocess.run(
        [str(home / "bin" / "syncd"), "demo", "--accounts", "4"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
    )
    assert demo.returncode == 0, demo.stderr
    assert "0 changes to apply" in demo.stdout
    engine = (
        "from syncd.service.engine import Engine, Jobs\n"
        "import threading\n"
        "done = threading.Event()\n"
        "poll = lambda s: {'dirty': done.set() or False}\n"
        "jobs = Jobs(poll=poll, prove=dict, reconcile=dict, prune=dict)\n"
        f"url = 'sqlite:///{tmp_path}/s.db'\n"
        "e = Engine(store_url=url, jobs=jobs, intervals_s={})\n"
        "e.start(); e.poll_now('x'); assert done.wait(20); e.stop(timeout_s=2)\n"
    )
    subprocess.run([str(home / "bin" / "python"), "-c", engine], check=True, timeout=60)
