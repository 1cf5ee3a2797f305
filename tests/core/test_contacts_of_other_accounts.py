"""Contacts of another account than the deal's: reported, unless they are relatives."""

from syncd.model.entities import Account

HAS = "opportunity-has-contact"
UNDER = "contact-under-opportunity-account"


def test_a_contact_of_another_account_is_reported(world):
    """Both accounts stand in the evidence, and the likely right one is named."""
    world.contact("ann", account_id="001else")
    world.opportunity()
    world.role("deal", "ann")
    (finding,) = world.findings(UNDER)
    assert finding.changes == ()
    assert {e.ref.id for e in finding.evidence} == {"006deal", "001else", "001acme"}
    assert "speaks for Acme" in finding.why_not


def test_related_accounts_are_fine_when_the_policy_says_so(world):
    """A subsidiary's contact is no breach where the team works that way."""
    world.guest_account = Account(id="001child", name="Child", parent_id="001acme")
    world.contact("ann", account_id="001child", guest=True)
    world.opportunity()
    world.role("deal", "ann")
    assert len(world.findings(UNDER)) == 1
    world.setting(UNDER, related_accounts=True)
    assert world.findings(UNDER) == ()


def test_a_contact_under_the_account_is_fine(world):
    """Nothing is said of a correct record."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    assert world.findings(UNDER) == ()


def test_only_real_relatives_are_fine(world):
    """Another account that the view knows is no relative by itself."""
    world.guest_account = Account(id="001peer", name="Peer", parent_id="001group")
    world.contact("ann", account_id="001peer", guest=True)
    world.opportunity()
    world.role("deal", "ann")
    world.setting(UNDER, related_accounts=True)
    assert len(world.findings(UNDER)) == 1
