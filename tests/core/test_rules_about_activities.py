"""Rules about activities: found, left alone, refused, explained."""

from datetime import UTC, datetime, timedelta

import pytest

from syncd.model.entities import CallDisposition, NoteDigest, OutreachTask, TaskStatus
from syncd.model.finding import TextOf

DEAL = "activity-related-to-opportunity"
WHO = "activity-related-to-contact"
CASE = "activity-related-to-case"
HOST = "activity-assigned-to-host"
DONE = "activity-completed"
DISPOSITION = "call-disposition"
NOTES = "call-notes"
SUBJECT = "call-subject"
TOOL = "005tool"
RECENT = datetime(2026, 3, 1, 20, tzinfo=UTC)


def change_of(findings):
    """The one change of the one finding."""
    (finding,) = findings
    (change,) = finding.changes
    return change


def refusal_of(findings):
    """Why the one finding has no change."""
    (finding,) = findings
    assert finding.changes == ()
    return finding.why_not


@pytest.fixture
def deal(world):
    """Ann is the contact of the account's only open deal."""
    world.contact("ann")
    world.opportunity()
    world.role("deal", "ann")
    return world


# --- activity-related-to-opportunity --------------------------------------------


def test_an_account_link_gives_way_to_the_deal(deal):
    """A link to the account alone is not enough."""
    deal.task(who_id="003ann", what_id="001acme")
    change = change_of(deal.findings(DEAL))
    assert change.before == {"what_id": "001acme"}
    assert change.after == {"what_id": "006deal"}
    assert change.also[0].fields == {"is_closed": False, "account_id": "001acme"}
    assert "It would only be proposed if" in change.reason


@pytest.mark.parametrize(
    "task",
    [
        {"what_id": "006deal"},
        {"what_id": "701campaign"},
        {"is_archived": True},
        {"is_child": True},
        {"is_recurrence": True},
        {"is_private": True},
        {"day": None, "created_at": None},
    ],
)
def test_what_is_related_or_out_of_scope_is_left_alone(deal, task):
    """Links to something else, and records not judged, stay as they are."""
    deal.task(who_id="003ann", **task)
    assert deal.findings(DEAL) == ()


def test_what_lies_before_the_window_is_left_alone(deal):
    """Old activities are history."""
    old = deal.now - timedelta(days=91)
    deal.task(who_id="003ann", day=old.date(), created_at=old)
    assert deal.findings(DEAL) == ()


def test_an_internal_meeting_needs_no_deal(deal):
    """Nobody from outside, no opportunity."""
    deal.user("kim")
    deal.meeting(guests=("kim@us.example",))
    deal.event()
    assert deal.findings(DEAL) == ()


def test_a_young_activity_waits(deal):
    """The tool that wrote it may still be at it."""
    deal.task(who_id="003ann", modified_at=deal.now)
    (finding,) = deal.findings(DEAL)
    assert finding.waiting
    assert finding.changes == ()


def test_two_equal_deals_are_left_to_a_person(deal):
    """Nothing tells the two apart: the candidates are shown, none is chosen."""
    deal.opportunity("other")
    deal.role("other", "ann")
    deal.task(who_id="003ann")
    (finding,) = deal.findings(DEAL)
    assert finding.changes == ()
    assert "none stands out" in finding.why_not
    assert {e.ref.id for e in finding.evidence} == {"006deal", "006other"}


def test_a_lead_keeps_its_activity_free(deal):
    """The platform refuses an opportunity beside a lead."""
    deal.lead("ann")
    deal.meeting()
    deal.event(who_id="00Qann", chorus_id=None)
    assert "lead" in refusal_of(deal.findings(DEAL))


def test_a_deal_closed_since_is_only_proposed(deal):
    """Open at the interaction, closed today: a person decides."""
    deal.rows["opportunities"].clear()
    deal.opportunity(
        stage="Won", is_closed=True, is_won=True, stage_changed_at=deal.now
    )
    deal.task(who_id="003ann")
    change = change_of(deal.findings(DEAL))
    assert change.mode == "review"
    assert change.also[0].fields["is_closed"] is True


def test_a_future_occurrence_of_a_series_is_refused(deal):
    """Editing it by API would change the whole series."""
    start = deal.now + timedelta(days=3)
    deal.event(
        who_id="003ann",
        recurrence_parent_id="00Uparent",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
    )
    assert "series" in refusal_of(deal.findings(DEAL))


