"""What reading does where an org is large, slow to commit, or gives up on us."""

import json
from datetime import timedelta

import msgspec
import pytest

from syncd.errors import AuthError, ConnectorError, RetryableError
from syncd.mapping.translate import value_at
from syncd.model.ids import salesforce_checksum
from syncd.model.record import RecordRef
from syncd.sandbox.recorder import Fault

COMPOSITE = "/services/data/v62.0/composite"


def refs(count):
    """References to tasks that are nowhere."""
    shorts = [f"00T0000000{n:05d}" for n in range(count)]
    return [RecordRef("salesforce", "Task", s + salesforce_checksum(s)) for s in shorts]


def statuses(place):
    """How requests ended, so far."""
    return {one.status for one in place.recorder.log}


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (400, 1), (900, 2), (2000, 4)])
def test_lists_of_ids_are_as_long_as_an_address_may_be(reading, count, calls):
    """Measured, not counted: no query is refused for its length."""
    task = next(iter(reading.org.tables.rows("Task", with_deleted=False)))
    known = RecordRef("salesforce", "Task", task["Id"])
    asked = [*refs(count - 1), known]
    found = reading.connector.fetch(asked, ("Subject", "WhoId"))
    assert [ref for ref, one in found.items() if one is not None] == [known]
    assert len(found) == count
    assert len(reading.sent("queryAll")) == calls
    assert statuses(reading) == {200}


@pytest.mark.parametrize("name", ["User", "Contact", "Opportunity", "Task"])
def test_a_record_fetched_is_the_record_read(reading, name):
    """Field by field, those of its parents included."""
    request = reading.request(name)
    fields = (*request.fields, "Owner.Name") if name == "Task" else request.fields
    request = msgspec.structs.replace(request, fields=fields)
    page = next(iter(reading.connector.read(request)))
    read = {record.ref: record for record in page.records[:5]}
    fetched = reading.connector.fetch(list(read), fields)
    for ref, record in read.items():
        assert fetched[ref].version == record.version
        for field in fields:
            assert value_at(fetched[ref].fields, field) == value_at(
                record.fields, field
            )
    assert name != "Task" or value_at(fetched[ref].fields, "Owner.Name")


def test_wide_rows_leave_less_room_for_ids(reading):
    """The list gets shorter as the SELECT grows."""
    wide = tuple(sorted(reading.connector.describe("Task")))
    for fields, calls in ((("Subject",), 1), (wide, 2)):
        before = len(reading.sent("queryAll"))
        reading.connector.fetch(refs(560), fields)
        assert len(reading.sent("queryAll")) - before == calls
    assert statuses(reading) == {200}


def test_a_select_that_fits_no_address_is_asked_in_a_body(reading, monkeypatch):
    """Where a mapping names more fields than a GET can hold, reading goes on."""
    whole = [r.ref for r in reading.records("Contact")]
    reading.org.page_size = 200
    monkeypatch.setattr("connectors.salesforce.client._GET_BYTES", 300)
    before = reading.recorder.calls
    assert [r.ref for r in reading.records("Contact")] == whole
    sent = [(one.method, one.path) for one in reading.recorder.log[before:]]
    assert sent[0] == ("POST", COMPOSITE)
    assert ("GET", "/services/data/v62.0/queryAll") not in sent


def test_a_part_that_is_refused_says_what_a_single_query_would(reading, monkeypatch):
    """The error's class is the same by either way."""
    request = reading.request("Contact")
    wrong = msgspec.structs.replace(request, fields=("NoSuchField",))
    codes = set()
    for limit in (15_800, 300):
        monkeypatch.setattr("connectors.salesforce.client._GET_BYTES", limit)
        with pytest.raises(ConnectorError) as raised:
            list(reading.connector.read(wrong))
        codes.add((type(raised.value), raised.value.code))
    assert codes == {(ConnectorError, "INVALID_FIELD")}


def test_a_part_that_fails_does_not_keep_the_others(reading):
    """Each part stands for itself: what did not come is asked alone."""
    good = reading.request("Account")
    bad = msgspec.structs.replace(reading.request("Contact"), fields=("NoSuchField",))
    reading.connector.read_ahead([bad, good])
    before = reading.recorder.calls
    assert list(reading.connector.read(good))
    assert reading.recorder.calls == before
    with pytest.raises(ConnectorError) as raised:
        list(reading.connector.read(bad))
    assert raised.value.code == "INVALID_FIELD"


