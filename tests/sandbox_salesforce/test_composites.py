"""Several requests in one: composite, batch, graphs and trees."""

import pytest

ROOT = "/services/data/v62.0"
SUBJECTS = "SELECT Id, Subject FROM Task WHERE Subject LIKE 'many%'"


def _composite(org, *, subject, whole=True):
    root = "/services/data/v62.0/sobjects/Task"
    parts = [
        {
            "method": "POST",
            "url": root,
            "referenceId": "made",
            "body": {"Subject": "many 1"},
        },
        {
            "method": "PATCH",
            "url": root + "/@{made.id}",
            "referenceId": "changed",
            "body": {"Subject": subject},
        },
    ]
    body = {"allOrNone": whole, "compositeRequest": parts}
    answer = org("POST", "/composite", body)[1]["compositeResponse"]
    return [part["httpStatusCode"] for part in answer], answer


def test_composite_parts_refer_to_earlier_ones_and_count_as_one_call(org):
    """The second part changes what the first made."""
    before = org.service.calls
    assert _composite(org, subject="many 2")[0] == [201, 204]
    assert org.service.calls == before + 1
    assert org.query(SUBJECTS)[1]["records"][0]["Subject"] == "many 2"


def test_a_failed_composite_is_rolled_back_and_names_its_cause(org):
    """Only the cause carries a code of its own."""
    statuses, answer = _composite(org, subject="x" * 256)
    assert statuses == [400, 400]
    codes = [part["body"][0]["errorCode"] for part in answer]
    assert codes == ["PROCESSING_HALTED", "STRING_TOO_LONG"]
    assert org.query(SUBJECTS)[1]["totalSize"] == 0
    assert _composite(org, subject="x" * 256, whole=False)[0] == [201, 400]


def test_a_batch_halts_on_demand(org):
    """Parts after the failure are not run."""
    parts = [{"method": "GET", "url": "v62.0/sobjects/Task/00T000000000000"}] * 2
    answer = org(
        "POST", "/composite/batch", {"haltOnError": True, "batchRequests": parts}
    )
    assert [one["statusCode"] for one in answer[1]["results"]] == [404, 412]


def _part(name, body=None, *, method="POST", url="/sobjects/Task", **more):
    return {
        "method": method,
        "url": ROOT + url,
        "referenceId": name,
        **({} if body is None else {"body": body}),
        **more,
    }


def _run(org, *parts, **more):
    return org("POST", "/composite", {"compositeRequest": list(parts), **more})


@pytest.mark.parametrize(
    ("url", "count", "status"),
    [
        ("/limits", 25, 200),
        ("/limits", 26, 400),
        ("/query?q=SELECT+Id+FROM+Task", 5, 200),
        ("/query?q=SELECT+Id+FROM+Task", 6, 400),
        ("/composite/sobjects/Task", 6, 400),
    ],
)
def test_composite_takes_25_parts_of_which_5_are_costly(org, url, count, status):
    """Queries and collections count among the five."""
    parts = [_part(f"p{n}", method="GET", url=url) for n in range(count)]
    assert _run(org, *parts)[0] == status


@pytest.mark.parametrize(
    "parts",
    [
        [{"method": "GET", "url": f"{ROOT}/limits"}],
        [{"method": "GET", "referenceId": "a"}],
        [_part("a", method="GET", url="/limits")] * 2,
    ],
    ids=["no name", "no address", "one name twice"],
)
def test_a_faulty_part_refuses_the_whole(org, parts):
    """Each part has a method, an address and a name of its own."""
    assert _run(org, *parts)[0] == 400


def test_a_part_has_headers_of_its_own(org):
    """A guard on one part guards that part; one on the whole guards none."""
    task = org.ids["task0"]
    before = {"If-Unmodified-Since": "Tue, 06 Oct 2020 09:15:26 GMT"}
    url = f"/sobjects/Task/{task}"
    body = {"compositeRequest": []}
    for name, headers in (("guarded", before), ("free", {})):
        one = _part(name, {"Type": "Call"}, method="PATCH", url=url)
        body["compositeRequest"].append({**one, "httpHeaders": headers})
    outer = {"if-unmodified-since": before["If-Unmodified-Since"]}
    answer = org("POST", "/composite", body, headers=outer)[1]["compositeResponse"]
    assert [part["httpStatusCode"] for part in answer] == [412, 204]


def test_a_part_cannot_log_in_as_someone_else(org):
    """Authorization and host are those of the whole request."""
    headers = {"Authorization": "Bearer other", "Host": "other.example"}
    part = _part("one", {"Subject": "many 1"}, httpHeaders=headers)
    (answer,) = _run(org, part)[1]["compositeResponse"]
    assert answer["httpStatusCode"] == 201
    made = answer["body"]["id"]
    assert answer["httpHeaders"]["Location"] == f"{ROOT}/sobjects/Task/{made}"


