"""Activities that nothing at their own time speaks of: moved, shifted or doubled."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncd.interactions.activity import is_apart, is_timed, kind_of, zone_of
from syncd.interactions.by_time import is_tools
from syncd.interactions.cluster import Cluster
from syncd.interactions.gathering import MEETING_TOLERANCE, Gathering
from syncd.interactions.outside import Outside
from syncd.interactions.titles import alike, equal, is_to_do
from syncd.model.entities import Activity, Meeting

_MOVED_WITHIN: Final = timedelta(days=14)
_MADE_WITHIN: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)


def join_left_over(
    gathering: Gathering,
    rest: Sequence[tuple[Activity, int, Outside]],
    default_zone: str,
) -> None:
    """Join what is left over to a moved meeting, else to one another.

    Args:
        gathering: The clusters.
        rest: Activities with their handles and people.
        default_zone: Whose day it is where the owner has no time zone.
    """
    moved = {
        activity.id: hit
        for activity, _, people in rest
        if (hit := _moved(gathering, activity, people, default_zone))
    }
    claims = Counter(
        (moved[a.id][0], a.created_by_id) for a, *_ in rest if a.id in moved
    )
    alone: list[tuple[Activity, int, Outside]] = []
    for activity, handle, people in rest:
        meeting, says = moved.get(activity.id, (None, ""))
        if meeting is None or claims[(meeting, activity.created_by_id)] > 1:
            alone.append((activity, handle, people))
        else:
            gathering.join(meeting, handle, says)
    _join_events(gathering, alone)
    _join_tasks(gathering, alone, default_zone)


def _moved(
    gathering: Gathering, activity: Activity, people: Outside, default_zone: str
) -> tuple[int, str] | None:
    """The one meeting of this owner, person and title that stands at another hour."""
    owner, at = gathering.address_of(activity.owner_id), activity.starts_at
    if owner is None or at is None or not is_timed(activity) or activity.is_child:
        return None
    zone = zone_of(gathering.org, activity.owner_id, default_zone)
    hits = [
        (handle, says)
        for handle in gathering.near([owner], at, _MOVED_WITHIN)
        if people.meets(gathering.known(handle))
        and (says := _sign(gathering.clusters.get(handle), activity, at, zone))
    ]
    return hits[0] if len(hits) == 1 else None


def _sign(cluster: Cluster, activity: Activity, at: datetime, zone: ZoneInfo) -> str:
    """Why this is the same meeting at another hour; empty when nothing says so.

    Nobody logs one meeting twice, so the author has no other Event there; and the
    weeks of a series have one title, so theirs are never taken for moved.
    """
    author = activity.created_by_id
    if any(
        a.object == "Event" and a.created_by_id == author for a in cluster.activities
    ):
        return ""
    if any(meeting.series_id for meeting in cluster.meetings):
        return ""
    for meeting in cluster.meetings:
        if equal([meeting.title or ""], activity.subject):
            if _is_shifted(meeting, activity, at, zone):
                return "the same person and title, the clock shifted"
            if _is_known_at(meeting, activity, at):
                return "the same person, title and length, and the invite was moved"
    return ""


def _is_known_at(meeting: Meeting, activity: Activity, at: datetime) -> bool:
    """Whether the invite was there when the Event was made, and is as long.

    Tools that make both at once are some minutes apart. What is logged after its hour
    took place then, and an Event that is younger than the meeting is not its old one.
    """
    sent, made = meeting.created_at, activity.created_at
    if sent is None or made is None:
        return False
    if made > at or (meeting.starts_at is not None and made > meeting.starts_at):
        return False
    is_together = abs(sent - made) <= _MADE_WITHIN
    return is_together or (sent < made and _is_as_long(meeting, activity, at))


def _is_as_long(meeting: Meeting, activity: Activity, at: datetime) -> bool:
    if meeting.starts_at is None or meeting.ends_at is None or activity.ends_at is None:
        return False
    return meeting.ends_at - meeting.starts_at == activity.ends_at - at


def _is_shifted(
    meeting: Meeting, activity: Activity, at: datetime, zone: ZoneInfo
) -> bool:
    if meeting.starts_at is None or not _is_as_long(meeting, activity, at):
        return False
    offset = meeting.starts_at.astimezone(zone).utcoffset() or timedelta(0)
    return abs(meeting.starts_at - at) in {_HOUR, abs(offset)}


def _join_events(
    gathering: Gathering, alone: list[tuple[Activity, int, Outside]]
) -> None:
    """Events of one time and person: one owner, or one title under several owners."""
    events = sorted(
        (e for e in alone if is_timed(e[0]) and e[2].keys),
        key=lambda e: (e[0].starts_at, e[0].id),
    )
    for place, (activity, handle, people) in enumerate(events):
        for other, other_handle, others in events[place + 1 :]:
            if _gap(activity, other) > MEETING_TOLERANCE:
                break
            if people.meets(others) and _is_same_event(gathering, activity, other):
                says = "the same time and person, logged twice"
                gathering.join(handle, other_handle, says)


def _gap(first: Activity, second: Activity) -> timedelta:
    if first.starts_at is None or second.starts_at is None:
        return timedelta.max
    return second.starts_at - first.starts_at


def _is_same_event(gathering: Gathering, first: Activity, second: Activity) -> bool:
    spans = [(event.starts_at, event.ends_at) for event in (first, second)]
    if is_apart(*spans):
        return False
    if alike([first.subject], second.subject):
        return True
    is_tool = is_tools(gathering, first) or is_tools(gathering, second)
    return (
        not is_tool
        and first.owner_id == second.owner_id
        and _gap(first, second) == timedelta(0)
    )


def _join_tasks(
    gathering: Gathering,
    alone: list[tuple[Activity, int, Outside]],
    default_zone: str,
) -> None:
    """Tasks that log a meeting which Salesforce knows by an Event only."""
    events: dict[object, list[tuple[Activity, int, Outside]]] = {}
    for event in alone:
        if is_timed(event[0]):
            day = _day_of(gathering, event[0], default_zone)
            events.setdefault((event[0].owner_id, day), []).append(event)
    for task, handle, people in alone:
        if task.object != "Task" or kind_of(task) not in {"meeting", "task"}:
            continue
        hits = {
            gathering.clusters.root(other)
            for event, other, others in events.get((task.owner_id, task.day), ())
            if people.meets(others) and _logs(task, event)
        }
        if len(hits) == 1:
            gathering.join(hits.pop(), handle, "the same day, person and title")


def _day_of(gathering: Gathering, event: Activity, default_zone: str) -> date | None:
    zone = zone_of(gathering.org, event.owner_id, default_zone)
    return event.starts_at.astimezone(zone).date() if event.starts_at else event.day


def _logs(task: Activity, event: Activity) -> bool:
    titles = [event.subject]
    return alike(titles, task.subject) and not is_to_do(titles, task.subject)