def test_what_was_asked_ahead_answers_only_that_request(reading):
    """Another cursor or another field is another question."""
    request = reading.request("Account")
    reading.connector.read_ahead([request])
    before = reading.recorder.calls
    cursor = {"at": "2026-01-01T00:00:00Z"}
    list(reading.connector.read(reading.request("Account", cursor=cursor)))
    assert reading.recorder.calls == before + 1


def test_a_session_that_ends_while_paging_costs_a_new_query(reading):
    """Its locators die with it; the keyset goes on behind the last row."""
    whole = [r.ref for r in reading.records("Contact")]
    reading.org.page_size = 7
    pages = reading.connector.read(reading.request("Contact"))
    seen = [r.ref for r in next(pages).records]
    reading.org.control("expire_tokens", {})
    seen += [r.ref for page in pages for r in page.records]
    assert seen == whole


def test_a_locator_that_dies_again_and_again_ends_the_pass(reading, no_waiting):
    """Only tries without any progress are counted."""
    reading.org.page_size = 7
    dead = '[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid"}]'
    fault = Fault(method="GET", path="/01g", status=400, body=dead, times=10_000)
    reading.recorder.break_next(fault)
    contacts = list(reading.org.tables.rows("Contact", with_deleted=True))
    assert len(reading.records("Contact")) == len(contacts)


def test_a_session_that_is_refused_for_good_asks_for_a_person(reading):
    """A dead locator is not taken for one, nor one for it."""
    reading.org.page_size = 7
    pages = reading.connector.read(reading.request("Contact"))
    next(pages)
    ended = '[{"errorCode": "INVALID_SESSION_ID", "message": "expired"}]'
    fault = Fault(method="GET", path="/query", status=401, body=ended, times=10_000)
    reading.recorder.break_next(fault)
    with pytest.raises(AuthError):
        list(pages)


def test_a_role_made_this_second_does_not_make_the_whole_list_be_read(reading):
    """The count looks no further than the pass: what is newer comes next time."""
    name = "OpportunityContactRole"
    cursor = list(reading.connector.read(reading.request(name)))[-1].cursor
    role = next(iter(reading.org.tables.rows(name, with_deleted=False)))
    fields = {k: role[k] for k in ("OpportunityId", "ContactId")}
    made = reading.org.control("insert", {"object": name, "fields": fields})
    pages = list(reading.connector.read(reading.request(name, cursor=cursor)))
    assert [page.snapshot for page in pages] == [False]
    reading.clock.advance(timedelta(minutes=1))
    reading.connector.refresh()
    cursor = pages[-1].cursor
    pages = list(reading.connector.read(reading.request(name, cursor=cursor)))
    assert [page.snapshot for page in pages] == [False]
    assert made["id"] in [r.ref.id for page in pages for r in page.records]


def test_a_role_that_is_gone_makes_the_whole_list_be_read_once(reading):
    """After it the number agrees again."""
    name = "OpportunityContactRole"
    cursor = list(reading.connector.read(reading.request(name)))[-1].cursor
    role = next(iter(reading.org.tables.rows(name, with_deleted=False)))
    reading.org.control("delete", {"object": name, "id": role["Id"]})
    pages = list(reading.connector.read(reading.request(name, cursor=cursor)))
    assert pages[-1].snapshot
    cursor = pages[-1].cursor
    pages = list(reading.connector.read(reading.request(name, cursor=cursor)))
    assert [page.snapshot for page in pages] == [False]


@pytest.mark.parametrize("listing", ["first", "full", "because one is gone"])
@pytest.mark.parametrize("age", [1, 60])
def test_a_role_that_goes_after_it_was_listed_is_missed_by_the_next_pass(
    reading, listing, age
):
    """Whatever the list was read for, and however young the role was in seconds."""
    name = "OpportunityContactRole"
    cursor = list(reading.connector.read(reading.request(name)))[-1].cursor
    role, other = list(reading.org.tables.rows(name, with_deleted=False))[:2]
    if listing == "because one is gone":
        reading.org.control("delete", {"object": name, "id": other["Id"]})
    fields = {k: role[k] for k in ("OpportunityId", "ContactId")}
    made = reading.org.control("insert", {"object": name, "fields": fields})
    reading.clock.advance(timedelta(seconds=age))
    reading.connector.refresh()
    options = {
        "first": {},
        "full": {"cursor": cursor, "full": True},
        "because one is gone": {"cursor": cursor},
    }
    pages = list(reading.connector.read(reading.request(name, **options[listing])))
    assert pages[-1].snapshot
    brought = {record.ref.id for page in pages for record in page.records}
    reading.org.control("delete", {"object": name, "id": made["id"]})
    reading.clock.advance(timedelta(minutes=1))
    reading.connector.refresh()
    request = reading.request(name, cursor=pages[-1].cursor)
    later = list(reading.connector.read(request))
    assert later[-1].snapshot == (made["id"] in brought)
    assert (made["id"] in brought) == (age > 5)


