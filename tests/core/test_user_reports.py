"""Complaints about neighbouring tools, each as the guarantee that answers it."""

from datetime import timedelta

from syncd.model.entities import Account

DEAL = "activity-related-to-opportunity"
WHO = "activity-related-to-contact"


def test_u20_many_people_belong_to_one_deal(world):
    """A deal has roles, not one point of contact: each person's call finds it."""
    world.opportunity()
    for key in ("ann", "bob", "cat"):
        world.contact(key)
        world.role("deal", key)
        world.task(key, who_id=f"003{key}")
    changes = [c for f in world.findings(DEAL) for c in f.changes]
    assert [(c.mode, c.after["what_id"]) for c in changes] == [("auto", "006deal")] * 3


def test_u22_a_shared_phone_number_attaches_nothing(world):
    """A number alone is a weak key: the call is proposed at most."""
    world.contact("ann", phones=("+15550001",))
    world.opportunity()
    world.role("deal", "ann")
    world.call(prospect_id=None, to_phone="+15550001", crm_ids=("00Tt",))
    world.task()
    (finding,) = world.findings(DEAL)
    assert [c.mode for c in finding.changes] == ["review"]


def test_u23_a_mail_lands_on_the_deal_and_not_on_the_contact_alone(world):
    """A mail's Task with only a contact is related to the deal."""
    world.contact("ann")
    world.prospect("ann")
    world.opportunity()
    world.role("deal", "ann")
    world.mailing(crm_ids=("00Tt",))
    world.task(subtype="Email", who_id="003ann")
    (finding,) = world.findings(DEAL)
    assert finding.changes[0].after == {"what_id": "006deal"}


def test_u25_a_wrong_neighbour_does_not_pull_others_along(world):
    """One wrong link among the same people's activities decides nothing."""
    world.contact("ann")
    world.opportunity()
    world.opportunity("wrong", owner_id="005else")
    world.role("deal", "ann")
    world.task("a", who_id="003ann", what_id="006wrong")
    world.task("b", who_id="003ann", created_at=world.now - timedelta(days=1, hours=3))
    (finding,) = world.findings(DEAL)
    assert all(c.after == {"what_id": "006deal"} for c in finding.changes)


def test_u26_people_of_two_accounts_see_both_accounts_deals(world):
    """An interaction across accounts weighs the deals of both."""
    world.guest_account = Account(id="001agency", name="Agency")
    world.contact("ann")
    world.contact("pat", account_id="001agency", guest=True)
    world.opportunity()
    world.opportunity("theirs", account_id="001agency", guest=True, owner_id="005x")
    world.meeting(guests=("ann", "pat"))
    world.event()
    (finding,) = world.findings(DEAL)
    assert {e.ref.id for e in finding.evidence} == {"006deal", "006theirs"}


def test_u27_a_merged_duplicate_is_one_person(world):
    """Duplicates that were merged no longer make anybody ambiguous."""
    world.contact("ann")
    world.contact("dup", emails=("ann@acme.example",), merged_into_id="003ann")
    world.meeting()
    world.event()
    (finding,) = world.findings(WHO)
    assert finding.changes[0].after == {"who_id": "003ann"}


def test_u31_contacts_are_found_among_leads_and_users(world):
    """A lead, a colleague and a contact in one meeting: the contact is named."""
    world.user("kim")
    world.contact("ann")
    world.lead("lee")
    world.meeting(guests=("lee", "kim@us.example", "ann"))
    world.event()
    (finding,) = world.findings(WHO)
    (change,) = finding.changes
    assert (change.mode, change.after) == ("auto", {"who_id": "003ann"})
