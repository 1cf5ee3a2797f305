"""The sandbox's control port: what people and operators do behind syncd's back.

``GET /counts``; ``GET /log/<name>`` (its requests so far, without bodies and queries);
``POST /services/<name>/<action>`` (test hooks of that service);
``POST /faults/<name>`` (the next matching requests break); ``POST /clock``
(``{"advance_s": 60}``); ``POST /actors/<action>`` (other tools: turn one on, or let
all do what is due). Bodies and answers are JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from syncd.sandbox.actors.actors import Actors
from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.recorder import Fault, Recorder


class ControlService:
    """Itself a service; reached over loopback only."""

    name = "control"

    def __init__(
        self,
        recorders: Mapping[str, Recorder],
        clock: SandboxClock,
        actors: Actors | None = None,
    ) -> None:
        """Controls these services, their common clock, and who else works in them."""
        self._recorders = recorders
        self._clock = clock
        self._actors = actors

    def handle(self, request: Request) -> Response:
        """Do what is asked; 404 for an unknown service or action."""
        try:
            body = json.loads(request.body or b"{}")
            return Response.json(self._do(request, body))
        except (KeyError, TypeError, ValueError) as error:
            return Response.json({"error": repr(error)}, status=404)

    def _do(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        parts = request.path.strip("/").split("/")
        match parts:
            case ["counts"]:
                return {
                    name: {"calls": one.calls, "write_calls": one.write_calls}
                    for name, one in self._recorders.items()
                }
            case ["log", name]:
                return {"requests": [asdict(one) for one in self._recorders[name].log]}
            case ["services", name, action]:
                return self._recorders[name].service.control(action, body)
            case ["actors", action] if self._actors is not None:
                return self._actors.control(action, body)
            case ["faults", name]:
                self._recorders[name].break_next(Fault(**body))
                return {}
            case ["clock"]:
                self._clock.advance(timedelta(seconds=float(body["advance_s"])))
                return {"now": self._clock.now().isoformat()}
            case _:
                raise KeyError(request.path)
