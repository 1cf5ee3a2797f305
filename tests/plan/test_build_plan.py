"""From findings to a plan: merging, contradictions, order, digest, guards."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.errors import GuardError
from syncd.mapping.load import load_mappings
from syncd.model.finding import (
    Expectation,
    Finding,
    Mode,
    ProposedChange,
    Severity,
    TextOf,
)
from syncd.model.plan import ConnectorState, effect_of
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite
from syncd.plan.build import build_plan, text_values
from syncd.plan.guards import refuse_unfit
from syncd.plan.inputs import Limits, PlanInputs, Touch

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
MAPPINGS = load_mappings(None).objects
TASK = RecordRef("salesforce", "Task", "00T000000000001AAA")
OTHER = RecordRef("salesforce", "Task", "00T000000000002AAA")
DEAL = RecordRef("salesforce", "Opportunity", "006000000000001AAA")


def inputs(**options):
    """Facts of a healthy org."""
    given = {
        "now": NOW,
        "scope": {},
        "policy_digest": "sha256:0",
        "mappings": MAPPINGS,
        "orgs": {"salesforce": "00D000000000001AAA"},
        "connectors": {"salesforce": ConnectorState(as_of=NOW, complete=True)},
    }
    return PlanInputs(**{**given, **options})


def change(target=TASK, after=None, **options):
    """An automatic update of a task."""
    given = {
        "target": target,
        "operation": "update",
        "before": {"what_id": None},
        "after": after or {"what_id": DEAL.id},
        "mode": Mode.AUTO,
        "confidence": 0.99,
        "reason": "because",
        "account_id": "001000000000001AAA",
        "version": "2026-11-20T08:00:00Z",
    }
    return ProposedChange(**{**given, **options})


def finding(*changes, rule="activity-related-to-opportunity", number=1, **options):
    """A finding with these changes."""
    return Finding(
        id=f"fnd_{rule}_{number}",
        rule=rule,
        practices=("0.6",),
        severity=Severity.WARNING,
        subject=TASK,
        message="says so",
        changes=changes,
        **options,
    )


def role(**options):
    """A role that would be created in Salesforce."""
    return ProposedChange(
        target=RecordRef("salesforce", "OpportunityContactRole", ""),
        operation="create",
        natural_key=f"OpportunityContactRole|{DEAL.id}|003000000000001AAA",
        after={"opportunity_id": DEAL.id, "contact_id": "003000000000001AAA"},
        mode=Mode.AUTO,
        confidence=0.99,
        reason="met",
        **options,
    )


def test_a_change_speaks_the_vendors_names():
    """Before, after and expected facts are in Salesforce's own field names."""
    also = (Expectation(ref=DEAL, fields={"is_closed": False}),)
    plan = build_plan([finding(change(also=also))], inputs=inputs())
    (one,) = plan.changes
    assert one.before == {"WhatId": None}
    assert one.after == {"WhatId": DEAL.id}
    assert one.expects.also[0].fields == {"IsClosed": False}
    assert plan.findings[0].status == "fixable"
    assert plan.findings[0].changes == (one.id,)


def test_two_findings_that_want_the_same_share_one_change():
    """The same effect is planned once, for review if either asks."""
    first = finding(change(), rule="a-rule")
    second = finding(change(mode=Mode.REVIEW), rule="b-rule")
    plan = build_plan([first, second], inputs=inputs())
    (one,) = plan.changes
    assert one.mode == "review"
    assert one.finding_ids == (first.id, second.id)


def test_a_contradiction_plans_neither_and_says_why():
    """Two values for one field of one record: a person must decide."""
    plan = build_plan(
        [
            finding(change(), rule="a-rule"),
            finding(change(after={"what_id": "006000000000002AAA"}), rule="b-rule"),
        ],
        inputs=inputs(),
    )
    assert plan.changes == ()
    assert all("want different values for WhatId" in f.why_not for f in plan.findings)
    assert {f.status for f in plan.findings} == {"report"}


