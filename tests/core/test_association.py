"""Which opportunity: candidates, vetoes, thresholds, explanation."""

from datetime import timedelta

import msgspec
import pytest

from syncd.association.past import OpportunityPast, Phase, case_was_open
from syncd.association.weights import shipped
from syncd.model.association import Decision
from syncd.model.entities import (
    Account,
    Case,
    Opportunity,
    OpportunityHistory,
)
from syncd.model.policy import AssociationPolicy


def answer(world, index=-1):
    """The association of the world's latest interaction."""
    view = world.judge("opportunity-has-contact").view
    return view.associations[view.interactions[index].key]


def features(world, target="006deal"):
    """Names of the evidence for one candidate."""
    candidate = next(c for c in answer(world).candidates if c.target.id == target)
    return {feature.name for feature in candidate.features}


def weight_of(world, name, target="006deal"):
    """Log-odds of one kind of evidence for a candidate, 0 without it."""
    candidate = next(c for c in answer(world).candidates if c.target.id == target)
    return sum(f.weight for f in candidate.features if f.name == name)


@pytest.fixture
def deal(world):
    """Ann, one open deal, and yesterday's call with her."""
    world.contact("ann")
    world.opportunity()
    world.task(who_id="003ann")
    return world


def test_an_only_deal_of_the_owner_is_applied(deal):
    """Account and owner suffice where there is no rival; a role makes it surer."""
    without = answer(deal)
    assert (without.decision, without.target.id) == (Decision.APPLY, "006deal")
    deal.role("deal", "ann")
    assert answer(deal).probability > without.probability


def test_an_only_deal_of_somebody_else_is_proposed(deal):
    """A manager's call about the only deal is likely, not certain."""
    deal.rows["opportunities"].clear()
    deal.opportunity(owner_id="005other")
    assert answer(deal).decision is Decision.PROPOSE


def test_the_activitys_own_link_is_never_read(deal):
    """What it is related to today changes nothing about its own answer."""
    deal.opportunity("other")
    before = answer(deal)
    deal.rows["activities"].clear()
    deal.task(who_id="003ann", what_id="006other")
    assert answer(deal) == before


@pytest.mark.parametrize(
    ("more", "veto"),
    [
        ({"is_closed": True, "stage": "Won", "stage_changed_at": "early"}, "closed"),
        ({"created_at": "late"}, "created more than two weeks after"),
        ({"is_private": True}, "private"),
    ],
)
def test_vetoes(world, more, veto):
    """What cannot be it is shown with its reason and never chosen."""
    at = {"early": world.now - timedelta(days=40), "late": world.now}
    world.contact("ann")
    world.opportunity(**{k: at.get(v, v) for k, v in more.items()})
    old = world.now - timedelta(days=20)
    world.task(who_id="003ann", day=old.date(), created_at=old)
    found = answer(world)
    assert found.decision is Decision.ABSTAIN
    assert veto in found.candidates[0].vetoes[0]


def test_unrelated_accounts_are_vetoed(deal):
    """U18: a hint does not pull a stranger's deal in."""
    deal.opportunity("foreign", account_id="001else", guest=True)
    deal.prospect("ann")
    deal.twin("foreign")
    deal.call(opportunity_id="o-foreign", crm_ids=("00Tt",))
    found = answer(deal)
    foreign = next(c for c in found.candidates if c.target.id == "006foreign")
    assert "belongs to its account" in foreign.vetoes[0]
    assert found.target.id == "006deal"


def test_a_role_carries_across_accounts(world):
    """U19: a partner's person with a role on the deal belongs to it."""
    world.contact("pat", account_id="001partner", guest=True)
    world.opportunity()
    world.role("deal", "pat")
    world.task(who_id="003pat")
    found = answer(world)
    assert found.target.id == "006deal"
    assert "roles" in {f.name for f in found.candidates[0].features}


def test_parent_and_child_accounts_are_candidates(world):
    """A subsidiary's person speaks about the parent's deal: possible, weaker."""
    world.guest_account = Account(id="001child", parent_id="001acme")
    world.contact("ann", account_id="001child", guest=True)
    world.opportunity()
    world.task(who_id="003ann")
    assert {"account", "related_account"} <= features(world)
    assert "other_people" in features(world)
    assert answer(world).decision is not Decision.APPLY


