"""Creates that can be known again, locks waited out, limits kept apart."""

import pytest

from syncd.errors import RetryableError
from syncd.ports.connector import FieldInfo, Level, Write, WriteStatus
from syncd.sandbox.recorder import Fault

KEY = "f" * 32
STARTS = "2026-11-30T09:00:00Z"
TASK = {"Subject": "Call back", "Status": "Not Started"}
EVENT = {
    "Subject": "Demo",
    "StartDateTime": STARTS,
    "EndDateTime": "2026-11-30T10:00:00Z",
}
MANY_CALLS = '[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "%s"}]'
TOTAL = MANY_CALLS % "TotalRequests Limit exceeded."
CONCURRENT = MANY_CALLS % "ConcurrentPerOrgLongTxn Limit exceeded."


def create(name, fields, key=KEY):
    """A create as applying sends it."""
    return Write(
        key=key,
        operation="create",
        object=name,
        record_id=None,
        fields=fields,
        marker=key,
    )


def update(row, **fields):
    """An unguarded update of one row."""
    return Write(
        key=row["Id"],
        operation="update",
        object="Task",
        record_id=row["Id"],
        fields=fields,
    )


def rows(place, name):
    """The org's live rows."""
    return list(place.org.tables.rows(name, with_deleted=False))


@pytest.mark.parametrize(("name", "fields"), [("Task", TASK), ("Event", EVENT)])
def test_the_same_create_twice_is_one_record_where_there_is_a_key_field(
    keyed, name, fields
):
    """The server knows the key: the second time it finds what the first one made."""
    before = len(rows(keyed, name))
    [first] = keyed.connector.write([create(name, fields)])
    [second] = keyed.connector.write([create(name, fields)])
    assert (first.status, second.status) == (WriteStatus.DONE, WriteStatus.DONE)
    assert first.record_id == second.record_id
    assert len(rows(keyed, name)) == before + 1
    made = keyed.org.tables.find(name, first.record_id)
    assert made["Syncd_Key__c"] == f"{name.lower()}:{KEY}"
    assert made.get("CallObject") is None
    assert KEY not in str(made.get("Description"))


def test_keyed_creates_of_a_kind_share_one_call(keyed):
    """Two hundred upserts are one call, and the cost is said so beforehand."""
    writes = [create("Task", TASK, f"{n:032x}") for n in range(150)]
    writes += [create("Event", EVENT, f"{n:032x}") for n in range(150, 200)]
    assert keyed.connector.write_calls(writes) == 2
    outcomes = keyed.connector.write(writes)
    assert {one.status for one in outcomes} == {WriteStatus.DONE}
    assert [one.key for one in outcomes] == [one.key for one in writes]
    assert keyed.recorder.write_calls == 2


@pytest.mark.parametrize("place", ["keyed", "writing"])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Task", TASK),
        ("Task", {**TASK, "CallObject": "", "Description": "Notes"}),
        ("Task", {**TASK, "CallObject": "recording 7", "Description": "Notes"}),
        ("Event", EVENT),
        ("Event", {**EVENT, "Description": "Two\nlines"}),
        (
            "Event",
            {
                "Subject": "Fair",
                "IsAllDayEvent": True,
                "ActivityDate": "2026-11-30",
                "DurationInMinutes": 1440,
            },
        ),
    ],
)
def test_the_effect_of_a_create_is_found_whose_answer_was_lost(
    request, place, name, fields
):
    """By its key where there is a field for it, else by CallObject or a line."""
    place = request.getfixturevalue(place)
    write = create(name, fields)
    other = create(name, fields, "e" * 32)
    assert place.connector.find_effect(write) is None
    place.connector.write([other])
    assert place.connector.find_effect(write) is None
    fault = Fault(method="POST|PATCH", path="/composite/sobjects", drop=True)
    fault.after = True
    place.recorder.break_next(fault)
    [outcome] = place.connector.write([write])
    assert outcome.status is WriteStatus.AMBIGUOUS
    found = place.connector.find_effect(write)
    assert found is not None
    made = place.org.tables.find(name, found.ref.id)
    assert made["Subject"] == fields["Subject"]
    assert str(made.get("Description") or "").startswith(fields.get("Description", ""))
    if fields.get("CallObject"):
        assert made["CallObject"] == fields["CallObject"]


