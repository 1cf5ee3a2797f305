"""From labels to answers: what is looked up, what is hidden, which slices they form."""

from datetime import timedelta

import msgspec
import pytest

from syncd.errors import ConfigError
from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.labels import Label
from syncd.model.record import Record, RecordRef
from syncd.pipeline.evaluate import EvaluationInputs, judge_labels
from tests.core.conftest import ago


class OneHome:
    """A mirror that holds one home."""

    def __init__(self, world, *, filed=True):
        self.world, self.filed = world, filed

    def homes_of(self, refs):
        """Every activity that was added is in the home, or in none."""
        records = self.world.records()
        home = records.home if self.filed else ""
        return {one.ref: home for one in records.activities if one.ref in set(refs)}

    def get(self, ref):
        """Opportunities and cases, guests included."""
        records = self.world.records()
        layers = [one for one in (records, records.guests) if one]
        for layer in layers:
            for one in (*layer.opportunities, *layer.cases):
                if one.id == ref.id:
                    body = msgspec.json.encode(one)
                    return Record(ref=ref, version="1", valid_from=None, fields=body)
        return None

    def org(self, _policy):
        """The org around it."""
        return self.world.context()

    def load(self, homes, *, since):
        """The home, when it is asked for."""
        assert since.year == 1
        if homes:
            yield [self.world.records()]


def judged(world, *pairs, filed=True, slices=()):
    """Answers for pairs of an activity and the id of its target, or None."""
    labels = [
        Label(
            line=number + 2,
            activity=activity.ref,
            target=_ref(target),
            slices=frozenset(slices[number : number + 1]),
        )
        for number, (activity, target) in enumerate(pairs)
    ]
    inputs = EvaluationInputs(
        mirror=OneHome(world, filed=filed),
        policy=world.rules(),
        baselines=BASELINES,
        now=world.now,
    )
    return judge_labels(labels, inputs)


def _ref(target):
    kind = "Case" if (target or "").startswith("500") else "Opportunity"
    return RecordRef("salesforce", kind, target) if target else None


@pytest.fixture
def deal(world):
    """Ann with a role on the one open deal."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    return world


def test_an_activity_is_linked_with_its_accounts_beside_it(deal):
    """The answer, the label's account, the people's accounts and the home."""
    (one,) = judged(deal, (deal.task(who_id="003ann"), "006deal"))
    assert [link.id for link in one.answer.links] == ["006deal"]
    assert one.truth.account_id == "001acme"
    assert one.peoples_accounts == {"001acme"}
    assert one.block == "001acme"
    assert set(one.baselines) == set(BASELINES)


def test_an_activity_that_only_its_relation_places_is_judged_without_it(deal):
    """Nobody known took part: with the relation hidden nothing would lead here."""
    task = deal.task(what_id="006deal")
    starts_at = deal.meeting(guests=("ann",)).starts_at
    late = starts_at + timedelta(minutes=5)
    event = deal.event(what_id="006deal", starts_at=late)
    for one in judged(deal, (task, "006deal"), (event, "006deal")):
        assert one.answer.links == ()
        assert one.answer.probability == 0.0
        assert {other.links for other in one.baselines.values()} == {()}


@pytest.mark.parametrize("kind", ["call", "recording", "meeting"])
def test_another_systems_record_places_an_activity_too(deal, kind):
    """An Outreach call that it logs, a recording that it names, its owner's meeting."""
    deal.role("deal", "ann")
    deal.prospect("ann")
    if kind == "call":
        deal.call(crm_ids=("00Tt",))
        logged = deal.task(what_id="006deal")
    elif kind == "meeting":
        starts_at = deal.meeting(guests=("ann",)).starts_at
        logged = deal.event(what_id="006deal", starts_at=starts_at)
    else:
        deal.engagement("E1")
        logged = deal.event(what_id="006deal", chorus_id="E1")
    (one,) = judged(deal, (logged, "006deal"))
    assert [link.id for link in one.answer.links] == ["006deal"]


def test_an_activity_without_a_home_has_no_answer(deal):
    """It is counted, as abstained."""
    (one,) = judged(deal, (deal.task(who_id="003ann"), None), filed=False)
    assert one.answer.links == ()
    assert one.slices == {"no_target"}


