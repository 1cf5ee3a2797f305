"""What is one: clustering, hosts and what became of it."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.entities import NoteDigest
from syncd.model.interaction import InteractionStatus, Side
from tests.core.said import interactions, only

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def members(interaction):
    """Ids of its records."""
    return {ref.id for ref in interaction.refs}


def test_copies_of_one_meeting_are_one(world):
    """U15: a copy per attendee and calendar does not multiply meetings."""
    world.user("kim")
    for calendar in ("rep@us.example", "kim@us.example"):
        world.meeting("m", calendar=calendar, ical_uid="uid")
    interaction = only(world)
    assert interaction.key == "calendar|uid|"
    assert len(interaction.refs) == 2


def test_occurrences_of_a_series_are_told_apart(world):
    """The same iCalUID with two original starts are two interactions."""
    for days in (0, 7):
        world.occurrence(f"m{days}", START - timedelta(days=days))
    world.meeting("master", ical_uid="uid", is_series_master=True)
    found = interactions(world)
    assert len({i.key for i in found}) == 2
    assert {i.series_key for i in found} == {"uid"}


def test_a_moved_occurrence_keeps_its_key(world):
    """The series says when it should have been; that does not move."""
    world.meeting(
        series_id="s",
        original_starts_at=START,
        starts_at=START + timedelta(hours=4),
        ends_at=START + timedelta(hours=5),
    )
    assert only(world).key == f"calendar|m@google.com|{START.isoformat()}"


@pytest.mark.parametrize("event_type", ["outOfOffice", "focusTime", "workingLocation"])
def test_calendar_blocks_are_no_meetings(world, event_type):
    """Only real events count."""
    world.meeting(event_type=event_type)
    assert interactions(world) == ()


def test_chorus_joins_by_its_calendar_id(world):
    """The iCalUID decides even when the recording began late."""
    world.meeting()
    world.engagement(ical_uid="m@google.com", starts_at=START + timedelta(minutes=40))
    interaction = only(world)
    assert members(interaction) == {"rep@us.example/m", "E"}
    assert "its iCalUID and start" in interaction.joined_by


def test_a_series_recording_joins_its_own_occurrence(world):
    """Two occurrences share the iCalUID; the scheduled start picks one."""
    for days in (0, 7):
        world.occurrence(f"m{days}", START - timedelta(days=days))
    world.engagement(ical_uid="uid")
    joined = next(i for i in interactions(world) if "E" in members(i))
    assert members(joined) == {"rep@us.example/m0", "E"}


@pytest.mark.parametrize(
    ("engagement", "joins"),
    [
        ({}, True),
        ({"scheduled_starts_at": START + timedelta(minutes=15)}, True),
        ({"scheduled_starts_at": START + timedelta(minutes=16)}, False),
        ({"guests": ("zoe",)}, False),
        ({"owner_email": "kim@us.example"}, False),
    ],
)
def test_chorus_without_calendar_id_joins_by_time_and_people(world, engagement, joins):
    """Owner, quarter of an hour, and somebody in common: all three or none."""
    world.user("kim")
    world.meeting()
    world.engagement(**engagement)
    assert (len(interactions(world)) == 1) is joins


def test_two_recordings_of_one_meeting_are_one(world):
    """The bot rejoined: any held part suffices."""
    world.engagement("A", ical_uid="uid", no_show=True)
    world.engagement("B", ical_uid="uid")
    interaction = only(world)
    assert interaction.key == "chorus|A"
    assert interaction.status is InteractionStatus.HELD


def dialled(world):
    """An Outreach call to Ann, whose Task carries its id."""
    world.contact("ann")
    world.prospect("ann")
    return world.call(crm_ids=("00Tt",))


def test_a_call_joins_its_task_by_data_connection(world):
    """The id decides although day and person say nothing."""
    dialled(world)
    world.task(day=world.now.date() - timedelta(days=3), created_at=None)
    interaction = only(world)
    assert interaction.key == "call|c"
    assert (interaction.kind, interaction.host_user_id) == ("call", "005rep")


def test_a_dialer_recording_joins_the_call(world):
    """Caller, ten minutes and the person called."""
    call = dialled(world)
    at = call.dialed_at
    world.engagement(
        type="dialer", starts_at=at + timedelta(minutes=9), scheduled_starts_at=None
    )
    assert len(interactions(world)) == 1
    world.rows["engagements"].clear()
    world.engagement(
        type="dialer", starts_at=at + timedelta(minutes=11), scheduled_starts_at=None
    )
    assert len(interactions(world)) == 2


def test_an_activity_that_names_two_makes_them_one(world):
    """A Task with Chorus's id and Outreach's connection ties both together."""
    dialled(world)
    world.engagement("E", guests=("zoe",))
    world.task(chorus_id="e")
    assert members(only(world)) == {"c", "E", "00Tt"}


def test_a_link_in_the_note_joins(world):
    """Chorus's recording link in the comments is as good as its field."""
    world.engagement("ABC")
    world.event(
        starts_at=START + timedelta(days=1), note=NoteDigest(chorus_ids=("abc",))
    )
    assert len(interactions(world)) == 1