def test_the_mode_of_the_policy_only_lowers(deal):
    """Review asks, report drops the changes, off does not look."""
    deal.task(who_id="003ann")
    deal.setting(DEAL, mode="review")
    assert change_of(deal.findings(DEAL)).mode == "review"
    deal.setting(DEAL, mode="report")
    assert "only reports" in refusal_of(deal.findings(DEAL))
    deal.setting(DEAL, mode="off")
    assert deal.findings(DEAL) == ()


# --- activity-related-to-contact ------------------------------------------------


def test_the_one_who_took_part_is_named(deal):
    """One known contact at the meeting: the Event names it, unattended."""
    deal.meeting()
    deal.event(what_id="006deal")
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("auto", {"who_id": "003ann"})
    assert change.also[0].fields == {"account_id": "001acme"}


def test_the_contact_of_the_deal_is_preferred(deal):
    """Several took part and one is the deal's contact."""
    deal.contact("bob")
    deal.meeting(guests=("ann", "bob"))
    deal.event(what_id="006deal")
    assert change_of(deal.findings(WHO)).after == {"who_id": "003ann"}


@pytest.mark.parametrize("event", [{"who_id": "003ann"}, {"who_ids": ("003ann",)}])
def test_a_named_contact_is_left_alone(deal, event):
    """Any person on the activity will do."""
    deal.meeting()
    deal.event(**event)
    assert deal.findings(WHO) == ()


def test_several_contacts_are_left_to_a_person(deal):
    """Without a deal that tells them apart nobody is chosen."""
    deal.contact("bob")
    deal.meeting(guests=("ann", "bob"))
    deal.event()
    assert "choose" in refusal_of(deal.findings(WHO))


def test_a_doubled_contact_stays_ambiguous(deal):
    """Two contacts with one address: neither is named."""
    deal.contact("anna", emails=("ann@acme.example",))
    deal.rows["roles"].clear()
    deal.meeting()
    deal.event()
    assert "several contacts have the address" in refusal_of(deal.findings(WHO))


def test_a_weak_key_only_proposes(deal):
    """A plus tag resembles, it does not prove."""
    deal.meeting(guests=("ann+news@acme.example",))
    deal.event()
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("review", {"who_id": "003ann"})


def test_a_lead_is_proposed_where_nothing_else_is_related(deal):
    """A lead's activity cannot have an opportunity, so only a free one takes it."""
    deal.lead("lee")
    deal.meeting(guests=("lee",))
    deal.event()
    change = change_of(deal.findings(WHO))
    assert (change.mode, change.after) == ("review", {"who_id": "00Qlee"})
    assert change.also[0].fields == {"is_converted": False}


def test_a_strange_guest_is_reported(deal):
    """Somebody outside took part whom nobody knows."""
    deal.meeting(guests=("zoe@else.example",))
    deal.event()
    assert "known contact" in refusal_of(deal.findings(WHO))


def test_a_contact_of_another_account_is_only_proposed(deal):
    """The person is certain, the account is not the deal's."""
    deal.contact("pat", account_id="001else", guest=True)
    deal.meeting(guests=("pat",))
    deal.event(what_id="006deal")
    assert change_of(deal.findings(WHO)).mode == "review"


def test_a_hand_logged_call_suggests_the_deals_only_contact(deal):
    """Nobody is named: the only contact is suggested, never written."""
    deal.task(what_id="006deal")
    assert change_of(deal.findings(WHO)).mode == "review"
    deal.contact("bob")
    deal.role("deal", "bob")
    assert "nothing on record" in refusal_of(deal.findings(WHO))


def test_a_to_do_without_a_person_is_left_alone(deal):
    """A reminder need not name anybody."""
    deal.task(what_id="006deal", subtype="Task", subject="Send pricing")
    assert deal.findings(WHO) == ()


# --- activity-related-to-case ---------------------------------------------------


def test_a_named_case_takes_the_activity(deal):
    """An explicit number of the contact's case settles it."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", subject="Call about case 00012345")
    change = change_of(deal.findings(CASE))
    assert (change.mode, change.after) == ("auto", {"what_id": "50000012345"})
    assert deal.findings(DEAL) == ()


def test_a_case_number_in_the_note_counts(deal):
    """The number may stand in the comments."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", note=NoteDigest(length=9, case_numbers=("00012345",)))
    assert change_of(deal.findings(CASE)).mode == "auto"


