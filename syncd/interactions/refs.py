"""Refs of the records that take part in interactions."""

from syncd.model.entities import Call, Engagement, Mailing, Meeting, OutreachTask
from syncd.model.record import RecordRef


def meeting_ref(meeting: Meeting) -> RecordRef:
    """Where a calendar copy lives."""
    return RecordRef("google_calendar", "Event", meeting.id)


def engagement_ref(engagement: Engagement) -> RecordRef:
    """Where an engagement lives."""
    return RecordRef("chorus", "engagement", engagement.id)


def call_ref(call: Call) -> RecordRef:
    """Where an Outreach call lives."""
    return RecordRef("outreach", "call", call.id)


def mailing_ref(mailing: Mailing) -> RecordRef:
    """Where an Outreach mailing lives."""
    return RecordRef("outreach", "mailing", mailing.id)


def outreach_task_ref(task: OutreachTask) -> RecordRef:
    """Where an Outreach task lives."""
    return RecordRef("outreach", "task", task.id)