@pytest.mark.parametrize(
    ("event", "joins"),
    [
        ({"who_id": "003ann"}, True),
        ({"who_id": "003ann", "starts_at": START + timedelta(minutes=16)}, False),
        ({"who_id": "003bob"}, True),
        ({"who_id": "003bob", "subject": "Pricing"}, False),
        ({"who_id": "003ann", "owner_id": "005kim"}, False),
        ({"who_id": None, "subject": "demo"}, True),
        ({"who_id": None, "subject": "Dentist"}, False),
    ],
)
def test_an_event_joins_by_owner_time_and_person(world, event, joins):
    """Without ids all three must agree; a title stands in for the right person."""
    world.user("kim")
    world.contact("ann")
    world.contact("bob")
    world.meeting()
    world.event(**event)
    assert (len(interactions(world)) == 1) is joins


def test_two_possible_meetings_leave_the_event_alone(world):
    """No unique hit, no join."""
    world.contact("ann")
    world.meeting("a", title="Pricing")
    world.meeting("b", title="Security")
    world.event(who_id="003ann")
    assert len(interactions(world)) == 3


def test_copies_for_invited_users_belong_to_their_parent(world):
    """A child Event is the same meeting."""
    world.user("kim")
    world.event("parent")
    world.event("child", is_child=True, owner_id="005kim")
    assert members(only(world)) == {"00Uparent", "00Uchild"}


def test_the_pattern_of_a_series_is_no_meeting(world):
    """Recurring parents are left out."""
    world.event(is_recurrence=True)
    assert interactions(world) == ()


def test_one_mail_in_two_rows_is_one(world):
    """The message id joins; without one they stay apart."""
    world.mailing("a", message_id="<x>")
    world.mailing("b", message_id="<x>")
    world.mailing("c")
    assert len(interactions(world)) == 2


def test_an_activity_alone_proves_nothing(world):
    """Its own record is never the proof of itself."""
    world.contact("ann")
    world.event(who_id="003ann")
    interaction = only(world)
    assert interaction.status is InteractionStatus.UNKNOWN
    assert (interaction.proof, interaction.host_user_id) == ((), None)


@pytest.mark.parametrize(
    ("organiser", "host"),
    [
        ("rep@us.example", "005rep"),
        ("kim@us.example", "005kim"),
        ("ann@acme.example", "005rep"),
        ("tool@us.example", "005rep"),
    ],
)
def test_who_held_it(world, organiser, host):
    """Our organiser, else the recorder."""
    world.user("kim")
    world.meeting(organizer_email=organiser, guests=("ann", "kim@us.example"))
    world.engagement(ical_uid="m@google.com")
    assert only(world).host_user_id == host


def test_several_of_us_and_no_organiser_have_no_host(world):
    """A customer's invitation to two of us: who held it is not known."""
    world.user("kim")
    world.meeting(organizer_email="ann@acme.example", guests=("ann", "kim@us.example"))
    assert only(world).host_user_id is None


@pytest.mark.parametrize(
    ("kind", "more"),
    [("meeting", {"visibility": "private"}), ("engagement", {"is_private": True})],
)
def test_privacy_is_contagious(world, kind, more):
    """One private record makes the interaction private."""
    getattr(world, kind)(**more)
    assert only(world).is_private


def test_rooms_and_bots_are_no_guests(world):
    """A meeting of us, a room and a note taker is internal."""
    world.meeting(guests=("x@resource.calendar.google.com", "bot@otter.ai"))
    interaction = only(world)
    assert interaction.is_internal_only
    assert {p.side for p in interaction.participants} == {Side.INTERNAL, Side.EXCLUDED}


def test_the_day_of_a_task_is_the_owners(world):
    """Late in the evening in New York is the next day in UTC."""
    world.user("rep", time_zone="America/New_York")
    at = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
    world.task(day=datetime(2026, 2, 28, tzinfo=UTC).date(), created_at=at)
    assert only(world).starts_at == at
