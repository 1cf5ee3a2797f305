"""Queries over any rows: keysets meet each row once, conditions mean what they say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.salesforce.cursors import Cursors
from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.schema import build_schema
from syncd.sandbox.salesforce.soql import Asking, run_query
from syncd.sandbox.salesforce.table import Tables

SUBJECTS = st.sampled_from(["a", "B", "it's", "100%", "x_y", "back\\slash", "ü"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "Subject": st.none() | SUBJECTS,
            "CallDurationInSeconds": st.none() | st.integers(0, 3),
            "IsClosed": st.booleans(),
            "SystemModstamp": st.sampled_from(
                [f"2026-10-01T00:00:0{n}.000+0000" for n in range(3)]
            ),
        }
    ),
    max_size=25,
)


def _tables(rows):
    clock = SandboxClock()
    clock.freeze(datetime(2026, 10, 6, tzinfo=UTC))
    tables = Tables(build_schema(affectlayer=False, key_field=""), clock)
    tables.load("Task", rows)
    for row, stored in zip(rows, tables.stored("Task").values(), strict=True):
        stored["IsClosed"] = row["IsClosed"]
    return tables


def _ids(tables, where, tail="", seed=0):
    soql = f"SELECT Id, SystemModstamp FROM Task{where}{tail}"
    result = run_query(soql, tables, Asking(seed=seed))
    return [(row["SystemModstamp"], row["Id"]) for row in result.show(result.rows)]


@settings(deadline=None, max_examples=60)
@given(ROWS, st.integers(1, 4), st.integers(0, 3))
def test_a_keyset_over_stamp_and_id_meets_every_row_once(rows, limit, seed):
    """Rows that share a stamp are neither skipped nor repeated, in any tie order."""
    tables = _tables(rows)
    tail = f" ORDER BY SystemModstamp, Id LIMIT {limit}"
    seen = page = _ids(tables, "", tail, seed)
    while page:
        at, last = page[-1]
        at = at.replace(".000+0000", "Z")
        where = (
            f" WHERE (SystemModstamp > {at}"
            f" OR (SystemModstamp = {at} AND Id > '{last}'))"
        )
        page = _ids(tables, where, tail, seed)
        seen = [*seen, *page]
    assert seen == sorted(seen)
    assert {one for _, one in seen} == set(tables.stored("Task"))
    assert len(seen) == len(rows)


CONDITIONS = st.recursive(
    st.one_of(
        SUBJECTS.map(lambda text: ("Subject =", text)),
        SUBJECTS.map(lambda text: ("Subject LIKE", text)),
        st.integers(0, 3).map(lambda n: ("CallDurationInSeconds >=", n)),
        st.booleans().map(lambda on: ("IsClosed =", on)),
        st.just(("Subject =", None)),
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2)),
        st.tuples(st.just("NOT"), inner),
    ),
    max_leaves=6,
)


def _written(condition):
    """A condition as SOQL, every string quoted."""
    word, value = condition
    if word == "NOT":
        return f"(NOT {_written(value)})"
    if isinstance(value, list):
        return "(" + f" {word} ".join(_written(one) for one in value) + ")"
    if isinstance(value, str):
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        if word.endswith("LIKE"):
            value = value.replace("%", "\\%").replace("_", "\\_")
        return f"{word} '{value}'"
    return f"{word} {'null' if value is None else str(value).lower()}"


def _holds(condition, row):
    """The same condition as Python understands it."""
    word, value = condition
    if word == "NOT":
        return not _holds(value, row)
    if isinstance(value, list):
        joined = all if word == "AND" else any
        return joined(_holds(one, row) for one in value)
    here = row[word.split()[0]]
    if word.endswith(">="):
        return here is not None and here >= value
    if isinstance(value, str):
        return here is not None and here.lower() == value.lower()
    return here == value


@settings(deadline=None, max_examples=150)
@given(ROWS, CONDITIONS)
def test_a_condition_finds_what_it_says(rows, condition):
    """Nested AND, OR and NOT, quoted text, nulls, numbers and booleans."""
    tables = _tables(rows)
    found = {one for _, one in _ids(tables, f" WHERE {_written(condition)}")}
    stored = tables.stored("Task").values()
    assert found == {row["Id"] for row in stored if _holds(condition, row)}


@settings(deadline=None, max_examples=40)
@given(ROWS, st.integers(1, 9))
def test_pages_together_are_the_answer(rows, size):
    """Every row of the answer comes once, on one of its pages."""
    tables = _tables(rows)
    cursors = Cursors(tables)
    result = run_query("SELECT Id FROM Task", tables, Asking())
    page = cursors.first(result, session="s", size=size)
    ids = [row["Id"] for row in page["records"]]
    while not page["done"]:
        locator = page["nextRecordsUrl"].rpartition("/")[2]
        page = cursors.next(locator, session="s")
        ids += [row["Id"] for row in page["records"]]
    assert ids == [row["Id"] for row in result.rows]
    assert page["totalSize"] == len(rows)


WORDS = st.sampled_from(
    [
        *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER BY"),
        *("GROUP BY", "LIMIT", "OFFSET", "TYPEOF", "WHEN", "THEN", "ELSE", "END"),
        *("COUNT()", "COUNT(Id)", "MAX(CreatedDate)", "MIN(Subject)", ",", "(", ")"),
        *("=", ">", "!=", "Id", "Subject", "What.Name", "What", "Who", "Account.Name"),
        *("Status", "IsClosed", "ActivityDate", "CreatedDate", "Task", "Account"),
        *("Contact", "Tasks", "Contacts", "null", "true", "1", "2026-10-06", "TODAY"),
        *("2026-02-30", "LAST_N_DAYS:9999999", "2026-10-06T00:00:00Z", "'x'"),
        *(r"'\u00e4'", r"'\x'", "'00T000000000000'", "ASC", "NULLS FIRST"),
    ]
)
CLAUSES = st.lists(WORDS, max_size=12).map(" ".join)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(
        ["", "SELECT Id FROM Task WHERE ", "SELECT Id, ", "SELECT Id FROM Task "]
    ),
    CLAUSES,
    st.sampled_from(["", " FROM Task", " FROM Account", ")"]),
)
def test_any_text_is_answered_or_refused(start, middle, end):
    """Whatever is asked, the client gets rows or the vendor's error."""
    tables = _tables([{"Subject": "x", "IsClosed": False}])
    try:
        result = run_query(f"{start}{middle}{end}", tables, Asking())
    except RefusalError as refusal:
        assert refusal.code.isupper()  # noqa: PT017 - either outcome is right
    else:
        assert isinstance(result.show(result.rows), list)


def test_nesting_without_end_is_refused():
    """A query may be well formed and still be too much."""
    tables = _tables([])
    nested = "NOT " * 20_000
    with pytest.raises(RefusalError) as refused:
        run_query(f"SELECT Id FROM Task WHERE {nested}Id = null", tables, Asking())
    assert refused.value.code == "QUERY_TOO_COMPLICATED"


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_gives_the_order(seed):
    """One seed orders alike, another one otherwise."""
    tables = _tables([{"IsClosed": False, "Subject": str(n)} for n in range(20)])
    here = _ids(tables, "", seed=seed)
    assert here == _ids(tables, "", seed=seed)
    assert here != _ids(tables, "", seed=seed + 1)
