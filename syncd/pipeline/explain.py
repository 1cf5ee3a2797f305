"""Why: the evidence behind a record, a finding or a change, for people to follow."""

from collections.abc import Iterable, Sequence

import msgspec

from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.sight import Lookout
from syncd.model.association import Association, Candidate
from syncd.model.interaction import Interaction
from syncd.model.plan import Change, Names, Plan, PlanFinding
from syncd.model.record import RecordRef
from syncd.model.view import AccountView
from syncd.pipeline.judge import Judged
from syncd.pipeline.look import Looker, Shown
from syncd.plan.names import names_for
from syncd.ports.ledger import Ledger, LedgerEntry
from syncd.ports.plans import Plans

_SHOWN_CANDIDATES = 5


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One record of an interaction and why it belongs there."""

    record: Shown
    because: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One participant and how they were recognised."""

    email: str
    side: str
    is_: tuple[Shown, ...]
    because: str


class WeighedCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity or case that was considered, with its evidence in log-odds."""

    target: Shown
    probability: float
    evidence: tuple[str, ...]
    vetoes: tuple[str, ...]


class OtherRule(msgspec.Struct, frozen=True, kw_only=True):
    """What another tool's published rule would have chosen; nothing is an answer.

    ``agrees`` says that it chooses our first candidate and nothing else.
    """

    name: str
    product: str
    chooses: tuple[Shown, ...]
    agrees: bool


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that bears on one id; parts that do not apply are empty."""

    id: str
    subject: Shown | None = None
    home: str = ""
    home_name: str = ""
    filed_because: str = ""
    interaction: str = ""
    kind: str = ""
    status: str = ""
    members: tuple[Member, ...] = ()
    people: tuple[Person, ...] = ()
    decision: str = ""
    decided_because: str = ""
    candidates: tuple[WeighedCandidate, ...] = ()
    flip: str = ""
    baselines: tuple[OtherRule, ...] = ()
    findings: tuple[PlanFinding, ...] = ()
    changes: tuple[Change, ...] = ()
    names: Names = {}
    writes: tuple[LedgerEntry, ...] = ()
    rule_findings: tuple[str, ...] = ()


