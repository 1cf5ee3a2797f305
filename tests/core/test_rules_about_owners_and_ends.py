"""Rules about whose an activity is, and whether it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.entities import OutreachTask, TaskStatus
from tests.core.said import change_of, refusal_of

HOST = "activity-assigned-to-host"
DONE = "activity-completed"
TOOL = "005tool"
RECENT = datetime(2026, 3, 1, 20, tzinfo=UTC)


# --- activity-assigned-to-host --------------------------------------------------


def logged_by_tool(world, **more):
    """Chorus logged yesterday's meeting under its own user."""
    world.contact("ann")
    world.meeting()
    world.engagement(ical_uid="m@google.com")
    values = {"owner_id": TOOL, "created_by_id": TOOL, "modified_by_id": TOOL}
    world.event(chorus_id="E", who_id="003ann", **(values | more))


def test_a_tools_activity_goes_to_the_host(world):
    """The organiser held it: assigned unattended."""
    logged_by_tool(world)
    change = change_of(world.findings(HOST))
    assert (change.mode, change.after) == ("auto", {"owner_id": "005rep"})
    assert change.also[0].fields == {"is_active": True}


def test_the_hosts_own_activity_is_left_alone(world):
    """Already assigned."""
    logged_by_tool(world, owner_id="005rep")
    assert world.findings(HOST) == ()


def test_somebody_who_took_part_keeps_the_activity(world):
    """Two of us were there; each may log it."""
    world.user("kim")
    logged_by_tool(world, owner_id="005kim")
    world.rows["meetings"].clear()
    world.meeting(guests=("ann", "kim@us.example"))
    assert world.findings(HOST) == ()


def test_a_strangers_activity_is_only_proposed(world):
    """Its owner did not take part, yet a person may have wanted it so."""
    world.user("kim")
    logged_by_tool(world, owner_id="005kim")
    assert change_of(world.findings(HOST)).mode == "review"


@pytest.mark.parametrize(
    ("host", "says"),
    [({"is_active": False}, "cannot own"), ({"email": "gone@us.example"}, "not known")],
)
def test_an_unusable_host_is_refused(world, host, says):
    """Nobody inactive or unknown is assigned anything."""
    world.user("rep", **host)
    logged_by_tool(world)
    assert says in refusal_of(world.findings(HOST))


def test_a_no_show_is_not_assigned(world):
    """What did not happen had no host."""
    logged_by_tool(world)
    world.rows["engagements"].clear()
    world.engagement(ical_uid="m@google.com", no_show=True)
    assert world.findings(HOST) == ()


# --- activity-completed ---------------------------------------------------------


def open_task(world, **more):
    """Chorus's Task for yesterday's meeting, still open."""
    values = {
        "subtype": "Task",
        "subject": "Demo",
        "who_id": "003ann",
        "chorus_id": "E",
        "status": "Not Started",
        "is_closed": False,
    }
    world.task(**(values | more))


def test_a_held_meetings_task_is_closed(world):
    """The recording proves it: the org's closed status is written."""
    world.contact("ann")
    world.engagement()
    open_task(world)
    change = change_of(world.findings(DONE))
    assert (change.mode, change.before, change.after) == (
        "auto",
        {"status": "Not Started"},
        {"status": "Completed"},
    )
    assert change.evidence[0].ref.object == "engagement"


def test_an_ended_call_closes_its_task(world):
    """Outreach's own call record is proof, answered or not."""
    world.contact("ann")
    world.prospect("ann")
    world.call(crm_ids=("00Tt",), outcome="No Answer", answered_at=None)
    open_task(world, chorus_id=None, subtype="Call")
    assert change_of(world.findings(DONE)).mode == "auto"


def test_a_task_done_in_outreach_is_closed(world):
    """The connected Outreach task is complete."""
    world.contact("ann")
    world.add(
        "outreach_tasks", OutreachTask(id="7", is_completed=True, crm_ids=("00Tt",))
    )
    open_task(world, chorus_id=None)
    assert change_of(world.findings(DONE)).mode == "auto"
    world.rows["outreach_tasks"] = [OutreachTask(id="7", crm_ids=("00Tt",))]
    assert world.findings(DONE) == ()


