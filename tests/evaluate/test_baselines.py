"""Other tools' rules: each does what its page says, on a few deals of one account."""

from dataclasses import replace

import msgspec
import pytest

from syncd.evaluate.baselines import BASELINES
from syncd.evaluate.sight import Lookout
from syncd.model.entities import Account
from syncd.model.record import RecordRef
from syncd.model.view import Former
from syncd.pipeline.judge import build_view
from tests.core.conftest import ago

WON = {"is_closed": True, "stage": "Won"}


def chosen(world, name):
    """Names of the deals that a baseline chooses for the latest interaction."""
    view = world.judge("opportunity-has-contact").view
    answer = BASELINES[name].answer(Lookout(view).sight_of(view.interactions[-1]))
    return [link.id.removeprefix("006") for link in answer.links]


@pytest.fixture
def meeting(world):
    """Yesterday's meeting of the rep with Ann and Bob; old and new deal are open.

    The old deal is the rep's and was changed last; the new one is another owner's.
    """
    for key in ("ann", "bob"):
        world.contact(key)
    world.opportunity("old", created_at=ago(days=90), modified_at=ago(days=2))
    world.opportunity(
        "new", created_at=ago(days=20), modified_at=ago(days=9), owner_id="005other"
    )
    world.meeting(guests=("ann", "bob"))
    return world


@pytest.mark.parametrize(
    ("name", "deals"),
    [
        ("eci_voice", ["old"]),
        ("eci_video", ["old"]),
        ("outreach_created", ["new"]),
        ("outreach_updated", ["old"]),
        ("gong_default", ["old"]),
        ("gong_14_days_roles", ["new", "old"]),
        ("weflow", []),
        ("atrium", ["old"]),
        ("yesware", []),
        ("claap", ["new"]),
        ("hubspot_latest_open", ["new"]),
        ("twenty_all", []),
        ("most_recent_activity", ["new"]),
    ],
)
def test_without_any_role(meeting, name, deals):
    """Owners, creation and last change decide, or nothing does."""
    assert chosen(meeting, name) == deals


@pytest.mark.parametrize(
    ("name", "deals"),
    [
        ("eci_voice", ["new"]),
        ("eci_video", ["new"]),
        ("outreach_created", ["new"]),
        ("outreach_updated", ["new"]),
        ("gong_default", ["old"]),
        ("gong_14_days_roles", ["new"]),
        ("weflow", ["new"]),
        ("atrium", ["old"]),
        ("yesware", ["new"]),
        ("claap", ["new"]),
        ("twenty_all", ["new"]),
    ],
)
def test_with_a_primary_role_on_the_new_deal(meeting, name, deals):
    """Rules that know roles follow Ann's; those of owners do not."""
    meeting.role("new", "ann", is_primary=True)
    assert chosen(meeting, name) == deals


@pytest.mark.parametrize(
    ("name", "deals"),
    [
        ("eci_voice", []),
        ("eci_video", []),
        ("outreach_created", []),
        ("gong_default", []),
        ("weflow", []),
        ("atrium", []),
        ("yesware", []),
        ("hubspot_latest_open", []),
        ("most_recent_activity", []),
        ("gong_14_days_roles", ["recent"]),
        ("claap", ["recent"]),
        ("twenty_all", ["ancient"]),
    ],
)
def test_closed_deals(world, name, deals):
    """Two rules look a while past the end; one attaches to dead deals for ever."""
    world.contact("ann")
    world.opportunity("recent", **WON, stage_changed_at=ago(days=8))
    world.opportunity("ancient", **WON, stage_changed_at=ago(days=40))
    world.role("ancient", "ann", is_primary=True)
    world.meeting()
    assert chosen(world, name) == deals


@pytest.mark.parametrize(
    ("days", "gong", "claap"),
    [(-5, ["next"], ["next"]), (-15, [], ["next"]), (-40, [], [])],
)
def test_deals_created_after_the_meeting(world, days, gong, claap):
    """Gong looks two weeks ahead, Claap a month."""
    world.contact("ann")
    # It is closed today, so that Claap cannot take it for an open one.
    late = {**WON, "stage_changed_at": None, "close_date": None}
    world.opportunity("next", created_at=ago(days=1 + days), **late)
    world.meeting()
    assert chosen(world, "gong_14_days_roles") == gong
    assert chosen(world, "claap") == claap


def test_most_participants_come_before_the_last_change(meeting):
    """Video: two people with a role beat a later edit; voice has one person only."""
    meeting.role("old", "ann")
    for key in ("ann", "bob"):
        meeting.role("new", key)
    assert chosen(meeting, "eci_video") == ["new"]
    assert chosen(meeting, "eci_voice") == ["old"]


