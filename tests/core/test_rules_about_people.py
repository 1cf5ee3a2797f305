"""Rules about who is on an opportunity: found, left alone, refused, explained."""

import pytest

from syncd.model.entities import OutreachAccount
from tests.core.said import change_of, refusal_of

HAS = "opportunity-has-contact"
OUT = "contact-on-outreach-opportunity"
BACK = "prospect-on-salesforce-opportunity"
UNDER = "contact-under-opportunity-account"


def renewal(world, **more):
    """A renewal without contacts after a won deal that Ann was on."""
    world.contact("ann")
    world.opportunity(
        "old",
        stage="Won",
        is_closed=True,
        is_won=True,
        created_at=world.now.replace(year=2025),
    )
    world.role("old", "ann")
    world.opportunity("deal", type="Renewal", **more)


def test_a_deal_with_a_role_is_left_alone(world):
    """One contact role is enough."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    assert world.findings(HAS) == ()


@pytest.mark.parametrize("what", [{"is_closed": True}, {"is_private": True}])
def test_a_deal_out_of_scope_is_left_alone(world, what):
    """Closed and private deals are not judged."""
    world.opportunity(**what)
    assert world.findings(HAS) == ()


def test_the_converted_contact_is_added_beside_others(world):
    """A conversion is certain evidence, also where another contact has a role."""
    world.contact("ann")
    world.contact("bob")
    world.opportunity()
    world.role("deal", "bob")
    world.lead(
        "ann",
        is_converted=True,
        converted_contact_id="003ann",
        converted_opportunity_id="006deal",
    )
    (finding,) = world.findings(HAS)
    assert finding.practices == ("0.11", "0.9")
    (change,) = finding.changes
    assert (change.mode, change.after["contact_id"]) == ("auto", "003ann")
    assert finding.evidence[0].ref.object == "Lead"


def test_a_renewal_takes_the_contact_over_when_still_active(world):
    """The predecessor's only contact follows unattended if met since."""
    renewal(world)
    world.task(who_id="003ann")
    assert change_of(world.findings(HAS)).mode == "auto"


@pytest.mark.parametrize("last", [None, 200])
def test_a_renewal_only_proposes_a_contact_gone_quiet(world, last):
    """Without recent activity the person may have left: a person decides."""
    renewal(world)
    if last:
        world.task(who_id="003ann", day=world.now.date().replace(year=2025))
    change = change_of(world.findings(HAS))
    assert change.mode == "review"
    assert change.evidence[0].ref.id == "006old"


def test_a_bounced_contact_is_only_proposed(world):
    """An address that bounced may mean that the person has left."""
    world.contact("ann", email_bounced=True)
    world.opportunity()
    world.event(what_id="006deal", who_id="003ann")
    assert change_of(world.findings(HAS)).mode == "review"


def test_several_people_met_are_all_proposed(world):
    """Which of several contacts belongs on the deal is for a person to say."""
    world.contact("ann")
    world.contact("bob")
    world.opportunity()
    world.meeting(guests=("ann", "bob"))
    world.event(what_id="006deal", who_id="003ann")
    (finding,) = world.findings(HAS)
    assert [c.mode for c in finding.changes] == ["review", "review"]


def test_somebody_met_twice_beside_others_is_proposed(world):
    """A person of two interactions about the deal without a role is proposed."""
    world.contact("ann")
    world.contact("bob")
    world.opportunity()
    world.role("deal", "bob")
    world.task("one", who_id="003ann", what_id="006deal")
    assert world.findings(HAS) == ()
    world.task("two", who_id="003ann", what_id="006deal")
    change = change_of(world.findings(HAS))
    assert (change.mode, change.after["contact_id"]) == ("review", "003ann")


@pytest.mark.parametrize(
    "doubt",
    [
        {"status": "cancelled"},
        {"starts_at": None},
    ],
)
def test_what_did_not_happen_proves_nobody(world, doubt):
    """A cancelled meeting leaves the deal without a candidate."""
    world.contact("ann")
    world.opportunity()
    world.meeting(**doubt)
    world.event(
        what_id="006deal",
        is_closed=False,
        starts_at=None,
        day=None,
        ends_at=None,
        created_at=None,
        modified_at=None,
    )
    assert "add one by hand" in refusal_of(world.findings(HAS))


