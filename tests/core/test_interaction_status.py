"""What became of an interaction: held, called off, missed, unknown."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.entities import Attendee
from syncd.model.interaction import InteractionStatus
from tests.core.said import only

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def guest(response):
    """The rep and one guest who answered so."""
    return (
        Attendee(email="rep@us.example", response="accepted"),
        Attendee(email="ann@acme.example", response=response),
    )


@pytest.mark.parametrize(
    ("meeting", "status"),
    [
        ({}, InteractionStatus.HELD),
        ({"attendees": guest("needsAction")}, InteractionStatus.UNKNOWN),
        ({"attendees": guest("declined")}, InteractionStatus.CANCELLED),
        ({"status": "cancelled"}, InteractionStatus.CANCELLED),
        (
            {
                "starts_at": START + timedelta(days=9),
                "ends_at": START + timedelta(days=10),
            },
            InteractionStatus.SCHEDULED,
        ),
        (
            {"conference_links": ("https://go.chorus.ai/1",)},
            InteractionStatus.UNKNOWN,
        ),
        (
            {
                "conference_links": ("https://go.chorus.ai/1",),
                "ends_at": START + timedelta(hours=3),
            },
            InteractionStatus.PENDING,
        ),
    ],
)
def test_what_became_of_a_meeting(world, meeting, status):
    """Calendar answers prove a meeting, unless Chorus was to record it."""
    world.meeting(**meeting)
    assert only(world).status is status


def test_a_guests_cancelled_copy_does_not_call_it_off(world):
    """Only this guest was taken off; the organiser's copy decides."""
    world.user("kim")
    world.meeting("m", ical_uid="u")
    world.meeting("m", ical_uid="u", calendar="kim@us.example", status="cancelled")
    assert only(world).status is InteractionStatus.HELD


def test_without_the_organisers_copy_all_must_be_cancelled(world):
    """A customer's invitation is off when every copy we see is."""
    world.user("kim")
    world.meeting(
        "m", ical_uid="u", organizer_email="ann@acme.example", status="cancelled"
    )
    assert only(world).status is InteractionStatus.CANCELLED
    world.meeting(
        "m", ical_uid="u", organizer_email="ann@acme.example", calendar="kim@us.example"
    )
    assert only(world).status is InteractionStatus.HELD


@pytest.mark.parametrize(
    ("engagement", "status"),
    [
        ({}, InteractionStatus.HELD),
        ({"no_show": True}, InteractionStatus.NO_SHOW),
        ({"duration_s": 0.0}, InteractionStatus.UNKNOWN),
        ({"processing_state": "processing"}, InteractionStatus.UNKNOWN),
        ({"type": "unrecorded_meeting", "duration_s": None}, InteractionStatus.HELD),
        (
            {
                "processing_state": "processing",
                "scheduled_ends_at": START + timedelta(hours=3),
            },
            InteractionStatus.PENDING,
        ),
        (
            {
                "processing_state": "scheduled",
                "scheduled_starts_at": START + timedelta(days=9),
                "starts_at": None,
            },
            InteractionStatus.SCHEDULED,
        ),
    ],
)
def test_what_chorus_says_became_of_it(world, engagement, status):
    """A recorder's verdicts, one by one."""
    world.engagement(**engagement)
    assert only(world).status is status


def test_a_no_show_beats_an_accepted_invitation(world):
    """The recorder knows better than the calendar."""
    world.meeting()
    world.engagement(ical_uid="m@google.com", no_show=True)
    assert only(world).status is InteractionStatus.NO_SHOW


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({}, InteractionStatus.HELD),
        ({"completed_at": None}, InteractionStatus.HELD),
        (
            {"completed_at": None, "answered_at": None, "outcome": "no_answer"},
            InteractionStatus.UNKNOWN,
        ),
        ({"answered_at": None, "outcome": "Not Answered"}, InteractionStatus.HELD),
    ],
)
def test_what_became_of_a_call(world, call, status):
    """Over is over, answered or not; without an end somebody must have answered."""
    world.prospect("ann")
    world.call(**call)
    assert only(world).status is status


def test_an_unanswered_call_met_nobody(world):
    """It took place, and the person did not take part."""
    world.contact("ann")
    world.prospect("ann")
    world.call(answered_at=None, outcome="Not Answered")
    (person,) = only(world).external
    assert (person.contact_id, person.attended) == ("003ann", False)
