"""One seed, one run: events as the seed chooses, a quiet tail, a verdict."""

import gc
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from syncd.errors import SyncdError
from syncd.model.plan import Plan, effect_of
from syncd.ports.stores import LedgerEntry
from syncd.sandbox.http import Request
from tests.simulation import fresh, invariants, memory, second
from tests.simulation.agreement import Agreements
from tests.simulation.company import (
    SQLITE,
    WORLDS,
    cheap_starts,
    new_folder,
    snapshot,
    write_outreach_login,
)
from tests.simulation.determinism import determined
from tests.simulation.history import OURS, UNDO, History
from tests.simulation.people import People
from tests.simulation.postgresql import Server
from tests.simulation.process import Process
from tests.simulation.result import Result
from tests.simulation.weather import Weather
from tests.simulation.wire import Exchange, Wire

_SETTLED_S = 4000  # longer than settling, grace, parking and overlap
_MOST_ROUNDS = 8
_ANSWERS_LOST, _STOPPED, _SEEN_LATE = 7, 8, 9  # of ten seeds
_AFRESH_EVERY, _UNDONE_EVERY = 3, 4  # these two cost as much as all the rest
_WINDOW = timedelta(days=398)  # what is read goes back 400 days
_OF_SYNCD = {"_poll_one", "_reconcile", "_undo_one", "_restart", "_prove"}
_BETWEEN_GRANTS_S = 61  # Outreach hands out one token a minute


def run_seed(seed: int, server: Server | None = None) -> Result:
    """Play one seed from beginning to end, on SQLite or in a server's database."""
    gc.collect()
    gc.freeze()  # worlds and caches stay: the next collection need not look at them
    gc.disable()
    try:
        return _run(seed, server)
    finally:
        gc.enable()


def _run(seed: int, server: Server | None) -> Result:
    rng = Random(seed)
    # A tenth starts with an empty store, the others with one that has read everything.
    world = snapshot(rng.randrange(WORLDS), loaded=rng.random() > 0.1, server=server)
    folder = new_folder("run")
    store = server.create(like=world.store) if server else SQLITE
    try:
        with determined(f"run {seed}", world.at) as time, cheap_starts():
            settle = rng.choice((0, 0, 5))
            services, config = world.lay_out(folder, settle_minutes=settle, store=store)
            run = Simulation(seed, rng, time, services, config)
            run.play()
            return run.result
    finally:
        shutil.rmtree(folder)
        if server:
            server.drop(store)


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
        self._weather = Weather(services, recorders, rng, time)
        self._wire = Wire(recorders, before=self._leaves, after=self._answered)
        self._process = Process(config, self._wire, self._say)
        self._history.unsettled = self._process.unsettled
        self._people.rivals.planned = self._process.planned
        self._agreements = Agreements(services, self._history)
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
            (2, self._clock_jumps),
            (3, self._restart),
            (1, self._second_process),
            (2, self._prove),
            (3, self._stop_file),
            (3, self._undo_one),
            (4, self._operator),
        )

    # --- the play ---------------------------------------------------------------------

    def play(self) -> None:
        """Events, the quiet tail, the verdict."""
        try:
            is_new = not (self._config.base / "syncd.key").exists()
            if self._rng.random() < (0.7 if is_new else 0.2):
                self._process.crash_after(self._rng.randrange(6))
            self._process.start()
            self._begin()
            for _ in range(self._rng.randint(8, 18)):
                self._event()
            plan = self._settle()
            self._judge(plan)
        except SyncdError as error:
            self._broken(f"it cannot go on: {error}")
        finally:
            self._process.stop()

    def _begin(self) -> None:
        """Some seeds begin with what would otherwise be met too seldom."""
        tenth = self.result.seed % 10
        if tenth == _ANSWERS_LOST:
            self._say(self._weather.lose_answers())
        elif tenth == _STOPPED:
            self._stop_file()
        elif tenth == _SEEN_LATE:
            self._say(self._people.log_what_is_seen_late())
            self._time.advance(15)
            self._poll("salesforce")

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
        self._meddling = self._rng.choice((0.0, 0.0, 0.0, 0.05, 0.25))
        event()
        self._meddling = 0.0
        self._process.crash_after(None)

    def _poll_one(self) -> None:
        self._poll(self._rng.choice(sorted(self._process.app.connectors)))

    def _poll_all(self) -> None:
        touches = len(self._history.touches)
        ended = [self._poll(one) for one in sorted(self._process.app.connectors)]
        if all(one and one.get("complete") for one in ended):
            self._agreements.polled(touches=touches)

    def _poll(self, system: str) -> Mapping[str, Any] | None:
        self._say(f"poll {system}")
        self._polling = system
        ended = self._process.run("poll", lambda: self._process.jobs.poll(system))
        self._polling = ""
        self._say(f"poll {system}: {ended}")
        return ended

    def _reconcile(self) -> None:
        self._say("reconcile")
        ended = self._process.run("reconcile", self._process.jobs.reconcile)
        self._say(f"reconcile: {ended}")
        if ended and "waiting_for" not in ended:
            self._agreements.judged()

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

    def _clock_jumps(self) -> None:
        self._say(self._weather.jump())

    def _second_process(self) -> None:
        self._process.run("second", self._second)

    def _second(self) -> None:
        """Another syncd starts on this store, works and ends."""
        self._say("a second syncd")
        self._say(f"a second syncd: {second.reconcile(self._config, self._wire)}")

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
        """Somebody does what syncd asks for: lets it in again where it was shut out."""
        polls = self._process.app.store.mirror.polls()
        asked = {name for name, one in polls.items() if one.needs_credentials}
        if "chorus" in asked:
            self._say("an operator lets syncd into Chorus again")
            self._services.chorus.control("token", {"state": "active"})
        if "outreach" in asked:
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
        chance = self._rng.random()
        if chance < 0.2 and self._polling != system:
            self._beside(self._poll_beside)
        elif chance > 0.97:
            self._beside(self._second)
        else:
            self._someone_acts()

    def _beside(self, work: Callable[[], None]) -> None:
        """Something else of syncd's runs while a request is on its way."""
        before, self._meddling = (self._polling, self._who), 0.0
        self._who = OURS
        try:
            work()
        finally:
            self._polling, self._who = before

    def _poll_beside(self) -> None:
        """Another job of the same process polls."""
        others = [s for s in self._process.jobs._polling if s != self._polling]
        self._polling = self._rng.choice(sorted(others))
        self._say(f"poll {self._polling}, beside")
        self._process.jobs.poll(self._polling)

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
        if self._people.leaves_no_trace:
            self._time.advance(_SETTLED_S)
            self._poll_all()
            self._prove()
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
        self.result.broken += memory.untrue(
            app.store, entries, self._history, self._agreements
        )
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
        self.result.broken += fresh.missed(mine, theirs, since=since)
        self.result.broken += invariants.unmended(found, plan, self._history)
        self._process.start()

    def _undo_everything(self, entries: Sequence[LedgerEntry]) -> None:
        """Every run is taken back, the last one first; nothing of it is done again."""
        self._say("--- undo everything")
        for run in self._process.app.store.ledger.runs(1000):
            if run.kind in {"service", "reconcile"}:
                self._undo(run.run_id)
                self._time.advance(30)
        self.result.broken += invariants.not_restored(self._history)
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
