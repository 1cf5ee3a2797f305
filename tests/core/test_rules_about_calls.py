"""Rules about logged calls: disposition, notes and subject."""

from datetime import timedelta

import pytest

from syncd.model.entities import CallDisposition, NoteDigest
from syncd.model.finding import TextOf
from tests.core.said import change_of, refusal_of

DISPOSITION = "call-disposition"
NOTES = "call-notes"
SUBJECT = "call-subject"
TOOL = "005tool"


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
