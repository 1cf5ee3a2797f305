"""Limits that a plan is held against, and what makes one unfit to apply."""

from datetime import timedelta

import msgspec
import pytest

from syncd.errors import GuardError
from syncd.model.plan import ConnectorState
from syncd.model.record import RecordRef
from syncd.plan.build import build_plan
from syncd.plan.guards import check_guards, refuse_unfit
from syncd.plan.inputs import Limits
from tests.plan.made import NOW, OTHER, change, finding, inputs, plan_of


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
    whole = build_plan(both, inputs=inputs())
    assert len(whole.changes) == 2
    assert guard(whole, "no_deletes_on_incomplete_poll").ok
    assert refusal(whole) is None


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


@pytest.mark.parametrize(
    ("operation", "undoes", "outreach", "ok"),
    [
        ("delete", None, False, False),
        ("delete", None, True, True),
        ("delete", "k1", False, True),
        ("update", None, False, True),
    ],
)
def test_one_system_that_was_not_read_to_its_end_forbids_every_delete(
    operation, undoes, outreach, ok
):
    """But not what takes back our own write, nor what removes nothing."""
    whole = ConnectorState(as_of=NOW, complete=True)
    half = msgspec.structs.replace(whole, complete=outreach)
    states = {"salesforce": whole, "outreach": half}
    (one,) = plan_of(1).changes
    one = msgspec.structs.replace(one, operation=operation, undoes=undoes)
    found = check_guards([one], owners={}, inputs=inputs(connectors=states))
    (told,) = [g for g in found if g.guard == "no_deletes_on_incomplete_poll"]
    assert told.ok is ok


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


@pytest.mark.parametrize(
    ("age", "says"),
    [
        (timedelta(hours=24), None),
        (timedelta(hours=24, seconds=1), "it is 24 h old, older than 24 h"),
        (timedelta(minutes=-5), None),
        (timedelta(minutes=-6), "it was made 6 min from now: a clock is wrong"),
        (timedelta(hours=-48), "it was made 2880 min from now: a clock is wrong"),
    ],
)
def test_a_plan_whose_age_is_over_the_limit_or_cannot_be_told_is_refused(age, says):
    """Two machines' clocks may differ by some minutes; more says nothing of its age."""
    found = refusal(plan_of(1), now=NOW + age)
    assert (found is None) is (says is None)
    if says:
        assert says in found


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
