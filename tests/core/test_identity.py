"""Who is who: keys in order of strength, and no winner by accident."""

import pytest

from syncd.identity.directory import Directory
from syncd.identity.excluded import excluded_because
from syncd.identity.resolve import Clue, resolve, resolve_lead, resolve_prospect
from syncd.model.interaction import MatchKey, Side


def directory(world):
    """The world's directory."""
    return Directory(records=world.records(), org=world.context())


def who(world, **clue):
    """The participant behind a clue."""
    return resolve(directory(world), Clue(**clue))


@pytest.mark.parametrize(
    ("clue", "side"),
    [
        ({"email": "rep@us.example"}, Side.INTERNAL),
        ({"email": "REP@US.example "}, Side.INTERNAL),
        ({"email": "unknown@eu.us.example"}, Side.INTERNAL),
        ({"email": "unknown@notus.example"}, Side.EXTERNAL),
        ({"name": "Rep", "is_ours": True}, Side.INTERNAL),
        ({"email": "tool@us.example"}, Side.EXCLUDED),
        ({"email": "c_1@resource.calendar.google.com"}, Side.EXCLUDED),
        ({"email": "x@group.calendar.google.com"}, Side.EXCLUDED),
        ({"email": "room@acme.example", "is_resource": True}, Side.EXCLUDED),
        ({"email": "bot@chorus.ai"}, Side.EXCLUDED),
        ({"name": "Acme Notetaker"}, Side.EXCLUDED),
        ({"email": "noreply@acme.example"}, Side.EXCLUDED),
        ({"email": "ann@gmail.com"}, Side.EXTERNAL),
    ],
)
def test_sides(world, clue, side):
    """Ours, theirs, and what is no person at all."""
    assert who(world, **clue).side is side


@pytest.mark.parametrize(
    ("email", "name", "why"),
    [
        ("ann@acme.example", "Ann Bott", ""),
        ("ann@notchorus.ai", None, ""),
        ("a@meet.chorus.ai", None, "a recorder or note taker"),
        (None, "Fireflies Notetaker", "a recorder or note taker"),
    ],
)
def test_bots_are_told_from_people(email, name, why):
    """Names and domains that only resemble a recorder's are people."""
    assert excluded_because(email, name) == why


def test_every_address_field_counts(world):
    """The second address is as good as the first, letter case aside."""
    world.contact("ann", emails=("ann@acme.example", "Ann.Lee@Home.example"))
    person = who(world, email="ann.lee@home.EXAMPLE")
    assert (person.contact_id, person.matched_by) == ("003ann", MatchKey.EMAIL)


def test_two_contacts_with_one_address_stay_two(world):
    """An ambiguity is kept, not resolved by row order."""
    world.contact("ann")
    world.contact("anna", emails=("ann@acme.example",))
    person = who(world, email="ann@acme.example")
    assert person.contact_ids == ("003ann", "003anna")
    assert person.contact_id is None


def test_a_merged_contact_is_its_survivor(world):
    """Merging decides between two records of one person."""
    world.contact("ann")
    world.contact("old", emails=("ann@acme.example",), merged_into_id="003ann")
    assert who(world, email="ann@acme.example").contact_ids == ("003ann",)


def test_a_crm_id_decides_between_two(world):
    """The prospect with the address is connected to one of the two."""
    world.contact("ann")
    world.contact("anna", emails=("ann@acme.example",))
    world.prospect("ann")
    person = who(world, email="ann@acme.example")
    assert (person.contact_ids, person.matched_by) == (("003ann",), MatchKey.CRM_ID)
    assert person.prospect_ids == ("p-ann",)


def test_an_alias_is_the_prospects_other_address(world):
    """Outreach knows an address that Salesforce does not."""
    world.contact("ann")
    world.prospect("ann", emails=("a.lee@acme.example",))
    person = who(world, email="a.lee@acme.example")
    assert (person.contact_id, person.matched_by) == ("003ann", MatchKey.ALIAS)


@pytest.mark.parametrize(
    ("clue", "key"),
    [
        ({"email": "ann+x@acme.example"}, MatchKey.PLUS_TAG),
        ({"phone": "+15550001"}, MatchKey.PHONE),
        ({"name": " ANN "}, MatchKey.NAME),
        ({"email": "zoe@acme.example"}, MatchKey.NONE),
    ],
)
def test_weak_keys_are_named_as_such(world, clue, key):
    """What only resembles says so."""
    world.contact("ann", phones=("+15550001",))
    assert who(world, **clue).matched_by is key


def test_contacts_come_before_leads(world):
    """One address, a contact and a lead: both are known, the contact leads."""
    world.contact("ann")
    world.lead("ann")
    person = who(world, email="ann@acme.example")
    assert (person.contact_ids, person.lead_ids) == (("003ann",), ("00Qann",))


def test_a_converted_lead_is_its_contact(world):
    """The lead's address leads to what it became."""
    world.contact("ann", emails=())
    world.lead("ann", is_converted=True, converted_contact_id="003ann")
    person = who(world, email="ann@acme.example")
    assert (person.contact_ids, person.lead_ids) == (("003ann",), ())
    named = resolve_lead(directory(world), "00Qann")
    assert named.contact_ids == ("003ann",)


def test_a_shared_mailbox_kept_as_contact_is_one(world):
    """info@ is a list unless somebody keeps it as a contact."""
    assert who(world, email="info@acme.example").side is Side.EXCLUDED
    world.contact("info")
    assert who(world, email="info@acme.example").contact_id == "003info"


def test_a_prospect_without_crm_id_is_looked_up_by_address(world):
    """The exact address is a strong key for prospects too."""
    world.contact("ann")
    world.prospect("ann", crm_ids=())
    person = resolve_prospect(directory(world), "p-ann")
    assert (person.contact_ids, person.matched_by) == (("003ann",), MatchKey.EMAIL)


def test_prospects_through_a_lead_id(world):
    """A connection to a converted lead is one to its contact."""
    world.contact("ann", emails=())
    world.lead("ann", is_converted=True, converted_contact_id="003ann", emails=())
    world.prospect("ann", crm_ids=("00Qann",))
    assert directory(world).contacts_of_prospect("p-ann") == ("003ann",)


def test_users_are_found_through_outreach(world):
    """By data connection first, else by address; several stay unknown."""
    assert directory(world).user_of_outreach("u-rep") == "005rep"
    assert directory(world).user_of_outreach("u-none") is None
    world.user("rep2", email="rep@us.example", is_active=False)
    assert directory(world).user_of_outreach("u-rep") == "005rep"
    world.user("rep3", email="rep@us.example")
    assert directory(world).user_of_outreach("u-rep") is None