@pytest.mark.parametrize(
    ("setup", "name"),
    [
        (lambda w: w.role("deal", "ann"), "roles"),
        (lambda w: w.role("deal", "ann", is_primary=True), "primary"),
        (lambda w: None, "owner_attends"),
    ],
)
def test_evidence_of_people(deal, setup, name):
    """Who had a role, who owned it."""
    setup(deal)
    assert name in features(deal)


@pytest.mark.parametrize(
    ("setup", "low", "high"),
    [
        (lambda w: w.role("deal", "ann"), 1.2, 1.4),
        (lambda w: w.role("deal", "ann", created_at=w.now), 0.9, 1.2),
        (lambda w: w.role("deal", "ann", created_at=None), 0.9, 1.2),
        (lambda w: w.role("deal", "zoe"), -1.5, -1.0),
        (lambda w: None, 0.0, 0.0),
    ],
)
def test_roles_count_by_when_they_were_given(deal, setup, low, high):
    """One of that day says most, a later one less; others' roles speak against it."""
    setup(deal)
    assert low <= weight_of(deal, "roles") <= high


@pytest.mark.parametrize(
    ("came", "others", "low", "high"),
    [(3, 0, 0.5, 1.0), (3, 9, -0.7, -0.4), (0, 9, -2.0, -1.5), (0, 0, 0.0, 0.0)],
)
def test_other_meetings_bend_how_likely_somebody_was_to_come(
    world, came, others, low, high
):
    """Being at all of them speaks for it, being at none of many against it."""
    for who in ("ann", "zoe"):
        world.contact(who)
    world.opportunity()
    for who in ("ann", "zoe"):
        world.role("deal", who)
    for who, count in (("ann", came), ("zoe", others)):
        for place in range(count):
            at = world.now - timedelta(days=20 + place)
            world.task(
                f"{who}{place}",
                who_id=f"003{who}",
                what_id="006deal",
                subject=f"{who} {place}",
                day=at.date(),
                created_at=at,
            )
    world.task("judged", who_id="003ann")
    assert low <= weight_of(world, "attendance") <= high


def test_a_series_need_not_be_about_a_deal(world):
    """An occurrence is less sure to be about one, until people related another."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    for days in (8, 1):
        start = world.now - timedelta(days=days)
        world.occurrence(f"m{days}", start)
        ends = start + timedelta(hours=1)
        world.event(f"e{days}", who_id="003ann", starts_at=start, ends_at=ends)
    alone = weight_of(world, "standing")
    assert alone < 0
    first = world.rows["activities"][0]
    related = msgspec.structs.replace(first, what_id="006deal")
    world.rows["activities"][0] = related
    assert alone < weight_of(world, "standing") < 0


def test_a_stranger_of_another_candidates_company_counts(world):
    """Somebody unknown whose domain is another account's speaks against this one's."""
    world.guest_account = Account(id="001beta", website="beta.example")
    world.contact("ann")
    world.opportunity()
    world.meeting(guests=("ann", "zoe@beta.example"))
    assert "other_people" in features(world)


@pytest.mark.parametrize(
    ("subject", "kind", "name"),
    [
        ("Renewal talk", "Renewal", "kind_fits"),
        ("Renewal talk", "New Business", "kind_differs"),
        ("Add-on seats", "Add-On Business", "kind_fits"),
        ("IQM (ii)", "New Business", "kind_fits"),
        ("IQM (ii)", "Renewal", "first_talk_of_later"),
        ("Falcon review", "New Business", "name"),
    ],
)
def test_evidence_of_words(world, subject, kind, name):
    """Titles speak of types and names."""
    world.contact("ann")
    world.opportunity(name="Acme Falcon", type=kind)
    world.task(who_id="003ann", subject=subject)
    assert name in features(world)


def test_a_word_of_two_deals_tells_nothing(world):
    """Only a word that one candidate alone has counts, and never the account's."""
    world.contact("ann")
    world.opportunity("one", name="Acme Falcon")
    world.opportunity("two", name="Acme Falcon again")
    world.task(who_id="003ann", subject="Acme Falcon call")
    assert "name" not in features(world, "006one") | features(world, "006two")