def test_a_deal_that_a_person_chose_is_kept_but_for_a_proposal(deal):
    """An explicit number outweighs the deal; a person has to agree."""
    deal.case("00012345", contact_id="003ann")
    task = {"who_id": "003ann", "what_id": "006deal", "subject": "Case 00012345"}
    deal.task(**task)
    assert change_of(deal.findings(CASE)).mode == "review"
    deal.rows["activities"].clear()
    deal.task(**task, created_by_id=TOOL, modified_by_id=TOOL)
    assert change_of(deal.findings(CASE)).mode == "auto"


def test_an_unnamed_case_is_at_most_proposed(world):
    """The contact's open case and no deal: likely, not certain."""
    world.contact("ann")
    world.case("00012345", contact_id="003ann")
    world.task(who_id="003ann", subject="Support call about the outage")
    change = change_of(world.findings(CASE))
    assert change.mode == "review"


def test_a_case_of_strangers_is_not_taken(deal):
    """A number alone does not carry an activity to another account."""
    deal.case("00012345", contact_id="003zoe", account_id="001else")
    deal.task(who_id="003ann", subject="Order 00012345")
    assert all(c.mode == "review" for f in deal.findings(CASE) for c in f.changes)


def test_an_activity_on_its_case_is_left_alone(deal):
    """Already related."""
    deal.case("00012345", contact_id="003ann")
    deal.task(who_id="003ann", what_id="50000012345", subject="Case 00012345")
    assert deal.findings(CASE, DEAL) == ()


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


# --- call-disposition and call-notes --------------------------------------------

NOTE = NoteDigest(length=40, sha256="n1")


def logged_call(world, *, task=None, call=None):
    """An Outreach call and its Task."""
    world.contact("ann")
    world.prospect("ann")
    world.org["call_dispositions"] = {
        "d1": CallDisposition(id="d1", label="Connected"),
        "d2": CallDisposition(id="d2", label="Busy"),
    }
    world.call(crm_ids=("00Tt",), **(call or {}))
    world.task(who_id="003ann", **(task or {}))


def test_the_disposition_is_copied(world):
    """Outreach holds it, Salesforce does not."""
    logged_call(world, call={"disposition_id": "d1"})
    change = change_of(world.findings(DISPOSITION))
    assert (change.mode, change.after) == ("auto", {"call_disposition": "Connected"})
    world.org["value_tables"] = {"call_disposition": {"Connected": "Reached"}}
    assert change_of(world.findings(DISPOSITION)).after == {
        "call_disposition": "Reached"
    }


def test_an_equal_disposition_is_left_alone(world):
    """Letter case is no difference."""
    logged_call(
        world, call={"disposition_id": "d1"}, task={"call_disposition": "connected"}
    )
    assert world.findings(DISPOSITION) == ()


@pytest.mark.parametrize(
    ("task", "call", "says"),
    [
        ({}, {}, "no system holds one"),
        ({"call_disposition": "Busy"}, {"disposition_id": "d1"}, "both sides"),
    ],
)
def test_a_disposition_is_never_made_up_or_overwritten(world, task, call, says):
    """Empty on both sides, or different: only a person knows."""
    logged_call(world, call=call, task=task)
    assert says in refusal_of(world.findings(DISPOSITION))


def test_what_chorus_heard_is_only_suggested(world):
    """The detection of a dialer recording is a proposal at most."""
    logged_call(world)
    at = world.rows["calls"][0].dialed_at
    world.engagement(
        type="dialer",
        starts_at=at,
        scheduled_starts_at=None,
        voicemail=True,
        connected=True,
    )
    world.org["value_tables"] = {"chorus_disposition": {"voicemail": "Left Voicemail"}}
    change = change_of(world.findings(DISPOSITION))
    assert change.mode == "review"
    assert change.after == {"call_disposition": "Left Voicemail"}


def test_an_unmapped_field_is_not_judged(world):
    """A hidden field looks empty everywhere."""
    logged_call(world, call={"disposition_id": "d1"})
    world.org["unmapped"] = frozenset({"salesforce.Task.call_disposition"})
    judged = world.judge(DISPOSITION)
    assert judged.findings == ()
    assert [s.reason for s in judged.skipped] == [
        "salesforce.Task.call_disposition is not mapped"
    ]


def test_the_notes_are_copied_by_reference(world):
    """The change stands for the text, without holding it."""
    logged_call(world, call={"note": NOTE})
    change = change_of(world.findings(NOTES))
    assert change.mode == "auto"
    assert change.after["note"] == TextOf(
        ref=change.evidence[0].ref, field="note", length=40, sha256="n1"
    )


