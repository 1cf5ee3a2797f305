"""One storm: a plan, a process that is killed again and again, services that fail."""

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from syncd.sandbox.recorder import Fault
from syncd.sandbox.run import RunningSandbox, start
from tests.chaos.processes import Ended, Running
from tests.chaos.witness import SIDES, Verdict, Witness, judge

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
_LATER = timedelta(minutes=11)
_FOR_GOOD = 60  # runs after the storm; far fewer are needed
_NEAR_A_WRITE = 0.8  # share of kills that wait for a write, not for any request
_IN_VAIN = 20  # processes in a row that ended before they were killed
_AHEAD = (60, 250, 700)  # changes that a process is given to do, at most
_ROLE = "opportunityProspectRole"
Progress = Callable[[str, int, int], None]


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
    seconds: dict[str, float] = field(default_factory=dict)
    verdict: Verdict = field(default_factory=lambda: Verdict(doubled=(), lost=()))

    def missed(self, weather: Weather) -> list[str]:
        """Each bar that was missed, in words; none when all went well."""
        bars = {
            f"only {self.changes} changes were planned": self.changes < weather.changes,
            f"only {self.kills} processes were killed": self.kills < weather.kills,
            "effects were doubled": bool(self.verdict.doubled),
            "effects were lost": bool(self.verdict.lost),
            "outcomes are not known": self.open_intents > 0,
            "the next plan asks for them again": self.left_in_next_plan > 0,
        }
        return [what for what, is_missed in bars.items() if is_missed]