@pytest.mark.parametrize(("name", "fields"), [("Task", TASK), ("Event", EVENT)])
def test_what_was_made_before_there_was_a_key_field_is_still_found(
    writing, keyed, name, fields
):
    """A setting that changes between a create and the look for it doubles nothing."""
    [made] = writing.connector.write([create(name, fields)])
    found = keyed.connector.find_effect(create(name, fields))
    assert found is not None
    assert found.ref.id == made.record_id


def test_an_event_without_day_is_not_looked_for_everywhere(writing):
    """Nothing narrows the search: not found is the honest answer."""
    write = create("Event", {"Subject": "?", "OwnerId": "005000000000001AAA"})
    before = writing.recorder.calls
    assert writing.connector.find_effect(write) is None
    assert writing.recorder.calls == before


TAKEN = (
    '[{"success": false, "errors": [{"statusCode": "DUPLICATE_VALUE",'
    ' "message": "duplicate value found: Syncd_Key__c", "fields": []}]}]'
)


def test_a_key_that_is_taken_already_is_looked_up(keyed):
    """Another worker was faster, or the record is archived: it is there."""
    [made] = keyed.connector.write([create("Task", TASK)])
    fault = Fault(method="PATCH", path="/Task/Syncd_Key__c", status=200, body=TAKEN)
    keyed.recorder.break_next(fault)
    [again] = keyed.connector.write([create("Task", TASK)])
    assert (again.status, again.record_id) == (WriteStatus.DONE, made.record_id)


def test_a_key_whose_record_was_deleted_is_refused(keyed):
    """What a person threw away is not made again under the same key."""
    [made] = keyed.connector.write([create("Task", TASK)])
    keyed.org.control("delete", {"object": "Task", "id": made.record_id})
    fault = Fault(method="PATCH", path="/Task/Syncd_Key__c", status=200, body=TAKEN)
    keyed.recorder.break_next(fault)
    [again] = keyed.connector.write([create("Task", TASK)])
    assert again.status is WriteStatus.REFUSED
    assert made.record_id in again.detail
    assert "recycle bin" in again.detail


def test_another_unique_field_that_is_taken_is_refused(keyed):
    """The duplicate is not ours: the org forbids it."""
    fault = Fault(method="PATCH", path="/Task/Syncd_Key__c", status=200, body=TAKEN)
    keyed.recorder.break_next(fault)
    [outcome] = keyed.connector.write([create("Task", TASK)])
    assert (outcome.status, outcome.code) == (WriteStatus.REFUSED, "DUPLICATE_VALUE")


def test_a_key_field_that_is_not_there_is_named(org_sandbox, keyed):
    """The setting is wrong, not the record."""
    org_sandbox.salesforce.control(
        "hide_field", {"object": "Task", "field": "Syncd_Key__c"}
    )
    [outcome] = keyed.connector.write([create("Task", TASK)])
    assert outcome.status is WriteStatus.REFUSED
    assert "activity_key_field" in outcome.detail


@pytest.mark.parametrize(
    ("field", "level"),
    [
        (None, Level.PROBLEM),
        ({"external_id": False, "unique": True}, Level.PROBLEM),
        ({"external_id": True, "unique": True, "createable": False}, Level.PROBLEM),
        ({"external_id": True, "unique": False}, Level.WARNING),
        ({"external_id": True, "unique": True}, Level.OK),
    ],
)
def test_check_says_whether_the_key_field_can_do_its_work(
    keyed, monkeypatch, field, level
):
    """External ID and unique, and ours to fill, on tasks and on events."""
    name = "Syncd_Key__c"
    known = {} if field is None else {name: FieldInfo(name=name, **field)}
    describe = keyed.connector.describe
    monkeypatch.setattr(
        keyed.connector,
        "describe",
        lambda of: {k: v for k, v in describe(of).items() if k != name} | known,
    )
    items = [one for one in keyed.connector.check() if one.name == "activity key"]
    assert [one.level for one in items] == [level] * 2
    assert [one for one in items if not one.remedy and level is not Level.OK] == []


# --- locks and limits ----------------------------------------------------------------


def test_locked_rows_are_sent_again_in_smaller_batches(writing, no_waiting):
    """A lock that goes away costs seconds; rows already written are not sent again."""
    tasks = rows(writing, "Task")[:40]
    for locked in tasks[:3]:
        writing.org.control("lock", {"id": locked["Id"], "times": 2})
    before = writing.org.writes.copy()
    outcomes = writing.connector.write([update(t, Priority="Low") for t in tasks])
    assert {one.status for one in outcomes} == {WriteStatus.DONE}
    written = writing.org.writes - before
    assert set(written.values()) == {1}
    assert len(written) == 40
    assert len(no_waiting) == 2
    assert writing.recorder.write_calls == 3


