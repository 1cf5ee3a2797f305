"""First loads by query jobs bring what pages bring."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from syncd.errors import RetryableError
from syncd.mapping.load import load_mappings
from syncd.mapping.translate import translate
from syncd.sandbox.recorder import Fault
from syncd.sandbox.salesforce.table import make_id

MAPPINGS = load_mappings(None).objects
JOBS = "/jobs/query"
SINCE = datetime.now(UTC) - timedelta(days=400)
WINDOWED = ("Task", "Event", "OpportunityHistory")


@pytest.fixture
def many(monkeypatch, no_waiting):
    """From how many rows a job is worth its calls: from one, for these tests."""

    def set_to(rows):
        monkeypatch.setattr("connectors.salesforce.reader._MANY", rows)

    set_to(0)
    return set_to


def canonical(name, records):
    """Records as the mirror would keep them, in one order."""
    object_map = MAPPINGS[("salesforce", name)]
    good, bad = translate(records, object_map)
    assert not bad
    return by_key(good)


def options(name):
    """How a poll asks for an object."""
    return {"since": SINCE} if name in WINDOWED else {}


def test_a_job_brings_the_same_records_as_pages(reading, many):
    """Every object, field by field: nulls, instants, booleans, numbers, parents."""
    task = next(iter(reading.org.tables.rows("Task", with_deleted=False)))
    edit = {"Status": "Not Started", "CallDurationInSeconds": 1800}
    reading.org.control("edit", {"object": "Task", "id": task["Id"], "fields": edit})
    reading.clock.advance(timedelta(minutes=1))
    for name in reading.connector.objects():
        by_job = reading.records(name, **options(name))
        many(10_000)
        by_pages = reading.records(name, **options(name))
        many(0)
        assert canonical(name, by_job) == canonical(name, by_pages)
        assert [flat(r.fields) for r in by_key(by_job)] == [
            flat(r.fields) for r in by_key(by_pages)
        ]
    assert len([one for one in reading.sent(JOBS) if one[0] == "POST"]) == 10


def by_key(records):
    """Records in one order."""
    return sorted(records, key=lambda record: record.ref.id)


def flat(fields):
    """What a row holds, parents' fields under their dotted names, as in a CSV."""
    parents = {k: v for k, v in fields.items() if isinstance(v, dict)}
    own = {k: v for k, v in fields.items() if k not in parents and v is not None}
    return own | {
        f"{parent}.{name}": value
        for parent, inner in parents.items()
        for name, value in inner.items()
        if name != "attributes"
    }


@pytest.mark.parametrize("name", ["Contact", "Task"])
def test_a_pass_by_job_counts_only_when_its_last_part_was_read(
    reading, many, monkeypatch, name
):
    """Neither cursor nor snapshot in between: rows come in no order."""
    monkeypatch.setattr("connectors.salesforce.bulk._ROWS_A_PAGE", 3)
    request = reading.request(name, **options(name))
    pages = list(reading.connector.read(request))
    assert len(pages) > 2
    assert [page.cursor for page in pages[:-1]] == [None] * (len(pages) - 1)
    assert set(pages[-1].cursor) == {"at"}
    is_snapshot = name == "Contact"
    assert [page.snapshot for page in pages] == [
        page.last and is_snapshot for page in pages
    ]
    assert pages[0].starts_snapshot is is_snapshot


def test_rows_that_change_while_a_job_runs_come_with_the_next_pass(reading, many):
    """What lies above the pass's upper bound is behind no watermark."""
    pages = reading.connector.read(reading.request("Account"))
    first = next(pages)
    changed = first.records[0].ref
    edit = {"object": "Account", "id": changed.id, "fields": {"Name": "Renamed"}}
    reading.org.control("edit", edit)
    cursor = [first, *pages][-1].cursor
    reading.clock.advance(timedelta(minutes=1))
    list(reading.connector.read(reading.request("Contact")))  # the clock is seen
    again = reading.records("Account", cursor=cursor)
    assert "Renamed" in [r.fields["Name"] for r in again if r.ref == changed]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", JOBS, '[{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]'),
        ("POST", JOBS, '[{"errorCode": "API_DISABLED_FOR_ORG", "message": "no"}]'),
        ("GET", f"{JOBS}/750", '{"id": "750", "state": "Failed"}'),
        ("GET", f"{JOBS}/750", '{"id": "750", "state": "Aborted"}'),
    ],
)
def test_where_jobs_are_refused_or_fail_pages_are_read(
    reading, many, method, path, body
):
    """The org's answer costs calls, no record."""
    status = 200 if body.startswith("{") else 403
    fault = Fault(method=method, path=path, status=status, body=body, times=10_000)
    reading.recorder.break_next(fault)
    contacts = list(reading.org.tables.rows("Contact", with_deleted=True))
    assert len(reading.records("Contact")) == len(contacts)


