"""One seed, one run: events as the seed chooses, a quiet tail, a verdict."""

import gc
import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from syncd.model.plan import Plan, effect_of
from syncd.ports.stores import LedgerEntry
from syncd.sandbox.http import Request
from tests.simulation import fresh, invariants
from tests.simulation.company import (
    WORLDS,
    cheap_starts,
    new_folder,
    snapshot,
    write_outreach_login,
)
from tests.simulation.determinism import determined
from tests.simulation.history import OURS, UNDO, History
from tests.simulation.people import People
from tests.simulation.process import Process
from tests.simulation.weather import Weather
from tests.simulation.wire import Exchange, Wire

_SETTLED_S = 4000  # longer than settling, grace, parking and overlap
_MOST_ROUNDS = 8
_AFRESH_EVERY, _UNDONE_EVERY = 3, 4  # these two cost as much as all the rest
_WINDOW = timedelta(days=398)  # what is read goes back 400 days
_OF_SYNCD = {"_poll_one", "_reconcile", "_undo_one", "_restart", "_prove"}
_BETWEEN_GRANTS_S = 61  # Outreach hands out one token a minute


@dataclass(kw_only=True)
class Result:
    """What became of one seed.

    Attributes:
        trace: Everything that happened, with the virtual time, one line each.
        broken: Broken promises; empty is what is wanted.
        windows: Edits that no guard of a vendor could have protected.
        counts: How much of what was played.
    """

    seed: int
    trace: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def digest(self) -> str:
        """Equal for two runs in which the same happened."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


def run_seed(seed: int) -> Result:
    """Play one seed from beginning to end."""
    gc.collect()
    gc.freeze()  # worlds and caches stay: the next collection need not look at them
    gc.disable()
    try:
        return _run(seed)
    finally:
        gc.enable()


def _run(seed: int) -> Result:
    rng = Random(seed)
    # A tenth starts with an empty store, the others with one that has read everything.
    world = snapshot(rng.randrange(WORLDS), loaded=rng.random() > 0.1)
    folder = new_folder("run")
    try:
        with determined(f"run {seed}", world.at) as time, cheap_starts():
            settle = rng.choice((0, 0, 5))
            services, config = world.lay_out(folder, settle_minutes=settle)
            run = Simulation(seed, rng, time, services, config)
            run.play()
            return run.result
    finally:
        shutil.rmtree(folder)


class Simulation:
    """The company, its services, its weather, and the one syncd that serves it."""

    def __init__(self, seed, rng, time, services, config) -> None:
        """Everything is in place; nothing has happened."""
        self.result = Result(seed=seed)
        self._rng = rng
        self._time = time
        self._services = services
        self._config = config
        recorders = services.recorders()
        self._history = History(services=services)
        self._people = People(services, self._history, rng)
        self._weather = Weather(services, recorders, rng)
        self._wire = Wire(recorders, before=self._leaves, after=self._answered)
        self._process = Process(config, self._wire, self._say)
        self._meddling = 0.0
        self._who = OURS
        self._polling = ""
        self._latency = Random(f"latency {seed}")
        self._events: tuple[tuple[int, Callable[[], None]], ...] = (
            (20, self._poll_one),
            (10, self._poll_all),
            (24, self._reconcile),
            (24, self._people_act),
            (12, self._weather_turns),
            (3, self._clock_drifts),
            (3, self._restart),
            (2, self._prove),
            (3, self._stop_file),
            (3, self._undo_one),
            (2, self._operator),
        )

    # --- the play ---------------------------------------------------------------------

    def play(self) -> None:
        """Events, the quiet tail, the verdict."""
        try:
            if self._rng.random() < 0.2:
                self._process.crash_after(self._rng.randrange(6))
            self._process.start()
            for _ in range(self._rng.randint(8, 18)):
                self._event()
            plan = self._settle()
            self._judge(plan)
        finally:
            self._process.stop()

    def _event(self) -> None:
        gap_s = self._rng.choice((0.5, 3, 15, 15, 60, 120, 240, 900, 4000))
        if self._rng.random() < 0.02:
            gap_s = 90_000.0
        self._time.advance(gap_s * self._rng.uniform(0.5, 1.5))
        weights = [weight for weight, _ in self._events]
        ((_, event),) = self._rng.choices(self._events, weights)
        at_work = event.__name__ in _OF_SYNCD
        if at_work and self._rng.random() < 0.2:
            self._process.crash_after(int(self._rng.expovariate(1 / 25)))
        self._meddling = self._rng.choice((0.0, 0.0, 0.0, 0.03, 0.15))
        event()
        self._meddling = 0.0

    def _poll_one(self) -> None:
        self._poll(self._rng.choice(sorted(self._process.app.connectors)))

    def _poll_all(self) -> None:
        for system in sorted(self._process.app.connectors):
            self._poll(system)

    def _poll(self, system: str) -> None:
        self._say(f"poll {system}")
        self._polling = system
        ended = self._process.run("poll", lambda: self._process.jobs.poll(system))
        self._polling = ""
        self._say(f"poll {system}: {ended}")

    def _reconcile(self) -> None:
        self._say("reconcile")
        ended = self._process.run("reconcile", self._process.jobs.reconcile)
        self._say(f"reconcile: {ended}")

    def _prove(self) -> None:
        self._say("prove")
        ended = self._process.run("prove", self._process.jobs.prove)
        self._say(f"prove: {ended}")

    def _people_act(self) -> None:
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            self._someone_acts()

    def _someone_acts(self) -> None:
        done = self._people.act()
        if done:
            self.result.counts["edits"] += 1
            self._say(done)

    def _weather_turns(self) -> None:
        self.result.counts["faults"] += 1
        self._say(self._weather.turn())

    def _clock_drifts(self) -> None:
        self._say(self._weather.skew())

    def _restart(self) -> None:
        self._say("restart")
        self._process.start()

    def _stop_file(self) -> None:
        path = self._process.stop_path
        if path.exists():
            path.unlink()
            self._say("the stop file is taken away")
        else:
            path.touch()
            self._say("a stop file is laid down")

    def _undo_one(self) -> None:
        runs = [run.run_id for run in self._process.app.store.ledger.runs(10)]
        if runs:
            self._undo(self._rng.choice(sorted(runs)))

    def _undo(self, run_id: str) -> None:
        self._say(f"undo {run_id}")
        self._who = UNDO
        ended = self._process.run("undo", lambda: self._process.app.undo(run_id))
        self._who = OURS
        if ended is not None:
            statuses = Counter(item.status.value for item in ended[1].items)
            self._say(f"undo: {dict(sorted(statuses.items()))}")

    def _operator(self) -> None:
        """Somebody authorises Outreach again, where its token was lost."""
        polls = self._process.app.store.mirror.polls()
        if "outreach" in polls and polls["outreach"].needs_credentials:
            self._authorise()

    def _authorise(self) -> None:
        self._say("an operator authorises syncd in Outreach again")
        write_outreach_login(self._services, self._config.base)
        self._process.start()

    # --- what happens around each request ---------------------------------------------

    def _leaves(self, system: str, request: Request) -> None:
        self._process.boundary(f"{system} {request.method} {request.path}")
        self._time.advance(self._latency.uniform(0.02, 0.4))
        if "token" in request.path or self._rng.random() >= self._meddling:
            return
        if self._rng.random() < 0.2 and self._polling != system:
            self._poll_beside(system)
        else:
            self._someone_acts()

    def _poll_beside(self, system: str) -> None:
        """Another job of the same process polls while this request is on its way."""
        others = [s for s in self._process.jobs._polling if s != self._polling]
        other = self._rng.choice(sorted(others))
        before, self._meddling = (self._polling, self._who), 0.0
        self._polling, self._who = other, OURS
        self._say(f"poll {other}, beside")
        try:
            self._process.jobs.poll(other)
        finally:
            self._polling, self._who = before

    def _answered(self, one: Exchange) -> None:
        intents = self._process.intents() if one.is_write else 0
        touches = self._history.exchange(one, who=self._who, intents=intents)
        self._say(f"  {one}")
        for touch in touches:
            self._say(f"    {touch}")
        self.result.counts["requests"] += 1
        if one.is_write:
            self.result.counts["writes"] += 1
            if self._process.stop_path.exists():
                self._broken(f"a write under the stop file: {one.request.path}")
        self._process.boundary(f"the answer of {one.system} {one.request.path}")

    # --- the end ----------------------------------------------------------------------

    def _settle(self) -> Plan:
        """Quiet days: everything works, nobody edits, until nothing is left to do."""
        self._say("--- quiet")
        self._weather.clear()
        self._process.stop_path.unlink(missing_ok=True)
        self._authorise()
        for _ in range(_MOST_ROUNDS):
            before = len(self._history.writes)
            self._time.advance(_SETTLED_S)
            self._poll_all()
            self._reconcile()
            left = self._process.app.store.ledger.open_intents()
            if len(self._history.writes) == before and not left:
                break
        else:
            self._broken("it never comes to rest")
        return self._still()

    def _still(self) -> Plan:
        """A plan of everything, after a cycle that wrote nothing, has nothing to do."""
        self._time.advance(_SETTLED_S)
        plan = self._process.app.plan()
        for left in invariants.automatic(plan):
            self._broken(f"not converged: {left}")
        for note in invariants.failed_rules(plan):
            self._broken(note)
        return plan

    def _judge(self, plan: Plan) -> None:
        app = self._process.app
        mine = fresh.records(app)
        entries = invariants.ledger_of(app)
        verdict = invariants.Judge(self._history, entries).judge()
        self.result.broken += verdict.broken
        self.result.windows += verdict.windows
        if self.result.seed % _AFRESH_EVERY == 0:
            self._look_afresh(plan, mine)
        if self.result.seed % _UNDONE_EVERY == 0:
            self._undo_everything(entries)
        self.result.counts["intents"] = len(entries)
        self.result.counts["crashes"] = self._process.crashes
        self.result.counts["windows"] = len(verdict.windows)

    def _look_afresh(self, plan: Plan, mine: fresh.Records) -> None:
        self._process.stop()
        self._time.advance(_BETWEEN_GRANTS_S)
        found, theirs = fresh.look(self._services, self._config.base)
        since = self._time.now() - _WINDOW
        for says in fresh.missed(mine, theirs, since=since):
            self._broken(says)
        for says in invariants.unmended(found, plan, self._history):
            self._broken(says)
        self._process.start()

    def _undo_everything(self, entries: Sequence[LedgerEntry]) -> None:
        """Every run is taken back, the last one first; nothing of it is done again."""
        self._say("--- undo everything")
        for run in self._process.app.store.ledger.runs(1000):
            if run.kind == "service":
                self._undo(run.run_id)
                self._time.advance(30)
        for says in invariants.not_restored(self._history):
            self._broken(says)
        self._time.advance(_SETTLED_S)
        self._poll_all()
        undone = {effect_of(entry.change) for entry in entries}
        for change in self._process.app.plan().changes:
            if effect_of(change) in undone and change.mode == "auto":
                self._broken(f"undone, and planned again: {change.id} {change.rule}")

    def _broken(self, says: str) -> None:
        self.result.broken.append(says)

    def _say(self, says: str) -> None:
        self.result.trace.append(f"{self._time.now():%d %H:%M:%S.%f} {says}")
