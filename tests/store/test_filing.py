"""Filing: one home for every record, the same whatever came first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from syncd.model.record import Record, RecordRef
from syncd.store import Store, open_store

Build = Callable[..., Any]
SF = "salesforce"


def _home(store: Store, record: Record) -> str | None:
    found = store.mirror.home_of(record.ref)
    return None if found is None else found[0]


def _meeting(record: Build, key: str, *guests: str, **more: Any) -> Record:
    calendar = more.pop("calendar", "rep@us.example")
    return record(
        "google_calendar",
        "Event",
        f"{calendar}/{key}",
        calendar=calendar,
        attendees=tuple({"email": one} for one in (calendar, *guests)),
        **more,
    )


def test_records_of_one_person_meet_in_the_account(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """Whatever system speaks of a contact, it is judged with the contact's account."""
    records = [
        record(SF, "User", "005R", email="rep@us.example"),
        record(SF, "Account", "001A", name="Acme"),
        record(SF, "Contact", "003A", account_id="001A", emails=("a@a.example",)),
        record(SF, "Opportunity", "006A", account_id="001A"),
        record(SF, "Case", "500A", contact_id="003A"),
        record("outreach", "prospect", "7", crm_ids=("003A",)),
        record("outreach", "opportunity", "8", crm_ids=("006A",)),
        record(
            "outreach",
            "opportunityProspectRole",
            "9",
            opportunity_id="8",
            prospect_id="7",
        ),
        record("outreach", "call", "10", prospect_id="7"),
        _meeting(record, "m1", "a@a.example"),
    ]
    for one in reversed(records):
        store.mirror.commit(page(one), now=now)
    homes = {str(one.ref): _home(store, one) for one in records[1:]}
    assert set(homes.values()) == {"001A"}, homes


