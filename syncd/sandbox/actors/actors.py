"""The outside actors of one sandbox, off until they are turned on."""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any, Protocol

from syncd.kit.instants import parse_instant
from syncd.sandbox.actors.agenda import Agenda, RecordingTool, System
from syncd.sandbox.actors.chorus_logger import ChorusHabits, ChorusLogger
from syncd.sandbox.actors.outreach_plugin import OutreachPlugin, PluginHabits
from syncd.sandbox.clock import SandboxClock


class _Actor(Protocol):
    def look(self, now: datetime) -> None: ...


class Actors:
    """Actors act when ``run`` is asked for, by the sandbox's clock, and only then."""

    def __init__(
        self,
        clock: SandboxClock,
        salesforce: System,
        outreach: System,
        chorus: RecordingTool,
    ) -> None:
        """Nobody does anything yet."""
        self._clock = clock
        self._salesforce = salesforce
        self._outreach = outreach
        self._chorus = chorus
        self._agenda = Agenda()
        self._acting: list[_Actor] = []
        self._lock = Lock()

    def control(self, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Turn an actor on, or let all of them do what is due.

        ``chorus`` (``habits``, ``since``, ``seed``) and ``outreach`` (``habits``,
        ``since``) turn one on: it acts on what is later than ``since``, an ISO instant,
        by default now. ``run`` lets them look at the systems and do what is due, and
        tells how many jobs were ``done``, how many are ``waiting``, and the codes with
        which the systems have ``refused`` some so far.

        Raises:
            KeyError: No such action.
            TypeError: No such habit.
        """
        with self._lock:
            habits = dict(body.get("habits", {}))
            asked = body.get("since")
            since = parse_instant(str(asked)) if asked else self._clock.now()
            if action == "chorus":
                logger = ChorusLogger(
                    self._chorus,
                    self._salesforce,
                    self._agenda,
                    ChorusHabits(**habits),
                    since=since,
                    seed=int(body.get("seed", 0)),
                )
                self._acting.append(logger)
            elif action == "outreach":
                plugin = OutreachPlugin(
                    self._outreach,
                    self._salesforce,
                    self._agenda,
                    PluginHabits(**habits),
                    since=since,
                )
                self._acting.append(plugin)
            elif action == "run":
                return self._run()
            else:
                raise KeyError(action)
        return {}

    def _run(self) -> dict[str, Any]:
        now = self._clock.now()
        for actor in self._acting:
            actor.look(now)
        done = self._agenda.run_due(now)
        return {
            "done": done,
            "waiting": self._agenda.waiting,
            "refused": list(self._agenda.refused),
        }
