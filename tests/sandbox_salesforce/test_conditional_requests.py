"""Conditional requests: dates for every object, entity tags for accounts only."""

from datetime import timedelta

import pytest

from syncd.sandbox.salesforce.schema import Field

NOW = "Tue, 06 Oct 2026 09:15:27 GMT"
BEFORE = "Tue, 06 Oct 2026 09:15:26 GMT"


def _url(org, nick):
    names = {"acme": "Account", "task0": "Task"}
    return f"/sobjects/{names[nick]}/{org.ids[nick]}"


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize(("since", "good"), [(NOW, True), (BEFORE, False)])
def test_if_unmodified_since_holds_for_reads_and_changes(org, method, since, good):
    """Any object; a record changed later answers 412 and stays as it is."""
    headers = {"if-unmodified-since": since}
    body = {"Subject": "x"} if method == "PATCH" else None
    status, _ = org(method, _url(org, "task0"), body, headers=headers)
    assert (status < 300) is good
    assert good or status == 412
    changed = sum(org.service.writes.values())
    assert changed == (1 if good and body else 0)


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("GET", "if-unmodified-since"),
        ("PATCH", "if-unmodified-since"),
        ("GET", "if-modified-since"),
    ],
)
def test_a_date_that_is_none_is_refused(org, method, header):
    """400 rather than a write that nothing guards."""
    answer = org(method, _url(org, "task0"), {}, headers={header: "soon"})
    assert answer[0] == 400
    assert not org.service.writes


def test_a_read_of_what_has_not_changed_has_no_body(org):
    """If-Modified-Since answers 304 until the record changes."""
    url, headers = _url(org, "task0"), {"if-modified-since": NOW}
    assert org("GET", url, headers=headers) == (304, None)
    org.clock.advance(timedelta(seconds=1))
    org("PATCH", url, {"Subject": "x"})
    assert org("GET", url, headers=headers)[0] == 200


def test_an_accounts_tag_guards_reads_and_changes(org):
    """The tag of the present state lets a change through once."""
    url = _url(org, "acme")
    tag = org.answer("GET", url).headers["ETag"]
    assert org("GET", url, headers={"if-none-match": tag}) == (304, None)
    assert org("GET", url, headers={"if-none-match": '"other"'})[0] == 200
    guard = {"if-match": f'"other", {tag}'}
    assert org("PATCH", url, {"Phone": "1"}, headers=guard)[0] == 204
    assert org("PATCH", url, {"Phone": "2"}, headers=guard)[0] == 412
    assert org("GET", url)[1]["Phone"] == "1"
    assert org("PATCH", url, {"Phone": "3"}, headers={"if-match": "*"})[0] == 204
    tag = org.answer("GET", url).headers["ETag"]
    refused = org("PATCH", url, {"Phone": "4"}, headers={"if-none-match": tag})
    assert refused[0] == 412


def test_other_objects_have_no_tags(org):
    """A guard by tag guards nothing on a task."""
    url = _url(org, "task0")
    assert "ETag" not in org.answer("GET", url).headers
    guard = {"if-match": '"other"'}
    assert org("PATCH", url, {"Subject": "x"}, headers=guard)[0] == 204


def test_a_delete_is_not_guarded(org):
    """The header means nothing there."""
    headers = {"if-unmodified-since": BEFORE}
    assert org("DELETE", _url(org, "task0"), headers=headers)[0] == 204


def test_a_description_is_sent_again_only_once_it_changed(org):
    """304 until a field comes or goes."""
    url = "/sobjects/Task/describe"
    changed = org.answer("GET", url).headers["Last-Modified"]
    headers = {"if-modified-since": changed}
    assert org("GET", url, headers=headers) == (304, None)
    org.clock.advance(timedelta(minutes=1))
    kind = org.service.tables.schema["Task"]
    kind.fields["New__c"] = Field(name="New__c", type="string")
    status, body = org("GET", url, headers=headers)
    assert status == 200
    assert "New__c" in {field["name"] for field in body["fields"]}
    later = org.answer("GET", url).headers["Last-Modified"]
    assert org("GET", url, headers={"if-modified-since": later})[0] == 304
