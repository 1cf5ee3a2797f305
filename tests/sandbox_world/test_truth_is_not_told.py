"""What is true of a world is nowhere in what its services show."""

import json

from syncd.sandbox.salesforce.schema import build_schema

_SILENT = {
    "outreach_rule": "none",
    "recorder_rule": "none",
    "related_by_people": 0.0,
    "roles_missing": 1.0,
    "roles_wrong": 0.0,
}


def test_where_nobody_relates_anything_no_record_names_its_deal(tell):
    """With all links, hints and roles off, no activity's record holds a deal's id."""
    company = tell(**_SILENT)
    shown = json.dumps(
        [
            company.salesforce["Task"],
            company.salesforce["Event"],
            company.outreach["call"],
            company.outreach["mailing"],
            company.calendars,
            company.engagements,
        ]
    )
    deals = [row["Id"] for row in company.salesforce["Opportunity"]]
    assert sum(company.truth[key] in deals for key in company.truth) > 100
    assert not [deal for deal in deals if deal in shown]
    numbers = {f'"opportunity", "id": {r["id"]}}}' for r in company.outreach["call"]}
    assert not [one for one in numbers if one in shown]


def test_rows_have_the_services_fields_and_no_others(tell):
    """Every key of a Salesforce row is a field of its object."""
    schema = build_schema(affectlayer=True, key_field="")
    # Every row is stamped; a few objects do not show that.
    kept = {"LastModifiedDate", "LastModifiedById", "SystemModstamp"}
    for name, rows in tell().salesforce.items():
        known = set(schema[name].fields)
        assert not {key for row in rows for key in row} - known - kept, name


def test_ids_do_not_give_the_deal_away(tell):
    """Events' and recordings' ids come from their own numbers, not from their deal."""
    company = tell(**_SILENT)
    ids = [one["id"] for events in company.calendars.values() for one in events]
    assert not {i for i in ids if i in company.truth.values()}
    known = tell(**{**_SILENT, "recorder_rule": "recent_created"})
    theirs = [one["engagement"]["engagement_id"] for one in known.engagements]
    assert len(set(theirs)) == len(theirs)


def test_every_activity_has_truth_and_slices_and_a_number(tell):
    """Nothing that Salesforce shows is without a label, children of Events aside."""
    company = tell()
    for name in ("Task", "Event"):
        for row in company.salesforce[name]:
            assert f"salesforce/{name}/{row['Id']}" in company.same
            if not row.get("IsChild"):
                assert row["Id"] in company.truth
                assert row["Id"] in company.slices


def test_truth_names_records_that_are_there(tell):
    """The right target is an opportunity or case of the same world."""
    company = tell()
    there = {
        row["Id"]
        for name in ("Opportunity", "Case")
        for row in company.salesforce[name]
    }
    assert {target for target in company.truth.values() if target} <= there
