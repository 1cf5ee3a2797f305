"""The verdict on a run that has come to rest."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from syncd.model.plan import Plan, effect_of
from syncd.ports.ledger import LedgerEntry
from tests.simulation import fresh, invariants, memory

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

_OF, _AFRESH, _UNDONE = 6, 3, 4  # of six seeds; both are dear
_WINDOW = timedelta(days=398)  # what is read goes back 400 days
_BETWEEN_GRANTS_S = 61  # Outreach hands out one token a minute
_SETTLED_S = 4000  # longer than settling, grace, parking and overlap


def judge(run: "Simulation", plan: Plan) -> None:
    """Everything that can be told when all has come to rest."""
    app = run._process.app
    mine = fresh.records(app)
    entries = invariants.ledger_of(app)
    verdict = invariants.Judge(run._history, entries).judge()
    run.result.broken += verdict.broken
    run.result.windows += verdict.windows
    run.result.broken += memory.untrue(app.store, entries, run._history, run.agreements)
    if run.result.seed % _OF == _AFRESH:
        _look_afresh(run, plan, mine)
    if run.result.seed % _OF == _UNDONE:
        _undo_everything(run, entries, verdict)
    run.result.counts["intents"] = len(entries)
    run.result.counts["crashes"] = run._process.crashes
    run.result.counts["windows"] = len(verdict.windows)


def _look_afresh(run: "Simulation", plan: Plan, mine: fresh.Records) -> None:
    run._process.stop()
    run._time.advance(_BETWEEN_GRANTS_S)
    found, theirs = fresh.look(run._services, run._config.base)
    since = run._time.now() - _WINDOW
    run.result.broken += fresh.missed(mine, theirs, since=since)
    run.result.broken += fresh.unmended(found, plan, run._history)
    run._process.start()


def _undo_everything(
    run: "Simulation", entries: Sequence[LedgerEntry], verdict: invariants.Verdict
) -> None:
    """Every run is taken back, the last one first; nothing of it is done again."""
    run.say("--- undo everything")
    for one in run._process.app.store.ledger.runs(1000):
        if one.kind in {"service", "reconcile"}:
            run.undo(one.run_id)
            run._time.advance(30)
    run.result.broken += invariants.not_restored(run._history, verdict.covered)
    run._time.advance(_SETTLED_S)
    run.poll_all()
    undone = {effect_of(entry.change) for entry in entries}
    for change in run._process.app.plan().changes:
        if effect_of(change) in undone and change.mode == "auto":
            run.broken(f"undone, and planned again: {change.id} {change.rule}")
