"""Bodies as JSON: cleaned where one letter is wrong, refused where they are none."""

import pytest

from syncd.errors import ConnectorError
from syncd.kit.paging import Pages
from syncd.kit.payload import read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": "b"}', {"a": "b"}),
        (b'{"a": "x\\u0000y"}', {"a": "x\ufffdy"}),
        (b'{"a\\u0000": 1}', {"a\ufffd": 1}),
        (b'["x\\ud83dy"]', ["x\ufffdy"]),
        (b'["\\udc00"]', ["\ufffd"]),
        (b'["\\ud83d\\ude00"]', ["\U0001f600"]),
        (b'["caf\xe9"]', ["caf\ufffd"]),
        (b'["\\\\u0000"]', ["\\u0000"]),
    ],
)
def test_a_wrong_letter_is_replaced_and_the_rest_is_kept(body, value):
    """NUL, half a pair and bytes of another encoding; a whole pair stays one."""
    assert read_json(body) == value


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a": ', b"NaN", b"[1, Infinity]", b"[" * 100_000]
)
def test_what_is_no_json_is_refused(body):
    """Also what Python alone would take, and what no stack could hold."""
    with pytest.raises(ValueError, match=r"JSON|Expecting|nested"):
        read_json(body)


def test_the_same_rows_twice_are_a_listing_without_end():
    """Whatever the link says; other rows and empty pages may come."""
    pages = Pages("outreach")
    for rows in ([{"id": 1}, {"id": 2}], [], [], [{"id": 2}, {"id": 1}], [{"id": 3}]):
        pages.take(rows, key="id")
    with pytest.raises(ConnectorError, match="page_repeats"):
        pages.take([{"id": 1}, {"id": 2}], key="id")


def test_empty_pages_come_to_an_end_too():
    """A service that searches on for ever is given up."""
    pages = Pages("outreach")
    for _ in range(1_000):
        pages.take([], key="id")
    with pytest.raises(ConnectorError, match="page_repeats"):
        pages.take([], key="id")
