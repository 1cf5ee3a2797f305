"""The poll: pages into the mirror, one connector's trouble kept to itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from syncd.errors import AuthError, ConnectorError, CursorError
from syncd.mapping.load import load_mappings
from syncd.model.policy import Policy
from syncd.model.record import RawRecord, RecordRef
from syncd.pipeline.poll import PollInputs, poll
from syncd.ports.connector import (
    CheckItem,
    FieldInfo,
    OrgIdentity,
    Page,
    ReadRequest,
)
from syncd.store import Store

Read = Callable[[ReadRequest], Iterator[Page]]


@dataclass
class Scripted:
    """A connector that answers what a test wants, and keeps what it was asked."""

    system: str
    names: tuple[str, ...]
    answer: Read
    fields: Mapping[str, FieldInfo] | None = None
    asked: list[ReadRequest] = field(default_factory=list)

    def check(self) -> Sequence[CheckItem]:
        """Nothing is checked."""
        return ()

    def identity(self) -> OrgIdentity:
        """The same org always."""
        return OrgIdentity(org_id=f"org of {self.system}")

    def objects(self) -> tuple[str, ...]:
        """What a poll reads."""
        return self.names

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """The org's metadata."""
        return self.fields

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """What the test says."""
        self.asked.append(request)
        yield from self.answer(request)

    def fetch(self, refs: Any, fields: Any) -> Any:
        """Never asked here."""
        raise NotImplementedError

    def link(self, ref: RecordRef) -> str:
        """A page of the record's own."""
        return f"https://{self.system}.example/{ref.object}/{ref.id}"

    def close(self) -> None:
        """Nothing is open."""


def _raw(system: str, name: str, key: str, **fields: Any) -> RawRecord:
    return RawRecord(ref=RecordRef(system, name, key), version="v1", fields=fields)


def _users(request: ReadRequest) -> Iterator[Page]:
    names = {"IsActive": True, "UserType": "Standard"}
    yield Page(
        object="User",
        records=(
            _raw("salesforce", "User", "005A", Email="a@us.example", **names),
            _raw("salesforce", "User", "005B", Email="b@us.example", **names),
            _raw("salesforce", "User", "005C", Email=3, **names),
        ),
        cursor={"at": 1},
        last=True,
        total=3,
    )


def _salesforce(answer: Read = _users, **more: Any) -> Scripted:
    return Scripted("salesforce", ("User",), answer, **more)


@pytest.fixture
def inputs(store: Store, now: datetime) -> PollInputs:
    """Shipped mappings, and a clock that stands still."""
    return PollInputs(
        mirror=store.mirror,
        mappings=load_mappings(None),
        policy=Policy(),
        now=lambda: now,
        settled_up_to=store.ledger.settled_up_to,
        scopes={},
    )


def test_poll_fills_mirror_quarantine_cursor_and_facts(
    store: Store, inputs: PollInputs
) -> None:
    """One pass leaves everything that the next stages need."""
    [outcome] = poll({"salesforce": _salesforce()}, inputs)
    assert (outcome.complete, outcome.records, outcome.quarantined) == (True, 3, 1)
    assert store.mirror.cursors("salesforce")[("User", "")] == {"at": 1}
    assert [bad.path for bad, _ in store.mirror.quarantined()] == ["Email"]
    facts = store.mirror.facts()
    assert facts["orgs"] == {"salesforce": "org of salesforce"}
    link = facts["links"]["salesforce.User"]
    assert link == "https://salesforce.example/User/{id}"
    assert store.mirror.polls()["salesforce"] == outcome


def test_a_quiet_poll_commits_its_pages_and_its_end_and_nothing_else(
    store: Store, inputs: PollInputs
) -> None:
    """Each commit waits for the disk: what says nothing new is not written."""
    commits: list[sa.Connection] = []
    poll({"salesforce": _salesforce()}, inputs)
    sa.event.listen(store.engine, "commit", commits.append)
    poll({"salesforce": _salesforce()}, inputs)
    assert len(commits) == 2


def _says(*pages: Page) -> Read:
    return lambda _: iter(pages)


def test_a_poll_that_brings_nothing_commits_once_and_goes_on_from_there(
    store: Store, inputs: PollInputs
) -> None:
    """All its cursors are kept with its end, those of each calendar too."""
    names = ("a@us.example", "b@us.example")
    quiet = [Page(object="Event", scope=n, cursor={"at": n}, last=True) for n in names]
    inputs = replace(inputs, scopes={"google_calendar": names})
    connector = Scripted(
        "google_calendar",
        ("Event",),
        lambda request: (one for one in quiet if one.scope in request.scopes),
    )
    poll({"google_calendar": connector}, inputs)
    commits: list[sa.Connection] = []
    sa.event.listen(store.engine, "commit", commits.append)
    poll({"google_calendar": connector}, inputs)
    assert len(commits) == 1
    assert store.mirror.cursors("google_calendar") == {
        ("Event", one): {"at": one} for one in names
    }