def test_parts_after_the_failure_are_not_run(org):
    """Under allOrNone the cause is the only part with a code of its own."""
    parts = [_part("a", {"Subject": "many 1"}), _part("b", {"Subject": "x" * 256})]
    parts.append(_part("c", {"Nope": 1}))
    answer = _run(org, *parts, allOrNone=True)[1]["compositeResponse"]
    codes = [part["body"][0]["errorCode"] for part in answer]
    assert codes == ["PROCESSING_HALTED", "STRING_TOO_LONG", "PROCESSING_HALTED"]
    assert [part["referenceId"] for part in answer] == ["a", "b", "c"]


def _graph(name, *parts):
    return {"graphId": name, "compositeRequest": list(parts)}


def test_each_graph_is_a_transaction_of_its_own(org):
    """One fails and leaves nothing; the other stays written."""
    good = _graph(
        "good",
        _part("a", {"LastName": "Many"}, url="/sobjects/Contact"),
        _part("t", {"Subject": "many 1", "WhoId": "@{a.id}"}),
    )
    bad = _graph("bad", _part("t", {"Subject": "many 2"}), _part("u", {"Nope": 1}))
    status, body = org("POST", "/composite/graph", {"graphs": [good, bad]})
    assert status == 200
    first, second = body["graphs"]
    assert (first["graphId"], first["isSuccessful"]) == ("good", True)
    parts = first["graphResponse"]["compositeResponse"]
    assert [part["httpStatusCode"] for part in parts] == [201, 201]
    assert second["isSuccessful"] is False
    codes = [
        part["body"][0]["errorCode"]
        for part in second["graphResponse"]["compositeResponse"]
    ]
    assert codes == ["PROCESSING_HALTED", "INVALID_FIELD"]
    found = org.query("SELECT Subject, WhoId FROM Task WHERE Subject LIKE 'many%'")
    (row,) = found[1]["records"]
    assert (row["Subject"], row["WhoId"]) == ("many 1", parts[0]["body"]["id"])


@pytest.mark.parametrize(
    "parts",
    [
        [_part(f"p{n}", {"Subject": "many"}) for n in range(501)],
        [
            _part(f"p{n}", {"Subject": f"many @{{p{n - 1}.id}}" if n else "many"})
            for n in range(16)
        ],
        [_part("q", method="GET", url="/query?q=SELECT+Id+FROM+Task")],
    ],
    ids=["501 nodes", "a chain of 16", "a query"],
)
def test_graphs_have_limits(org, parts):
    """Five hundred nodes, fifteen levels, rows only; nothing is written."""
    asked = {"graphs": [_graph("g", *parts)]}
    assert org("POST", "/composite/graph", asked)[0] == 400
    assert not org.service.writes


def _record(kind, reference, **fields):
    return {"attributes": {"type": kind, "referenceId": reference}, **fields}


def _family(last_name):
    contact = _record("Contact", "c", LastName=last_name)
    deal = _record(
        "Opportunity", "o", Name="D", StageName="Discovery", CloseDate="2026-12-01"
    )
    account = _record("Account", "a", Name="Many")
    account |= {"Contacts": {"records": [contact]}}
    account |= {"Opportunities": {"records": [deal]}}
    return {"records": [account]}


def test_a_tree_makes_parents_and_their_children(org):
    """The children name their parent; results carry the references."""
    status, body = org("POST", "/composite/tree/Account", _family("Young"))
    assert (status, body["hasErrors"]) == (201, False)
    ids = {one["referenceId"]: one["id"] for one in body["results"]}
    assert set(ids) == {"a", "c", "o"}
    for name, key in (("Contact", "c"), ("Opportunity", "o")):
        row = org("GET", f"/sobjects/{name}/{ids[key]}")[1]
        assert row["AccountId"] == ids["a"]


def test_a_tree_is_made_whole_or_not_at_all(org):
    """400 names the refused record by its reference; nothing stays."""
    status, body = org("POST", "/composite/tree/Account", _family(None))
    assert (status, body["hasErrors"]) == (400, True)
    (refused,) = body["results"]
    assert refused["referenceId"] == "c"
    assert refused["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert org.query("SELECT COUNT() FROM Account")[1]["totalSize"] == 1
    assert not org.service.writes


@pytest.mark.parametrize(
    "records",
    [
        [_record("Account", f"r{n}", Name="x") for n in range(201)],
        [_record("Account", "r", Name="x")] * 2,
        [{"attributes": {"type": "Account"}, "Name": "x"}],
        [_record("Contact", "r", LastName="x")],
        [_record("Account", "r", Name="x", Nopes={"records": []})],
    ],
    ids=["201 records", "one reference twice", "no reference", "a type", "a name"],
)
def test_trees_have_limits(org, records):
    """Two hundred records of the asked type, a reference each, known children."""
    assert org("POST", "/composite/tree/Account", {"records": records})[0] == 400
    assert not org.service.writes


def test_a_tree_has_five_levels_at_most(org):
    """Accounts below accounts below accounts, and so on."""
    tree: dict = {"records": []}
    for level in range(6):
        record = _record("Account", f"r{level}", Name="x", ChildAccounts=tree)
        tree = {"records": [record]}
    assert org("POST", "/composite/tree/Account", tree)[0] == 400
    (top,) = tree["records"]
    assert org("POST", "/composite/tree/Account", top["ChildAccounts"])[0] == 201
