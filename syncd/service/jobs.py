"""What the engine runs: one connector's poll, and the reconcile of what is dirty."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from threading import Lock
from typing import Any, Final

import structlog

from syncd import clock
from syncd.app import App
from syncd.config.settings import RunMode
from syncd.errors import BusyError, GuardError
from syncd.model.plan import Plan
from syncd.model.record import RecordRef
from syncd.pipeline.apply import Selection
from syncd.pipeline.settle import homes_left

_LOG: Final = structlog.get_logger()
_HOMES_AT_ONCE: Final = 5_000


class ServiceJobs:
    """Jobs over one open app; safe to run again after a crash."""

    def __init__(self, app: App) -> None:
        """Writes only if the configuration's mode is apply."""
        self._app = app
        self._writes = app.config.settings.mode is RunMode.APPLY
        self._polling: dict[str, Lock] = {name: Lock() for name in app.connectors}

    def poll(self, system: str) -> Mapping[str, Any]:
        """Poll one system; ``dirty`` says whether anything waits for a reconcile.

        Writes of unknown outcome wait for one too: it looks for their effects.

        Two polls of one system never overlap: a late one finds the lock taken and
        leaves the work to the one under way.
        """
        lock = self._polling[system]
        if not lock.acquire(blocking=False):
            return {"system": system, "dirty": False, "skipped": True}
        try:
            (outcome,) = self._app.poll(only=system)
        finally:
            lock.release()
        waits = self._app.store.mirror.dirty(1) or self._app.store.ledger.open_intents()
        return {"system": system, "complete": outcome.complete, "dirty": bool(waits)}

    def prove(self) -> Mapping[str, Any]:
        """Hold the mirror against the services; ``repaired`` records were wrong."""
        proofs = self._app.prove()
        dirty = bool(self._app.store.mirror.dirty(1))
        return {"repaired": sum(p.repaired for p in proofs), "dirty": dirty}

    def reconcile(self) -> Mapping[str, Any]:
        """Judge dirty homes and, in apply mode, write what is automatic.

        A home stays dirty while a change in it did not come about, or while one of its
        findings waits for time to pass or for a connector that was not read
        completely: no poll would bring it up again. While the stop file forbids to
        write, dirty homes wait as they are.
        """
        mirror = self._app.store.mirror
        never = sorted(set(self._app.connectors) - set(mirror.polls()))
        if never:
            # Half a first load would look like missing records. The poll under way
            # asks for a reconcile when it has ended, well or not.
            return {"homes": 0, "waiting_for": never}
        if self._writes:
            self._app.settle()
            if self._app.stopped():
                reason = "the stop file forbids every write"
                _LOG.warning("apply.waits", reason=reason)
                return {"homes": 0, "waiting_for": reason}
        began = clock.now()
        dirty = mirror.dirty(_HOMES_AT_ONCE)
        if not dirty:
            return {"homes": 0}
        plan = self._app.plan(homes=[one.home for one in dirty])
        try:
            written = self._write(plan)
        except BusyError as error:
            # The homes stay dirty: the next cycle tries again.
            _LOG.warning("apply.waits", plan_id=plan.plan_id, reason=str(error))
            return {"homes": len(dirty), "waiting_for": str(error)}
        # In this order: a crash between the two must forget nothing.
        mirror.mark_dirty(self._unripe(plan))
        mirror.clear_dirty(dirty)
        took: timedelta = clock.now() - began
        summary = {
            "homes": len(dirty),
            "findings": len(plan.findings),
            "changes": len(plan.changes),
            "written": written,
            "plan_id": plan.plan_id,
        }
        _LOG.warning("cycle.ended", took_s=round(took.total_seconds(), 2), **summary)
        return summary

    def prune(self) -> Mapping[str, Any]:
        """Forget copied texts and saved plans that are no longer needed."""
        return self._app.prune()

    def _unripe(self, plan: Plan) -> Iterator[str]:
        """Homes in which something is found that cannot be mended yet."""
        for finding in plan.findings:
            if finding.waiting or finding.blocked_by:
                subject = finding.subject
                ref = RecordRef(subject.system, subject.object, subject.id)
                filed = self._app.store.mirror.home_of(ref)
                if filed is not None:
                    yield filed[0]

    def _write(self, plan: Plan) -> int:
        """Apply the automatic changes; how many came about."""
        auto = [change for change in plan.changes if change.mode == "auto"]
        if not auto or not self._writes:
            return 0
        try:
            run = self._app.apply(plan, Selection(), kind="service")
        except BusyError:
            raise
        except GuardError as error:
            # Over a limit: the plan is saved and said aloud; reading goes on, and a
            # person decides with `apply --first N` or `--force`.
            _LOG.warning("apply.refused", plan_id=plan.plan_id, reason=str(error))
            return 0
        self._app.store.mirror.mark_dirty(homes_left(run, auto, self._app.store.mirror))
        return sum(item.status.value == "done" for item in run.items)
