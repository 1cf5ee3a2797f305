"""Filing of Events without ids: with the meeting that their owner held then."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from syncd.model.record import Record
from syncd.store import Store

Build = Callable[..., Any]
SF = "salesforce"
LATER = timedelta(hours=1)


@pytest.fixture
def org(store: Store, record: Build, page: Build, now: datetime) -> Store:
    """Two users, and people of three accounts."""
    for some in (
        [
            record(SF, "User", "005R", email="Rep@us.example"),
            record(SF, "User", "005K", email="kim@us.example"),
        ],
        [record(SF, "Account", f"001{n}", website=f"{n}.example") for n in "ABC"],
        [_contact(record, n) for n in "abc"],
    ):
        store.mirror.commit(page(*some), now=now)
    return store


def _contact(record: Build, name: str, **more: Any) -> Record:
    account = f"001{name.upper()}"
    emails = (f"{name}@{name}.example",)
    return record(
        SF, "Contact", f"003{name}", account_id=account, emails=emails, **more
    )


def _meeting(
    record: Build, *guests: str, calendar: str = "rep@us.example", **more: Any
) -> Record:
    attendees = tuple({"email": one} for one in (calendar, *guests))
    return record(
        "google_calendar",
        "Event",
        f"{calendar}/m",
        calendar=calendar,
        attendees=attendees,
        **more,
    )


def _home(store: Store, record: Record) -> str:
    return store.mirror.home_of(record.ref)[0]


@pytest.mark.parametrize(
    ("event", "home"),
    [
        ({"who_id": "003b"}, "001A"),
        ({"who_id": "003c"}, "001C"),
        ({"who_id": "003unknown"}, "record:salesforce/Event/00U1"),
        ({}, "001A"),
        ({"account_id": "001B"}, "001A"),
        ({"account_id": "001C"}, "001C"),
        ({"who_id": "003b", "owner_id": "005K"}, "001B"),
        ({"who_id": "003b", "is_all_day": True}, "001B"),
        ({"who_id": "003b", "is_recurrence": True}, "001B"),
        ({"who_id": "003b", "later": LATER}, "001B"),
    ],
)
def test_event_is_judged_with_the_meeting_its_owner_held_with_its_people(
    org: Store,
    record: Build,
    page: Build,
    now: datetime,
    event: dict[str, Any],
    home: str,
) -> None:
    """At that minute, in the owner's calendar, with somebody of the same company."""
    fields: dict[str, Any] = {"owner_id": "005R", "starts_at": now, **event}
    fields["starts_at"] += fields.pop("later", timedelta(0))
    made = record(SF, "Event", "00U1", **fields)
    guests = ("a@a.example", "new@a.example", "new@b.example")
    meeting = _meeting(record, *guests, starts_at=now)
    for one in (made, meeting):
        org.mirror.commit(page(one), now=now)
    assert _home(org, meeting) == "001A"
    assert _home(org, made) == home


