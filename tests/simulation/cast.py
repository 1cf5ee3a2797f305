"""People in the scenes that some seeds begin with: each does the same every time."""

from collections.abc import Iterable

from tests.simulation.company import Services
from tests.simulation.desk import Desk
from tests.simulation.history import History, sides

_ROLE = "opportunityProspectRole"


class Cast(Desk):
    """They leave nothing to chance but whom it concerns."""

    def __init__(self, services: Services, history: History, rng) -> None:
        """They work in these services."""
        super().__init__(services, rng)
        self._google = services.google_calendar
        self._calendars = services.calendars
        self._history = history

    def rename_meetings(self) -> str:
        """All of them: each calendar has something to read, each account to judge."""
        for calendar in self._calendars:
            rows = self._google._store.calendars[calendar].rows
            for number in sorted(rows):
                if rows[number].event["status"] == "confirmed":
                    fields = {"summary": f"{rows[number].event['summary']} (new)"}
                    body = {"calendar": calendar, "id": number, "fields": fields}
                    self._google.control("edit", body)
        return "renames all meetings"

    def take_off(self, pairs: Iterable[tuple[str, str]]) -> str:
        """Somebody who was on a deal from the start, given as (deal, prospect)."""
        wanted = set(pairs)
        for ref, role in sorted(self._history.start.items()):
            lives = ref.object == _ROLE and ref in self._history.now
            if lives and sides(ref, role) in wanted:
                self._remove(ref)
                return f"takes prospect {role['prospect']} off"
        return ""
