"""A knob moves what it names, as far as it says."""

from collections import Counter

import pytest

from syncd.errors import ConfigError
from syncd.sandbox.world.corpus.knobs import load_knobs
from syncd.sandbox.world.corpus.slices import NAMES
from tests.sandbox_world.conftest import NOW


def share(company, name):
    """Share of the activities that are in a slice."""
    return sum(name in names for names in company.slices.values()) / len(company.truth)


@pytest.mark.parametrize("missing", [0.2, 0.6, 0.8])
def test_roles_missing_is_the_share_of_people_without_a_role(tell, missing):
    """Of those who decide, so many have no contact role; others have one."""
    company = tell(roles_missing=missing, roles_late=0.0, roles_wrong=0.0, accounts=60)
    everybody = tell(roles_missing=0.0, roles_late=0.0, roles_wrong=0.0, accounts=60)
    per_deal = [
        len(one.salesforce["OpportunityContactRole"])
        / len(one.salesforce["Opportunity"])
        for one in (company, everybody)
    ]
    assert per_deal[0] / per_deal[1] == pytest.approx(1 - missing, abs=0.08)


@pytest.mark.parametrize(
    ("knob", "slice_name", "low", "high"),
    [
        ("owner_absent", "owner_absent", 0.0, 0.6),
        ("series", "series", 0.0, 1.0),
        ("cases", "case", 0.0, 3.0),
        ("moved", "contact_moved", 0.0, 0.3),
        ("duplicates", "duplicate_contact", 0.0, 0.4),
        ("free_mail", "free_mail", 0.0, 0.5),
        ("agencies", "agency", 0.0, 1.0),
        ("renamed", "renamed", 0.0, 0.5),
        ("rescheduled", "rescheduled", 0.0, 0.5),
        ("cancelled", "cancelled", 0.0, 0.5),
        ("no_show", "no_show", 0.0, 0.5),
        ("reopened", "reopened", 0.0, 0.6),
        ("stale", "stale_rival", 0.0, 1.0),
        ("owner_changes", "owner_changed", 0.0, 0.8),
        ("created_late", "created_late", 0.0, 1.0),
        ("same_name", "same_name_renewal", 0.0, 1.0),
        ("roles_late", "roles_late", 0.0, 0.9),
        ("no_target", "no_target", 0.0, 0.5),
    ],
)
def test_a_knob_moves_its_slice(tell, knob, slice_name, low, high):
    """More of it in the settings is more of it in the world."""
    less, more = tell(**{knob: low}), tell(**{knob: high})
    assert share(more, slice_name) > share(less, slice_name) + 0.01


def test_nothing_is_set_so_nothing_is_there(tell):
    """Knobs at zero leave no trace."""
    company = tell(moved=0.0, duplicates=0.0, free_mail=0.0, bulk_edits=False)
    gone = ("contact_moved", "duplicate_contact", "free_mail", "bulk_edited")
    assert [share(company, name) for name in gone] == [0, 0, 0, 0]


def test_a_nightly_job_makes_the_last_change_worthless(tell):
    """Every open deal was modified last night, or after it."""
    closed = {"Closed Won", "Closed Lost"}
    rows = tell(bulk_edits=True).salesforce["Opportunity"]
    seen = [r["LastModifiedDate"] for r in rows if r["StageName"] not in closed]
    assert min(seen) == NOW.strftime("%Y-%m-%dT02:00:00.000+0000")
    assert seen.count(min(seen)) > 0.9 * len(seen)


@pytest.mark.parametrize(
    ("kept", "stages", "owners"),
    [("full", True, True), ("stages", True, False), ("none", False, False)],
)
def test_an_org_keeps_as_much_history_as_it_is_said_to(tell, kept, stages, owners):
    """Stage history and owner history are there or not."""
    rows = tell(history=kept, owner_changes=0.5).salesforce
    assert bool(rows["OpportunityHistory"]) is stages
    assert bool(rows["OpportunityFieldHistory"]) is owners


def test_owners_history_ends_with_todays_owner(tell):
    """The last change of an owner leads to the one the record names."""
    rows = tell(owner_changes=0.5).salesforce
    owner = {row["Id"]: row["OwnerId"] for row in rows["Opportunity"]}
    last = {
        row["OpportunityId"]: row["NewValue"]
        for row in sorted(
            rows["OpportunityFieldHistory"], key=lambda row: row["CreatedDate"]
        )
        if row["DataType"] == "EntityId"
    }
    assert last
    assert {key: owner[key] for key in last} == last


def test_stage_history_ends_with_todays_stage(tell):
    """The newest row of a deal's history says what its record says."""
    rows = tell().salesforce
    last = {row["OpportunityId"]: row for row in rows["OpportunityHistory"]}
    for deal in rows["Opportunity"]:
        assert last[deal["Id"]]["StageName"] == deal["StageName"]
        assert last[deal["Id"]]["CloseDate"] == deal["CloseDate"]


def test_people_relate_wrongly_as_often_as_is_said(tell):
    """Of what hosts relate to a deal while another is open, so much is wrong."""
    company = tell(related_wrongly=0.3, related_by_people=1.0, accounts=60)
    users = {
        row["Id"]
        for row in company.salesforce["User"]
        if "integration" not in row["Title"]
    }
    told = [
        row["WhatId"] == company.truth[row["Id"]]
        for row in company.salesforce["Event"]
        if row["CreatedById"] in users
        and not row.get("IsChild")
        and str(row["WhatId"]).startswith("006")
        and "several_open" in company.slices[row["Id"]]
        and "created_late" not in company.slices[row["Id"]]
    ]
    # The second generator's people differ in care, and so around the knob.
    assert 1 - sum(told) / len(told) == pytest.approx(0.3, abs=0.1)


def test_slices_have_known_names(tell):
    """Figures are cut by the names that are written down, and by all of them."""
    seen = Counter(
        name
        for names in tell(accounts=60, bulk_edits=True).slices.values()
        for name in names
    )
    assert set(seen) <= set(NAMES)
    assert set(NAMES) - set(seen) == set()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("roles_mising = 0.5", "roles_mising"),
        ("roles_missing = 1.5", "roles_missing"),
        ('generator = "dice"', "generator"),
        ("open_deals = [0.5, 0.1, 0.1, 0.1, 0.0, 0.0]", "open_deals do not make 1"),
        ("committee = [4, 2]", "committee"),
        ("roles_missing = ", ""),
    ],
)
def test_settings_that_make_no_world_are_refused(tmp_path, text, says):
    """The file and the knob are named, with where to read about it."""
    path = tmp_path / "world.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_knobs(path)
    (problem,) = refused.value.problems
    assert problem.where == str(path)
    assert says in problem.what
    assert "worlds.md" in problem.remedy


def test_a_file_that_is_not_there_is_named(tmp_path):
    """No world without settings."""
    with pytest.raises(ConfigError, match="No such file"):
        load_knobs(tmp_path / "none.toml")


def test_a_half_converted_lead_is_open_beside_its_contact(tell):
    """The lead of somebody who has a contact was left open, at the share given."""
    rows = tell(half_converted=0.5, leads=0.0, accounts=20).salesforce
    contacts = {row["Email"] for row in rows["Contact"] if row["Email"]}
    leads = {row["Email"] for row in rows["Lead"] if not row["IsConverted"]}
    assert leads <= contacts
    assert len(leads) / len(contacts) == pytest.approx(0.5, abs=0.1)