def test_a_listing_that_brings_nothing_new_is_counted_and_commits_nothing(
    store: Store, inputs: PollInputs
) -> None:
    """Read anew in full, it is committed like any other: nothing is taken on trust."""
    at = 0

    def listing(_: ReadRequest) -> Iterator[Page]:
        nonlocal at
        at += 1
        record = _raw("salesforce", "User", "005A", Email="a@us.example")
        yield Page(
            object="User",
            records=(record,),
            cursor={"at": at},
            starts_snapshot=True,
            snapshot=True,
            last=True,
        )

    connector = {"salesforce": _salesforce(listing)}
    poll(connector, inputs)
    commits: list[sa.Connection] = []
    sa.event.listen(store.engine, "commit", commits.append)
    [outcome] = poll(connector, inputs)
    assert (outcome.records, outcome.changed, len(commits)) == (1, 0, 1)
    assert store.mirror.cursors("salesforce")[("User", "")] == {"at": 2}
    commits.clear()
    poll(connector, replace(inputs, full=True))
    assert len(commits) == 2


def test_where_an_object_goes_on_is_kept_though_the_next_one_cannot_be_read(
    store: Store, inputs: PollInputs
) -> None:
    """An empty pass that got to its end counts, whatever becomes of the poll."""

    def answer(request: ReadRequest) -> Iterator[Page]:
        if request.object == "Account":
            raise ConnectorError(system="salesforce", code="bad")
        yield Page(object="User", cursor={"at": 2}, last=True)

    connector = Scripted("salesforce", ("User", "Account"), answer)
    [outcome] = poll({"salesforce": connector}, inputs)
    assert not outcome.complete
    assert store.mirror.cursors("salesforce") == {("User", ""): {"at": 2}}


def test_the_last_page_with_a_cursor_says_where_to_go_on(
    store: Store, inputs: PollInputs
) -> None:
    """Whether it brought anything or not, and whatever came before it."""
    [full] = _users(ReadRequest(object="User", fields=()))
    empty = Page(object="User", cursor={"at": 2}, last=True)
    for pages, at in (((empty, full), 1), ((full, empty), 2)):
        poll({"salesforce": _salesforce(_says(*pages))}, inputs)
        assert store.mirror.cursors("salesforce")[("User", "")] == {"at": at}


def test_an_empty_listing_says_that_everything_is_gone(
    store: Store, inputs: PollInputs
) -> None:
    """It brings nothing, and is no page that may be passed by."""
    poll({"salesforce": _salesforce()}, inputs)
    listing = Page(object="User", last=True, snapshot=True, starts_snapshot=True)
    [outcome] = poll({"salesforce": _salesforce(_says(listing))}, inputs)
    assert outcome.deleted == 2
    assert store.mirror.live_counts() == {}


def test_a_listing_is_a_pass_of_its_own_though_another_process_begins_one(
    store: Store, inputs: PollInputs
) -> None:
    """That one breaks off; what ours brought before it began has been seen."""
    first, second = (_raw("salesforce", "User", f"005{one}") for one in "AB")

    def breaks_off(_: ReadRequest) -> Iterator[Page]:
        yield Page(object="User", records=(second,), starts_snapshot=True)
        raise ConnectorError(system="salesforce", code="unreachable")

    def lists(_: ReadRequest) -> Iterator[Page]:
        yield Page(object="User", records=(first,), starts_snapshot=True)
        poll({"salesforce": _salesforce(breaks_off)}, inputs)
        yield Page(object="User", records=(second,), snapshot=True, last=True)

    for _ in range(2):
        [outcome] = poll({"salesforce": _salesforce(lists)}, inputs)
        assert (outcome.complete, outcome.deleted) == (True, 0)
    assert not any(store.mirror.get(one.ref).deleted for one in (first, second))


def test_second_poll_goes_on_from_the_stored_cursor(inputs: PollInputs) -> None:
    """Nothing is read anew that was read."""
    connector = _salesforce()
    for _ in range(2):
        poll({"salesforce": connector}, inputs)
    assert [one.cursor for one in connector.asked] == [None, {"at": 1}]


def test_dead_cursor_is_answered_by_reading_anew(inputs: PollInputs) -> None:
    """The vendor forgot where we were: the stream is read from its start."""

    def answer(request: ReadRequest) -> Iterator[Page]:
        if request.cursor is not None:
            raise CursorError(system="salesforce", code="gone")
        yield from _users(request)

    connector = _salesforce(answer)
    outcomes = [poll({"salesforce": connector}, inputs)[0] for _ in range(2)]
    assert all(outcome.complete for outcome in outcomes)
    assert [one.full for one in connector.asked] == [False, False, True]


