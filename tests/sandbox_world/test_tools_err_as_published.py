"""Tools pick the opportunity by their published rules, from what they see."""

from datetime import UTC, date, datetime, timedelta

import pytest

from syncd.sandbox.world.corpus.tools import modified_at, pick
from syncd.sandbox.world.corpus.truth import Deal, Firm, Person, Staffer, Step

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
REP = Staffer(id="005a", outreach=1, email="r@x.com", name="Rep", job="ae")
FIRM = Firm(id="001a", outreach=1, name="A", domain="a.com", rep=REP, carer=REP)
ANNA = Person(first="Anna", last="A", title="", firm=FIRM, email="anna@a.com")
BILL = Person(first="Bill", last="B", title="", firm=FIRM, email="bill@a.com")


def deal(name, *, created, changed=None, roles=()):
    """An open deal, made and last changed so many days before noon."""
    made = NOON - timedelta(days=created)
    steps = [Step(at=made, stage="Discovery", close_date=date(2026, 9, 1))]
    if changed is not None:
        at = NOON - timedelta(days=changed)
        steps.append(Step(at=at, stage="Proposal", close_date=date(2026, 9, 1)))
    return Deal(
        id=name,
        firm=FIRM,
        name=name,
        kind="New Business",
        opened=made,
        created=made,
        steps=steps,
        owners=[(made, REP)],
        roles=[("003", who, NOON - timedelta(days=since)) for who, since in roles],
    )


OLD = deal("old", created=90, changed=1, roles=[(ANNA, 80), (BILL, 80)])
NEW = deal("new", created=5, roles=[(ANNA, 4)])


@pytest.mark.parametrize(
    ("rule", "among", "expected"),
    [
        ("none", [OLD, NEW], None),
        ("recent_created", [OLD, NEW], NEW),
        ("recent_updated", [OLD, NEW], OLD),
        ("most_roles", [OLD, NEW], OLD),
        ("only_one", [OLD, NEW], None),
        ("only_one", [NEW], NEW),
        ("recent_created", [], None),
    ],
)
def test_a_rule_picks_what_is_published(rule, among, expected):
    """The newest, the last changed, the one with most roles there, or the only one."""
    assert pick(rule, among, [ANNA, BILL], NOON, bulk_edits=False) is expected


def test_equal_roles_are_told_apart_by_the_last_change():
    """With one guest on both deals the one changed last is taken."""
    assert pick("most_roles", [OLD, NEW], [ANNA], NOON, bulk_edits=False) is OLD


def test_a_role_that_was_not_there_yet_does_not_count():
    """A tool sees the roles of the moment, not those made later."""
    before = NOON - timedelta(days=70)
    late = deal("late", created=75, roles=[(ANNA, 10), (BILL, 10)])
    assert pick("most_roles", [late, OLD], [BILL], before, bulk_edits=False) is OLD


def test_a_nightly_job_makes_all_deals_equally_recent():
    """Then the last change is last night for every one of them."""
    night = NOON.replace(hour=2)
    assert modified_at(OLD, NOON, bulk_edits=True) == night
    assert modified_at(NEW, NOON, bulk_edits=True) == night