def test_hints_are_evidence_and_not_truth(deal):
    """Outreach's most recent deal does not beat role and owner."""
    deal.role("deal", "ann")
    deal.opportunity("other", owner_id="005other")
    deal.prospect("ann")
    deal.twin("other")
    deal.call(opportunity_id="o-other", crm_ids=("00Tt",))
    assert "outreach_hint" in features(deal, "006other")
    assert answer(deal).candidates[0].target.id == "006deal"


def test_chorus_names_a_deal(world):
    """Its own link is a hint."""
    world.contact("ann")
    world.opportunity()
    world.engagement(opportunity_id="006deal")
    assert "chorus_hint" in features(world)


def test_a_series_sets_a_precedent(world):
    """Other occurrences that people related lend their deal to this one."""
    world.contact("ann")
    for key in ("deal", "other"):
        world.opportunity(key)
        world.role(key, "ann")
    for days in (15, 8, 1):
        start = world.now - timedelta(days=days)
        world.occurrence(f"m{days}", start)
        world.event(
            f"e{days}",
            who_id="003ann",
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            what_id=None if days == 1 else "006deal",
        )
    found = answer(world)
    assert (found.decision, found.target.id) == (Decision.APPLY, "006deal")
    assert {"series", "habit"} <= features(world)


def test_a_distant_precedent_is_none(world):
    """What the same people did half a year ago tells nothing."""
    world.contact("ann")
    world.opportunity(created_at=world.now - timedelta(days=300))
    old = world.now - timedelta(days=60)
    world.task("a", who_id="003ann", what_id="006deal", day=old.date(), created_at=old)
    world.task("b", who_id="003ann")
    assert "habit" not in features(world)


@pytest.mark.parametrize(
    ("days", "name"),
    [(31, "stale"), (29, None)],
)
def test_a_stale_deal_counts_less(world, days, name):
    """Its close date had passed by more than a month."""
    world.contact("ann")
    close_date = (world.now - timedelta(days=days + 1)).date()
    world.opportunity(close_date=close_date)
    world.task(who_id="003ann")
    assert ("stale" in features(world)) is (name == "stale")


@pytest.mark.parametrize(
    ("reopened_after", "decision"),
    [(6, Decision.PROPOSE), (8, Decision.ABSTAIN)],
)
def test_a_deal_that_was_closed_for_a_moment_is_proposed_at_most(
    world, reopened_after, decision
):
    """Open again within a week of the interaction, it may be what that was about."""
    at = world.now - timedelta(days=20)
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    world.history("deal", "Open", at - timedelta(days=60))
    world.history("deal", "Lost", at - timedelta(days=2))
    world.history("deal", "Open", at + timedelta(days=reopened_after))
    world.task(who_id="003ann", day=at.date(), created_at=at)
    found = answer(world)
    assert found.decision is decision
    is_possible = decision is Decision.PROPOSE
    assert ("reopened" in features(world)) is is_possible
    assert ("closed then" in found.held_back) is is_possible


def test_a_deal_created_soon_after_is_possible(world):
    """The meeting led to it."""
    world.contact("ann")
    world.opportunity(created_at=world.now)
    world.task(who_id="003ann")
    assert "created_after" in features(world)


@pytest.mark.parametrize(
    ("setup", "reason"),
    [
        (lambda w: w.event(is_private=True), "private"),
        (lambda w: w.event(), "outside"),
        (lambda w: (w.lead("lee"), w.event(who_id="00Qlee")), "lead"),
        (lambda w: w.meeting(guests=("zoe@else.example",)), "known contact"),
    ],
)
def test_refusals_say_why(world, setup, reason):
    """Private, internal, lead-only and unknown people have no deal."""
    world.opportunity()
    setup(world)
    found = answer(world)
    assert found.decision is Decision.ABSTAIN
    assert reason in found.reason
    assert found.target is None