def test_a_job_that_does_not_end_is_given_up(reading, many, monkeypatch):
    """It is aborted, so that it holds nothing, and pages are read."""
    monkeypatch.setattr("connectors.salesforce.bulk._LONGEST_JOB_S", 0.0)
    running = '{"id": "750", "state": "InProgress"}'
    fault = Fault(method="GET", path=f"{JOBS}/750", status=200, body=running, times=99)
    reading.recorder.break_next(fault)
    contacts = list(reading.org.tables.rows("Contact", with_deleted=True))
    assert len(reading.records("Contact")) == len(contacts)
    assert [one[0] for one in reading.sent(f"{JOBS}/750")][-1] == "PATCH"


def test_parts_of_a_job_are_fetched_to_the_last(reading, many, monkeypatch):
    """Every locator is followed, and the word null ends it."""
    monkeypatch.setattr("connectors.salesforce.bulk._ROWS_A_CALL", 7)
    monkeypatch.setattr("connectors.salesforce.bulk._ROWS_A_PAGE", 3)
    contacts = list(reading.org.tables.rows("Contact", with_deleted=True))
    assert len(reading.records("Contact")) == len(contacts)
    parts = reading.sent("/results")
    assert len(parts) == -(-len(contacts) // 7)


def test_a_part_that_is_cut_off_is_fetched_again(reading, many):
    """A part is whole or it does not count."""
    fault = Fault(
        method="GET",
        path="/results",
        status=200,
        headers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": "40"},
        body='"Id","SystemModstamp"\n"0035g0000000001","2026-10-01T00:00:00.000Z"\n',
    )
    reading.recorder.break_next(fault)
    contacts = list(reading.org.tables.rows("Contact", with_deleted=True))
    assert len(reading.records("Contact")) == len(contacts)


def test_a_part_that_never_comes_whole_ends_the_pass(reading, many):
    """Half a listing is no listing: the pass fails and the next one starts over."""
    fault = Fault(method="GET", path="/results", status=200, body="<html>", times=99)
    reading.recorder.break_next(fault)
    with pytest.raises(RetryableError):
        reading.records("Contact")


def test_a_parents_field_of_unknown_type_keeps_an_object_on_pages(reading, many):
    """Text that stands for a truth value would be read wrongly."""
    request = reading.request("Contact")
    fields = (*request.fields, "Account.IsDeleted")
    list(reading.connector.read(msgspec.structs.replace(request, fields=fields)))
    assert reading.sent(JOBS) == []


def test_notes_with_quotes_commas_and_line_breaks_arrive_as_written(reading, many):
    """The text of a cell is the text of the field."""
    text = 'He said "yes", then\nleft;\r\n\u2028the end\x0b,'
    task = next(iter(reading.org.tables.rows("Task", with_deleted=False)))
    edit = {"object": "Task", "id": task["Id"], "fields": {"Description": text}}
    reading.org.control("edit", edit)
    found = {r.ref.id: r.fields["Description"] for r in reading.records("Task")}
    assert found[task["Id"]] == text


def test_a_cell_of_another_type_stays_text_and_is_quarantined(reading, many):
    """One odd value costs its record, not the part."""
    job = ("Id", "SystemModstamp", "IsActive")
    body = "\n".join(
        ",".join(f'"{cell}"' for cell in row)
        for row in (
            job,
            ("0055g0000000001", "2026-10-01T00:00:00.000Z", "perhaps"),
            ("0055g0000000002", "2026-10-01T00:00:00.000Z", "true"),
            ("0055g0000000003", "2026-10-01T00:00:00.000Z", ""),
        )
    )
    headers = {"Sforce-Locator": "null", "Sforce-NumberOfRecords": "3"}
    fault = Fault(method="GET", path="/results", status=200, headers=headers, body=body)
    reading.recorder.break_next(fault)
    found = [r.fields["IsActive"] for r in reading.records("User")]
    assert found == ["perhaps", True, None]


def test_above_five_pages_a_job_is_chosen_and_needs_fewer_calls(
    reading, no_waiting, monkeypatch
):
    """The number of rows comes with the first page; no call is spent on asking."""
    stamp = "2026-10-01T00:00:00.000+0000"
    reading.org.load(
        "Contact",
        [
            {
                "Id": make_id("003", 700_000 + number),
                "LastName": "Many",
                "CreatedDate": stamp,
                "SystemModstamp": stamp,
            }
            for number in range(12_000)
        ],
    )
    request = reading.request("Contact")
    calls = []
    for limit in (None, 10**6):
        if limit:
            monkeypatch.setattr("connectors.salesforce.reader._MANY", limit)
        before = reading.recorder.calls
        found = sum(len(page.records) for page in reading.connector.read(request))
        assert found > 12_000
        calls.append(reading.recorder.calls - before)
    by_job, by_pages = calls
    assert by_job < by_pages == 7
