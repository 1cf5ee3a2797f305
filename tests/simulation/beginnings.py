"""What some seeds begin with, because chance would bring it about too seldom.

Each is a short scene that a broken syncd does not pass: see ``sabotage.py``. What
follows it is left to chance, as in every other seed.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from syncd.sandbox.recorder import Fault
from tests.simulation.history import PERSON, TOOL

if TYPE_CHECKING:
    from tests.simulation.run import Simulation

_OF = 30
_ROLES = "opportunityProspectRole"
_SEEN_S = 1000  # longer than overlaps, settling, and what counts as just now
_TO_THE_NEXT_COMMIT = 2  # the answer, its commit; then it dies


def edited_before_the_look(run: "Simulation") -> None:
    """Somebody edits what is planned, when syncd is about to look at it again."""
    run.once_planned(run.people.rivals.edit_what_is_planned)
    run.reconcile()


def taken_back(run: "Simulation") -> None:
    """Somebody puts back what syncd wrote, and it is read."""
    run.reconcile()
    run.acts(PERSON, run.people.take_back)
    run.passes(_SEEN_S)
    run.poll_all()
    run.reconcile()


def undone_over_an_edit(run: "Simulation") -> None:
    """Somebody edits what syncd wrote; then that run is undone."""
    run.reconcile()
    run.acts(PERSON, run.people.rivals.edit_what_is_planned)
    run.undo_last()


def killed_amid_a_calendar(run: "Simulation") -> None:
    """Meetings change, and syncd dies a commit after it has read the first ones."""
    run.acts(PERSON, run.cast.rename_meetings)
    run.dies_after("google_calendar", "/events", boundaries=_TO_THE_NEXT_COMMIT)
    run.poll("google_calendar")


def killed_amid_calls(run: "Simulation") -> None:
    """Somebody calls, and syncd dies a commit after it has read the call."""
    run.acts(PERSON, lambda: run.people.log_call("Status"))
    run.passes(_SEEN_S)
    run.dies_after("outreach", "/calls", boundaries=_TO_THE_NEXT_COMMIT)
    run.poll("outreach")


def taken_off_in_outreach(run: "Simulation") -> None:
    """Somebody who was seen on both sides of a deal is taken off in Outreach."""
    for _ in range(2):
        run.passes(_SEEN_S)
        run.poll_all()
        run.reconcile()
    pairs = sorted(run.agreements.since)
    run.acts(PERSON, lambda: run.cast.take_off(p.outreach for p in pairs))
    run.passes(_SEEN_S)
    run.poll_all()
    run.reconcile()


def doubled_while_blind(run: "Simulation") -> None:
    """A plug-in makes our role once more; then Chorus cannot be read."""
    run.reconcile()
    run.passes(_SEEN_S)
    run.acts(TOOL, run.people.upheavals.copy_role)
    run.poll("outreach")
    run.say(run.weather._deactivate())
    run.poll("chorus")
    run.reconcile()


def judged_before_our_write_is_seen(run: "Simulation") -> None:
    """Accounts in which syncd has just written are judged again, not read again."""
    run.reconcile()
    run.acts(PERSON, run.cast.rename_meetings)
    run.poll("google_calendar")
    run.reconcile()


def half_read(run: "Simulation") -> None:
    """People move on a deal while Outreach's roles cannot be read."""
    run.reconcile()
    run.acts(PERSON, run.people.add_role)
    run.passes(_SEEN_S)
    run.poll("salesforce")
    run.recorders["outreach"].break_next(Fault(path=_ROLES, status=500, times=9))
    run.poll("outreach")
    run.reconcile()


def answers_lost(run: "Simulation") -> None:
    """The next writes take effect, and nobody is told."""
    run.say(run.weather.lose_answers())


def stopped(run: "Simulation") -> None:
    """An operator forbids every write."""
    run.stop_file()


def seen_late(run: "Simulation") -> None:
    """A poll passes by a row before it can be seen."""
    run.acts(PERSON, run.people.upheavals.log_late)
    run.passes(15)
    run.poll("salesforce")


_BEGINNINGS: Mapping[int, Callable[["Simulation"], None]] = {
    1: edited_before_the_look,
    2: taken_back,
    3: killed_amid_a_calendar,
    5: undone_over_an_edit,
    7: answers_lost,
    8: stopped,
    9: seen_late,
    11: taken_off_in_outreach,
    13: doubled_while_blind,
    15: judged_before_our_write_is_seen,
    17: answers_lost,
    18: stopped,
    19: half_read,
    21: killed_amid_calls,
    27: answers_lost,
}
"""By the seed modulo ``_OF``; 3, 9 and 21 are looked at afresh in the end."""
_KEY_TORN = 29


def starts_torn(seed: int) -> bool:
    """Whether a first start dies while it writes its first file."""
    return seed % _OF == _KEY_TORN


def begin(run: "Simulation") -> None:
    """Play the scene that this seed begins with, if it has one."""
    scene = _BEGINNINGS.get(run.result.seed % _OF)
    if scene is not None:
        if not run.has_read_all():
            run.poll_all()
        run.say(f"begins {scene.__name__.replace('_', ' ')}")
        scene(run)
        run.say("goes on by chance")