def test_a_lock_that_stays_is_given_up(writing, no_waiting):
    """The row is left for a later run, with the reason; the others are done."""
    tasks = rows(writing, "Task")[:5]
    writing.org.control("lock", {"id": tasks[0]["Id"], "times": 99})
    first, *others = writing.connector.write([update(t, Priority="Low") for t in tasks])
    assert (first.status, first.code) == (WriteStatus.RETRY, "UNABLE_TO_LOCK_ROW")
    assert {one.status for one in others} == {WriteStatus.DONE}
    assert writing.recorder.write_calls == 4


def test_a_guarded_update_waits_for_a_lock_too(writing, no_waiting):
    """It stays guarded, and is sent again."""
    from msgspec.structs import replace

    from syncd.kit.instants import parse_instant

    task = rows(writing, "Task")[0]
    writing.org.control("lock", {"id": task["Id"], "times": 1})
    guarded = parse_instant(task["LastModifiedDate"])
    [outcome] = writing.connector.write(
        [replace(update(task, Priority="Low"), guarded_by=guarded)]
    )
    assert outcome.status is WriteStatus.DONE
    assert len(no_waiting) == 1


@pytest.mark.parametrize(
    ("message", "calls", "status"),
    [
        ("trigger failed: UNABLE_TO_LOCK_ROW, unable to obtain", 2, WriteStatus.RETRY),
        ("trigger failed: CPU time limit", 1, WriteStatus.REFUSED),
    ],
)
def test_an_automation_that_met_a_lock_is_tried_once_more(
    writing, no_waiting, message, calls, status
):
    """Any other failure of an automation will fail again."""
    task = rows(writing, "Task")[0]
    body = (
        '[{"success": false, "errors": [{"statusCode":'
        f' "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "{message}"}}]}}]'
    )
    fault = Fault(method="PATCH", path="/sobjects", status=200, body=body, times=99)
    writing.recorder.break_next(fault)
    [outcome] = writing.connector.write([update(task, Priority="Low")])
    assert outcome.status is status
    assert writing.recorder.write_calls == calls


def test_too_many_calls_at_once_are_a_matter_of_seconds(writing, no_waiting):
    """The org refused the call unread: it is sent again."""
    task = rows(writing, "Task")[0]
    fault = Fault(method="PATCH", path="/sobjects", status=403, body=CONCURRENT)
    writing.recorder.break_next(fault)
    [outcome] = writing.connector.write([update(task, Priority="Low")])
    assert outcome.status is WriteStatus.DONE
    assert len(no_waiting) == 1
    assert no_waiting[0] < 60


def test_a_day_that_is_used_up_is_not_knocked_at(writing, no_waiting):
    """The org's rolling day is over for us: an hour passes without a call."""
    task = rows(writing, "Task")[0]
    fault = Fault(method="PATCH", path="/sobjects", status=403, body=TOTAL)
    writing.recorder.break_next(fault)
    [outcome] = writing.connector.write([update(task, Priority="Low")])
    assert (outcome.status, outcome.code) == (
        WriteStatus.RETRY,
        "REQUEST_LIMIT_EXCEEDED",
    )
    before = writing.recorder.calls
    with pytest.raises(RetryableError) as raised:
        writing.connector.refresh()
    assert 3500 < raised.value.retry_after_s <= 3600
    assert writing.recorder.calls == before
    assert no_waiting == []


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "body": '[{"errorCode": "SERVER_UNAVAILABLE", "message": ""}]'},
        {"status": 500, "body": '[{"errorCode": "UNKNOWN_EXCEPTION", "message": ""}]'},
        {"status": 503, "body": "<html>busy</html>"},
        {"status": 200, "body": '[{"id": "00T'},
        {"status": 200, "body": "[]"},
        {"drop": True},
    ],
)
def test_a_write_that_may_have_taken_effect_is_sent_once(writing, no_waiting, fault):
    """Whatever the server says with a server error: the row may be there."""
    task = rows(writing, "Task")[0]
    broken = Fault(method="PATCH", path="/sobjects", after=True, times=99, **fault)
    writing.recorder.break_next(broken)
    [outcome] = writing.connector.write([update(task, Priority="Low")])
    assert outcome.status is WriteStatus.AMBIGUOUS
    assert writing.recorder.write_calls == 1