def test_a_contact_of_another_account_is_not_put_on_the_deal(world):
    """Roles never cross accounts."""
    world.contact("ann", account_id="001other", guest=True)
    world.opportunity()
    world.event(what_id="006deal", who_id="003ann")
    assert refusal_of(world.findings(HAS))


def test_a_role_that_was_taken_off_is_not_put_back(world):
    """Somebody removed it; a daemon does not argue."""
    world.contact("ann")
    world.opportunity()
    world.event(what_id="006deal", who_id="003ann")
    role = world.role("deal", "ann")
    world.rows["removed_roles"] = [world.rows["roles"].pop()]
    assert role.contact_id == "003ann"
    assert refusal_of(world.findings(HAS))


def test_an_ambiguous_person_carries_no_role(world):
    """Two contacts with one address: neither is added."""
    world.contact("ann")
    world.contact("anna", emails=("ann@acme.example",))
    world.opportunity()
    world.meeting()
    world.event(what_id="006deal")
    assert refusal_of(world.findings(HAS))


def test_a_young_deal_waits(world):
    """Right after creation the automation may still be at work."""
    world.opportunity(created_at=world.now)
    (finding,) = world.findings(HAS)
    assert finding.waiting


def test_the_role_expects_the_facts_it_rests_on(world):
    """The deal must still be open and the contact under its account."""
    world.contact("ann")
    world.opportunity()
    world.event(what_id="006deal", who_id="003ann")
    change = change_of(world.findings(HAS))
    facts = {e.ref.object: e.fields for e in change.also}
    assert facts == {
        "Opportunity": {"is_closed": False, "account_id": "001acme"},
        "Contact": {"account_id": "001acme"},
    }


def test_incomplete_polls_carry_no_changes(world):
    """A role that an incomplete poll did not see is not called missing."""
    world.contact("ann")
    world.opportunity()
    world.event(what_id="006deal", who_id="003ann")
    world.org["incomplete"] = frozenset({"salesforce"})
    (finding,) = world.findings(HAS)
    assert finding.blocked_by == ("salesforce",)
    assert finding.changes == ()


