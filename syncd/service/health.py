"""What the service can say about itself: readiness, status and metrics."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from syncd import clock
from syncd.app import App
from syncd.errors import StoreError

_STALE_AFTER_POLLS: Final = 3
_APART: Final = timedelta(minutes=5)  # clocks of two machines


class Health:
    """Looks at the store whenever it is asked."""

    def __init__(self, app: App) -> None:
        """Reads the app's store only; never calls a remote system."""
        self._app = app
        self._started_at = clock.now()

    def reasons(self) -> Sequence[str]:
        """Why the service is not ready, empty when it is."""
        try:
            polls = self._app.store.mirror.polls()
        except StoreError as error:
            return [str(error)]
        found = []
        for system in self._app.connectors:
            poll = polls.get(system)
            if poll is None:
                found.append(f"{system} was never polled")
            elif not poll.complete:
                found.append(f"{system} is incomplete: {poll.error}")
            elif poll.as_of is not None and poll.as_of - clock.now() > _APART:
                # Its schedule follows our clock, and waits for it to catch up.
                found.append(f"{system} was last read at {poll.as_of}, yet to come")
            elif self._is_stale(system, poll.as_of):
                found.append(f"{system} was last read at {poll.as_of}")
        return found

    def _is_stale(self, system: str, as_of: datetime | None) -> bool:
        section = getattr(self._app.config.settings, system)
        limit = timedelta(seconds=_STALE_AFTER_POLLS * section.poll_interval_s)
        return as_of is None or clock.now() - as_of > max(limit, timedelta(minutes=1))

    def status(self) -> dict[str, object]:
        """Mode, connectors and counts."""
        mirror = self._app.store.mirror
        return {
            "mode": self._app.config.settings.mode.value,
            "stopped": self._app.stopped(),
            "started_at": self._started_at.isoformat(),
            "connectors": {
                system: {"complete": poll.complete, "as_of": str(poll.as_of)}
                for system, poll in mirror.polls().items()
            },
            "dirty_homes": len(mirror.dirty(100_000)),
            "open_intents": len(self._app.store.ledger.open_intents()),
        }

    def registry(self) -> CollectorRegistry:
        """Metrics, read from the store at each scrape."""
        registry = CollectorRegistry()
        registry.register(_StoreCollector(self._app))
        return registry


class _StoreCollector(Collector):
    def __init__(self, app: App) -> None:
        self._app = app

    def collect(self) -> Iterable[Metric]:
        mirror = self._app.store.mirror
        complete = GaugeMetricFamily(
            "syncd_poll_complete",
            "Whether the last poll was complete",
            labels=["system"],
        )
        lag = GaugeMetricFamily(
            "syncd_poll_age_seconds", "Age of the last complete poll", labels=["system"]
        )
        for system, poll in mirror.polls().items():
            complete.add_metric([system], float(poll.complete))
            if poll.as_of is not None:
                age = (clock.now() - poll.as_of).total_seconds()
                lag.add_metric([system], age)
        live = GaugeMetricFamily(
            "syncd_live_records", "Live records", labels=["system", "object"]
        )
        for (system, name), count in mirror.live_counts().items():
            live.add_metric([system, name], count)
        yield from (complete, lag, live)
        for name, text, value in (
            ("syncd_dirty_homes", "Homes to reconcile", len(mirror.dirty(100_000))),
            ("syncd_quarantined", "Unreadable records", len(mirror.quarantined())),
            (
                "syncd_open_intents",
                "Writes of unknown outcome",
                len(self._app.store.ledger.open_intents()),
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)
