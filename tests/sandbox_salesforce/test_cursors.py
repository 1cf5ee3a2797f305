"""Pages of an answer: what a cursor remembers, and how long it lives."""

from datetime import timedelta

import pytest

from syncd.sandbox.salesforce.schema import Field

SMALL = {"sforce-query-options": "batchSize=200"}


def _fill(org, count=450):
    org.service.load("Task", [{"Subject": f"row {n}"} for n in range(count)])


def _pages(org, soql="SELECT Id, Subject FROM Task", headers=SMALL):
    """The first page, and a way to turn to the next."""
    path = f"/query?q={soql.replace(' ', '+')}"
    status, page = org("GET", path, headers=headers)
    assert status == 200
    yield page
    while not page["done"]:
        status, page = org("GET", page["nextRecordsUrl"])
        assert status == 200, page
        yield page


def test_a_later_page_shows_later_values(org):
    """Which rows come is settled by the first page; what they hold is not."""
    _fill(org)
    pages = _pages(org)
    first = next(pages)
    seen = {row["Id"] for row in first["records"]}
    waiting = [i for i in org.service.tables.stored("Task") if i not in seen]
    org.control("edit", object="Task", id=waiting[0], fields={"Subject": "new"})
    org.control("purge", object="Task", id=waiting[1])
    org.control("insert", object="Task", fields={"Subject": "late"})
    later = [row for page in pages for row in page["records"]]
    found = {row["Id"]: row["Subject"] for row in later}
    assert found[waiting[0]] == "new"
    assert waiting[1] not in found
    assert len(later) == first["totalSize"] - 200 - 1
    assert "late" not in found.values()


def test_a_cursor_lives_for_two_days(org):
    """Its next page then fails as that of a closed one does."""
    _fill(org)
    url = next(_pages(org))["nextRecordsUrl"]
    org.clock.advance(timedelta(days=2))
    assert org("GET", url)[0] == 200
    org.clock.advance(timedelta(seconds=1))
    status, body = org("GET", url)
    assert (status, body[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_pages_can_be_smaller_than_asked(org):
    """A client that counts on the size it asked for loses rows."""
    _fill(org)
    org.control("set_page_size", rows=90)
    pages = list(_pages(org))
    assert {len(page["records"]) for page in pages[:-1]} == {90}
    ids = [row["Id"] for page in pages for row in page["records"]]
    assert len(set(ids)) == len(ids) == 453


@pytest.mark.parametrize(("fields", "size"), [(1, 253), (2, 200)])
def test_two_long_texts_of_the_orgs_own_make_pages_short(org, fields, size):
    """One such field leaves the page at what was asked for."""
    kind = org.service.tables.schema["Task"]
    names = [f"Long{n}__c" for n in range(fields)]
    for name in names:
        kind.fields[name] = Field(name=name, type="textarea", length=32_000)
    _fill(org, 250)
    pages = _pages(org, f"SELECT Id, {', '.join(names)} FROM Task", headers={})
    assert len(next(pages)["records"]) == size


def test_children_and_parents_are_followed_on_later_pages(org):
    """A page shows parents as they are when it is turned."""
    acme = org.ids["acme"]
    org.service.load("Contact", [{"LastName": "x", "AccountId": acme}] * 300)
    pages = _pages(org, "SELECT Id, Account.Name FROM Contact")
    assert next(pages)["records"][0]["Account"]["Name"] == "Acme"
    org.control("edit", object="Account", id=acme, fields={"Name": "Renamed"})
    names = {row["Account"]["Name"] for row in next(pages)["records"]}
    assert names == {"Renamed"}
