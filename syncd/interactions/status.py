"""What became of an interaction, and which records prove it."""

from datetime import datetime, timedelta
from typing import Final

from syncd.identity.directory import Directory
from syncd.interactions.cluster import Cluster
from syncd.interactions.people import was_answered
from syncd.interactions.refs import (
    call_ref,
    engagement_ref,
    mailing_ref,
    meeting_ref,
)
from syncd.model.entities import Attendee, Call, Engagement, Meeting
from syncd.model.interaction import InteractionStatus
from syncd.model.mail import normalise_email
from syncd.model.record import RecordRef

RECORDER_WAIT: Final = timedelta(hours=24)
Verdict = tuple[InteractionStatus, tuple[RecordRef, ...]]
_SENT: Final = frozenset({"delivered", "opened", "replied"})
_OVER: Final = frozenset({"completed", "complete", "ended", "finished"})


def verdict(
    cluster: Cluster, directory: Directory, *, starts_at: datetime, now: datetime
) -> Verdict:
    """Status with its proof; the Salesforce activity itself never proves anything.

    A recorder's word counts more than a calendar's, and a call's own record more
    than both.
    """
    for found in (
        _of_calls(cluster.calls),
        _of_engagements(cluster, now),
        _of_meetings(cluster, directory, now),
        _of_mailings(cluster),
    ):
        if found is not None:
            return found
    if starts_at > now:
        return InteractionStatus.SCHEDULED, ()
    return InteractionStatus.UNKNOWN, ()


def has_ended(call: Call) -> bool:
    """Whether a call has ended, answered or not."""
    state = (call.state or "").casefold()
    return call.completed_at is not None or state in _OVER


def _of_calls(calls: list[Call]) -> Verdict | None:
    if not calls:
        return None
    over = tuple(sorted(call_ref(call) for call in calls if has_ended(call)))
    if over:
        return InteractionStatus.HELD, over
    answered = tuple(sorted(call_ref(c) for c in calls if was_answered(c)))
    if answered:
        return InteractionStatus.HELD, answered
    return InteractionStatus.UNKNOWN, ()


def _is_held(engagement: Engagement) -> bool:
    recorded = (
        engagement.processing_state == "done" and (engagement.duration_s or 0) > 0
    )
    return not engagement.no_show and (recorded or is_unrecorded(engagement))


def is_unrecorded(engagement: Engagement) -> bool:
    """Held without a recording, as Chorus says."""
    return (
        engagement.type == "unrecorded_meeting"
        or engagement.unrecorded_reason is not None
    )


def _of_engagements(cluster: Cluster, now: datetime) -> Verdict | None:
    engagements = cluster.engagements
    if not engagements:
        return None
    held = tuple(sorted(engagement_ref(e) for e in engagements if _is_held(e)))
    if held:
        return InteractionStatus.HELD, held
    absent = tuple(sorted(engagement_ref(e) for e in engagements if e.no_show))
    if len(absent) == len(engagements):
        return InteractionStatus.NO_SHOW, absent
    starts = [e.scheduled_starts_at or e.starts_at for e in engagements]
    if all(start is not None and start > now for start in starts):
        return InteractionStatus.SCHEDULED, ()
    latest = max(_ends(e, now) for e in engagements)
    if now - latest < RECORDER_WAIT:
        return InteractionStatus.PENDING, ()
    return InteractionStatus.UNKNOWN, ()


def _ends(engagement: Engagement, now: datetime) -> datetime:
    if engagement.scheduled_ends_at is not None:
        return engagement.scheduled_ends_at
    if engagement.starts_at is None:
        return now
    return engagement.starts_at + timedelta(seconds=engagement.duration_s or 0)


def leading_copy(meetings: list[Meeting]) -> Meeting:
    """The organiser's own copy where we have it, else the first live one by id."""
    return min(
        meetings,
        key=lambda m: (
            m.calendar.casefold() != (m.organizer_email or "").casefold(),
            m.status == "cancelled",
            m.id,
        ),
    )


def is_cancelled(meetings: list[Meeting]) -> bool:
    """Called off: the organiser's copy says so, or every copy that we see does.

    One guest's cancelled copy only means that this guest was taken off.
    """
    leading = leading_copy(meetings)
    if leading.calendar.casefold() == (leading.organizer_email or "").casefold():
        return leading.status == "cancelled"
    return all(meeting.status == "cancelled" for meeting in meetings)


def _of_meetings(
    cluster: Cluster, directory: Directory, now: datetime
) -> Verdict | None:
    meetings = cluster.meetings
    if not meetings:
        return None
    leading = leading_copy(meetings)
    guests = _guests(leading, directory)
    ends_at = leading.ends_at or leading.starts_at
    is_over = ends_at is not None and ends_at <= now
    refused = bool(guests) and all(g.response == "declined" for g in guests)
    if is_cancelled(meetings) or (is_over and refused):
        refs = tuple(sorted(meeting_ref(m) for m in meetings))
        return InteractionStatus.CANCELLED, refs
    if ends_at is None or not is_over:
        return InteractionStatus.SCHEDULED, ()
    if _awaits_recorder(leading, directory):
        waits = now - ends_at < RECORDER_WAIT
        status = InteractionStatus.PENDING if waits else InteractionStatus.UNKNOWN
        return status, ()
    if any(guest.response == "accepted" for guest in guests):
        return InteractionStatus.HELD, (meeting_ref(leading),)
    return InteractionStatus.UNKNOWN, ()


def _guests(meeting: Meeting, directory: Directory) -> list[Attendee]:
    return [
        attendee
        for attendee in meeting.attendees
        if (email := normalise_email(attendee.email or ""))
        and not attendee.is_resource
        and not directory.is_ours(email)
    ]


def _awaits_recorder(meeting: Meeting, directory: Directory) -> bool:
    """Whether Chorus was to record it: then its silence is not a "held"."""
    return "chorus" in directory.org.configured and any(
        "go.chorus.ai" in link.casefold() for link in meeting.conference_links
    )


def _of_mailings(cluster: Cluster) -> Verdict | None:
    mailings = cluster.mailings
    if not mailings:
        return None
    sent = tuple(
        sorted(
            mailing_ref(m)
            for m in mailings
            if (m.state or "").casefold() in _SENT or m.replied_at is not None
        )
    )
    return (InteractionStatus.HELD, sent) if sent else (InteractionStatus.UNKNOWN, ())
