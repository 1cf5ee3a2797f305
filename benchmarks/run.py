"""Prints figures of the main job beside a floor, with peak memory.

``python -m benchmarks.run [accounts]``. Ratios compare two things measured in the same
run on the same machine; absolute seconds are for orientation only.
"""

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import requests

from syncd import clock
from syncd.config.load import load_config
from syncd.sandbox.run import RunningSandbox, start
from syncd.wiring import open_app


def timed(work: Callable[[], Any]) -> float:
    """Seconds that one run takes."""
    began = clock.monotonic_s()
    work()
    return clock.monotonic_s() - began


def command_s(*arguments: str) -> float:
    """Median of five starts of a Python process."""
    command = [sys.executable, *arguments]
    runs = [
        timed(lambda: subprocess.run(command, check=True, capture_output=True))  # noqa: S603
        for _ in range(5)
    ]
    return median(runs)


def floor_s(running: RunningSandbox, path: Path) -> float:
    """Read every Salesforce page, parse it, insert its rows: nothing else."""
    settings = running.salesforce.settings(running.urls["salesforce"])
    form = {"grant_type": "client_credentials"}
    form |= {name: settings[name] for name in ("client_id", "client_secret")}
    url = running.urls["salesforce"]
    with requests.Session() as session:  # noqa: TID251 - the floor has no guard
        answer = session.post(f"{url}/services/oauth2/token", data=form, timeout=30)
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute(
                "CREATE TABLE r (object, id, body, PRIMARY KEY (object, id))"
            )
            return timed(lambda: _copy(session, database, url, running))


def _copy(
    session: requests.Session,  # noqa: TID251
    database: sqlite3.Connection,
    url: str,
    running: RunningSandbox,
) -> None:
    for name in running.company.salesforce:
        fields = ",".join(running.salesforce.tables.schema[name].fields)
        next_url = f"{url}/services/data/v62.0/queryAll?q=SELECT+{fields}+FROM+{name}"
        while next_url:
            answer = session.get(next_url, timeout=60)
            body = msgspec.json.decode(answer.content)
            rows = [(name, r["Id"], msgspec.json.encode(r)) for r in body["records"]]
            database.executemany("INSERT INTO r VALUES (?, ?, ?)", rows)
            database.commit()
            more = body.get("nextRecordsUrl")
            next_url = f"{url}{more}" if more else ""


def main(accounts: int = 60) -> None:
    """Measure and print one JSON document."""
    figures: dict[str, Any] = {"accounts": accounts}
    bare = command_s("-c", "pass")
    figures["help_s"] = command_s("-m", "syncd", "--help")
    figures["help_over_bare_python"] = figures["help_s"] / bare
    running = start(accounts=accounts)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            config = load_config(running.write_config(folder))
            figures["floor_s"] = floor_s(running, folder / "floor.db")
            with open_app(config) as app:
                figures["first_poll_salesforce_s"] = timed(
                    lambda: app.poll(only="salesforce")
                )
                figures["first_poll_outreach_s"] = timed(
                    lambda: app.poll(only="outreach")
                )
                before = {n: r.calls for n, r in running.recorders.items()}
                figures["quiet_poll_s"] = timed(app.poll)
                figures["quiet_poll_calls"] = {
                    n: r.calls - before[n] for n, r in running.recorders.items()
                }
                figures["plan_s"] = timed(app.plan)
                counts = app.store.mirror.live_counts()
                figures["activities"] = sum(
                    n for (_, o), n in counts.items() if o in {"Task", "Event"}
                )
    finally:
        running.close()
    poll, floor = figures["first_poll_salesforce_s"], figures["floor_s"]
    figures["first_poll_over_floor"] = poll / floor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures["peak_memory_mib_sandbox_included"] = peak // 1024
    print(json.dumps({k: _rounded(v) for k, v in figures.items()}, indent=2))


def _rounded(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:]))
