"""The dry run: load homes in batches, judge them, read texts, build and save a plan."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from syncd.errors import RemoteError
from syncd.mapping.schema import Mappings
from syncd.mapping.translate import value_at
from syncd.model.finding import Finding, TextOf
from syncd.model.ids import salesforce_id
from syncd.model.outcome import PollOutcome
from syncd.model.plan import ConnectorState, Plan, effect_key
from syncd.model.policy import Policy
from syncd.model.record import RecordRef
from syncd.model.review import Proposal
from syncd.model.rule import RuleSpec
from syncd.model.scope import Scope
from syncd.model.tombstone import PastWrite, Tombstone, TombstoneKind
from syncd.model.view import AccountView, OrgContext
from syncd.pipeline.cost import cost_of
from syncd.pipeline.judge import Judged, judge
from syncd.pipeline.known import judged_at, org_as_known
from syncd.pipeline.membership import Witness, seen_writes, with_our_past
from syncd.pipeline.poll import FactMirror, Progress
from syncd.pipeline.review import proposals_of
from syncd.plan.build import build_plan, text_values, with_cost
from syncd.plan.inputs import Limits, PlanInputs, Touch
from syncd.plan.names import names_in
from syncd.ports.connector import Connector
from syncd.ports.ledger import Ledger, Tombstones
from syncd.ports.plans import Plans
from syncd.ports.reviews import Reviews


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What to plan with.

    Attributes:
        connectors: For reading texts that are to be copied, and for the cost.
        homes: Homes to judge; None = those of the scope.
    """

    mirror: FactMirror
    ledger: Ledger
    plans: Plans
    tombstones: Tombstones
    reviews: Reviews
    connectors: Mapping[str, Connector]
    mappings: Mappings
    policy: Policy
    rules: Sequence[RuleSpec]
    limits: Limits
    now: datetime
    scope: Scope = field(default_factory=Scope)
    homes: Sequence[str] | None = None
    progress: Progress = lambda *_: None


def make_plan(request: PlanRequest) -> Plan:
    """Findings of the scope and the changes that would mend them; saved.

    Writes nothing to any remote system. Raises nothing for a rule that fails: the
    plan's notes name it, and nothing of it is planned.
    """
    # Before anything is loaded: what was read cannot lack what such a poll has seen.
    polls = request.mirror.polls()
    last_write = request.ledger.last_write()
    stones = request.tombstones.all(now=request.now)
    org = org_as_known(
        request.mirror, request.policy, stones=stones, reviews=request.reviews
    )
    witness = Witness(
        mirror=request.mirror,
        ledger=request.ledger,
        org=org,
        settle=timedelta(minutes=request.policy.defaults.settle_minutes),
    )
    findings: list[Finding] = []
    homes: dict[str, str] = {}
    touched: dict[RecordRef, Touch] = {}
    names: dict[str, dict[str, str]] = defaultdict(dict)
    notes: dict[str, None] = {}
    for judged in _judged(request, org, polls):
        witness.see(judged)
        kept = [f for f in judged.findings if _in_scope(f, judged.view, request)]
        findings += kept
        homes.update((finding.id, judged.view.records.home) for finding in kept)
        touched.update(_touches(kept, judged.view))
        for system, key, name in names_in(kept, judged.view):
            names[system][key] = name
        for failure in judged.failures:
            notes[str(failure)] = None
        for skip in judged.skipped:
            notes[f"{skip.rule} was not judged: {skip.reason}"] = None
    texts = _texts(request, text_values(findings))
    for name in sorted(org.unmapped):
        notes[f"{name} is not mapped in this org: what needs it was not checked"] = None
    inputs = _inputs(
        request,
        org,
        findings,
        polls=polls,
        stones=stones,
        touched=touched,
        texts=texts,
        last_write=last_write,
    )
    inputs = replace(inputs, names=names, notes=tuple(notes))
    plan = build_plan(findings, inputs=inputs)
    plan = with_cost(plan, cost_of(plan.changes, request.connectors))
    request.plans.save(plan)
    _propose(request, proposals_of(plan, homes))
    witness.close()
    request.tombstones.add(plan.tombstones)
    return plan


def _propose(request: PlanRequest, proposals: Sequence[Proposal]) -> None:
    """Renew the queue of what was judged; a plan of a part leaves the rest alone."""
    if request.scope.is_everything:
        rules = [rule.id for rule in request.rules]
        request.reviews.propose(proposals, rules=rules, homes=request.homes)
    else:
        request.reviews.add(proposals)


def _judged(
    request: PlanRequest, org: OrgContext, polls: Mapping[str, PollOutcome]
) -> Iterator[Judged]:
    scope = request.scope
    homes = request.homes
    if homes is None:
        homes = request.mirror.homes(
            opportunities=scope.opportunities,
            accounts=scope.accounts,
            owners=scope.owners,
        )
    history = timedelta(days=request.policy.defaults.history_days)
    done = 0
    now = judged_at(polls, now=request.now)
    seen = seen_writes(polls)
    for batch in request.mirror.load(homes, since=request.now - history):
        for records in with_our_past(batch, request.ledger, seen=seen):
            yield judge(
                records,
                org=org,
                policy=request.policy,
                rules=request.rules,
                now=now,
            )
            done += 1
            request.progress("judging", "accounts", done, len(homes))


