"""``syncd run``: the engine and the HTTP side, started together, stopped cleanly."""

import signal
import threading
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn

from syncd.config.load import Config
from syncd.config.settings import RunMode
from syncd.service.engine import Engine, Jobs, cron_of
from syncd.service.health import Health
from syncd.service.jobs import ServiceJobs
from syncd.service.lock import only_service
from syncd.web.app import Probes, create_app
from syncd.wiring import App, open_app

_STOP_WITHIN_S: Final = 6
_LOG: Final = structlog.get_logger()


def run_service(config: Config, *, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; clean within ten seconds of it.

    Raises:
        GuardError: Another service works on this store.
        ConfigError: Every problem of the configuration.
    """
    may_write = config.settings.mode is RunMode.APPLY
    with only_service(config.store_url), open_app(config, may_write=may_write) as app:
        say(_greeting(app))
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        jobs = ServiceJobs(app)
        engine = Engine(
            store_url=config.store_url,
            jobs=Jobs(poll=jobs.poll, prove=jobs.prove, reconcile=jobs.reconcile),
            intervals_s=_intervals(app),
        )
        engine.start()
        server, thread = _serve(app)
        try:
            for system in app.connectors:
                engine.poll_now(system)
            stopped.wait()
        finally:
            say("stopping: running jobs get a few seconds, the rest is resumed later")
            server.should_exit = True
            engine.stop(timeout_s=_STOP_WITHIN_S)
            thread.join(timeout=2)
    say("stopped")


def _greeting(app: App) -> str:
    mode = app.config.settings.mode
    loud = (
        "mode = apply: automatic changes ARE WRITTEN"
        if mode is RunMode.APPLY
        else "mode = dry-run: nothing is written"
    )
    polls = ", ".join(
        f"{system} ({cron_of(interval_s)})"
        for system, interval_s in _intervals(app).items()
    )
    return f"syncd run: {loud}; polls: {polls}; http: {app.config.settings.web.listen}"


def _intervals(app: App) -> dict[str, int]:
    settings = app.config.settings
    return {
        system: getattr(settings, system).poll_interval_s for system in app.connectors
    }


def _serve(app: App) -> tuple[uvicorn.Server, threading.Thread]:
    settings = app.config.settings.web
    health = Health(app)
    probes = Probes(
        ready=health.reasons, status=health.status, registry=health.registry()
    )
    token = app.config.secret(settings.token, key="web.token")
    host, _, port = settings.listen.rpartition(":")
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(probes, token=token),
            host=host.strip("[]"),
            port=int(port),
            log_level="warning",
            access_log=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    return server, thread
