"""What a Salesforce activity says of itself: when, of which kind, whose day."""

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from syncd.model.entities import Activity
from syncd.model.view import OrgContext

_NOON: Final = time(12)


def zone_of(org: OrgContext, user_id: str | None, default: str) -> ZoneInfo:
    """The owner's time zone, else the default one."""
    user = org.users.get(user_id or "")
    return ZoneInfo((user.time_zone if user else None) or default)


def start_of_activity(activity: Activity, zone: ZoneInfo) -> datetime | None:
    """When an activity took place, as well as it says.

    A Task has a day only: the moment it was logged serves when that lies on the
    same day, else noon of that day in the owner's time zone.
    """
    if activity.starts_at is not None:
        return activity.starts_at
    if activity.day is None:
        return activity.completed_at or activity.created_at
    for at in (activity.completed_at, activity.created_at):
        if at is not None and at.astimezone(zone).date() == activity.day:
            return at
    return noon_of(activity.day, zone)


def noon_of(day: date, zone: ZoneInfo) -> datetime:
    """Noon of a day in a zone, as an instant."""
    return datetime.combine(day, _NOON, tzinfo=zone).astimezone(UTC)


def is_timed(activity: Activity) -> bool:
    """Whether it is an Event with a clock time."""
    return activity.starts_at is not None and not activity.is_all_day


def kind_of(activity: Activity) -> str:
    """``meeting``, ``call``, ``email`` or ``task`` (a to-do), by type and subtype."""
    if activity.object == "Event":
        return "meeting"
    said = f"{activity.subtype or ''} {activity.type or ''}".casefold()
    for word, kind in (("call", "call"), ("email", "email"), ("meeting", "meeting")):
        if word in said:
            return kind
    logged = activity.call_disposition or activity.call_duration_s is not None
    return "call" if logged or activity.call_type else "task"


def is_apart(
    first: tuple[datetime | None, datetime | None],
    second: tuple[datetime | None, datetime | None],
) -> bool:
    """Whether one span is over when the other begins: back to back is two."""
    return any(
        ends is not None
        and starts is not None
        and begun is not None
        # Something without length is over when it begins.
        and begun < ends <= starts
        for (begun, ends), (starts, _) in ((first, second), (second, first))
    )