def test_different_fields_of_one_record_do_not_contradict():
    """A subject and a relation of one task are both planned."""
    subject = change(before={"subject": "x"}, after={"subject": "y"})
    plan = build_plan([finding(change()), finding(subject, number=2)], inputs=inputs())
    assert len(plan.changes) == 2


@pytest.mark.parametrize("held", [{"waiting": True}, {"blocked_by": ("outreach",)}])
def test_what_waits_or_is_blocked_is_shown_and_never_planned(held):
    """A settle time or an incomplete poll keeps a change out of the plan."""
    plan = build_plan([finding(change(), **held)], inputs=inputs())
    assert plan.changes == ()
    assert len(plan.findings) == 1


def test_what_depends_comes_after_what_it_depends_on():
    """An Outreach role that follows a Salesforce role is ordered behind it."""
    follower = ProposedChange(
        target=RecordRef("outreach", "opportunityProspectRole", ""),
        operation="create",
        natural_key="opportunityProspectRole|1|2",
        after={"opportunity_id": "1", "prospect_id": "2"},
        after_keys=(role().natural_key,),
        mode=Mode.AUTO,
        confidence=0.9,
        reason="so in Salesforce",
        account_id="000",
    )
    plan = build_plan([finding(follower), finding(role(), number=2)], inputs=inputs())
    assert [one.object for one in plan.changes] == [
        "OpportunityContactRole",
        "opportunityProspectRole",
    ]
    assert plan.changes[1].depends_on == (plan.changes[0].id,)


@given(st.permutations(range(5)))
def test_the_digest_does_not_depend_on_the_order_of_findings(order):
    """The same findings in any order give the same plan."""
    found = [
        finding(
            change(RecordRef("salesforce", "Task", f"00T00000000000{n}AAA")), number=n
        )
        for n in range(1, 5)
    ]
    found.append(finding(role(), number=9))
    straight = build_plan(found, inputs=inputs())
    shuffled = build_plan([found[index] for index in order], inputs=inputs())
    assert shuffled.digest == straight.digest
    assert shuffled.findings == straight.findings


def test_a_later_plan_of_the_same_state_has_the_same_keys():
    """The moment of planning is no part of a change."""
    later = inputs(now=NOW + timedelta(hours=5))
    found = [finding(change())]
    first, second = build_plan(found, inputs=inputs()), build_plan(found, inputs=later)
    assert first.digest == second.digest
    assert first.plan_id != second.plan_id


def test_an_effect_that_was_taken_back_gets_a_new_key():
    """Wanting it again after a revert is another change."""
    first = build_plan([finding(change())], inputs=inputs()).changes[0]
    before = PastWrite(
        key="k",
        operation="update",
        record_id=TASK.id,
        after={"WhatId": None},
        state="done",
        settled_at=NOW - timedelta(hours=1),
    )
    again = inputs(past={effect_of(first): [before]})
    second = build_plan([finding(change())], inputs=again).changes[0]
    assert second.key != first.key
    assert second.id != first.id


@pytest.mark.parametrize(
    ("hours", "by", "guarded"),
    [(2, "rep", True), (30, "rep", False), (2, "tool", False)],
)
def test_what_a_person_touched_lately_is_written_under_a_guard(hours, by, guarded):
    """A person's fresh edit may be followed by another one."""
    touched = {TASK: Touch(at=NOW - timedelta(hours=hours), by=by)}
    facts = inputs(touched=touched, tools=frozenset({"tool"}))
    assert build_plan([finding(change())], inputs=facts).changes[0].guarded is guarded


def test_a_text_is_filled_in_or_the_change_waits():
    """A text that moved since it was judged is not copied."""
    call = RecordRef("outreach", "call", "7")
    text = TextOf(ref=call, field="note", length=5, sha256="x")
    copied = change(before={"note": None}, after={"note": text})
    assert text_values([finding(copied)]) == [text]
    facts = inputs(texts={(call, "note"): "hello"})
    assert build_plan([finding(copied)], inputs=facts).changes[0].after == {
        "Description": "hello"
    }
    plan = build_plan([finding(copied)], inputs=inputs())
    assert plan.changes == ()
    assert "moved since" in plan.findings[0].why_not


