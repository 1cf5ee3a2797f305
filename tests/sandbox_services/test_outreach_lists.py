"""Lists of the simulated Outreach: pages, counts, filters, includes, rights."""

import json

import pytest

ROLE_SIDES = {
    "opportunity": {"data": {"type": "opportunity", "id": 1}},
    "prospect": {"data": {"type": "prospect", "id": 1}},
}


def put_on_deal(outreach):
    """Prospect 1 is on opportunity 1."""
    outreach.load("opportunityProspectRole", 1, {"role": "Evaluator"}, ROLE_SIDES)


def numbers(page):
    """Ids of a page."""
    return [one["id"] for one in page["data"]]


def test_lists_go_by_opaque_cursors(outreach):
    """Fifty a page by default, the rest behind links.next, none at the end."""
    _, page = outreach("GET", "prospects", count="true")
    assert len(page["data"]) == 50
    assert page["meta"] == {"count": 120, "count_truncated": False}
    seen = numbers(page)
    while page := outreach.follow(page):
        seen += numbers(page)
    assert seen == list(range(1, 121))
    assert "links" not in outreach("GET", "calls")[1]


@pytest.mark.parametrize(
    "params",
    [
        {"page[after]": "120"},
        {"page[after]": "e30="},
        {"page[size]": "many"},
        {"page[offset]": "-1"},
        {"filter[emails][contains]": "x"},
        {"filter[updatedAt][gte]": "2026-01-01"},
        {"filter[id][]": "7"},
        {"include": "friends"},
    ],
)
def test_malformed_queries_are_refused(outreach, params):
    """400, not an empty list."""
    assert outreach("GET", "prospects", **params) == (400, "badRequest")


@pytest.mark.parametrize(
    ("status", "age", "expected"), [(400, 59, 200), (400, 61, 400), (422, 61, 422)]
)
def test_cursors_age(outreach, status, age, expected):
    """A cursor that is left too long is refused, in either of two ways."""
    outreach.control("switch", cursor_life_s=60, stale_cursor_status=status)
    _, page = outreach("GET", "prospects")
    outreach.wait(seconds=age)
    assert outreach.follow(page)["status"] == expected


@pytest.mark.parametrize("rows", [False, True])
def test_rows_that_move_while_paging(outreach, rows):
    """They are seen twice; where cursors hold places, another one is missed."""
    outreach.control("switch", cursors_hold_rows=rows)
    params = {"sort": "updatedAt,id", "page[size]": "60"}
    _, page = outreach("GET", "prospects", **params)
    outreach.control("edit", type="prospect", id=5)
    seen = numbers(page)
    while page := outreach.follow(page):
        seen += numbers(page)
    assert {one for one in seen if seen.count(one) > 1} == {5}
    missed = set(range(1, 121)) - set(seen)
    assert missed == (set() if rows else {61})


def test_offsets_end_at_ten_thousand(outreach):
    """The deprecated way has neighbours, and no way beyond."""
    offset = {"page[limit]": "50", "page[offset]": "50"}
    _, page = outreach("GET", "prospects", **offset)
    assert numbers(page) == list(range(51, 101))
    assert set(page["links"]) == {"first", "prev", "next"}
    assert numbers(outreach.follow(page)) == list(range(101, 121))
    at_end = {"page[limit]": "1", "page[offset]": "10000"}
    assert outreach("GET", "prospects", **at_end)[0] == 200
    beyond = {"page[limit]": "1", "page[offset]": "10001"}
    assert outreach("GET", "prospects", **beyond) == (400, "badRequest")


@pytest.mark.parametrize(
    ("switch", "meta"),
    [
        ({"largest_count": 100}, {"count": 100, "count_truncated": True}),
        ({"under_load": True}, {"count": 0, "count_truncated": True}),
    ],
)
def test_counts_are_not_to_be_relied_on(outreach, switch, meta):
    """Capped, and zero under load, beside a full page."""
    outreach.control("switch", **switch)
    _, page = outreach("GET", "prospects", count="true")
    assert page["meta"] == meta
    assert len(page["data"]) == 50


def test_wide_pages_can_break(outreach):
    """502 above a size, as heavy pages do."""
    outreach.control("switch", largest_page=50)
    assert outreach("GET", "prospects", **{"page[size]": "100"})[0] == 502
    assert outreach("GET", "prospects", **{"page[size]": "50"})[0] == 200


@pytest.mark.parametrize(
    ("collection", "params", "found"),
    [
        ("prospects", {"filter[id]": "1,2"}, [1, 2]),
        ("prospects", {"filter[emails]": "P3@x.example"}, [3]),
        ("prospects", {"filter[id]": "119..inf"}, [119, 120]),
        ("prospects", {"filter[id]": "neginf..2"}, [1, 2]),
        ("prospects", {"filter[firstName]": "__notnull__"}, []),
        ("prospects", {"filter[q]": "p12@"}, [12]),
        ("prospects", {"filter[opportunities][id]": "1"}, [1]),
        ("prospects", {"filter[account][name]": "Beta"}, []),
        ("opportunities", {"filter[prospects][id]": "1"}, [1]),
        ("opportunities", {"filter[prospects][id]": "2"}, []),
        ("tasks", {"filter[prospect][id]": "1,2"}, [1]),
        ("prospects", {"filter[id][gte]": "120", "newFilterSyntax": "true"}, [120]),
        ("prospects", {"filter[id][]": "7", "newFilterSyntax": "true"}, [7]),
    ],
)
def test_filters_choose(outreach, collection, params, found):
    """Lists, ranges, null tests, prefixes, relationships, and the newer syntax."""
    put_on_deal(outreach)
    assert numbers(outreach("GET", collection, **params)[1]) == found


