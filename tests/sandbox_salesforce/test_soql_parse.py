"""A query's tree is the grammar's own, whichever way it was come by."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lark.exceptions import UnexpectedInput

from syncd.sandbox.salesforce.errors import RefusalError
from syncd.sandbox.salesforce.soql import parse

TEXTS = [
    "'x'",
    "''",
    r"'it\'s'",
    "'2026-10-06T00:00:00Z'",
    "'SELECT Id'",
    r"'back\\'",
    "'two\nlines'",
    "'open",
    "2026-10-06T00:00:00Z",
    "2026-10-06T00:00:00.000+0000",
    "2026-10-06T00:00:00-07:00",
    "2026-10-06T00:00:00",
    "2026-10-06",
    "a2026-10-06T00:00:00Z",
    "12026-10-06T00:00:00Z",
]
CONDITIONS = st.lists(
    st.builds(
        "{} {} {}".format,
        st.sampled_from(["Subject", "CreatedDate", "NOT Id", "(Id", "What.Name"]),
        st.sampled_from(["=", ">", "LIKE", "IN", "NOT IN"]),
        st.sampled_from(TEXTS)
        | st.lists(st.sampled_from(TEXTS)).map(lambda some: f"({','.join(some)})"),
    ),
    min_size=1,
    max_size=4,
)
QUERIES = st.builds(
    "SELECT Id, {} FROM Task WHERE {}{}".format,
    st.sampled_from(
        ["Subject", "(SELECT Id FROM Tasks WHERE Subject = 'a' LIMIT 1)", "'a'"]
    ),
    CONDITIONS.map(" AND ".join),
    st.sampled_from(["", " ORDER BY Id", ")", " LIMIT 'a'", " LIMIT 3"]),
)


@settings(deadline=None, max_examples=400)
@given(QUERIES)
def test_a_tree_or_an_error_is_the_grammars(query):
    """Texts and time stamps stand where they stood, and errors point at their place."""
    parse.parsed.cache_clear()
    assert _outcome(parse.parsed, query) == _outcome(parse._parser().parse, query)


def _outcome(parsed, query):
    """The tree, or where it is wrong."""
    try:
        return parsed(query)
    except RefusalError as refused:
        return refused.message.partition(" unexpected")[0]
    except UnexpectedInput as error:
        return f"ERROR at Row:{error.line}:Column:{error.column}"


def test_queries_of_one_shape_are_parsed_once():
    """Whoever polls asks with another time stamp each time, and for other ids."""

    def ask(at, name):
        where = f"CreatedDate > 2026-10-06T00:00:0{at}Z AND Subject = '{name}'"
        return parse.parsed(f"SELECT Id FROM Task WHERE {where} ORDER BY Id")

    first = ask(0, "a")
    before = parse._shape.cache_info().misses
    second = ask(1, "it's".replace("'", "\\'"))
    assert first != second
    assert parse._shape.cache_info().misses == before
