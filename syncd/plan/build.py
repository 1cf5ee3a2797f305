"""Findings to plan: vendor names, merged, ordered by what depends on what. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from syncd.model.finding import Evidence, Finding, Mode, ProposedChange, TextOf
from syncd.model.ids import stable_id
from syncd.model.plan import (
    SCHEMA,
    Change,
    Cost,
    ExpectedFields,
    Expects,
    Plan,
    PlanEvidence,
    PlanFinding,
    Subject,
    effect_key,
)
from syncd.model.record import link_to
from syncd.model.tombstone import Tombstone
from syncd.plan.digest import digest_of
from syncd.plan.guards import check_guards, owners_of
from syncd.plan.inputs import PlanInputs
from syncd.plan.names import names_for
from syncd.plan.order import in_order
from syncd.plan.reverts import Held, held

_RECENT: Final = timedelta(hours=24)
_ROLES: Final = frozenset({"OpportunityContactRole", "opportunityProspectRole"})


def build_plan(findings: Sequence[Finding], *, inputs: PlanInputs) -> Plan:
    """A plan with its guards checked and without its cost (see ``with_cost``).

    Equal findings and inputs give an equal digest, whatever their order.
    """
    ordered = sorted(findings, key=lambda f: (f.rule, f.subject, f.id))
    planned: dict[str, Change] = {}
    effects: dict[str, str] = {}
    dropped: dict[str, Held] = {}
    after_keys: dict[str, set[str]] = defaultdict(set)
    since: dict[str, datetime] = {}
    for finding in ordered:
        if finding.waiting or finding.blocked_by:
            continue
        for proposed in finding.changes:
            change, why_not = _change(finding, proposed, inputs)
            if change is None:
                dropped[finding.id] = Held(says=why_not, waiting=True)
                continue
            known = planned.get(change.id)
            planned[change.id] = _merged(known, change) if known else change
            effects[proposed.effect_key] = change.id
            after_keys[change.id].update(proposed.after_keys)
            if proposed.since is not None:
                since[change.id] = proposed.since
    kept_back = _kept_back(planned, since, inputs)
    kept_back |= _orphans(planned, kept_back, after_keys, effects)
    at_rest = []
    for change_id, why in sorted(kept_back.items()):
        gone = planned.pop(change_id)
        if why.refused:
            what = gone.natural_key or gone.record_id
            at_rest.append(f"at rest: {gone.object} {what}: {why.says}")
        dropped.update(dict.fromkeys(gone.finding_ids, why))
    changes = in_order(
        [
            msgspec.structs.replace(
                change,
                depends_on=_dependencies(after_keys[change.id], effects, planned),
            )
            for change in planned.values()
        ]
    )
    mine = _by_finding(changes)
    shown = tuple(_shown(f, mine[f.id], dropped.get(f.id), inputs) for f in ordered)
    digest = digest_of(changes, orgs=inputs.orgs)
    return Plan(
        schema=SCHEMA,
        plan_id=stable_id("pln", digest, inputs.now.isoformat()),
        digest=digest,
        created_at=inputs.now,
        scope=inputs.scope,
        policy_digest=inputs.policy_digest,
        orgs=inputs.orgs,
        connectors=inputs.connectors,
        cost={},
        findings=shown,
        changes=changes,
        guards=check_guards(changes, owners=owners_of(shown), inputs=inputs),
        notes=(*inputs.notes, *at_rest),
        tombstones=_tombstones(kept_back.values()),
        after_write=inputs.last_write,
        names=names_for(changes, inputs.names),
    )


def with_cost(plan: Plan, cost: Mapping[str, Cost]) -> Plan:
    """The plan with the calls that applying it will need."""
    return msgspec.structs.replace(plan, cost=cost)


def _change(
    finding: Finding, proposed: ProposedChange, inputs: PlanInputs
) -> tuple[Change | None, str]:
    """A proposed change in vendor names, or why it cannot be planned now."""
    target = proposed.target
    object_map = inputs.mappings[(target.system, target.object)]
    after = object_map.to_vendor(proposed.after)
    copied = {n: value for n, value in after.items() if isinstance(value, TextOf)}
    for name, value in copied.items():
        text = inputs.texts.get((value.ref, value.field))
        if text is None:
            return (
                None,
                "the text cannot be read as it was judged; it waits until it can",
            )
        after[name] = text
    before = object_map.to_vendor(proposed.before)
    what = proposed.natural_key or target.id
    fields = {} if proposed.natural_key else after or before
    effect = effect_key(target.system, target.object, what, fields)
    generation = sum(w.state == "done" for w in inputs.past.get(effect, ()))
    key = _key(target.system, target.object, what, before, after, generation)
    return (
        Change(
            id=stable_id("chg", key),
            key=key,
            rule=finding.rule,
            mode=proposed.mode.value,
            system=target.system,
            operation=proposed.operation,
            object=target.object,
            record_id=target.id or None,
            before=before,
            after=after,
            expects=_expects(proposed, inputs),
            depends_on=(),
            confidence=round(proposed.confidence, 4),
            reason=proposed.reason,
            evidence=_evidence(proposed.evidence or finding.evidence),
            action=proposed.action,
            partition=proposed.account_id or target.id or what,
            guarded=_is_guarded(proposed, inputs),
            natural_key=proposed.natural_key,
            finding_ids=(finding.id,),
            texts=tuple(sorted(copied)),
        ),
        "",
    )


def _expects(proposed: ProposedChange, inputs: PlanInputs) -> Expects:
    also = []
    for fact in proposed.also:
        object_map = inputs.mappings[(fact.ref.system, fact.ref.object)]
        also.append(
            ExpectedFields(
                system=fact.ref.system,
                object=fact.ref.object,
                id=fact.ref.id,
                fields=object_map.to_vendor(fact.fields),
            )
        )
    return Expects(version=proposed.version, also=tuple(also))


def _is_guarded(proposed: ProposedChange, inputs: PlanInputs) -> bool:
    """Whether someone edited the record so lately that they may edit it again."""
    if proposed.operation != "update" or proposed.target.system != "salesforce":
        return False
    touch = inputs.touched.get(proposed.target)
    if touch is None or touch.by in inputs.tools:
        return False
    return inputs.now - touch.at < _RECENT


def _key(*parts: object) -> str:
    body = msgspec.json.encode(parts, order="deterministic")
    return hashlib.sha256(body).hexdigest()


def _evidence(evidence: Iterable[Evidence]) -> tuple[PlanEvidence, ...]:
    return tuple(
        PlanEvidence(
            system=one.ref.system, object=one.ref.object, id=one.ref.id, says=one.says
        )
        for one in evidence
    )


def _merged(one: Change, other: Change) -> Change:
    """The same effect wanted by two findings; a person is asked if either asks."""
    asked = Mode.REVIEW.value in {one.mode, other.mode}
    return msgspec.structs.replace(
        one,
        mode=Mode.REVIEW.value if asked else one.mode,
        finding_ids=tuple(sorted({*one.finding_ids, *other.finding_ids})),
    )


def _kept_back(
    planned: Mapping[str, Change],
    since: Mapping[str, datetime],
    inputs: PlanInputs,
) -> dict[str, Held]:
    """Changes that must not be planned now, by id."""
    found = {
        change_id: why
        for change_id, change in planned.items()
        if (why := held(change, inputs, since=since.get(change_id))) is not None
    }
    return {
        **_contradictions(planned.values()),
        **_unsafe_deletes(planned, inputs),
        **found,
    }


def _unsafe_deletes(
    planned: Mapping[str, Change], inputs: PlanInputs
) -> dict[str, Held]:
    """Deletes, while a system could not be read to the end."""
    missing = [name for name, s in inputs.connectors.items() if not s.complete]
    if not missing:
        return {}
    says = f"nothing is removed while {', '.join(sorted(missing))} is incomplete"
    ids = [one.id for one in planned.values() if one.operation == "delete"]
    return dict.fromkeys(ids, Held(says=says, waiting=True))


def _orphans(
    planned: Mapping[str, Change],
    kept_back: Mapping[str, Held],
    after_keys: Mapping[str, set[str]],
    effects: Mapping[str, str],
) -> dict[str, Held]:
    """Changes that rest on one that is not planned, and those that rest on them."""
    found: dict[str, Held] = {}
    grown = True
    while grown:
        grown = False
        for change_id in planned.keys() - kept_back.keys() - found.keys():
            needs = {effects[k] for k in after_keys[change_id] if k in effects}
            missing = sorted(needs & (kept_back.keys() | found.keys()))
            if missing:
                why = {**kept_back, **found}[missing[0]]
                says = f"it rests on a change that is held back: {why.says}"
                found[change_id] = Held(says=says, waiting=why.waiting)
                grown = True
    return found


def _tombstones(kept_back: Iterable[Held]) -> tuple[Tombstone, ...]:
    found = {one.tombstone.id: one.tombstone for one in kept_back if one.tombstone}
    return tuple(found[key] for key in sorted(found))


def _contradictions(changes: Iterable[Change]) -> dict[str, Held]:
    """Changes that want different values for one field of one record."""
    wanted: dict[tuple[str, ...], list[Change]] = defaultdict(list)
    for change in changes:
        what = change.record_id or change.natural_key
        for name in change.after or {"": None}:
            wanted[(change.system, change.object, what, name)].append(change)
    found: dict[str, Held] = {}
    for (_, _, _, name), several in wanted.items():
        values = {_key(change.operation, change.after.get(name)) for change in several}
        if len(values) > 1:
            rules = ", ".join(sorted({change.rule for change in several}))
            why = Held(says=f"{rules} want different values for {name or 'the record'}")
            found.update(dict.fromkeys((change.id for change in several), why))
    return found


def _dependencies(
    keys: Iterable[str], effects: Mapping[str, str], planned: Mapping[str, Change]
) -> tuple[str, ...]:
    ids = {effects[key] for key in keys if key in effects}
    return tuple(sorted(one for one in ids if one in planned))


def _by_finding(changes: Iterable[Change]) -> Mapping[str, Sequence[Change]]:
    """Changes of each finding; empty for one that has none."""
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        for finding_id in change.finding_ids:
            found[finding_id].append(change)
    return found


def _shown(
    finding: Finding,
    mine: Sequence[Change],
    dropped: Held | None,
    inputs: PlanInputs,
) -> PlanFinding:
    status = "report"
    if mine:
        auto = all(change.mode == Mode.AUTO.value for change in mine)
        status = "fixable" if auto else "review"
    ref = finding.subject
    return PlanFinding(
        id=finding.id,
        rule=finding.rule,
        practice=finding.practices,
        severity=finding.severity.value,
        subject=Subject(
            system=ref.system,
            object=ref.object,
            id=ref.id,
            name=finding.subject_name,
            url=link_to(ref, inputs.links),
        ),
        account_id=finding.account_id,
        opportunity_id=finding.opportunity_id,
        owner=finding.owner,
        message=finding.message,
        evidence=_evidence(finding.evidence),
        changes=tuple(change.id for change in mine),
        status=status,
        why_not=dropped.says if dropped else finding.why_not,
        waiting=finding.waiting or bool(dropped and dropped.waiting),
        blocked_by=finding.blocked_by,
    )


def text_values(findings: Iterable[Finding]) -> list[TextOf]:
    """Texts that must be read before these findings can be planned."""
    found: dict[tuple[Any, ...], TextOf] = {}
    for finding in findings:
        if finding.waiting or finding.blocked_by:
            continue
        for change in finding.changes:
            for value in change.after.values():
                if isinstance(value, TextOf):
                    found[(value.ref, value.field)] = value
    return list(found.values())