@pytest.mark.parametrize(
    ("engagement", "says"),
    [
        ({"no_show": True}, "nobody came"),
        (
            {
                "processing_state": "processing",
                "scheduled_starts_at": RECENT,
                "scheduled_ends_at": RECENT + timedelta(hours=1),
            },
            "worked on",
        ),
    ],
)
def test_what_was_not_surely_held_is_never_closed(world, engagement, says):
    """A no-show and a recording in the making leave the Task open."""
    world.contact("ann")
    world.engagement(**engagement)
    open_task(world)
    assert says in refusal_of(world.findings(DONE))


def test_a_required_outcome_comes_first(world):
    """Where an outcome is demanded, an empty one keeps the Task open."""
    world.contact("ann")
    world.engagement()
    open_task(world)
    world.setting(DONE, outcome_required=True)
    assert "outcome has to be filled" in refusal_of(world.findings(DONE))
    world.org["unmapped"] = frozenset({"salesforce.Task.outcome"})
    assert "no outcome field" in refusal_of(world.findings(DONE))
    world.rows["activities"].clear()
    open_task(world, outcome="Good")
    assert change_of(world.findings(DONE)).mode == "auto"


def test_a_task_of_a_later_day_is_refused(world):
    """Its day contradicts what has happened."""
    world.contact("ann")
    world.engagement()
    open_task(world, day=world.now.date())
    assert "later day" in refusal_of(world.findings(DONE))


def test_a_day_written_in_utc_is_no_later_day(world):
    """An evening call in California is tomorrow's in UTC: tools write either day."""
    world.user("rep", time_zone="America/Los_Angeles")
    world.contact("ann")
    at = datetime(2026, 3, 1, 2, tzinfo=UTC)
    world.engagement(starts_at=at)
    open_task(world, day=at.date())
    assert change_of(world.findings(DONE)).mode == "auto"


def test_several_closed_statuses_need_a_mapping(world):
    """No closed status is guessed; a mapped one is used."""
    world.contact("ann")
    world.engagement()
    open_task(world)
    world.org["task_statuses"] = (
        TaskStatus(id="1", label="Done", is_closed=True),
        TaskStatus(id="2", label="Dropped", is_closed=True),
    )
    assert "several closed" in refusal_of(world.findings(DONE))
    world.org["value_tables"] = {"task_status": {"completed": "Done"}}
    assert change_of(world.findings(DONE)).after == {"status": "Done"}


def test_a_called_off_meeting_is_proposed_with_the_policys_status(world):
    """Cancelled is not completed: reported, or proposed where a status is set."""
    world.contact("ann")
    world.meeting(status="cancelled")
    open_task(world, chorus_id=None, subtype="Task", type="Meeting")
    assert "cancelled_status" in refusal_of(world.findings(DONE))
    world.setting(DONE, cancelled_status="Completed")
    assert change_of(world.findings(DONE)).mode == "review"


def test_a_to_do_of_the_same_day_is_left_alone(world):
    """A reminder about Ann is not the meeting with Ann."""
    world.contact("ann")
    world.meeting()
    open_task(world, chorus_id=None, subject="Send pricing")
    assert world.findings(DONE) == ()


def test_events_and_closed_tasks_are_left_alone(world):
    """An Event has no status; a closed Task is done."""
    world.contact("ann")
    world.engagement()
    world.event(chorus_id="E", who_id="003ann")
    open_task(world, status="Completed", is_closed=True)
    assert world.findings(DONE) == ()


def test_grace_is_waited_for(world):
    """Right after the meeting nothing is called open yet."""
    world.contact("ann")
    start = world.now - timedelta(minutes=50)
    world.engagement(
        starts_at=start,
        scheduled_starts_at=start,
        scheduled_ends_at=start + timedelta(minutes=30),
    )
    open_task(world, day=start.date())
    (finding,) = world.findings(DONE)
    assert finding.waiting


def test_a_calendars_word_waits_for_chorus(world):
    """Only Chorus knows of a no-show, so its incomplete poll holds the change."""
    world.contact("ann")
    world.meeting()
    open_task(world, chorus_id=None, type="Meeting")
    assert change_of(world.findings(DONE)).mode == "auto"
    world.org["incomplete"] = frozenset({"chorus"})
    (finding,) = world.findings(DONE)
    assert finding.blocked_by == ("chorus",)
