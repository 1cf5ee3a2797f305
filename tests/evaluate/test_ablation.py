"""Leaving evidence out: what rests on it falls, the rest stays as it is."""

import pytest

from benchmarks.association.ablation import (
    GROUPS,
    answers_without,
    figures_without,
    variants,
)
from syncd.association.weights import shipped
from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.labels import Label
from syncd.model.record import RecordRef
from syncd.pipeline.evaluate import EvaluationInputs, judge_labels
from tests.evaluate.test_judge_labels import OneHome


def test_every_kind_of_evidence_is_left_out_once():
    """Each alone, then each group, and never all of it."""
    full = shipped()
    found = variants()
    assert set(found) == set(full.evidence) | set(GROUPS)
    for name in full.evidence:
        assert set(full.evidence) - set(found[name].evidence) == {name}
    for group in GROUPS:
        assert 1 < len(found[group].evidence) < len(full.evidence)


@pytest.fixture
def ann(world):
    """Ann has a role on one of two deals of another owner; a call with her."""
    world.contact("ann")
    for key in ("deal", "sister"):
        world.opportunity(key, owner_id="005other")
    world.role("deal", "ann", is_primary=True)
    world.task(who_id="003ann")
    return world


def test_what_rests_on_roles_falls_without_them(ann):
    """The role decides here: without any role nothing tells the deals apart."""
    label = Label(
        line=2,
        activity=ann.rows["activities"][0].ref,
        target=RecordRef("salesforce", "Opportunity", "006deal"),
    )
    inputs = EvaluationInputs(
        mirror=OneHome(ann), policy=ann.rules(), baselines=BASELINES, now=ann.now
    )
    judged = judge_labels([label], inputs)
    assert judged[0].answer.likeliest.id == "006deal"
    view = ann.judge("opportunity-has-contact").view
    found = answers_without([view], judged, ann.rules().association)
    before = judged[0].answer
    assert found["case_number"] == (before,)
    assert found["all roles"][0].probability < before.probability
    assert figures_without(judged, found["case_number"]).n == 1