def _in_scope(finding: Finding, view: AccountView, request: PlanRequest) -> bool:
    """Whether a finding of a chosen home is really about the scope."""
    scope = request.scope
    if scope.is_everything:
        return True
    opportunities = {salesforce_id(one) or one for one in scope.opportunities}
    accounts = {salesforce_id(one) or one for one in scope.accounts}
    owners = {one.casefold() for one in scope.owners}
    named = (
        not (opportunities or accounts or owners)
        or finding.opportunity_id in opportunities
        or finding.account_id in accounts
        or (finding.owner or "").casefold() in owners
    )
    return named and _since(finding, view, request)


def _since(finding: Finding, view: AccountView, request: PlanRequest) -> bool:
    first = request.scope.since
    interaction = view.interaction_of.get(finding.subject)
    if first is None or interaction is None:
        return True
    zone = ZoneInfo(request.policy.org.timezone)
    return interaction.starts_at >= datetime.combine(first, time(), zone)


def _touches(
    findings: Iterable[Finding], view: AccountView
) -> Iterator[tuple[RecordRef, Touch]]:
    """Who last edited the activities that would be changed."""
    for finding in findings:
        for change in finding.changes:
            activity = view.activities.get(change.target)
            if activity and activity.modified_at and activity.modified_by_id:
                touch = Touch(at=activity.modified_at, by=activity.modified_by_id)
                yield change.target, touch


def _texts(
    request: PlanRequest, wanted: Sequence[TextOf]
) -> dict[tuple[RecordRef, str], str]:
    """Texts that are to be copied, read now; one that moved since is left out."""
    found: dict[tuple[RecordRef, str], str] = {}
    groups: dict[tuple[str, str], list[TextOf]] = defaultdict(list)
    for one in wanted:
        groups[(one.ref.system, one.ref.object)].append(one)
    for (system, name), texts in sorted(groups.items()):
        connector = request.connectors.get(system)
        object_map = request.mappings[(system, name)]
        if connector is None:
            continue
        paths = {one.field: object_map.remote_of(one.field) or "" for one in texts}
        refs = sorted({one.ref for one in texts})
        try:
            records = connector.fetch(refs, tuple(sorted(paths.values())))
        except RemoteError:
            continue
        for one in texts:
            raw = records.get(one.ref)
            text = None if raw is None else value_at(raw.fields, paths[one.field])
            if isinstance(text, str) and _digest(text) == one.sha256:
                found[(one.ref, one.field)] = text.strip()
    return found


def _digest(text: str) -> str:
    clean = text.replace("\r\n", "\n").strip()
    return hashlib.sha256(clean.encode()).hexdigest()


def _inputs(
    request: PlanRequest,
    org: OrgContext,
    findings: Sequence[Finding],
    *,
    polls: Mapping[str, PollOutcome],
    stones: Iterable[Tombstone],
    touched: Mapping[RecordRef, Touch],
    texts: Mapping[tuple[RecordRef, str], str],
    last_write: int,
) -> PlanInputs:
    facts = request.mirror.facts()
    ours = set(facts.get("our_users", {}).values())
    effects = _effects(findings, request.mappings)
    past = request.ledger.past(effects)
    scope: dict[str, Any] = msgspec.to_builtins(request.scope)
    return PlanInputs(
        now=request.now,
        scope=scope,
        policy_digest=request.policy.digest,
        mappings=request.mappings,
        orgs=dict(sorted(facts.get("orgs", {}).items())),
        connectors=connector_states(polls),
        limits=request.limits,
        texts=texts,
        touched=touched,
        tools=frozenset(org.integration_user_ids | ours),
        past=past,
        tombstones={**_rejected(stones), **request.tombstones.of(effects)},
        made=_made(past, request.mirror),
        our_users=facts.get("our_users", {}),
        tombstone_days=request.policy.defaults.tombstone_days,
        live=request.mirror.live_counts(),
        after_write=seen_writes(polls),
        read_until=read_until_of(polls),
        last_write=last_write,
        doubts=tuple(
            f"{one.system} {one.says} ({one.id})" for one in request.mirror.doubts()
        ),
        links=org.links,
    )


def _rejected(stones: Iterable[Tombstone]) -> dict[str, Tombstone]:
    """What people said no to, by the effect with the values that they rejected."""
    return {one.effect: one for one in stones if one.kind is TombstoneKind.REJECTED}


def _made(
    past: Mapping[str, Sequence[PastWrite]], mirror: FactMirror
) -> dict[RecordRef, bool]:
    """Whether records that we made are in the mirror, and live."""
    found: dict[RecordRef, bool] = {}
    for effect, writes in past.items():
        system, name, *_ = effect.split("|")
        for write in writes:
            if write.operation == "create" and write.record_id:
                ref = RecordRef(system, name, write.record_id)
                record = mirror.get(ref)
                if record is not None:
                    found[ref] = not record.deleted
    return found


def _effects(findings: Iterable[Finding], mappings: Mappings) -> list[str]:
    found = set()
    for finding in findings:
        for change in finding.changes:
            target = change.target
            object_map = mappings[(target.system, target.object)]
            written = () if change.natural_key else change.after or change.before
            names = {object_map.vendor_name(name): None for name in written}
            what = change.natural_key or target.id
            found.add(effect_key(target.system, target.object, what, names))
    return sorted(found)


def read_until_of(polls: Mapping[str, PollOutcome]) -> dict[str, datetime]:
    """Up to when each system was read, by its own clock."""
    return {n: poll.read_until for n, poll in polls.items() if poll.read_until}


def connector_states(polls: Mapping[str, PollOutcome]) -> dict[str, ConnectorState]:
    """What a plan is made on, by system."""
    return {
        system: ConnectorState(
            as_of=poll.as_of, complete=poll.complete, detail=poll.error
        )
        for system, poll in sorted(polls.items())
    }
