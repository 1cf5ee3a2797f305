"""What goes wrong between syncd and the services, and with the services themselves."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from email.utils import format_datetime
from random import Random

from syncd import clock
from syncd.kit.instants import iso_z
from syncd.sandbox.recorder import Fault, Recorder
from tests.simulation.company import Services

_HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_WRITES = "POST|PATCH|DELETE"


class Weather:
    """Faults that hit the next requests; ``clear`` ends all of them."""

    def __init__(
        self, services: Services, recorders: Mapping[str, Recorder], rng: Random
    ) -> None:
        """Nothing is wrong yet."""
        self._services = services
        self._recorders = recorders
        self._rng = rng
        self._kinds: tuple[tuple[int, Callable[[], Fault]], ...] = (
            (4, lambda: Fault(drop=True)),
            (6, lambda: Fault(drop=True, after=True)),
            (6, lambda: Fault(method=_WRITES, drop=True, after=True)),
            (3, lambda: Fault(method=_WRITES, drop=True)),
            (3, lambda: Fault(status=503, headers={"Retry-After": self._later()})),
            (3, lambda: Fault(status=429, headers={"Retry-After": self._later()})),
            (2, lambda: Fault(status=503)),
            (3, lambda: Fault(status=502, body=_HTML)),
            (3, lambda: Fault(method=_WRITES, status=502, body=_HTML, after=True)),
            (2, lambda: Fault(status=200, body=_HTML)),
            (2, lambda: Fault(method=_WRITES, status=500, after=True)),
            (4, lambda: Fault(truncate=self._rng.randint(0, 200), after=True)),
        )
        self._operations: tuple[tuple[int, Callable[[], str]], ...] = (
            (3, self._expire),
            (2, self._close_cursors),
            (2, self._kill_sync_tokens),
            (3, self._lock_rows),
            (1, self._expire_keys),
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
            "method": fault.method if fault.method != ".*" else "",
            "drop": fault.drop,
            "after": fault.after,
            "truncate": fault.truncate,
            "status": 0 if fault.drop or fault.truncate is not None else fault.status,
        }
        said = ", ".join(f"{name} {value}" for name, value in parts.items() if value)
        return f"{system}: the next {fault.times} requests: {said}"

    def clear(self) -> None:
        """Everything works again, and every clock shows the same."""
        for recorder in self._recorders.values():
            recorder.mend()
        self._services.salesforce.control("unlock", {})
        for system in self._recorders:
            self._services.clock.skew(system, timedelta(0))

    def skew(self) -> str:
        """One service's clock is wrong by up to a minute and a half."""
        system = self._rng.choice(sorted(self._recorders))
        by = self._rng.randint(-90, 90)
        self._services.clock.skew(system, timedelta(seconds=by))
        return f"{system}'s clock is off by {by} s"

    def _later(self) -> str:
        """Retry-After in one of the forms that are met."""
        seconds = self._rng.choice((0, 1, 7, 30, 90))
        at = clock.now() + timedelta(seconds=seconds)
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

    def _lock_rows(self) -> str:
        tables = self._services.salesforce.tables
        rows = sorted([*tables.stored("Task"), *tables.stored("Account")])
        locked = self._rng.sample(rows, k=min(len(rows), 25))
        times = self._rng.choice((1, 2, 4))
        for record_id in locked:
            body = {"id": record_id, "times": times}
            self._services.salesforce.control("lock", body)
        return f"salesforce: {len(locked)} rows are locked {times} times"