def test_event_follows_a_recording_where_no_calendar_tells(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """The recorder knows its owner and when it was due."""
    recording = record(
        "chorus",
        "engagement",
        "E",
        owner_email="rep@us.example",
        scheduled_starts_at=now,
        participants=({"email": "a@a.example"}, {"email": "b@b.example"}),
    )
    event = record(SF, "Event", "00U1", owner_id="005R", starts_at=now, who_id="003b")
    for one in (event, recording):
        org.mirror.commit(page(one), now=now)
    assert {_home(org, event), _home(org, recording)} == {"001A"}


def test_two_meetings_at_once_in_two_accounts_decide_nothing(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """Then the Event's own person does."""
    event = record(SF, "Event", "00U1", owner_id="005R", starts_at=now, who_id="003b")
    first = _meeting(record, "a@a.example", "b@b.example", starts_at=now)
    second = record(
        "google_calendar",
        "Event",
        "rep@us.example/n",
        calendar="rep@us.example",
        attendees=tuple({"email": f"{n}@{n}.example"} for n in "bcc"),
        starts_at=now,
    )
    third = _contact(record, "a", at=now + LATER)
    for one in (first, second, event, third):
        org.mirror.commit(page(one), now=now)
    assert (_home(org, first), _home(org, second)) == ("001A", "001B")
    assert _home(org, event) == "001B"


def test_event_leaves_the_meeting_with_its_person(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """A guest who is taken off the invite, or moved to another firm, takes it along."""
    event = record(SF, "Event", "00U1", owner_id="005R", starts_at=now, who_id="003b")
    whole = _meeting(record, "a@a.example", "b@b.example", starts_at=now)
    for one in (whole, event):
        org.mirror.commit(page(one), now=now)
    assert _home(org, event) == "001A"
    later = now + LATER
    less = _meeting(record, "a@a.example", starts_at=now, at=later)
    org.mirror.commit(page(less), now=later)
    assert _home(org, event) == "001B"
    last = later + LATER
    again = _meeting(record, "a@a.example", "b@b.example", starts_at=now, at=last)
    org.mirror.commit(page(again), now=last)
    assert _home(org, event) == "001A"


def test_event_follows_its_owners_new_address(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """Whoever gets another address is looked for under it."""
    event = record(SF, "Event", "00U1", owner_id="005R", starts_at=now, who_id="003b")
    meeting = _meeting(
        record, "a@a.example", "b@b.example", calendar="new@us.example", starts_at=now
    )
    for one in (meeting, event):
        org.mirror.commit(page(one), now=now)
    assert _home(org, event) == "001B"
    later = now + LATER
    user = record(SF, "User", "005R", at=later, email="New@us.example")
    org.mirror.commit(page(user), now=later)
    assert _home(org, event) == "001A"


def test_of_two_contacts_with_one_address_the_domains_account_is_home(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """Not the one with the smaller id."""
    double = record(
        SF, "Contact", "003double", account_id="001A", emails=("c@c.example",)
    )
    meeting = _meeting(record, "c@c.example", starts_at=now)
    for one in (double, meeting):
        org.mirror.commit(page(one), now=now)
    assert _home(org, meeting) == "001C"


def test_every_account_in_a_meeting_is_shown_where_it_is_judged(
    org: Store, record: Build, page: Build, now: datetime
) -> None:
    """With its website and parent, of which candidates come."""
    guests = ("a@a.example", "b@b.example", "c@c.example")
    org.mirror.commit(page(_meeting(record, *guests, starts_at=now)), now=now)
    [[home]] = org.mirror.load(["001A"], since=now)
    assert home.account is not None
    assert home.account.id == "001A"
    assert [one.id for one in home.guests.every_account] == ["001B", "001C"]


@pytest.mark.parametrize(
    ("guest", "home"),
    [
        ("a+meetings@gmail.com", "001A"),
        ("b+meetings@gmail.com", "001B"),
        ("a+b+c@gmail.com", "001A"),
        ("+a@gmail.com", "mail:+a@gmail.com"),
        ("c+meetings@gmail.com", "mail:c+meetings@gmail.com"),
    ],
)
def test_tagged_address_leads_where_its_mailbox_does(
    org: Store, record: Build, page: Build, now: datetime, guest: str, home: str
) -> None:
    """Unless somebody has the tagged address itself."""
    people = [
        record(SF, "Contact", "003g", account_id="001A", emails=("a@gmail.com",)),
        record(SF, "Contact", "003h", account_id="001A", emails=("b@gmail.com",)),
        record(
            SF, "Contact", "003i", account_id="001B", emails=("b+meetings@gmail.com",)
        ),
    ]
    meeting = _meeting(record, guest, starts_at=now)
    recording = record("chorus", "engagement", "E", participants=({"email": guest},))
    for one in (*people, meeting, recording):
        org.mirror.commit(page(one), now=now)
    assert {_home(org, meeting), _home(org, recording)} == {home}