@pytest.mark.parametrize(
    ("error", "needs_credentials"),
    [
        (AuthError(system="outreach", code="invalid_grant"), True),
        (ConnectorError(system="outreach", code="bad"), False),
    ],
)
def test_connector_that_fails_does_not_keep_the_others_from_it(
    store: Store, inputs: PollInputs, error: Exception, *, needs_credentials: bool
) -> None:
    """Its outcome is incomplete and says so; the others' are complete."""

    def answer(_: ReadRequest) -> Iterator[Page]:
        raise error
        yield

    broken = Scripted("outreach", ("user",), answer)
    good, bad = poll({"outreach": broken, "salesforce": _salesforce()}, inputs)
    assert (good.system, good.complete) == ("salesforce", True)
    assert (bad.complete, bad.needs_credentials) == (False, needs_credentials)
    assert store.mirror.org(Policy()).incomplete == {"outreach"}


def test_missing_required_field_stops_the_connector_with_its_name(
    inputs: PollInputs,
) -> None:
    """Nothing is read with half a mapping."""
    connector = _salesforce(fields={"Name": FieldInfo(name="Name")})
    [outcome] = poll({"salesforce": connector}, inputs)
    assert not outcome.complete
    assert "Email" in outcome.error
    assert connector.asked == []


def test_calendars_of_all_active_users_are_read_when_none_are_named(
    inputs: PollInputs,
) -> None:
    """Salesforce goes first: its users say whose calendars there are."""

    def answer(request: ReadRequest) -> Iterator[Page]:
        [scope] = request.scopes
        skipped = "no calendar" if scope.startswith("b@") else ""
        yield Page(object="Event", scope=scope, last=True, skipped_scope=skipped)

    calendar = Scripted("google_calendar", ("Event",), answer)
    _, outcome = poll(
        {"google_calendar": calendar, "salesforce": _salesforce()}, inputs
    )
    asked = [one.scopes for one in calendar.asked]
    assert asked == [("a@us.example",), ("b@us.example",)]
    assert outcome.notes == ("b@us.example: no calendar",)


@dataclass
class Ahead(Scripted):
    """A connector that is told beforehand what it will be asked."""

    told: list[Any] = field(default_factory=list)

    def refresh(self) -> None:
        """A poll begins."""
        self.told.append("refresh")

    def describe(self, object_name: str) -> Mapping[str, FieldInfo] | None:
        """The org's metadata, which come after the refresh."""
        self.told.append("describe")
        return self.fields

    def read_ahead(self, requests: Sequence[ReadRequest]) -> None:
        """What comes next."""
        self.told.append(tuple(requests))


def test_a_connector_that_reads_ahead_is_told_exactly_what_it_will_be_asked(
    inputs: PollInputs,
) -> None:
    """Once a poll, after the metadata, with the stored cursors and the same windows."""
    connector = Ahead("salesforce", ("User",), _users)
    for _ in range(2):
        poll({"salesforce": connector}, inputs)
    announced = [one for one in connector.told if isinstance(one, tuple)]
    assert announced == [(one,) for one in connector.asked]
    assert [one.cursor for (one,) in announced] == [None, {"at": 1}]
    assert connector.told[:2] == ["refresh", "describe"]


def test_an_incomplete_poll_remembers_the_last_complete_one(
    store: Store, inputs: PollInputs, now: datetime
) -> None:
    """Whoever looks still sees how old the last whole reading is."""

    def refuse(_request: ReadRequest) -> Iterator[Page]:
        raise ConnectorError(system="salesforce", code="bad")
        yield

    poll({"salesforce": _salesforce(refuse)}, inputs)
    assert store.mirror.polls()["salesforce"].as_of is None
    poll({"salesforce": _salesforce()}, inputs)
    later = replace(inputs, now=lambda: now + timedelta(hours=1))
    [outcome] = poll({"salesforce": _salesforce(refuse)}, later)
    assert (outcome.complete, outcome.as_of) == (False, now)
    assert store.mirror.polls()["salesforce"] == outcome


def test_a_poll_says_up_to_when_it_read_by_the_systems_clock(
    store: Store, inputs: PollInputs, now: datetime
) -> None:
    """The earliest end of all passes counts; a broken poll leaves the last one's."""
    theirs = now - timedelta(hours=1)
    ends = {"User": theirs, "Account": theirs - timedelta(seconds=5)}

    def read(request: ReadRequest) -> Iterator[Page]:
        yield Page(object=request.object, as_of=theirs - timedelta(days=1))
        yield Page(object=request.object, as_of=ends[request.object], last=True)

    connector = Scripted("salesforce", tuple(ends), read)
    [outcome] = poll({"salesforce": connector}, inputs)
    assert outcome.read_until == ends["Account"]
    assert outcome.as_of == now

    def down(_: ReadRequest) -> Iterator[Page]:
        raise ConnectorError(system="salesforce", code="bad")

    [broken] = poll({"salesforce": Scripted("salesforce", ("User",), down)}, inputs)
    assert (broken.complete, broken.read_until) == (False, ends["Account"])


def test_where_a_system_does_not_say_it_our_clock_stands_for_its(
    store: Store, inputs: PollInputs, now: datetime
) -> None:
    """As of when the poll began."""
    [outcome] = poll({"salesforce": _salesforce()}, inputs)
    assert outcome.read_until == now