def test_weak_keys_are_proposed_at_most(world):
    """However clear the deal, a resemblance writes nothing."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    world.meeting(guests=("ann+x@acme.example",))
    found = answer(world)
    assert found.decision is Decision.PROPOSE
    assert "weak keys" in found.reason


def test_thresholds_are_the_policys(deal):
    """Stricter thresholds lower the decision, step by step."""
    sure = answer(deal).probability
    for policy, decision in (
        (AssociationPolicy(apply_at=sure, propose_at=0.5), Decision.APPLY),
        (AssociationPolicy(apply_at=0.999999), Decision.PROPOSE),
        (AssociationPolicy(apply_at=sure, margin=1.0), Decision.PROPOSE),
        (AssociationPolicy(apply_at=1.0, propose_at=0.9999), Decision.ABSTAIN),
    ):
        deal.policy["association"] = policy
        assert answer(deal).decision is decision


def test_probabilities_leave_room_for_none(deal):
    """All candidates and "none of them" make one."""
    deal.opportunity("other")
    found = answer(deal)
    total = sum(c.probability for c in found.candidates)
    assert 0.9 < total < 1.0
    assert found.margin < 0.2


def snapshot(stage, at):
    """A row of the stage history."""
    return OpportunityHistory(
        id=f"{stage}{at}", opportunity_id="006deal", stage=stage, created_at=at
    )


def test_the_past_is_read_from_history(world):
    """Open, closed, reopened: each at its time; before the first row by creation."""
    now = world.now
    past = OpportunityPast(
        opportunity=Opportunity(
            id="006deal", is_closed=True, created_at=now - timedelta(days=90)
        ),
        snapshots=(
            snapshot("Open", now - timedelta(days=80)),
            snapshot("Won", now - timedelta(days=60)),
            snapshot("Open", now - timedelta(days=40)),
            snapshot("Won", now - timedelta(days=20)),
        ),
        closed_stages=frozenset({"Won"}),
    )
    phases = [past.phase_at(now - timedelta(days=d)) for d in (95, 85, 70, 50, 30, 10)]
    assert phases == [
        Phase.NOT_YET,
        Phase.OPEN,
        Phase.OPEN,
        Phase.CLOSED,
        Phase.OPEN,
        Phase.CLOSED,
    ]
    assert past.closed_at == now - timedelta(days=20)


def test_without_history_closing_is_the_last_stage_change(world):
    """Else the end of the close date; an open deal never closed."""
    now = world.now
    closed = Opportunity(id="1", is_closed=True, close_date=now.date())
    assert OpportunityPast(opportunity=closed).phase_at(now) is Phase.OPEN
    later = now + timedelta(days=1)
    assert OpportunityPast(opportunity=closed).phase_at(later) is Phase.CLOSED
    changed = Opportunity(id="1", is_closed=True, stage_changed_at=now)
    assert OpportunityPast(opportunity=changed).phase_at(now) is Phase.CLOSED
    assert OpportunityPast(opportunity=Opportunity(id="1")).closed_at is None


def test_cases_as_of(world):
    """A case closes when it says."""
    now = world.now
    case = Case(id="1", created_at=now, closed_at=now + timedelta(days=1))
    assert not case_was_open(case, now - timedelta(seconds=1))
    assert case_was_open(case, now)
    assert not case_was_open(case, now + timedelta(days=1))
    assert not case_was_open(Case(id="1", is_closed=True), now)


@pytest.mark.parametrize(
    ("guests", "share"),
    [(("ann",), None), (("ann", "pat"), 1 / 2), (("ann", "pat", "bob"), 1 / 3)],
)
def test_people_of_other_accounts_count_by_their_share(world, guests, share):
    """Somebody with a role belongs to the deal, whatever the account."""
    world.contact("ann", account_id="001partner", guest=True)
    world.contact("pat", account_id="001else", guest=True)
    world.contact("bob")
    world.opportunity()
    world.role("deal", "ann")
    world.meeting(guests=guests)
    found = [
        f for f in answer(world).candidates[0].features if f.name == "other_people"
    ]
    if share is None:
        assert found == []
    else:
        weight = shipped().table["other_people"] * share
        assert [f.weight for f in found] == [pytest.approx(weight)]


def test_the_accounts_own_name_tells_nothing(world):
    """Every meeting with Acme says Acme."""
    world.contact("ann")
    world.opportunity(name="Acme Falcon")
    world.task(who_id="003ann", subject="Acme")
    assert "name" not in features(world)
