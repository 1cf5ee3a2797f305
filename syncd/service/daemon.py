"""``syncd run``: the engine and the HTTP side, started together, stopped cleanly."""

import signal
import socket
import threading
from collections.abc import Callable
from typing import Final

import structlog
import uvicorn

from syncd.app import App
from syncd.config.load import Config
from syncd.config.settings import RunMode
from syncd.errors import Problem, UsageError
from syncd.service.engine import Engine, Jobs, cron_of
from syncd.service.health import Health
from syncd.service.jobs import ServiceJobs
from syncd.service.lock import only_service
from syncd.web.app import Probes, create_app
from syncd.wiring import open_app

_STOP_WITHIN_S: Final = 6
_LOG: Final = structlog.get_logger()


def run_service(config: Config, *, say: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT; clean within ten seconds of it.

    Raises:
        GuardError: Another service works on this store.
        ConfigError: Every problem of the configuration.
        UsageError: The address to listen on cannot be had.
    """
    may_write = config.settings.mode is RunMode.APPLY
    with only_service(config.store_url), open_app(config, may_write=may_write) as app:
        listening = _listen(config.settings.web.listen)
        say(_greeting(app))
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        jobs = ServiceJobs(app)
        engine = Engine(
            store_url=config.store_url,
            jobs=Jobs(
                poll=jobs.poll,
                prove=jobs.prove,
                reconcile=jobs.reconcile,
                prune=jobs.prune,
            ),
            intervals_s=_intervals(app),
        )
        engine.start()
        server, thread = _serve(app, listening)
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


def _listen(address: str) -> socket.socket:
    """A bound socket: a service that cannot be watched does not start.

    Raises:
        UsageError: The address is taken, or not ours.
    """
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, OverflowError) as error:
        raise UsageError(
            Problem(
                where=f"web.listen = {address}",
                what=f"cannot be had ({getattr(error, 'strerror', None) or error})",
                remedy="name another address, or stop who holds it",
            )
        ) from None


def _serve(
    app: App, listening: socket.socket
) -> tuple[uvicorn.Server, threading.Thread]:
    settings = app.config.settings.web
    health = Health(app)
    probes = Probes(
        ready=health.reasons, status=health.status, registry=health.registry()
    )
    token = app.config.secret(settings.token, key="web.token")
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(probes, token=token),
            log_level="warning",
            access_log=False,
        )
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    return server, thread
