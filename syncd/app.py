"""The use cases over one open store and its connectors."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from syncd import clock, plugins
from syncd.apply.effects import Settled
from syncd.config.load import Config
from syncd.config.names import nearest
from syncd.config.settings import RunMode
from syncd.errors import Problem, UsageError
from syncd.kit.session import GuardedSession
from syncd.mapping.load import LoadedMappings
from syncd.model.outcome import PollOutcome, RunOutcome
from syncd.model.plan import Plan
from syncd.model.policy import Policy
from syncd.model.rule import RuleSpec
from syncd.model.scope import Scope
from syncd.model.tombstone import Tombstone
from syncd.pipeline.apply import ApplyRequest, Selection, apply_plan
from syncd.pipeline.known import judged_at, org_as_known
from syncd.pipeline.look import Looker
from syncd.pipeline.plan import PlanRequest, connector_states, make_plan, read_until_of
from syncd.pipeline.poll import PollInputs, Progress, poll
from syncd.pipeline.prove import ProofInputs, prove
from syncd.pipeline.review import (
    ACCEPTANCE,
    found_waiting,
    rejected,
    remember_accepted,
    split,
)
from syncd.pipeline.settle import settle_parked
from syncd.pipeline.undo import UndoRequest, entomb_undone, make_undo
from syncd.plan.inputs import Limits
from syncd.ports.connector import Connector, ProvableConnector, WritingConnector
from syncd.ports.mirror import Proof
from syncd.redact import redact_text
from syncd.store import Store


@dataclass(frozen=True, kw_only=True)
class App:
    """Everything a use case needs, opened and ready.

    Attributes:
        may_write: False means that every session refuses what is not a read.
        connectors: Configured connectors by system; empty when not connected.
    """

    config: Config
    policy: Policy
    rules: Mapping[str, RuleSpec]
    mappings: LoadedMappings
    store: Store
    may_write: bool
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    sessions: Mapping[str, GuardedSession] = field(default_factory=dict)

    def stopped(self) -> bool:
        """Whether the stop file forbids every write."""
        return self.config.stop_path.exists()

    @property
    def limits(self) -> Limits:
        """The configured limits of one run."""
        return Limits(**self.config.settings.limits.model_dump())

    @property
    def stopped_systems(self) -> Mapping[str, str]:
        """Why nothing may be written to a system now: a doubt nobody has cleared."""
        found: dict[str, str] = {}
        for one in self.store.mirror.doubts():
            said = f"{one.says} ({one.id})"
            found[one.system] = "; ".join(filter(None, (found.get(one.system), said)))
        return found

    def settle(self) -> Sequence[Settled]:
        """Look for the effects of writes whose outcome is not known.

        Sends nothing but reads. Nothing happens while another process writes: it
        does the same.
        """
        if not self.store.ledger.open_intents():
            return ()
        return settle_parked(
            self.store.ledger,
            self.store.mirror,
            self.writing_connectors,
            now=clock.now,
        )

    def prune(self) -> Mapping[str, int]:
        """Forget copied texts, and drop saved plans, that are no longer needed.

        Returns how many writes and plans held a text, and how many plans are gone.
        """
        now, kept = clock.now(), self.config.settings.store.plans_kept_days
        texts = self.store.retention.forget_texts(now=now)
        if not kept:
            return {"texts": texts, "plans": 0}
        usable = timedelta(hours=self.limits.plan_max_age_hours)
        before = now - max(timedelta(days=kept), usable)
        return {"texts": texts, "plans": self.store.retention.drop_plans(before=before)}

    def poll(
        self,
        *,
        only: str | None = None,
        full: bool = False,
        progress: Progress = lambda *_: None,
    ) -> tuple[PollOutcome, ...]:
        """Read what changed (or everything) into the mirror."""
        chosen = {n: c for n, c in self.connectors.items() if only in {None, n}}
        calendar = self.config.settings.google_calendar
        inputs = PollInputs(
            mirror=self.store.mirror,
            mappings=self.mappings,
            policy=self.policy,
            now=clock.now,
            settled_up_to=self.store.ledger.settled_up_to,
            scopes={"google_calendar": calendar.users} if calendar else {},
            full=full,
            progress=progress,
        )
        return poll(chosen, inputs)

    def prove(
        self,
        *,
        only: str | None = None,
        thorough: bool = False,
        progress: Progress = lambda *_: None,
    ) -> tuple[Proof, ...]:
        """Hold the mirror against the services as far as the last polls read them."""
        polls = self.store.mirror.polls()
        complete = {name: one for name, one in polls.items() if one.complete}
        inputs = ProofInputs(
            mirror=self.store.mirror,
            mappings=self.mappings,
            policy=self.policy,
            now=clock.now,
            read_until=read_until_of(complete),
            thorough=thorough,
            progress=progress,
        )
        provable = {
            name: cast("ProvableConnector", connector)
            for name, connector in self.connectors.items()
            if plugins.connectors()[name].proves and only in {None, name}
        }
        return prove(provable, inputs)

    def looker(self) -> Looker:
        """Looks homes up, judged as a plan would judge them now."""
        now = clock.now()
        org = org_as_known(
            self.store.mirror,
            self.policy,
            stones=self.store.tombstones.all(now=now),
            reviews=self.store.reviews,
        )
        return Looker(
            mirror=self.store.mirror,
            ledger=self.store.ledger,
            org=org,
            policy=self.policy,
            rules=self.rules,
            now=judged_at(self.store.mirror.polls(), now=now),
        )

    def plan(
        self,
        *,
        scope: Scope | None = None,
        rules: Sequence[str] = (),
        homes: Sequence[str] | None = None,
        progress: Progress = lambda *_: None,
    ) -> Plan:
        """Judge the scope and save the plan; writes to no remote system.

        In mode ``apply`` writes of unknown outcome are looked for first.

        Raises:
            UsageError: A rule, opportunity, account or owner that does not exist.
        """
        self._refuse_unknown(scope or Scope())
        for name in rules:
            if name not in self.rules:
                remedy = nearest(name, self.rules)
                problem = Problem(where=name, what="unknown rule", remedy=remedy)
                raise UsageError(problem)
        chosen = [r for name, r in self.rules.items() if not rules or name in rules]
        if self.config.settings.mode is RunMode.APPLY:
            self.settle()
        request = PlanRequest(
            mirror=self.store.mirror,
            ledger=self.store.ledger,
            plans=self.store.plans,
            tombstones=self.store.tombstones,
            reviews=self.store.reviews,
            connectors=self.connectors,
            mappings=self.mappings.objects,
            policy=self.policy,
            rules=chosen,
            limits=self.limits,
            now=clock.now(),
            scope=scope or Scope(),
            homes=homes,
            progress=progress,
        )
        return make_plan(request)

    def _refuse_unknown(self, scope: Scope) -> None:
        """A mistyped id must not look like an org without faults.

        Only a complete poll knows what there is not.
        """
        if scope == Scope():
            return
        mirror = self.store.mirror
        salesforce = mirror.polls().get("salesforce")
        if salesforce is None or not salesforce.complete:
            return
        asked = [(one, "Opportunity") for one in scope.opportunities]
        asked += [(one, "Account") for one in scope.accounts]
        for one, wanted in asked:
            found = [ref.object for ref in mirror.find(one)]
            if wanted not in found:
                what = f"is no {wanted}" + (f" but {found[0]}" if found else " we know")
                raise UsageError(
                    Problem(where=one, what=what, remedy="check the id and the option")
                )
        users = mirror.org(self.policy).users_by_email if scope.owners else {}
        for one in scope.owners:
            if one.casefold() not in users:
                raise UsageError(
                    Problem(
                        where=redact_text(one),
                        what="is no Salesforce user's e-mail address",
                        remedy="check the address",
                    )
                )

    def apply(
        self,
        plan: Plan,
        selection: Selection,
        *,
        kind: str = "apply",
        progress: Callable[[int], None] = lambda _: None,
    ) -> RunOutcome:
        """Apply the chosen part of a plan.

        Raises:
            GuardError: See ``syncd.pipeline.apply``.
        """
        self.prune()
        facts = self.store.mirror.facts()
        request = ApplyRequest(
            ledger=self.store.ledger,
            connectors=self.writing_connectors,
            orgs=self.live_orgs({change.system for change in plan.changes}),
            our_users=facts.get("our_users", {}),
            limits=self.limits,
            live=self.store.mirror.live_counts(),
            now=clock.now,
            stopped=self.stopped,
            stopped_systems=self.stopped_systems,
            selection=selection,
            kind=kind,
            progress=progress,
        )
        run = apply_plan(plan, request)
        remember_accepted(
            plan,
            run,
            self.store.reviews,
            now=clock.now(),
            after_write=self.store.ledger.last_write(),
        )
        return run

    def plan_undo(
        self, run_id: str, *, only: Sequence[str] = ()
    ) -> tuple[Plan, UndoRequest]:
        """A saved plan that takes a run's changes back; writes nothing remote.

        Raises:
            UsageError: No such run or change.
        """
        facts = self.store.mirror.facts()
        written = {e.change.system for e in self.store.ledger.entries(run_id)}
        request = UndoRequest(
            ledger=self.store.ledger,
            plans=self.store.plans,
            tombstones=self.store.tombstones,
            connectors=self.writing_connectors,
            orgs=dict(sorted(self.live_orgs(written).items())),
            states=connector_states(self.store.mirror.polls()),
            links=facts.get("links", {}),
            policy_digest=self.policy.digest,
            now=clock.now(),
            only=only,
            tombstone_days=self.policy.defaults.tombstone_days,
        )
        return make_undo(run_id, request), request

    def undo(
        self,
        run_id: str,
        *,
        only: Sequence[str] = (),
        progress: Callable[[int], None] = lambda _: None,
    ) -> tuple[Plan, RunOutcome]:
        """Take a run's changes back where the value is still ours.

        Raises:
            UsageError: No such run or change.
            GuardError: The stop file is there, or another process is writing.
        """
        plan, request = self.plan_undo(run_id, only=only)
        run = self.apply(plan, Selection(), kind="undo", progress=progress)
        entomb_undone(plan, run, request)
        return plan, run

    def accept(
        self,
        ids: Sequence[str],
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> tuple[RunOutcome | None, Mapping[str, str]]:
        """Judge proposals anew and write those that are proposed still.

        Returns the run, None when there was nothing to write, and why the others are
        not proposed any more, by id.

        Raises:
            UsageError: One that does not wait for review.
            GuardError: See ``syncd.pipeline.apply``.
        """
        proposals = found_waiting(ids, self.store.reviews)
        plan = self.plan(homes=sorted({one.home for one in proposals}))
        still, gone = split(proposals, plan)
        if not still:
            return None, gone
        selection = Selection(only=[change.id for change in still])
        return self.apply(plan, selection, kind=ACCEPTANCE, progress=progress), gone

    def reject(self, ids: Sequence[str]) -> Sequence[Tombstone]:
        """Do not propose these again; what else fits may be proposed instead.

        Raises:
            UsageError: One that does not wait for review.
        """
        proposals = found_waiting(ids, self.store.reviews)
        days = self.policy.defaults.tombstone_days
        stones = rejected(
            proposals,
            now=clock.now(),
            days=days,
            after_write=self.store.ledger.last_write(),
            read_until=read_until_of(self.store.mirror.polls()),
        )
        self.store.tombstones.add(stones)
        self.store.reviews.withdraw([one.id for one in proposals])
        self.store.mirror.mark_dirty({one.home for one in proposals})
        return stones

    @property
    def writing_connectors(self) -> Mapping[str, WritingConnector]:
        """The connectors that can write."""
        return {
            name: cast("WritingConnector", connector)
            for name, connector in self.connectors.items()
            if plugins.connectors()[name].writes
        }

    def live_orgs(self, systems: Collection[str]) -> Mapping[str, str]:
        """Ids of the orgs that these systems' connectors really talk to, asked now.

        The others are not asked: one that is down must not keep the rest from writing.
        """
        return {
            name: connector.identity().org_id
            for name, connector in self.connectors.items()
            if name in systems
        }
