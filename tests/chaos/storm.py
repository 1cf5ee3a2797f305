"""One storm: a plan, a process that is killed again and again, services that fail."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from syncd.sandbox.recorder import Fault
from syncd.sandbox.run import RunningSandbox, start
from tests.chaos.witness import Verdict, Witness, judge

_ALWAYS = 10**9
_WRITES = r"composite/sobjects|/sobjects/|opportunityProspectRoles|/tasks|/prospects"
_LOCKED = json.dumps(
    [
        {
            "message": "unable to obtain exclusive access to this record or 1 records",
            "errorCode": "UNABLE_TO_LOCK_ROW",
        }
    ]
)
_LATER = """\
import datetime, sys, time_machine
from syncd.__main__ import main
then = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=11)
with time_machine.travel(then, tick=True):
    main()
"""
_FOR_GOOD = 60  # runs after the storm; far fewer are needed
_NEAR_A_WRITE = 0.8  # share of kills that wait for a write, not for any request


@dataclass(frozen=True, kw_only=True)
class Weather:
    """How hard it blows.

    Attributes:
        kills: How often the process is killed with SIGKILL.
        dropped: Share of writes whose answer is lost after they took effect.
        trouble: Share of all requests that end in 503, 429 or a locked row.
    """

    accounts: int
    changes: int
    kills: int
    dropped: float = 0.30
    trouble: float = 0.05
    seed: int = 1


@dataclass(kw_only=True)
class Figures:
    """What was seen."""

    changes: int = 0
    kills: int = 0
    runs_after: int = 0
    calls: int = 0
    write_calls: int = 0
    open_intents: int = 0
    left_in_next_plan: int = 0
    seconds: float = 0.0
    verdict: Verdict = field(default_factory=lambda: Verdict(doubled=(), lost=()))

    @property
    def good(self) -> bool:
        """Whether every change came about exactly once."""
        wrong = self.verdict.doubled or self.verdict.lost or self.open_intents
        return not wrong and not self.left_in_next_plan


class Storm:
    """A sandbox in this process, syncd in processes of its own."""

    def __init__(
        self,
        weather: Weather,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``environment`` names the store; ``say`` is told how it goes."""
        self._weather = weather
        self._folder = folder
        self._environment = {**os.environ, "NO_COLOR": "1", **(environment or {})}
        self._say = say
        self._lots = random.Random(weather.seed)
        self._figures = Figures()

    def blow(self) -> Figures:
        """Plan in fair weather, apply in foul, finish in fair; what was seen."""
        began = time.monotonic()
        sandbox = start(accounts=self._weather.accounts, seed=self._weather.seed)
        try:
            self._through(sandbox)
        finally:
            sandbox.close()
        self._figures.seconds = time.monotonic() - began
        return self._figures

    def _through(self, sandbox: RunningSandbox) -> None:
        config = sandbox.write_config(self._folder)
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("max_changes = 5000", "max_changes = 50000"))
        self._must("plan", "-o", "plan.json")
        plan = json.loads((self._folder / "plan.json").read_text(encoding="utf-8"))
        wanted = [c for c in plan["changes"] if c["mode"] == "auto"]
        wanted = wanted[: self._weather.changes]
        self._figures.changes = len(wanted)
        self._say(f"{len(wanted)} changes planned")
        witnesses = self._watch(sandbox)
        self._brew(sandbox)
        apply = ("apply", plan["plan_id"], "--first", str(len(wanted)), "--force")
        while self._figures.kills < self._weather.kills:
            if not self._killed(sandbox, apply):
                break
        for recorder in sandbox.recorders.values():
            recorder.mend()
        self._finish(sandbox, apply)
        self._figures.calls = self._calls(sandbox)
        self._figures.write_calls = self._writes(sandbox)
        self._figures.verdict = judge(wanted, witnesses)
        self._look_once_more(plan, len(wanted))

    def _watch(self, sandbox: RunningSandbox) -> dict[str, Witness]:
        found = {}
        for name in ("salesforce", "outreach"):
            recorder = sandbox.recorders[name]
            found[name] = Witness(recorder.service)
            recorder.service = found[name]
        return found

    def _brew(self, sandbox: RunningSandbox) -> None:
        third = self._weather.trouble / 3
        for name in ("salesforce", "outreach"):
            recorder = sandbox.recorders[name]
            body = _LOCKED if name == "salesforce" else ""
            status = 400 if name == "salesforce" else 502
            for fault in (
                Fault(
                    method="POST|PATCH|DELETE",
                    path=_WRITES,
                    share=self._weather.dropped,
                    after=True,
                    drop=True,
                ),
                Fault(path="/services/data|/api/v2", share=third, status=503),
                Fault(
                    path="/services/data|/api/v2",
                    share=third,
                    status=429,
                    headers={"Retry-After": "0"},
                ),
                Fault(
                    method="POST|PATCH|DELETE",
                    path=_WRITES,
                    share=third,
                    status=status,
                    body=body,
                ),
            ):
                fault.times = _ALWAYS
                recorder.break_next(fault)

    def _killed(self, sandbox: RunningSandbox, command: tuple[str, ...]) -> bool:
        """Run until some request, then kill; False when nothing was left to kill."""
        seen = self._writes if self._lots.random() < _NEAR_A_WRITE else self._calls
        until = seen(sandbox) + self._lots.randint(1, self._stride)
        process = self._start(*command, output=subprocess.DEVNULL)
        while process.poll() is None:
            if seen(sandbox) >= until:
                time.sleep(self._lots.random() * 0.05)
                process.send_signal(signal.SIGKILL)
                process.wait()
                self._figures.kills += 1
                self._say(f"killed {self._figures.kills} times")
                return True
            time.sleep(0.002)
        return process.returncode != 0

    @property
    def _stride(self) -> int:
        """Requests before a kill at most, so that all kills find work."""
        return max(3, self._figures.changes // (4 * self._weather.kills))

    @staticmethod
    def _calls(sandbox: RunningSandbox) -> int:
        return sum(one.calls for one in sandbox.recorders.values())

    @staticmethod
    def _writes(sandbox: RunningSandbox) -> int:
        return sum(one.write_calls for one in sandbox.recorders.values())

    def _finish(self, sandbox: RunningSandbox, command: tuple[str, ...]) -> None:
        """In fair weather: until done; what is looked for needs ten minutes first."""
        for _ in range(_FOR_GOOD):
            self._figures.runs_after += 1
            code = self._run(*command).returncode
            if code == 0:
                return
            sandbox.clock.advance(timedelta(minutes=11))
            if self._run(*command, later=True).returncode == 0:
                return
        self._say("it does not come to an end")

    def _look_once_more(self, plan: Mapping[str, Any], count: int) -> None:
        planned = self._run("plan", "--json")
        known = {change["key"] for change in plan["changes"][count:]}
        again = [
            change
            for change in json.loads(planned.stdout)["changes"]
            if change["mode"] == "auto" and change["key"] not in known
        ]
        self._figures.left_in_next_plan = len(again)
        status = json.loads(self._run("status", "--json").stdout)
        self._figures.open_intents = int(status.get("open_intents", 0))

    def _must(self, *arguments: str) -> None:
        done = self._run(*arguments)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def _run(self, *arguments: str, later: bool = False) -> Any:
        process = self._start(*arguments, later=later)
        out, err = process.communicate(timeout=1800)
        return subprocess.CompletedProcess((), process.returncode, out, err)

    def _start(
        self, *arguments: str, later: bool = False, output: int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        how = ["-c", _LATER] if later else ["-m", "syncd"]
        config = str(self._folder / "syncd.toml")
        return subprocess.Popen(
            [sys.executable, *how, "--config", config, *arguments],
            stdout=output,
            stderr=output,
            text=True,
            cwd=self._folder,
            env=self._environment,
        )