class Storm:
    """A sandbox in this process, syncd in processes of its own."""

    def __init__(
        self,
        weather: Weather,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        progress: Progress = lambda *_: None,
    ) -> None:
        """``environment`` names the store; ``progress`` is told step, done, total."""
        self._weather = weather
        self._folder = folder
        self._environment = {**os.environ, "NO_COLOR": "1", **(environment or {})}
        self._progress = progress
        self._lots = random.Random(weather.seed)
        self._witnesses: dict[str, Witness] = {}
        self._figures = Figures()

    def blow(self) -> Figures:
        """Plan in fair weather, apply in foul, finish in fair; what was seen."""
        self._progress("making the company", 0, 1)
        sandbox = start(accounts=self._weather.accounts, seed=self._weather.seed)
        try:
            self._through(sandbox)
        finally:
            sandbox.close()
        return self._figures

    def _through(self, sandbox: RunningSandbox) -> None:
        untidy(sandbox)
        config = sandbox.write_config(self._folder)
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("max_changes = 5000", "max_changes = 50000"))
        plan = self._timed("plan", self._plan)
        wanted = [c for c in plan["changes"] if c["mode"] == "auto"]
        wanted = wanted[: self._weather.changes]
        self._figures.changes = len(wanted)
        self._watch(sandbox)
        self._brew(sandbox)
        self._timed("storm", lambda: self._storm(plan["plan_id"], len(wanted)))
        for recorder in sandbox.recorders.values():
            recorder.mend()
        self._timed("rest", lambda: self._finish(sandbox, plan["plan_id"], len(wanted)))
        for one in sandbox.recorders.values():
            self._figures.calls += one.calls
            self._figures.write_calls += one.write_calls
        self._figures.verdict = judge(wanted, self._witnesses)
        self._timed("next plan", lambda: self._look_once_more(wanted))

    def _timed(self, step: str, work: Callable[[], Any]) -> Any:
        began = time.monotonic()
        done = work()
        self._figures.seconds[step] = time.monotonic() - began
        return done

    def _plan(self) -> Any:
        self._progress("planning", 0, 1)
        done = self._run("plan", "-o", "plan.json")
        if done.code != 0:
            raise RuntimeError(done.err)
        return json.loads((self._folder / "plan.json").read_text(encoding="utf-8"))

    def _watch(self, sandbox: RunningSandbox) -> None:
        for name in ("salesforce", "outreach"):
            recorder = sandbox.recorders[name]
            self._witnesses[name] = Witness(recorder.service)
            recorder.service = self._witnesses[name]

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

    # --- the storm ----------------------------------------------------------------

    def _storm(self, plan_id: str, total: int) -> None:
        """Start, kill, start again: each time a little further into the plan.

        For each kill that is still to come something is left to be done.
        """
        left = self._weather.kills
        reserve = max(1, total // (2 * left))
        in_vain = 0
        while left and in_vain < _IN_VAIN:
            self._progress("killing", self._figures.kills, self._weather.kills)
            given = total * self._figures.kills // self._weather.kills
            ahead = self._lots.choice(_AHEAD)
            most = total - reserve * (left - 1 - in_vain)
            first = max(1, min(given + ahead, most, total))
            command = _apply(plan_id, first)
            at_once = in_vain >= _IN_VAIN // 2
            if self._killed(command, soon=first < given + ahead, at_once=at_once):
                left, in_vain = left - 1, 0
            else:
                in_vain += 1

    def _killed(self, command: tuple[str, ...], *, soon: bool, at_once: bool) -> bool:
        """Run until some request, then kill; False when it came to its own end.

        ``soon``: It has little to do, and would end before a later request.
        ``at_once``: Several did end before theirs: it is killed as it starts.
        """
        near_a_write = self._lots.random() < _NEAR_A_WRITE
        seen = self._writes if near_a_write else self._calls
        most = 1 if soon else 4
        until = seen() + self._lots.randint(1, most if near_a_write else 10 * most)
        if at_once:
            until = seen()
        process = self._start(*command)
        while process.code is None:
            if seen() >= until:
                time.sleep(self._lots.random() * 0.05)
                if not process.kill():
                    return False
                self._figures.kills += 1
                return True
            time.sleep(0.005)
        return False

    def _calls(self) -> int:
        return sum(one.calls for one in self._witnesses.values())

    def _writes(self) -> int:
        return sum(one.writes for one in self._witnesses.values())

    def _finish(self, sandbox: RunningSandbox, plan_id: str, total: int) -> None:
        """In fair weather: until done; what is looked for needs ten minutes first."""
        command = _apply(plan_id, total)
        for _ in range(_FOR_GOOD):
            self._progress("finishing", self._figures.runs_after, _FOR_GOOD)
            self._figures.runs_after += 1
            if self._run(*command).code == 0:
                return
            sandbox.clock.advance(_LATER)
            if self._run(*command, later=_LATER).code == 0:
                return

    def _look_once_more(self, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Whether anything is asked for again; what else follows is no matter."""
        self._progress("planning again", 0, 1)
        planned = json.loads(self._run("plan", "--json").out)["changes"]
        effects = {_effect(change) for change in wanted}
        again = [one for one in planned if _effect(one) in effects]
        self._figures.left_in_next_plan = len(again)
        status = json.loads(self._run("status", "--json").out)
        self._figures.open_intents = int(status.get("open_intents", 0))

    def _run(self, *arguments: str, later: timedelta = timedelta(0)) -> Ended:
        return self._start(*arguments, later=later).end()

    def _start(self, *arguments: str, later: timedelta = timedelta(0)) -> Running:
        return Running(
            arguments, folder=self._folder, environment=self._environment, later=later
        )


def _apply(plan_id: str, first: int) -> tuple[str, ...]:
    return ("apply", plan_id, "--first", str(first), "--force")


def _effect(change: Mapping[str, Any]) -> tuple[str, ...]:
    """What a change is about, whatever its values."""
    if change["operation"] == "create":
        after = change["after"].items()
        sides = sorted(f"{k}={v}" for k, v in after if k in SIDES[change["object"]])
        return (change["object"], *sides)
    return (change["object"], change["record_id"], *sorted(change["after"]))


def untidy(sandbox: RunningSandbox) -> None:
    """Take most links away that the company has: then few accounts need many changes.

    Every activity loses its opportunity, every second Outreach opportunity role goes.
    """
    for name in ("Task", "Event"):
        rows = sandbox.company.salesforce[name]
        linked = [{**row, "WhatId": None} for row in rows if row.get("WhatId")]
        sandbox.salesforce.load(name, linked)
    found = sandbox.outreach.control("resources", {"type": _ROLE})["resources"]
    for role in found[::2]:
        sandbox.outreach.control("delete", {"type": _ROLE, "id": role["id"]})