class Explainer:
    """Answers ``why`` from the mirror, the saved plans and the ledger."""

    def __init__(self, *, looker: Looker, plans: Plans, ledger: Ledger) -> None:
        """Nothing is read from a remote system."""
        self._look = looker
        self._plans = plans
        self._ledger = ledger

    def explain(self, given: str) -> Explanation:
        """Why, for the id of an activity, opportunity, finding or change.

        Raises:
            UsageError: No such id, or the id of several records.
        """
        if given.startswith("chg_"):
            found = self._plans.find_change(given)
            if found is not None:
                plan, change = found
                findings = [f for f in plan.findings if given in f.changes]
                return self._planned(given, plan, findings, [change])
        if given.startswith("fnd_"):
            holder = self._plans.find_finding(given)
            if holder is not None:
                findings = [f for f in holder.findings if f.id == given]
                wanted = {c for f in findings for c in f.changes}
                changes = [c for c in holder.changes if c.id in wanted]
                return self._planned(given, holder, findings, changes)
        return self._record(given, self._look.the_one(given))

    def _planned(
        self,
        given: str,
        plan: Plan,
        findings: Sequence[PlanFinding],
        changes: Sequence[Change],
    ) -> Explanation:
        entries = (self._ledger.entry_of(change.id) for change in changes)
        writes = tuple(entry for entry in entries if entry is not None)
        base = Explanation(id=given)
        if findings:
            about = findings[0].subject
            ref = RecordRef(about.system, about.object, about.id)
            base = self._record(given, ref)
        return msgspec.structs.replace(
            base,
            findings=tuple(findings),
            changes=tuple(changes),
            names=names_for(changes, plan.names),
            writes=writes,
        )

    def _record(self, given: str, ref: RecordRef) -> Explanation:
        home, because = self._look.home_of(ref)
        account = RecordRef("salesforce", "Account", home)
        bare = Explanation(
            id=given,
            subject=self._look.shown(ref),
            home=home,
            home_name=self._look.shown(account).name,
            filed_because=because,
        )
        if not home:
            return bare
        judged = self._look.judged(home)
        interaction = judged.view.interaction_of.get(ref)
        told = msgspec.structs.replace(bare, rule_findings=self._about(judged, ref))
        if interaction is None:
            return told
        told = self._with_interaction(told, interaction, judged.view)
        association = judged.view.associations.get(interaction.key)
        others = tuple(self._others(judged.view, interaction, association))
        return msgspec.structs.replace(told, baselines=others)

    def _with_interaction(
        self,
        told: Explanation,
        interaction: Interaction,
        view: AccountView,
    ) -> Explanation:
        told = msgspec.structs.replace(
            told,
            interaction=interaction.key,
            kind=interaction.kind,
            status=interaction.status.value,
            members=tuple(
                Member(record=self._look.shown(ref), because=because)
                for ref, because in zip(
                    interaction.refs, interaction.joined_by, strict=True
                )
            ),
            people=tuple(self._people(interaction)),
        )
        association = view.associations.get(interaction.key)
        if association is None:
            return told
        flip = view.flips.get(interaction.key)
        return msgspec.structs.replace(
            told,
            decision=association.decision.value,
            decided_because=association.reason,
            flip=flip.says if flip else "",
            candidates=tuple(
                self._weighed(candidate)
                for candidate in association.candidates[:_SHOWN_CANDIDATES]
            ),
        )

    def _about(self, judged: Judged, ref: RecordRef) -> tuple[str, ...]:
        """Findings that concern a record, as sentences that name theirs."""
        return tuple(
            f"{finding.rule}: {finding.message}{self._of(finding.subject, ref)}"
            for finding in judged.findings
            if finding.subject == ref
            or ref.id == finding.opportunity_id
            or any(evidence.ref == ref for evidence in finding.evidence)
        )

    def _of(self, subject: RecordRef, asked: RecordRef) -> str:
        if subject == asked:
            return ""
        shown = self._look.shown(subject)
        name = f"{shown.name!r}, " if shown.name else ""
        return f" ({name}{subject.object} {subject.id})"

    def _people(self, interaction: Interaction) -> Iterable[Person]:
        for one in interaction.participants:
            refs = [RecordRef("salesforce", "Contact", i) for i in one.contact_ids]
            refs += [RecordRef("salesforce", "Lead", i) for i in one.lead_ids]
            refs += [RecordRef("outreach", "prospect", i) for i in one.prospect_ids]
            if one.user_id:
                refs.append(RecordRef("salesforce", "User", one.user_id))
            yield Person(
                email=one.email or one.name or "(no address)",
                side=one.side.value,
                is_=tuple(self._look.shown(ref) for ref in refs),
                because=one.reason,
            )

    def _others(
        self,
        view: AccountView,
        interaction: Interaction,
        association: Association | None,
    ) -> Iterable[OtherRule]:
        """Each baseline's choice; none where there is nobody from outside."""
        if association is None or interaction.is_internal_only:
            return
        live = [c.target.id for c in association.candidates if not c.vetoes]
        sight = Lookout(view).sight_of(interaction)
        for name, baseline in BASELINES.items():
            chosen = [link.id for link in baseline.answer(sight).links]
            refs = [RecordRef("salesforce", "Opportunity", one) for one in chosen]
            yield OtherRule(
                name=name,
                product=baseline.product,
                chooses=tuple(self._look.shown(ref) for ref in refs),
                agrees=chosen == live[:1],
            )

    def _weighed(self, candidate: Candidate) -> WeighedCandidate:
        return WeighedCandidate(
            target=self._look.shown(candidate.target),
            probability=candidate.probability,
            evidence=tuple(f"{f.weight:+.2f} {f.says}" for f in candidate.features),
            vetoes=candidate.vetoes,
        )
