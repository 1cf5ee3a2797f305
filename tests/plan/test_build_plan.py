"""From findings to a plan: merging, contradictions, order, digest."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.model.finding import (
    Expectation,
    Mode,
    ProposedChange,
    TextOf,
)
from syncd.model.plan import effect_of
from syncd.model.record import RecordRef
from syncd.model.tombstone import PastWrite
from syncd.plan.build import build_plan, text_values
from syncd.plan.inputs import Touch
from tests.plan.made import (
    DEAL,
    NOW,
    TASK,
    change,
    finding,
    inputs,
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
        sequence=1,
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
    [(2, "rep", True), (24, "rep", False), (30, "rep", False), (2, "tool", False)],
)
def test_what_a_person_touched_lately_is_written_under_a_guard(hours, by, guarded):
    """A person's fresh edit may be followed by another one."""
    touched = {TASK: Touch(at=NOW - timedelta(hours=hours), by=by)}
    facts = inputs(touched=touched, tools=frozenset({"tool"}))
    assert build_plan([finding(change())], inputs=facts).changes[0].guarded is guarded


def test_a_text_is_filled_in_or_the_change_waits():
    """A text that moved since it was judged, or cannot be read, is not copied."""
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
    assert "cannot be read" in plan.findings[0].why_not
    assert plan.findings[0].waiting


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
        sequence=1,
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


def test_a_plan_names_what_its_changes_speak_of():
    """Names that no change needs are left out; the digest does not know of any."""
    known = {
        "salesforce": {
            DEAL.id: "Acme renewal",
            "003000000000001AAA": "Emma Costa",
            "003000000000002AAA": "Nobody's business",
        },
        "outreach": {f"opportunity/{DEAL.id}": "of another system"},
    }
    bare = build_plan([finding(role())], inputs=inputs())
    plan = build_plan([finding(role())], inputs=inputs(names=known))
    assert plan.names == {
        "salesforce": {DEAL.id: "Acme renewal", "003000000000001AAA": "Emma Costa"}
    }
    assert not bare.names
    assert plan.digest == bare.digest
