"""One seed, one run: events as the seed chooses, a quiet tail, a verdict."""

import gc
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from syncd.errors import SyncdError
from syncd.model.plan import Plan
from syncd.sandbox.http import Request
from tests.simulation import invariants, memory, second
from tests.simulation.agreement import Agreements
from tests.simulation.beginnings import begin, starts_torn
from tests.simulation.cast import Cast
from tests.simulation.company import (
    SQLITE,
    WORLDS,
    cheap_starts,
    new_folder,
    snapshot,
    write_outreach_login,
)
from tests.simulation.determinism import determined
from tests.simulation.history import OURS, PERSON, UNDO, History
from tests.simulation.people import People
from tests.simulation.postgresql import Server
from tests.simulation.process import Process
from tests.simulation.result import Result
from tests.simulation.verdict import judge
from tests.simulation.weather import Weather
from tests.simulation.wire import Exchange, Wire

_SETTLED_S = 4000  # longer than settling, grace, parking and overlap
_MOST_ROUNDS = 8
_EVENTS = (6, 13)
_WRITTEN = frozenset({"outreach", "salesforce"})
_OF_SYNCD = {"_poll_one", "reconcile", "_undo_one", "_restart", "_prove"}


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
    number, loaded = rng.randrange(WORLDS), rng.random() > 0.1
    loaded = loaded and not starts_torn(seed)
    world = snapshot(number, loaded=loaded, server=server)
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
        self.recorders = recorders = services.recorders()
        self._history = History(services=services)
        self.people = People(services, self._history, rng)
        self.cast = Cast(services, self._history, rng)
        self.weather = Weather(services, recorders, rng, time)
        self._wire = Wire(recorders, before=self._leaves, after=self._answered)
        self._process = Process(config, self._wire, self.say)
        self._history.unsettled = self._process.unsettled
        self.people.rivals.planned = self._process.planned
        self.agreements = Agreements(services, self._history)
        self._meddling = 0.0
        self._who = OURS
        self._polling = ""
        self._quiet: set[str] = set()
        self._once_planned: Callable[[], str] | None = None
        self._dies_after: tuple[str, str, int] | None = None
        self._latency = Random(f"latency {seed}")
        self._events: tuple[tuple[int, Callable[[], None]], ...] = (
            (20, self._poll_one),
            (6, self.poll_all),
            (24, self.reconcile),
            (24, self._people_act),
            (12, self._weather_turns),
            (3, self._clock_drifts),
            (2, self._clock_jumps),
            (3, self._restart),
            (1, self._second_process),
            (2, self._prove),
            (3, self.stop_file),
            (3, self._undo_one),
            (4, self._operator),
        )

    # --- the play ---------------------------------------------------------------------

    def play(self) -> None:
        """Events, the quiet tail, the verdict."""
        try:
            is_new = not (self._config.base / "syncd.key").exists()
            if starts_torn(self.result.seed):
                self._process.crash_after(0)
            elif self._rng.random() < (0.7 if is_new else 0.2):
                self._process.crash_after(self._rng.randrange(6))
            self._process.start()
            begin(self)
            for _ in range(self._rng.randint(*_EVENTS)):
                self._event()
            plan = self._settle()
            judge(self, plan)
        except SyncdError as error:
            self.broken(f"it cannot go on: {error}")
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
        self._meddling = self._rng.choice((0.0, 0.0, 0.0, 0.05, 0.25))
        event()
        self._meddling = 0.0
        self._process.crash_after(None)

    # --- what scenes are made of ------------------------------------------------------

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self._time.advance(seconds)

    def acts(self, who: str, act: Callable[[], str]) -> None:
        """Somebody does this now."""
        self.say(self.people.does(who, act))

    def once_planned(self, act: Callable[[], str]) -> None:
        """Somebody does this as soon as something is planned and a request leaves."""
        self._once_planned = act

    def dies_after(self, system: str, path: str, *, boundaries: int) -> None:
        """Syncd dies so many boundaries after the next answer to such a request."""
        self._dies_after = (system, path, boundaries)

    def has_read_all(self) -> bool:
        """Whether every system has been polled once."""
        return len(self._process.app.store.mirror.polls()) == len(self.recorders)

    def undo_last(self) -> None:
        """The last run is taken back."""
        for run in self._process.app.store.ledger.runs(1):
            self.undo(run.run_id)

    # --- events -----------------------------------------------------------------------

    def _poll_one(self) -> None:
        self.poll(self._rng.choice(sorted(self._process.app.connectors)))

    def poll_all(self) -> None:
        """Every system is polled, one after the other."""
        touches = len(self._history.touches)
        ended = [self.poll(one) for one in sorted(self._process.app.connectors)]
        if all(one and one.get("complete") for one in ended):
            self.agreements.polled(touches=touches)

    def poll(self, system: str) -> Mapping[str, Any] | None:
        """One system is polled; what its job said, None when it did not end well."""
        self.say(f"poll {system}")
        self._polling = system
        ended = self._process.run("poll", lambda: self._process.jobs.poll(system))
        self._polling = ""
        self.say(f"poll {system}: {ended}")
        return ended

    def reconcile(self) -> None:
        """What is dirty is judged and written."""
        self.say("reconcile")
        half_read = memory.half_read(self._process.app.store)
        before = memory.bases_of(self._process.app.store) if half_read else {}
        ended = self._process.run("reconcile", self._process.jobs.reconcile)
        self.say(f"reconcile: {ended}")
        store = self._process.app.store
        still = half_read and memory.half_read(store)
        if still and memory.bases_of(store) != before:
            self.broken("what both sides agreed on moved on half a reading")
        if ended and "waiting_for" not in ended:
            self.agreements.judged()

    def _prove(self) -> None:
        self.say("prove")
        ended = self._process.run("prove", self._process.jobs.prove)
        self.say(f"prove: {ended}")

    def _people_act(self) -> None:
        for _ in range(self._rng.choice((1, 1, 2, 4))):
            self._someone_acts()

    def _someone_acts(self) -> None:
        done = self.people.act()
        if done:
            self.result.counts["edits"] += 1
            self.say(done)

    def _weather_turns(self) -> None:
        self.result.counts["faults"] += 1
        self.say(self.weather.turn())

    def _clock_drifts(self) -> None:
        self.say(self.weather.skew())

    def _clock_jumps(self) -> None:
        self.say(self.weather.jump())

    def _second_process(self) -> None:
        self._process.run("second", self._second)

    def _second(self) -> None:
        """Another syncd starts on this store, works and ends."""
        self.say("a second syncd")
        self.say(f"a second syncd: {second.reconcile(self._config, self._wire)}")

    def _restart(self) -> None:
        self.say("restart")
        self._process.start()

    def stop_file(self) -> None:
        """An operator lays the stop file down, or takes it away."""
        path = self._process.stop_path
        if path.exists():
            path.unlink()
            self.say("the stop file is taken away")
        else:
            path.touch()
            self.say("a stop file is laid down")

    def _undo_one(self) -> None:
        runs = [run.run_id for run in self._process.app.store.ledger.runs(10)]
        if runs:
            self.undo(self._rng.choice(sorted(runs)))

    def undo(self, run_id: str) -> None:
        """One run is taken back."""
        self.say(f"undo {run_id}")
        self._who = UNDO
        ended = self._process.run("undo", lambda: self._process.app.undo(run_id))
        self._who = OURS
        if ended is not None:
            statuses = Counter(item.status.value for item in ended[1].items)
            self.say(f"undo: {dict(sorted(statuses.items()))}")

    def _operator(self) -> None:
        """Somebody does what syncd asks for: lets it in again where it was shut out."""
        polls = self._process.app.store.mirror.polls()
        asked = {name for name, one in polls.items() if one.needs_credentials}
        if "chorus" in asked:
            self.say("an operator lets syncd into Chorus again")
            self._services.chorus.control("token", {"state": "active"})
        if "outreach" in asked:
            self._authorise()

    def _authorise(self) -> None:
        self.say("an operator authorises syncd in Outreach again")
        write_outreach_login(self._services, self._config.base)
        self._process.start()

    # --- what happens around each request ---------------------------------------------

    def _leaves(self, system: str, request: Request) -> None:
        self._process.boundary(f"{system} {request.method} {request.path}")
        self._time.advance(self._latency.uniform(0.02, 0.4))
        act = self._once_planned
        if act is not None and self._process.planned():
            self._once_planned = None
            self.acts(PERSON, act)
        if "token" in request.path or self._rng.random() >= self._meddling:
            return
        chance = self._rng.random()
        if chance < 0.2 and self._polling != system:
            self._beside(self._poll_beside)
        elif chance > 0.99:
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
        self.say(f"poll {self._polling}, beside")
        self._process.jobs.poll(self._polling)

    def _answered(self, one: Exchange) -> None:
        intents = self._process.intents() if one.is_write else 0
        touches = self._history.exchange(one, who=self._who, intents=intents)
        self.say(f"  {one}")
        for touch in touches:
            self.say(f"    {touch}")
        self.result.counts["requests"] += 1
        if one.is_write:
            self.result.counts["writes"] += 1
            if self._process.stop_path.exists():
                self.broken(f"a write under the stop file: {one.request.path}")
        system, path, left = self._dies_after or ("", "", 0)
        if one.system == system and path in one.request.path:
            self._dies_after = None
            self._process.crash_after(left)
        self._process.boundary(f"the answer of {one.system} {one.request.path}")

    # --- the end ----------------------------------------------------------------------

    def _settle(self) -> Plan:
        """Quiet days: everything works, nobody edits, until nothing is left to do."""
        self.say("--- quiet")
        self.weather.clear()
        self._process.stop_path.unlink(missing_ok=True)
        self._authorise()
        if self.people.leaves_no_trace:
            self._time.advance(_SETTLED_S)
            self.poll_all()
            self._prove()
        for _ in range(_MOST_ROUNDS):
            before = len(self._history.writes)
            self._time.advance(_SETTLED_S)
            self._poll_what_may_have_moved()
            self.reconcile()
            left = self._process.app.store.ledger.open_intents()
            if len(self._history.writes) == before and not left:
                break
        else:
            self.broken("it never comes to rest")
        return self._still()

    def _poll_what_may_have_moved(self) -> None:
        """Everything at first; from then on, nobody but syncd writes."""
        polls = self._process.app.store.mirror.polls()
        for system in sorted(self._process.app.connectors):
            known = system in self._quiet and polls[system].complete
            if system in _WRITTEN or not known:
                self.poll(system)
                self._quiet.add(system)

    def _still(self) -> Plan:
        """A plan of everything, after a cycle that wrote nothing, has nothing to do."""
        self._time.advance(_SETTLED_S)
        plan = self._process.app.plan()
        for left in invariants.automatic(plan):
            self.broken(f"not converged: {left}")
        for note in invariants.failed_rules(plan):
            self.broken(note)
        return plan

    def broken(self, says: str) -> None:
        """A promise does not hold."""
        self.result.broken.append(says)

    def say(self, says: str) -> None:
        """Add a line to the trace."""
        self.result.trace.append(f"{self._time.now():%d %H:%M:%S.%f} {says}")