def both_sides(world, **role):
    """Ann is on the deal in Salesforce; both exist in Outreach."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann", **role)
    world.twin()
    world.prospect("ann")


def test_a_contact_is_added_in_outreach(world):
    """Role and primary flag are carried over; nothing waits for a plug-in."""
    both_sides(world, role="Evaluator", is_primary=True)
    change = change_of(world.findings(OUT))
    assert change.after == {
        "opportunity_id": "o-deal",
        "prospect_id": "p-ann",
        "is_primary": True,
        "role": "Evaluator",
    }
    assert (change.mode, change.after_keys) == ("auto", ())
    assert {e.ref.object: e.fields for e in change.also} == {
        "Opportunity": {"is_closed": False},
        "Contact": {"account_id": "001acme"},
        "prospect": {"trashed_at": None},
        "OpportunityContactRole": {"contact_id": "003ann"},
    }


def test_the_primary_of_outreach_is_not_displaced(world):
    """Where Outreach has a primary prospect the new one is none."""
    both_sides(world, is_primary=True)
    world.prospect("bob")
    world.prospect_role("deal", "bob", is_primary=True)
    assert change_of(world.findings(OUT)).after["is_primary"] is False


def test_equal_sides_are_left_alone(world):
    """Both sides agree: nothing to say."""
    both_sides(world)
    world.prospect_role("deal", "ann")
    assert world.findings(OUT, BACK) == ()


def test_another_primary_flag_is_proposed_without_a_base(world):
    """Which side moved last is unknown, so a person decides."""
    both_sides(world, is_primary=True)
    world.prospect_role("deal", "ann")
    change = change_of(world.findings(OUT))
    assert (change.operation, change.mode) == ("update", "review")
    assert change.before == {"is_primary": False}
    assert change.after == {"is_primary": True}


def no_prospect(world):
    """The contact has no prospect."""
    world.rows["prospects"].clear()


def two_prospects(world):
    """Two prospects claim the contact."""
    world.add(
        "prospects",
        world.rows["prospects"][0].__class__(id="p-two", crm_ids=("003ann",)),
    )


def foreign_prospect(world):
    """The prospect belongs to another Outreach account."""
    world.add("outreach_accounts", OutreachAccount(id="a2", crm_ids=("001else",)))
    world.rows["prospects"].clear()
    world.prospect("ann", account_id="a2")


def no_twin(world):
    """The deal is not in Outreach."""
    world.rows["outreach_opportunities"].clear()


def two_twins(world):
    """Two Outreach deals claim to be it."""
    world.twin("deal2", crm_ids=("006deal",))


def foreign_contact(world):
    """The contact lives elsewhere."""
    world.rows["contacts"].clear()
    world.contact("ann", account_id="001else")


@pytest.mark.parametrize(
    ("doubt", "says"),
    [
        (no_prospect, "no prospect"),
        (two_prospects, "2 prospects"),
        (foreign_prospect, "another account in Outreach"),
        (no_twin, "Outreach's own synchronisation"),
        (two_twins, "Outreach's own synchronisation"),
        (foreign_contact, "another account"),
    ],
)
def test_an_unsafe_pairing_is_refused_in_outreach(world, doubt, says):
    """Whatever leaves more or less than one answer is only reported."""
    both_sides(world)
    doubt(world)
    assert says in refusal_of(world.findings(OUT))


def test_the_plug_in_gets_its_time(world):
    """Where Outreach copies roles itself, a young role waits."""
    both_sides(world, created_at=world.now)
    world.setting(OUT, plugin_copies_roles=True)
    (finding,) = world.findings(OUT)
    assert finding.waiting
    assert finding.changes == ()


def test_a_contact_taken_off_is_proposed_for_removal(world):
    """Removal is never unattended."""
    both_sides(world)
    world.prospect_role("deal", "ann")
    world.rows["removed_roles"] = [world.rows["roles"].pop()]
    change = change_of(world.findings(OUT))
    assert (change.operation, change.mode) == ("delete", "review")
    assert change.target.id == "pr-deal-ann"
    assert world.findings(BACK) == ()


def test_a_doubled_prospect_is_reported(world):
    """Outreach accepts the same pair twice; which one lives is unknown."""
    both_sides(world)
    role = world.prospect_role("deal", "ann")
    world.add(
        "prospect_roles",
        role.__class__(id="again", opportunity_id="o-deal", prospect_id="p-ann"),
    )
    assert "not known" in refusal_of(world.findings(OUT))


def test_a_prospect_is_proposed_in_salesforce(world):
    """The other way round asks, and carries Outreach's role over."""
    world.contact("ann")
    world.opportunity()
    world.twin()
    world.prospect("ann")
    world.prospect_role("deal", "ann", role="Evaluator")
    change = change_of(world.findings(BACK))
    assert change.mode == "review"
    assert change.natural_key == "OpportunityContactRole|006deal|003ann"
    assert change.after["role"] == "Evaluator"


@pytest.mark.parametrize(
    ("contact", "prospect", "says"),
    [
        (None, {}, "no contact"),
        ({"account_id": "001else"}, {}, "another account"),
        ({}, {"crm_ids": ("003ann", "003bob")}, "2 contacts"),
    ],
)
def test_an_unsafe_pairing_is_refused_in_salesforce(world, contact, prospect, says):
    """A prospect that is nobody, somebody else's or two people is reported."""
    if contact is not None:
        world.contact("ann", **contact)
    world.contact("bob", emails=())
    world.opportunity()
    world.role("deal", "bob")
    world.rows["roles"].clear()
    world.twin()
    world.prospect("ann", **prospect)
    world.prospect_role("deal", "ann")
    assert says in refusal_of(world.findings(BACK))


@pytest.mark.parametrize(
    "setup",
    [
        lambda w: w.setting(HAS, mode="review"),
        lambda w: w.setting(HAS, mode="off"),
        lambda w: w.setting(HAS, segment="nobody"),
        lambda w: w.rows["opportunities"].append(
            w.rows["opportunities"]
            .pop()
            .__class__(id="006deal", account_id="001acme", created_at=w.now)
        ),
    ],
)
def test_the_outreach_half_follows_only_what_is_planned(world, setup):
    """Without an unattended contact role there is nothing to follow."""
    world.contact("ann")
    world.opportunity()
    world.twin()
    world.prospect("ann")
    world.event(what_id="006deal", who_id="003ann")
    assert len(world.findings(OUT)) == 1
    setup(world)
    assert world.findings(OUT) == ()