def plan_of(count, **options):
    """A plan with that many task updates."""
    found = [
        finding(
            change(RecordRef("salesforce", "Task", f"00T0000000{n:05d}AAA")), number=n
        )
        for n in range(count)
    ]
    return build_plan(found, inputs=inputs(**options))


def guard(plan, name):
    """One guard of a plan."""
    return next(one for one in plan.guards if one.guard == name)


@pytest.mark.parametrize(("count", "ok"), [(3, True), (4, False)])
def test_the_number_of_changes_is_limited(count, ok):
    """One over the limit is over the limit."""
    plan = plan_of(count, limits=Limits(max_changes=3))
    assert guard(plan, "max_changes").ok is ok


@pytest.mark.parametrize(("live", "ok"), [(99, None), (100, True), (1000, True)])
def test_the_share_of_an_object_is_limited_from_a_hundred_records_up(live, ok):
    """Five of a hundred are allowed; of fewer records nothing is said."""
    plan = plan_of(5, live={("salesforce", "Task"): live})
    shares = [one for one in plan.guards if one.guard.startswith("max_share")]
    assert [one.ok for one in shares] == ([] if ok is None else [ok])


def test_six_of_a_hundred_are_too_many():
    """The share limit counts changes over live records."""
    plan = plan_of(6, live={("salesforce", "Task"): 100})
    assert not guard(plan, "max_share:salesforce.Task").ok


def test_an_incomplete_poll_carries_no_deletes():
    """What a connector could not read may still be there; the rest is planned."""
    gone = finding(change(OTHER, operation="delete", before={}, after={}), number=2)
    both = [finding(change()), gone]
    states = {"outreach": ConnectorState(as_of=None, complete=False)}
    plan = build_plan(both, inputs=inputs(connectors=states))
    assert [one.operation for one in plan.changes] == ["update"]
    assert "while outreach is incomplete" in plan.findings[1].why_not
    assert plan.findings[1].waiting
    assert len(build_plan(both, inputs=inputs()).changes) == 2


THREE = Limits(max_changes=3)


def refusal(plan, selected=None, *, limits=THREE, **more):
    """Why a plan is refused, None when it is not."""
    try:
        refuse_unfit(
            plan,
            plan.changes if selected is None else selected,
            limits=limits,
            **{
                "orgs": plan.orgs,
                "live": {("salesforce", "Task"): 40},
                "now": NOW,
                "force": False,
                "stopped_systems": more.pop("stopped", {}),
                **more,
            },
        )
    except GuardError as error:
        return error.problem.what
    return None


def test_a_part_of_a_plan_over_its_limit_may_be_applied():
    """--first N and --force are the two ways past the limits on number and share."""
    plan = plan_of(9, limits=Limits(max_changes=3), live={("salesforce", "Task"): 100})
    assert "max_changes is 9" in refusal(plan)
    assert refusal(plan, plan.changes[:3]) is None
    assert refusal(plan, force=True) is None


def test_limits_are_those_configured_now_whatever_the_plan_says():
    """A plan that was made elsewhere, or whose guards were cut out, is held too."""
    plan = msgspec.structs.replace(plan_of(9), guards=())
    assert "max_changes is 9" in refusal(plan)


def test_deletes_planned_on_an_incomplete_poll_are_refused():
    """Also in a plan that does not say so itself; undoing our own rests on no poll."""
    gone = finding(change(OTHER, operation="delete", before={}, after={}))
    plan = build_plan([gone], inputs=inputs())
    states = {"outreach": ConnectorState(as_of=None, complete=False)}
    plan = msgspec.structs.replace(plan, connectors=states)
    assert "incomplete poll" in refusal(plan, force=True)
    undoing = [msgspec.structs.replace(one, undoes="key") for one in plan.changes]
    assert refusal(plan, undoing) is None