def test_records_that_name_each_other_meet_in_one_home(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """A wrong, foreign or missing person does not tear an interaction apart."""
    records = [
        record(SF, "User", "005R", email="rep@us.example"),
        record(SF, "Contact", "003A", account_id="001A", emails=("a@a.example",)),
        record(SF, "Contact", "003B", account_id="001B", emails=("b@b.example",)),
        record(SF, "Account", "001A", name="Acme"),
        record(SF, "Account", "001B", name="Beta"),
        record("outreach", "prospect", "7", crm_ids=("003A",)),
        record("outreach", "call", "10", prospect_id="7", crm_ids=("00T1",)),
        record(SF, "Task", "00T1", who_id="003B"),
        record("outreach", "mailing", "11", crm_ids=("00T2",)),
        record(SF, "Task", "00T2", who_id="003A"),
        _meeting(record, "m1", "a@a.example", ical_uid="u"),
        record("chorus", "engagement", "E1", ical_uid="u"),
        record(SF, "Event", "00U1", who_id="003B", chorus_id="E2"),
        record("chorus", "engagement", "E2", participants=({"email": "a@a.example"},)),
        record("chorus", "engagement", "E3"),
        record(SF, "Event", "00U2", who_id="003A", chorus_id="e3"),
    ]
    for one in reversed(records):
        store.mirror.commit(page(one), now=now)
    homes = {str(one.ref): _home(store, one) for one in records[5:]}
    assert set(homes.values()) == {"001A"}, homes


@pytest.mark.parametrize(
    ("sites", "home"),
    [
        (("https://www.unknown.example/en", "b.example"), "001A"),
        (("unknown.example", "shop.unknown.example"), "domain:unknown.example"),
        (("b.example", "us.example"), "domain:unknown.example"),
    ],
)
def test_strangers_are_judged_with_the_one_account_of_their_domain(
    store: Store,
    record: Build,
    page: Build,
    now: datetime,
    sites: tuple[str, str],
    home: str,
) -> None:
    """Two accounts with one domain, or our own company's account, decide nothing."""
    meeting = _meeting(record, "m1", "new@mail.unknown.example")
    first, second = sites
    records = [
        record(SF, "User", "005R", email="rep@us.example"),
        record(SF, "Account", "001A", website=first),
        record(SF, "Account", "001B", website=second),
        meeting,
    ]
    for one in records:
        store.mirror.commit(page(one), now=now)
    assert _home(store, meeting) == home


@pytest.mark.parametrize(
    ("guests", "home"),
    [
        (("x@mail.unknown.co.uk",), "domain:unknown.co.uk"),
        (("y@gmail.com",), "mail:y@gmail.com"),
        (("y@gmail.com", "x@unknown.example"), "domain:unknown.example"),
        ((), ""),
        (("boss@us.example",), ""),
    ],
)
def test_meeting_without_an_account_has_a_home_by_its_addresses(
    store: Store,
    record: Build,
    page: Build,
    now: datetime,
    guests: tuple[str, ...],
    home: str,
) -> None:
    """Domain first, the address itself for free mail; our own meetings have none."""
    store.mirror.commit(
        page(record(SF, "User", "005R", email="rep@us.example")), now=now
    )
    meeting = _meeting(record, "m1", *guests)
    store.mirror.commit(page(meeting), now=now)
    assert _home(store, meeting) == home
    assert [one.home for one in store.mirror.dirty(10)] == ([home] if home else [])


def test_record_that_names_nobody_is_its_own_home(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """Nothing falls between."""
    task = record(SF, "Task", "00T1")
    store.mirror.commit(page(task), now=now)
    assert _home(store, task) == "record:salesforce/Task/00T1"


def test_homes_of_many_records_are_those_of_each(
    store: Store, page: Build, record: Build, now: datetime
) -> None:
    """More records than a statement has room for; deleted and unknown ones are none."""
    tasks = [record(SF, "Task", f"00T{n:04}", what_id=None) for n in range(1100)]
    store.mirror.commit(page(*tasks), now=now)
    gone = Record(ref=tasks[0].ref, version="2", valid_from=now, fields=b"{}")
    store.mirror.commit(page(msgspec.structs.replace(gone, deleted=True)), now=now)
    meeting = _meeting(record, "m1", "ann@acme.example")
    store.mirror.commit(page(meeting), now=now)
    asked = [one.ref for one in [*tasks, meeting]]
    unknown = RecordRef(SF, "Task", "00Tunknown")
    found = store.mirror.homes_of([*asked, unknown])
    assert found == {ref: store.mirror.home_of(ref)[0] for ref in asked[1:]}


def test_our_own_contacts_do_not_draw_meetings_to_our_own_account(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """Colleagues kept as contacts have no say in where a meeting belongs."""
    for some in (
        [record(SF, "User", "005R", email="rep@us.example")],
        [record(SF, "Account", f"001{n}", name=n) for n in "UZ"],
        [
            record(
                SF,
                "Contact",
                f"003{who}",
                account_id="001U",
                emails=(f"{who}@us.example",),
            )
            for who in ("rep", "boss")
        ],
        [record(SF, "Contact", "003z", account_id="001Z", emails=("z@z.example",))],
    ):
        store.mirror.commit(page(*some), now=now)
    meeting = _meeting(record, "m1", "boss@us.example", "z@z.example")
    store.mirror.commit(page(meeting), now=now)
    assert _home(store, meeting) == "001Z"
    [[home]] = store.mirror.load(["001Z"], since=now)
    assert home.guests is None


def test_domain_that_becomes_ours_is_followed(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """A user with a new domain makes earlier meetings with it internal, and back."""
    meeting = _meeting(record, "m1", "x@bought.example")
    user = record(SF, "User", "005R", email="rep@us.example")
    store.mirror.commit(page(user), now=now)
    store.mirror.commit(page(meeting), now=now)
    assert _home(store, meeting) == "domain:bought.example"
    other = record(SF, "User", "005X", email="x@bought.example")
    store.mirror.commit(page(other), now=now)
    assert _home(store, meeting) == ""
    later = now + timedelta(hours=1)
    left = record(
        SF, "User", "005X", at=later, email="x@bought.example", is_active=False
    )
    store.mirror.commit(page(left), now=later)
    assert _home(store, meeting) == "domain:bought.example"


def test_when_a_contact_moves_everything_of_theirs_moves_and_both_homes_are_dirty(
    store: Store, record: Build, page: Build, now: datetime
) -> None:
    """A contact's new account is followed by calls, meetings and prospects."""
    for some in (
        [record(SF, "Account", f"001{n}", name=n) for n in "AB"],
        [record(SF, "Contact", "003A", account_id="001A", emails=("a@a.example",))],
        [record("outreach", "prospect", "7", emails=("a@a.example",))],
        [record("outreach", "call", "10", prospect_id="7")],
        [_meeting(record, "m1", "a@a.example")],
    ):
        store.mirror.commit(page(*some), now=now)
    store.mirror.clear_dirty(store.mirror.dirty(100))
    later = now + timedelta(hours=1)
    moved = record(
        SF, "Contact", "003A", at=later, account_id="001B", emails=("a@a.example",)
    )
    store.mirror.commit(page(moved), now=later)
    assert {one.home for one in store.mirror.dirty(10)} == {"001A", "001B"}
    [[home]] = store.mirror.load(["001B"], since=now)
    assert (len(home.contacts), len(home.prospects)) == (1, 1)
    assert (len(home.calls), len(home.meetings)) == (1, 1)


def _orders(record: Build, now: datetime) -> list[Record]:
    """Records that define and look up each other's keys, with later versions."""
    later = now + timedelta(hours=1)
    return [
        record(SF, "User", "005R", email="rep@us.example"),
        record(SF, "Account", "001A", name="A"),
        record(SF, "Account", "001B", name="B"),
        record(SF, "Contact", "003A", account_id="001A", emails=("a@a.example",)),
        record(
            SF, "Contact", "003A", at=later, account_id="001B", emails=("n@a.example",)
        ),
        record(SF, "Contact", "003B", account_id="001B", emails=("a@a.example",)),
        record(SF, "Lead", "00Q1", emails=("l@lead.example",)),
        record(SF, "Opportunity", "006A", account_id="001A"),
        record(
            SF,
            "OpportunityContactRole",
            "00K",
            opportunity_id="006A",
            contact_id="003B",
        ),
        record("outreach", "prospect", "7", emails=("l@lead.example",)),
        record("outreach", "prospect", "8", crm_ids=("003A",)),
        record("outreach", "call", "10", prospect_id="8"),
        record("outreach", "call", "11", prospect_id="7", crm_ids=("00T3",)),
        record("outreach", "call", "12", crm_ids=("00T1",)),
        record(SF, "Account", "001S", website="stranger.example"),
        _meeting(record, "m3", "x@stranger.example"),
        record("chorus", "engagement", "E", ical_uid="u"),
        record(SF, "Task", "00T1", who_id="00Q1"),
        record(SF, "Task", "00T4", chorus_id="e"),
        record(SF, "Task", "00T2", who_id="003A", what_id="006A"),
        record(SF, "Task", "00T3", what_id="006A"),
        _meeting(
            record,
            "m1",
            "a@a.example",
            "n@a.example",
            "x@free.example",
            ical_uid="u",
            starts_at=now,
        ),
        record(SF, "User", "005R", at=later, email="new@us.example"),
        _meeting(
            record, "m4", "a@a.example", calendar="new@us.example", starts_at=later
        ),
        record(SF, "Event", "00U1", owner_id="005R", starts_at=now, who_id="003B"),
        record(SF, "Event", "00U2", owner_id="005R", starts_at=later, who_id="003A"),
        record(SF, "Event", "00U3", owner_id="005R", starts_at=later),
        _meeting(record, "m2", "x@us.example"),
    ]


def _gone(now: datetime) -> Record:
    return Record(
        ref=RecordRef(SF, "Account", "001A"),
        version="gone",
        valid_from=now + timedelta(hours=1),
        fields=b"{}",
        deleted=True,
    )


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_filing_is_the_same_in_every_order_of_commits(
    data: st.DataObject,
    record: Build,
    page: Build,
    now: datetime,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Homes depend on what was read, not on what was read first or twice."""
    records = _orders(record, now)
    order = data.draw(st.permutations(records))
    again = data.draw(st.lists(st.sampled_from(records), max_size=4))
    folder = tmp_path_factory.mktemp("orders")
    whole = _filed([*records, _gone(now)], page, now, folder / "whole.db")
    other = _filed([*order, _gone(now), *again], page, now, folder / "other.db")
    assert other == whole


def _filed(
    records: list[Record], page: Build, now: datetime, path: Path
) -> dict[str, Any]:
    store = open_store(f"sqlite:///{path}", base=path.parent)
    try:
        for one in records:
            store.mirror.commit(page(one), now=now)
        refs = {one.ref for one in records}
        return {str(ref): store.mirror.home_of(ref) for ref in refs}
    finally:
        store.close()
