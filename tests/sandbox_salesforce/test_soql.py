"""What the simulated Salesforce's queries find, and what they refuse."""

import pytest

MALFORMED = "MALFORMED_QUERY"
FOUND = [
    ("Subject = 'call 0'", ["task0"]),
    ("Subject LIKE 'Call %' AND IsClosed = true", ["task2"]),
    ("Subject LIKE 'C_ll 1'", ["task1"]),
    ("NOT (Subject = 'Call 0' OR Subject = 'Call 1')", ["task2"]),
    ("WhatId = null", ["task1", "task2"]),
    ("WhatId != null", ["task0"]),
    ("IsClosed = null", ["task0", "task1"]),
    ("Status IN ('Completed', 'Other')", ["task2"]),
    ("Status NOT IN ('Completed')", ["task0", "task1"]),
    ("What.Type = 'Opportunity'", ["task0"]),
    ("What.Type IN ('Account')", []),
    ("Owner.Name = 'Ann Ex'", ["task0", "task1", "task2"]),
    ("Account.Name = 'Acme'", ["task0", "task1"]),
    ("WhoId IN (SELECT Id FROM Contact WHERE LastName = 'O\\'Neil')", ["task1"]),
    ("SystemModstamp > 2026-10-01T00:00:00Z", ["task2"]),
    ("SystemModstamp > 2026-10-01T00:00:00.000Z", ["task2"]),
    ("SystemModstamp > 2026-10-01T01:00:00+01:00", ["task2"]),
    ("SystemModstamp <= 2026-10-01T00:00:00Z", ["task0", "task1"]),
    ("ActivityDate = 2026-09-01 AND Subject > 'Call 0'", ["task1", "task2"]),
    ("Subject = 'Call\\u00200'", ["task0"]),
    ("Subject LIKE '\\u0043all 1'", ["task1"]),
    ("Who.Name = null", ["task0", "task1", "task2"]),
    ("Who.LastName = 'O\\'Neil'", ["task1"]),
    ("owner.isactive = true AND iscLOSED = TRUE", ["task2"]),
]


@pytest.mark.parametrize(("where", "expected"), FOUND)
def test_conditions_find_what_the_reference_says(org, where, expected):
    """Each condition finds its rows and no others."""
    found = org.names(f"SELECT Id FROM Task WHERE {where}")
    assert sorted(found) == expected