def test_force_lifts_nothing_else():
    """Age, org, edits and doubted snapshots stand whatever is forced."""
    plan = plan_of(1)
    assert "older than" in refusal(plan, now=NOW + timedelta(hours=25), force=True)
    assert "another salesforce org" in refusal(
        plan, orgs={"salesforce": "x"}, force=True
    )
    edited = msgspec.structs.replace(plan, changes=())
    assert "edited by hand" in refusal(edited, force=True)
    stopped = {"salesforce": "Contact fell from 90 to 3"}
    assert "fell from 90 to 3" in refusal(plan, force=True, stopped=stopped)


def test_a_doubt_stops_only_its_own_system():
    """A plan for several systems is applied as far as they are believed."""
    plan = plan_of(1)
    assert refusal(plan, stopped={"outreach": "prospect fell from 90 to 3"}) is None
    assert refusal(plan, (), stopped={"salesforce": "doubted"}) is None
    doubted = plan_of(1, doubts=("salesforce Contact fell from 90 to 3",))
    assert not guard(doubted, "snapshots_believed").ok
    assert refusal(doubted) is None  # what was doubted then is cleared by now


def owned(count, owner, *, start=0, rule="activity-related-to-opportunity"):
    """Findings about this many tasks of one person."""
    return [
        finding(
            change(RecordRef("salesforce", "Task", f"00T0000000{n:05d}AAA")),
            number=n,
            rule=rule,
            owner=owner,
        )
        for n in range(start, start + count)
    ]


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        ({}, None),
        ({"max_changes_per_owner": 2}, None),
        ({"max_changes_per_owner": 1}, "max_changes_per_owner:ann@x.test"),
        ({"max_changes_per_rule": 3}, None),
        ({"max_changes_per_rule": 2}, "max_changes_per_rule:activity-related-to"),
    ],
)
def test_a_rule_and_an_owner_can_be_capped(limits, broken):
    """A plan over a cap is refused; a part under it, or --force, is not."""
    found = [*owned(2, "ann@x.test"), *owned(1, "bob@x.test", start=5)]
    capped = Limits(**limits)
    plan = build_plan(found, inputs=inputs(limits=capped))
    said = refusal(plan, limits=capped)
    assert (said is None) is (broken is None)
    if broken:
        assert said.startswith(broken)
        assert refusal(plan, plan.changes[:1], limits=capped) is None
        assert refusal(plan, limits=capped, force=True) is None


def test_a_change_without_owner_counts_for_no_owner():
    """A cap per owner says nothing about records that nobody owns."""
    capped = Limits(max_changes_per_owner=1)
    assert refusal(plan_of(3, limits=capped), limits=capped) is None


def test_a_natural_key_is_the_effect_whatever_fields_are_written():
    """A role that was taken back is the same role with another field filled."""
    plain, full = role(), role()
    full = msgspec.structs.replace(full, after={**full.after, "role": "Evaluator"})
    effects = {
        effect_of(build_plan([finding(one)], inputs=inputs()).changes[0])
        for one in (plain, full)
    }
    assert len(effects) == 1


def test_what_rests_is_said_with_its_reason_and_the_way_out():
    """A change that was refused three times stands in the notes until it is cleared."""
    first = build_plan([finding(change())], inputs=inputs()).changes[0]
    refusal_of = PastWrite(
        key=first.key,
        operation="update",
        record_id=TASK.id,
        after=first.after,
        state="refused",
        settled_at=NOW - timedelta(hours=1),
        detail="FIELD_CUSTOM_VALIDATION_EXCEPTION",
    )
    effect = effect_of(first)
    fresh = build_plan(
        [finding(change())], inputs=inputs(past={effect: [refusal_of] * 3})
    )
    (stone,) = fresh.tombstones
    later = build_plan([finding(change())], inputs=inputs(tombstones={effect: stone}))
    for plan in (fresh, later):
        assert plan.changes == ()
        (note,) = plan.notes
        assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in note
        assert f"tombstones clear {stone.id}" in note