@pytest.mark.parametrize(
    ("task", "call", "says"),
    [
        ({}, {}, "no system holds any"),
        (
            {"note": NoteDigest(length=5, is_template=True)},
            {"note": NOTE},
            "never over",
        ),
        ({}, {"note": NoteDigest(length=32_001, sha256="x")}, "longer than"),
        ({}, {"note": NoteDigest(length=9, sha256="x", is_template=True)}, "no system"),
    ],
)
def test_notes_are_never_made_up_or_overwritten(world, task, call, says):
    """Nothing to copy, or something in the way: reported."""
    logged_call(world, call=call, task=task)
    assert says in refusal_of(world.findings(NOTES))


def test_existing_notes_are_left_alone(world):
    """They are the rep's own."""
    logged_call(world, call={"note": NOTE}, task={"note": NoteDigest(length=3)})
    assert world.findings(NOTES) == ()


def test_an_open_call_task_is_not_asked_for_notes(world):
    """A call that is still to be made has neither notes nor disposition."""
    world.contact("ann")
    world.task(who_id="003ann", is_closed=False, status="Not Started")
    assert world.findings(NOTES, DISPOSITION) == ()


# --- call-subject ---------------------------------------------------------------


def test_allowed_subjects_are_left_alone(deal):
    """Literally one of the list."""
    for key, subject in enumerate(("Initial Call (ii)", "Check in call 2 (ii)")):
        deal.task(str(key), who_id="003ann", what_id="006deal", subject=subject)
    assert deal.findings(SUBJECT) == ()


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("initial call (II)", "Initial Call (ii)"),
        ("Check  in call 2 (ii)", "Check in call 2 (ii)"),
        ("Check-in call 3 (ii)", "Check in call 3 (ii)"),
        ("Inital call (ii)", "Initial Call (ii)"),
        ("Quote chek in call (ii)", "Quote check in call (ii)"),
        ("IQM", "IQM (ii)"),
        ("check in call 4", "Check in call 4 (ii)"),
    ],
)
def test_a_near_miss_is_corrected(deal, subject, wanted):
    """Case, spacing and a unique slip of the pen are certain."""
    deal.task(who_id="003ann", what_id="006deal", subject=subject)
    change = change_of(deal.findings(SUBJECT))
    assert (change.mode, change.after) == ("auto", {"subject": wanted})
    assert change.before == {"subject": subject}


@pytest.mark.parametrize("subject", ["Spoke to Ann", "Call", "Check", "IQN (ii)"])
def test_a_free_subject_is_reported(deal, subject):
    """What was meant is not guessed."""
    deal.task(who_id="003ann", what_id="006deal", subject=subject)
    assert "close enough" in refusal_of(deal.findings(SUBJECT))


def test_a_missing_number_is_proposed(deal):
    """The next number of the deal, for a person to confirm."""
    deal.task("a", who_id="003ann", what_id="006deal", subject="Check in call 2 (ii)")
    deal.task("b", who_id="003ann", what_id="006deal", subject="Check in call (ii)")
    change = change_of(deal.findings(SUBJECT))
    assert (change.mode, change.after) == (
        "review",
        {"subject": "Check in call 3 (ii)"},
    )


def test_a_doubled_number_is_proposed_for_the_later_call(deal):
    """The earlier call keeps its number."""
    subject = "Check in call 1 (ii)"
    early = deal.now.date() - timedelta(days=9)
    deal.task("b", who_id="003ann", what_id="006deal", subject=subject, day=early)
    deal.task("a", who_id="003ann", what_id="006deal", subject=subject)
    change = change_of(deal.findings(SUBJECT))
    assert (change.target.id, change.mode) == ("00Ta", "review")
    assert change.after == {"subject": "Check in call 2 (ii)"}


@pytest.mark.parametrize(
    "task",
    [
        {"subject": "[Outreach] [Call] [Outbound]"},
        {"created_by_id": TOOL},
        {"what_id": None},
        {"subtype": "Task", "type": None},
    ],
)
def test_other_peoples_subjects_are_exempt(deal, task):
    """A tool's own, another record's, and what is no call."""
    values = {"who_id": "003ann", "what_id": "006deal", "subject": "Anything"}
    deal.task(**(values | task))
    assert deal.findings(SUBJECT) == ()


def test_other_segments_are_not_policed(deal):
    """A renewal's calls are named as its team likes."""
    deal.rows["opportunities"].clear()
    deal.opportunity(type="Renewal")
    deal.task(who_id="003ann", what_id="006deal", subject="Anything")
    assert deal.findings(SUBJECT) == ()