@pytest.mark.parametrize("full", [False, True])
def test_a_role_that_goes_while_roles_are_listed_is_missed_by_the_next_pass(
    reading, full
):
    """Its page was read already, and the list is counted as it was before."""
    name = "OpportunityContactRole"
    reading.org.page_size = 2
    pages = reading.connector.read(reading.request(name, full=full))
    brought = next(pages).records[0]
    reading.org.control("delete", {"object": name, "id": brought.ref.id})
    cursor = list(pages)[-1].cursor
    later = list(reading.connector.read(reading.request(name, cursor=cursor)))
    assert later[-1].snapshot


def test_a_list_of_roles_agrees_with_the_count_it_was_read_for(reading):
    """A role made between count and list is new to the next pass, once."""
    name = "OpportunityContactRole"
    cursor = list(reading.connector.read(reading.request(name)))[-1].cursor
    role, other = list(reading.org.tables.rows(name, with_deleted=False))[:2]
    reading.org.control("delete", {"object": name, "id": role["Id"]})
    request = reading.request(name, cursor=cursor)
    reading.connector.read_ahead([request])
    reading.clock.advance(timedelta(minutes=1))
    fields = {k: other[k] for k in ("OpportunityId", "ContactId")}
    reading.org.control("insert", {"object": name, "fields": fields})
    reading.clock.advance(timedelta(minutes=1))
    reading.connector.refresh()
    pages = list(reading.connector.read(request))
    assert pages[-1].snapshot
    request = reading.request(name, cursor=pages[-1].cursor)
    assert not list(reading.connector.read(request))[-1].snapshot


@pytest.mark.parametrize(
    ("message", "waits"),
    [
        ("ConcurrentPerOrgLongTxn Limit exceeded.", 1),
        ("TotalRequests Limit exceeded.", 0),
    ],
)
def test_the_two_limits_have_two_delays(reading, no_waiting, message, waits):
    """Seconds for too many at once, an hour for the day's end."""
    reading.connector.refresh()
    body = f'[{{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "{message}"}}]'
    fault = Fault(method="POST", path="/composite", status=403, body=body)
    reading.recorder.break_next(fault)
    try:
        reading.connector.refresh()
        asked = None
    except RetryableError as error:
        asked = error.retry_after_s
    assert len(no_waiting) == waits
    assert asked == (None if waits else 3600)


def test_metadata_that_did_not_change_stay_as_they_are(reading):
    """A 304 is an answer: nothing is asked again."""
    known = reading.connector.describe("Task")
    parts = [
        {"referenceId": f"part{n}", "httpStatusCode": 304, "body": None}
        for n in range(len(reading.connector.objects()))
    ]
    body = json.dumps({"compositeResponse": parts})
    fault = Fault(method="POST", path="/composite", status=200, body=body)
    reading.recorder.break_next(fault)
    before = reading.recorder.calls
    reading.connector.refresh()
    assert reading.recorder.calls == before + 1
    assert reading.connector.describe("Task") is known


def test_metadata_that_the_org_contradicts_are_asked_for_without_condition(reading):
    """A field that is refused may have been hidden; "not modified" is not believed."""
    bodies = []
    reading.session.hooks["response"].append(
        lambda response, *_a, **_k: bodies.append(response.request.body)
    )
    request = reading.request("Task")
    reading.connector.refresh()
    reading.org.control("hide_field", {"object": "Task", "field": "Type"})
    with pytest.raises(ConnectorError):
        list(reading.connector.read(request))
    reading.connector.refresh()
    conditional = ["If-Modified-Since" in str(body) for body in bodies if body]
    assert conditional[-2:] == [True, False]
    assert "Type" not in reading.connector.describe("Task")


@pytest.mark.parametrize("says", [True, False])
def test_a_log_in_that_says_whose_it_is_costs_no_further_call(reading, says):
    """Where it does not say, the org is asked."""
    if not says:
        reading.connector._client.log_in()
        reading.connector._client.login.org_id = ""
    before = reading.recorder.calls
    assert reading.connector.identity().org_id == reading.org.org_id
    assert reading.connector.identity().user_id == reading.org.user_id
    paths = [one.path for one in reading.recorder.log[before:]]
    assert ("/services/oauth2/userinfo" in paths) is not says
