"""The first three rules, from records to changes."""


def only_change(findings):
    """The one change of the one finding."""
    (finding,) = findings
    (change,) = finding.changes
    return change


def test_an_empty_deal_gets_the_contact_people_met(world):
    """A deal without contacts gets the one contact who took part, unattended."""
    world.contact("ann")
    world.opportunity()
    world.meeting()
    world.event(what_id="006deal", who_id="003ann")
    change = only_change(world.findings("opportunity-has-contact"))
    assert change.mode == "auto"
    assert change.natural_key == "OpportunityContactRole|006deal|003ann"
    assert change.after == {
        "opportunity_id": "006deal",
        "contact_id": "003ann",
        "is_primary": False,
    }


def test_the_outreach_half_follows_the_planned_role(world):
    """The prospect role waits for the contact role of the same plan."""
    world.contact("ann")
    world.opportunity()
    world.twin()
    world.prospect("ann")
    world.meeting()
    world.event(what_id="006deal", who_id="003ann")
    change = only_change(world.findings("contact-on-outreach-opportunity"))
    assert change.natural_key == "opportunityProspectRole|o-deal|p-ann"
    assert change.after_keys == ("OpportunityContactRole|006deal|003ann",)
    assert change.mode == "auto"


def test_an_unrelated_event_is_related_to_the_only_deal(world):
    """One open deal, its contact and its owner: the link is made unattended."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    world.meeting()
    world.event(who_id="003ann")
    change = only_change(world.findings("activity-related-to-opportunity"))
    assert change.mode == "auto"
    assert change.before == {"what_id": None}
    assert change.after == {"what_id": "006deal"}
    assert change.confidence >= 0.98