@pytest.mark.parametrize(
    ("collection", "params"),
    [
        ("prospects", {"filter[externalId]": "1"}),
        ("prospects", {"filter[account][domain]": "x"}),
        ("prospects", {"sort": "emails"}),
        ("prospects", {"sort": "account"}),
        ("tasks", {"filter[subject][id]": "1"}),
        ("tasks", {"filter[completedAt]": "__null__"}),
        ("calls", {"filter[vendorCallId]": "1"}),
        ("opportunities", {"filter[closeDate]": "__null__"}),
    ],
)
def test_what_is_not_on_the_list_is_refused(outreach, collection, params):
    """422 for attributes that may not be filtered or sorted by."""
    outreach.load("call", 1, {})
    outcome = outreach("GET", collection, **params)
    assert outcome == (422, "validationError")


def test_to_many_relationships_are_not_loaded(outreach):
    """A link without data says nothing about emptiness; including loads them."""
    put_on_deal(outreach)
    _, body = outreach("GET", "prospects/1")
    held = body["data"]["relationships"]["opportunities"]
    assert held == {
        "links": {"related": "/api/v2/opportunities?filter%5Bprospects%5D%5Bid%5D=1"}
    }
    _, body = outreach("GET", "prospects/1", include="opportunities")
    held = body["data"]["relationships"]["opportunities"]
    assert held == {"data": [{"type": "opportunity", "id": 1}]}
    assert numbers({"data": body["included"]}) == [1]


def test_lists_include_each_resource_once(outreach):
    """Along paths, in lists as in single reads."""
    put_on_deal(outreach)
    _, page = outreach(
        "GET", "opportunityProspectRoles", include="prospect.account,opportunity"
    )
    kinds = [one["type"] for one in page["included"]]
    assert sorted(kinds) == ["account", "opportunity", "prospect"]
    _, page = outreach("GET", "prospects", include="account")
    assert len(page["included"]) == 1
    assert "included" not in outreach("GET", "prospects/1")[1]


def test_sparse_fields_count_relationships_as_fields(outreach):
    """What is not named does not come."""
    fields = {"fields[prospect]": "emails,account"}
    _, body = outreach("GET", "prospects/1", **fields)
    assert list(body["data"]["attributes"]) == ["emails"]
    assert list(body["data"]["relationships"]) == ["account"]


def test_rights_come_when_asked_for(outreach):
    """``canWrite`` tells beforehand what a write would be refused."""
    outreach.control("protect", type="prospect", id=2)
    assert "meta" not in outreach("GET", "prospects")[1]["data"][0]
    _, page = outreach("GET", "prospects", provideAuthorizationMeta="true")
    rights = [one["meta"] for one in page["data"][:2]]
    assert [one["canWrite"] for one in rights] == [True, False]
    assert [one["canDelete"] for one in rights] == [True, False]
    data = {"type": "prospect", "id": 2, "attributes": {"title": "CTO"}}
    assert outreach("PATCH", "prospects/2", data) == (403, "unauthorizedRequest")
    assert outreach("DELETE", "prospects/2") == (403, "unauthorizedRequest")


@pytest.mark.parametrize(("as_map", "shape"), [(False, list), (True, dict)])
def test_data_connections_come_when_asked_for(outreach, as_map, shape):
    """In either of two shapes."""
    outreach.control("switch", connections_as_map=as_map)
    assert "meta" not in outreach("GET", "prospects/1")[1]["data"]
    _, body = outreach("GET", "prospects/1", provideDataConnections="true")
    assert isinstance(body["data"]["meta"]["dataConnections"], shape)


def test_soft_deletions_show_and_hard_ones_do_not(outreach):
    """A trashed record carries its date until it is restored; a deleted one is gone."""
    outreach.wait(minutes=1)
    outreach.control("trash", type="prospect", id=1)
    outreach.control("delete", type="prospect", id=2)
    changed = {"filter[updatedAt]": "2026-11-24T09:00:00Z..inf"}
    _, page = outreach("GET", "prospects", **changed)
    assert numbers(page) == [1]
    assert page["data"][0]["attributes"]["trashedAt"] == "2026-11-24T09:01:00.000Z"
    outreach.control("restore", type="prospect", id=1)
    assert outreach.attributes("prospects/1")["trashedAt"] is None
    assert outreach("GET", "prospects/2") == (404, "resourceNotFound")


def test_hidden_records_look_deleted(outreach):
    """404 and no place in lists: not visible and gone are one."""
    put_on_deal(outreach)
    outreach.control("hide", type="prospect", id=1)
    assert outreach("GET", "prospects/1") == (404, "resourceNotFound")
    assert numbers(outreach("GET", "prospects", **{"filter[id]": "1"})[1]) == []
    _, page = outreach("GET", "opportunityProspectRoles", include="prospect")
    assert page["included"] == []


def test_the_root_names_owner_and_org_and_types_the_orgs_own_fields(outreach):
    """Who the token is, and which customN there are."""
    assert outreach("GET", "")[1]["meta"]["org"]
    _, body = outreach("GET", "types")
    assert [one["type"] for one in body["data"]] == ["prospect"]
    validations = body["data"][0]["meta"]["validations"]
    assert list(validations) == ["custom7"]
    assert set(validations["custom7"]) == {"type", "required", "label", "definition"}


def test_errors_point_at_the_place(outreach):
    """Id, title, detail, and a pointer into the request."""
    data = {"type": "prospect", "id": 1, "attributes": {"externalId": "x" * 256}}
    response = outreach.send("PATCH", "prospects/1", data)
    (error,) = json.loads(response.body)["errors"]
    assert error == {
        "id": "validationDataTooLongError",
        "title": "Validation Data Too Long Error",
        "detail": "externalId is too long",
        "source": {"pointer": "/data/attributes/externalId"},
    }
