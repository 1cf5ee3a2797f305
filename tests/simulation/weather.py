"""What goes wrong between syncd and the services, and with the services themselves."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from random import Random

from syncd.kit.instants import iso_z
from syncd.sandbox.recorder import Fault, Recorder
from tests.simulation.company import Services
from tests.simulation.determinism import VirtualTime

_HOUR = timedelta(hours=1)
_HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class Weather:
    """Faults that hit the next requests; ``clear`` ends all of them."""

    def __init__(
        self,
        services: Services,
        recorders: Mapping[str, Recorder],
        rng: Random,
        time: VirtualTime,
    ) -> None:
        """Nothing is wrong yet."""
        self._services = services
        self._recorders = recorders
        self._rng = rng
        self._time = time
        self._ahead = timedelta(0)
        self._kinds: tuple[tuple[int, Callable[[], Fault]], ...] = (
            (4, lambda: Fault(drop=True)),
            (6, lambda: Fault(drop=True, after=True)),
            (6, lambda: Fault(writes=True, drop=True, after=True)),
            (3, lambda: Fault(writes=True, drop=True)),
            (3, lambda: Fault(status=503, headers={"Retry-After": self._later()})),
            (3, lambda: Fault(status=429, headers={"Retry-After": self._later()})),
            (2, lambda: Fault(status=503)),
            (3, lambda: Fault(status=502, body=_HTML)),
            (3, lambda: Fault(writes=True, status=502, body=_HTML, after=True)),
            (2, lambda: Fault(status=200, body=_HTML)),
            (2, lambda: Fault(writes=True, status=500, after=True)),
            (4, lambda: Fault(truncate=self._rng.randint(0, 200), after=True)),
        )
        self._operations: tuple[tuple[int, Callable[[], str]], ...] = (
            (3, self._expire),
            (2, self._close_cursors),
            (2, self._kill_sync_tokens),
            (3, self._lock_rows),
            (1, self._expire_keys),
            (1, self._revoke),
            (1, self._deactivate),
        )

    def turn(self) -> str:
        """Something begins to go wrong; what, in a few words."""
        if self._rng.random() < 0.25:
            weights = [weight for weight, _ in self._operations]
            ((_, operate),) = self._rng.choices(self._operations, weights)
            return operate()
        system = self._rng.choice(sorted(self._recorders))
        weights = [weight for weight, _ in self._kinds]
        ((_, make),) = self._rng.choices(self._kinds, weights)
        fault = make()
        fault.times = self._rng.choice((1, 1, 1, 2, 3, 7))
        self._recorders[system].break_next(fault)
        parts = {
            "writes": fault.writes,
            "drop": fault.drop,
            "after": fault.after,
            "truncate": fault.truncate,
            "status": 0 if fault.drop or fault.truncate is not None else fault.status,
        }
        said = ", ".join(f"{name} {value}" for name, value in parts.items() if value)
        return f"{system}: the next {fault.times} requests: {said}"

    def lose_answers(self) -> str:
        """The next writes take effect, and nobody is told."""
        for system in ("salesforce", "outreach"):
            fault = Fault(writes=True, drop=True, after=True, times=2)
            self._recorders[system].break_next(fault)
        return "the answers to the next writes will be lost"

    def clear(self) -> None:
        """Everything works again, and every clock shows the same."""
        for recorder in self._recorders.values():
            recorder.mend()
        self._services.salesforce.control("unlock", {})
        self._services.chorus.control("token", {"state": "active"})
        for system in self._recorders:
            self._services.clock.skew(system, timedelta(0))
        self._set_ours(timedelta(0))

    def skew(self) -> str:
        """One service's clock is wrong by up to a minute and a half."""
        system = self._rng.choice(sorted(self._recorders))
        by = self._rng.randint(-90, 90)
        self._services.clock.skew(system, timedelta(seconds=by))
        return f"{system}'s clock is off by {by} s"

    def jump(self) -> str:
        """The clock of syncd's machine is set: an hour off, or right again."""
        off = (timedelta(0), _HOUR, -_HOUR)
        self._set_ours(self._rng.choice([one for one in off if one != self._ahead]))
        return f"syncd's clock is set, {self._ahead.total_seconds():+.0f} s off"

    def _set_ours(self, ahead: timedelta) -> None:
        by, self._ahead = ahead - self._ahead, ahead
        self._time.jump(by)
        self._services.clock.advance(-by)

    def _later(self) -> str:
        """Retry-After in one of the forms that are met."""
        seconds = self._rng.choice((0, 1, 7, 30, 90))
        at = self._services.clock.now() + timedelta(seconds=seconds)
        forms = (
            str(seconds),
            format_datetime(at, usegmt=True),
            str(int(at.timestamp())),
            iso_z(at),
        )
        return self._rng.choice(forms)

    def _expire(self) -> str:
        system = self._rng.choice(("salesforce", "outreach", "google_calendar"))
        getattr(self._services, system).control("expire_tokens", {})
        return f"{system}: all access tokens end"

    def _close_cursors(self) -> str:
        self._services.salesforce.control("close_cursors", {})
        return "salesforce: all query cursors end"

    def _kill_sync_tokens(self) -> str:
        self._services.google_calendar.control("kill_sync_tokens", {})
        return "google_calendar: all sync tokens end"

    def _expire_keys(self) -> str:
        self._services.chorus.control("expire_keys", {})
        return "chorus: all continuation keys end"

    def _revoke(self) -> str:
        self._services.outreach.control("revoke", {})
        return "outreach: the consent is taken back for good"

    def _deactivate(self) -> str:
        self._services.chorus.control("token", {"state": self._ended()})
        return "chorus: the token is taken back for good"

    def _ended(self) -> str:
        return self._rng.choice(("refused", "deactivated"))

    def _lock_rows(self) -> str:
        tables = self._services.salesforce.tables
        rows = sorted([*tables.stored("Task"), *tables.stored("Account")])
        locked = self._rng.sample(rows, k=min(len(rows), 25))
        times = self._rng.choice((1, 2, 4))
        for record_id in locked:
            body = {"id": record_id, "times": times}
            self._services.salesforce.control("lock", body)
        return f"salesforce: {len(locked)} rows are locked {times} times"