def test_a_deal_closed_since_is_linked_as_at_the_interaction(deal):
    """It was open then; today it would only be proposed."""
    deal.rows["opportunities"].clear()
    deal.opportunity(is_closed=True, stage="Won", stage_changed_at=ago(hours=2))
    deal.role("deal", "ann")
    (one,) = judged(deal, (deal.task(who_id="003ann"), "006deal"))
    assert [link.id for link in one.answer.links] == ["006deal"]
    assert one.answer.proposed is None
    assert "closed_today" in one.slices


def test_a_name_that_the_labels_use_is_filled_by_them_alone(deal):
    """Two meanings of one name are not mixed."""
    deal.opportunity("sister")
    asked = [deal.task(key, who_id="003ann") for key in ("t1", "t2")]
    (first, second) = judged(
        deal, *((one, "006deal") for one in asked), slices=["several_open", "mine"]
    )
    assert first.slices & {"several_open", "mine"} == {"several_open"}
    assert second.slices & {"several_open", "mine"} == {"mine"}


def edit(world, **fields):
    """Change the deal."""
    deal = msgspec.structs.replace(world.rows["opportunities"][0], **fields)
    world.rows["opportunities"] = [deal]


def close(world, **fields):
    """The deal is won."""
    edit(world, is_closed=True, stage="Won", **fields)


SLICES = {
    "several_open": lambda w: w.opportunity("sister"),
    "several_accounts": lambda w: (
        w.contact("pat", account_id="001partner", guest=True),
        w.meeting(guests=("ann", "pat")),
        w.event(who_id="003ann"),
    ),
    "roles_missing": lambda w: w.role("deal", "zoe"),
    "owner_absent": lambda w: edit(w, owner_id="005other"),
    "as_of": lambda w: (
        close(w, stage_changed_at=ago(hours=1)),
        w.opportunity("late", created_at=ago(hours=1)),
    ),
    "closed_today": lambda w: close(w, stage_changed_at=ago(hours=1)),
    "series": lambda w: (
        w.meeting(series_id="s", original_starts_at=ago(days=1)),
        w.event(who_id="003ann"),
    ),
}


@pytest.mark.parametrize("name", sorted(SLICES))
def test_what_puts_an_activity_into_a_slice(deal, name):
    """Each slice by the one thing that makes it, and not without."""
    task = deal.task(who_id="003ann")
    deal.role("deal", "ann")
    if name == "roles_missing":
        deal.rows["roles"].clear()
    else:
        (before,) = judged(deal, (task, "006deal"))
        assert name not in before.slices
    SLICES[name](deal)
    asked = deal.rows["activities"][-1]
    (after,) = judged(deal, (asked, "006deal"))
    assert name in after.slices


def test_cases_and_empty_labels_are_slices(deal):
    """By the label alone."""
    task = deal.task(who_id="003ann")
    deal.case("00001234")
    (case,) = judged(deal, (task, "50000001234"))
    (none,) = judged(deal, (task, None))
    assert "case" in case.slices
    assert "no_target" in none.slices


def test_unknown_records_are_refused_together(deal):
    """Every line that names something the mirror lacks."""
    task = deal.task(who_id="003ann")
    gone = msgspec.structs.replace(task, id="00Tgone")
    with pytest.raises(ConfigError) as caught:
        judged(deal, (gone, "006deal"), (task, "006gone"))
    said = [str(one) for one in caught.value.problems]
    assert [one.partition(": ")[0] for one in said] == ["labels:2", "labels:3"]


def test_progress_counts_labels(deal):
    """It ends at the number of labels."""
    told = []
    labels = [Label(line=2, activity=deal.task(who_id="003ann").ref)]
    inputs = EvaluationInputs(
        mirror=OneHome(deal),
        policy=deal.rules(),
        baselines={},
        now=deal.now + timedelta(days=1),
        progress=lambda *one: told.append(one),
    )
    judge_labels(labels, inputs)
    assert told == [("evaluate", "activities", 1, 1)]