SEMI_JOIN = "WhoId IN (SELECT Id FROM Contact)"
REFUSED = [
    ("SELECT Id FORM Task", MALFORMED),
    ("SELECT Id FROM Task WHERE Subject = 'a\\x'", MALFORMED),
    ("SELECT Nope FROM Task", "INVALID_FIELD"),
    ("SELECT Nope.Name FROM Task", "INVALID_FIELD"),
    ("SELECT Id FROM Nope", "INVALID_TYPE"),
    ("SELECT Id FROM Order ORDER BY Id", "INVALID_TYPE"),
    ("SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD"),
    ("SELECT Id FROM Task ORDER BY Description", "INVALID_FIELD"),
    ("SELECT Id FROM Task WHERE SystemModstamp > '2026-10-01'", "INVALID_FIELD"),
    ("SELECT Id FROM Task WHERE Subject > 5", "INVALID_FIELD"),
    ("SELECT Id FROM Task WHERE IsClosed = 'true'", "INVALID_FIELD"),
    ("SELECT Id FROM Task OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ("SELECT FIELDS(ALL) FROM Task", MALFORMED),
    ("SELECT Id FROM Task WHERE Subject = 'a\\_'", MALFORMED),
    ("SELECT Id FROM Task WHERE Subject = 'a\\u12'", MALFORMED),
    (f"SELECT Id FROM Task WHERE Subject = '{'x' * 4001}'", MALFORMED),
    ("SELECT Id FROM Task WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Task WHERE Id LIKE '00T%'", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Task WHERE IsClosed > false", "INVALID_QUERY_FILTER_OPERATOR"),
    ("SELECT Id FROM Task WHERE Type = 'a' AND Type = 'b' OR Type = 'c'", MALFORMED),
    ("SELECT What.StageName FROM Task", "INVALID_FIELD"),
    (
        "SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account",
        MALFORMED,
    ),
    (
        "SELECT Id FROM Opportunity WHERE Id NOT IN (SELECT WhatId FROM Task)",
        MALFORMED,
    ),
    (f"SELECT Id FROM Task WHERE {SEMI_JOIN} OR IsClosed = true", MALFORMED),
    (f"SELECT Id FROM Task WHERE NOT {SEMI_JOIN}", MALFORMED),
    (f"SELECT Id FROM Task WHERE {' AND '.join([SEMI_JOIN] * 3)}", MALFORMED),
    (
        (
            "SELECT Id FROM Task WHERE WhoId IN (SELECT Id FROM Contact WHERE"
            " AccountId IN (SELECT Id FROM Account))"
        ),
        MALFORMED,
    ),
    (
        "SELECT Id FROM Task WHERE WhoId IN (SELECT Id FROM Contact LIMIT 1)",
        MALFORMED,
    ),
    (
        "SELECT Id FROM Task WHERE Account.ParentId IN (SELECT Id FROM Account)",
        MALFORMED,
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
        MALFORMED,
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)",
        MALFORMED,
    ),
]


@pytest.mark.parametrize(("soql", "code"), REFUSED)
def test_refusals_carry_the_vendors_code(org, soql, code):
    """Each faulty query is refused with the code a client has to handle."""
    assert org.error(soql) == code


def test_a_syntax_error_names_its_place(org):
    """The text of a malformed query's refusal has row and column."""
    _, body = org.query("SELECT Id FORM Task")
    expected = "ERROR at Row:1:Column:11 unexpected token: 'FORM'"
    assert expected in body[0]["message"]


def test_nulls_come_first_unless_told_otherwise(org):
    """Ordering puts nulls first, or last on demand."""
    first = org.names("SELECT Id FROM Task ORDER BY WhatId, Subject")
    last = org.names("SELECT Id FROM Task ORDER BY WhatId NULLS LAST, Subject DESC")
    assert first == ["task1", "task2", "task0"]
    assert last == ["task0", "task2", "task1"]


def test_ids_order_and_compare_alike(org):
    """A keyset over ids meets each row once."""
    seen, last = [], ""
    while True:
        where = f"WHERE Id > '{last}' " if last else ""
        _, body = org.query(f"SELECT Id FROM Task {where}ORDER BY Id LIMIT 1")
        if not body["records"]:
            break
        last = body["records"][0]["Id"]
        seen.append(last)
    assert sorted(seen) == sorted(org.ids[f"task{n}"] for n in range(3))


def test_an_id_matches_in_both_lengths(org):
    """15 and 18 characters name the same record."""
    short = org.ids["task0"][:15]
    assert org.names(f"SELECT Id FROM Task WHERE Id = '{short}'") == ["task0"]


def test_parents_are_nested_records(org):
    """A path of several steps comes back as nested objects, null where cut."""
    org("POST", "/sobjects/OpportunityContactRole", _role(org))
    _, body = org.query(
        "SELECT Id, Opportunity.Account.Name FROM OpportunityContactRole"
    )
    assert body["records"][0]["Opportunity"]["Account"]["Name"] == "Acme"
    _, body = org.query("SELECT What.Name FROM Task WHERE WhatId = null LIMIT 1")
    assert body["records"][0]["What"] is None


def test_count_answers_in_total_size(org):
    """COUNT() brings no records."""
    _, body = org.query("SELECT COUNT() FROM Task WHERE IsClosed = false")
    assert body == {"totalSize": 2, "done": True, "records": []}


def test_rows_come_in_no_order_that_was_not_asked_for(org):
    """Neither insertion nor ids give it; one org answers one query alike."""
    rows = [{"Subject": f"row {n:02}"} for n in range(40)]
    org.service.load("Task", rows)
    soql = "SELECT Subject, Id FROM Task WHERE Subject LIKE 'row%'"
    found = [org.query(soql)[1]["records"] for _ in range(2)]
    assert found[0] == found[1]
    subjects = [row["Subject"] for row in found[0]]
    assert subjects != sorted(subjects)
    assert [r["Id"] for r in found[0]] != sorted(r["Id"] for r in found[0])
    _, tied = org.query(f"{soql} ORDER BY Status")
    assert [row["Subject"] for row in tied["records"]] not in (
        sorted(subjects),
        subjects,
    )


def test_many_ids_are_answered_quickly_enough_to_page(org):
    """Three hundred ids in one list are understood."""
    ids = ",".join(f"'{org.ids['task0']}'" for _ in range(300))
    assert org.names(f"SELECT Id FROM Task WHERE Id IN ({ids})") == ["task0"]


def test_an_overlong_request_is_refused(org):
    """URI and headers together stay below 16,384 bytes."""
    status, _ = org.query("SELECT Id FROM Task WHERE Subject = '" + "x" * 17000 + "'")
    assert status == 414


def _role(org):
    return {"OpportunityId": org.ids["deal"], "ContactId": org.ids["cy"]}