def test_a_nightly_job_moves_the_rules_that_look_at_edits(meeting):
    """Whoever touched a deal last decides, though nobody spoke about it."""
    before = chosen(meeting, "outreach_updated")
    meeting.rows["opportunities"] = [
        *meeting.rows.pop("opportunities"),
        meeting.opportunity("touched", created_at=ago(days=50), modified_at=ago()),
    ]
    assert before == ["old"]
    assert chosen(meeting, "outreach_updated") == ["touched"]
    assert chosen(meeting, "outreach_created") == ["new"]


def test_two_people_who_point_to_different_deals(meeting):
    """Weflow writes nothing where it is not unique; Yesware takes the first."""
    meeting.role("old", "ann")
    meeting.role("new", "bob")
    assert chosen(meeting, "weflow") == []
    assert chosen(meeting, "yesware") == ["old"]


def test_an_only_open_deal_needs_no_role(world):
    """Weflow takes it, Yesware does not."""
    world.contact("ann")
    world.opportunity("only")
    world.meeting()
    assert chosen(world, "weflow") == ["only"]
    assert chosen(world, "yesware") == []


def test_a_lead_among_the_people_has_no_deal(world):
    """Yesware prefers leads: the activity goes there and to no opportunity."""
    world.contact("ann")
    world.lead("ann")
    world.opportunity("deal")
    world.role("deal", "ann")
    world.meeting()
    assert chosen(world, "yesware") == []


def test_strangers_are_found_by_the_websites_domain(world):
    """Gong and Atrium know the account by its website; free mail stands for nobody."""
    world.account = Account(id="001acme", website="https://www.acme.example/")
    world.opportunity("deal")
    world.meeting(guests=("stranger",))
    assert chosen(world, "gong_default") == ["deal"]
    assert chosen(world, "atrium") == ["deal"]
    assert chosen(world, "claap") == []
    world.rows["meetings"].clear()
    world.meeting(guests=("acme@gmail.com",))
    assert chosen(world, "gong_default") == []


def test_roles_in_outreach_count_for_outreach_only(meeting):
    """Its own rule sees the prospect's opportunities there."""
    for key in ("ann", "bob"):
        meeting.prospect(key)
    meeting.twin("old")
    meeting.prospect_role("old", "ann")
    assert chosen(meeting, "outreach_created") == ["old"]
    assert chosen(meeting, "yesware") == []


def test_the_latest_activity_before_it_decides_the_rule_of_thumb(meeting):
    """Later ones, and the meeting's own record, are not looked at."""
    meeting.task("t1", who_id="003ann", what_id="006old", day=ago(days=3).date())
    assert chosen(meeting, "most_recent_activity") == ["old"]
    own = meeting.event(who_id="003ann", what_id="006new")
    view = meeting.judge("opportunity-has-contact").view
    interaction = view.interaction_of[own.ref]
    assert len(interaction.refs) == 2
    answer = BASELINES["most_recent_activity"].answer(
        Lookout(view).sight_of(interaction)
    )
    assert [link.id for link in answer.links] == ["006old"]


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_baseline_says_what_it_implements(name):
    """Its name, whose rule it is, the rule, what is left out, and the page."""
    one = BASELINES[name]
    assert one.name == name
    assert min(len(one.product), len(one.rule), len(one.leaves_out)) > 5
    assert one.source.startswith("https://") or name == "most_recent_activity"


@pytest.mark.parametrize(
    "name", sorted(name for name, one in BASELINES.items() if not one.takes_all)
)
def test_only_rules_that_take_all_choose_several(meeting, name):
    """The others choose one, whatever there is."""
    for key in ("old", "new"):
        for person in ("ann", "bob"):
            meeting.role(key, person, is_primary=True)
    assert len(chosen(meeting, name)) <= 1


def test_tools_see_whose_a_deal_was_and_where_a_person_worked(meeting):
    """A deal that was handed on, and a contact who moved since, stand as they did."""
    records = meeting.records()
    deal, ann = records.opportunities[0], records.contacts[0]
    yesterday = ago(hours=20)
    former = {
        RecordRef("salesforce", "Opportunity", deal.id): (
            Former(until=yesterday, entity=deal),
        ),
        RecordRef("salesforce", "Contact", ann.id): (
            Former(until=yesterday, entity=ann),
        ),
    }
    moved = replace(
        records,
        opportunities=(
            msgspec.structs.replace(deal, owner_id="005other", modified_at=yesterday),
            *records.opportunities[1:],
        ),
        contacts=(
            msgspec.structs.replace(ann, account_id="001else"),
            *records.contacts[1:],
        ),
        former=former,
    )
    view = build_view(
        moved, org=meeting.context(), policy=meeting.rules(), now=meeting.now
    )
    sight = Lookout(view).sight_of(view.interactions[-1])
    assert sight.companies == ("001acme",)
    owners = {one.id: one.owner_id for one in sight.deals}
    assert owners == {"006old": "005rep", "006new": "005other"}
