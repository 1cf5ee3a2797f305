"""Salesforce's Tasks and Events join the interaction that they log.

Ids decide first (the engagement id, its link in the note, Outreach's data
connections); time, owner and person only where they leave exactly one answer, and
never when the subject says that the Task is something else.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rapidfuzz import fuzz

from syncd.interactions.cluster import Cluster
from syncd.interactions.gather import (
    MEETING_TOLERANCE,
    Gathering,
    external_keys,
)
from syncd.interactions.refs import outreach_task_ref
from syncd.model.entities import Activity, OutreachTask

_ALIKE: Final = 80
_NOON: Final = time(12)


def zone_of(gathering: Gathering, user_id: str | None, default: str) -> ZoneInfo:
    """The owner's time zone, else the default one."""
    user = gathering.org.users.get(user_id or "")
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
    return datetime.combine(activity.day, _NOON, tzinfo=zone).astimezone(UTC)


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


def attach(
    gathering: Gathering,
    activities: Iterable[Activity],
    outreach_tasks: Iterable[OutreachTask],
    *,
    default_zone: str,
) -> None:
    """Put every activity into a cluster: another system's, or one of its own."""
    ordered = sorted(activities, key=lambda a: (a.is_child, a.object, a.id))
    handles: dict[str, int] = {}
    parents: dict[tuple[object, ...], list[int]] = {}
    for activity in ordered:
        if activity.is_recurrence:
            continue  # the pattern of a series, not a meeting
        hit, reason = _find(gathering, activity, parents, default_zone)
        cluster = Cluster(activities=[activity], reasons={activity.ref: reason})
        handle = gathering.clusters.add(cluster)
        if hit is not None:
            handle = gathering.clusters.merge(hit, handle)
        handles[activity.id] = handle
        if not activity.is_child:
            parents.setdefault(_event_shape(activity), []).append(handle)
    _attach_outreach_tasks(gathering, outreach_tasks, handles)


def _event_shape(activity: Activity) -> tuple[object, ...]:
    return (activity.subject, activity.starts_at, activity.ends_at, activity.day)


def _find(
    gathering: Gathering,
    activity: Activity,
    parents: dict[tuple[object, ...], list[int]],
    default_zone: str,
) -> tuple[int | None, str]:
    if activity.is_child:
        hits = {
            gathering.clusters.root(h) for h in parents.get(_event_shape(activity), ())
        }
        return (
            (hits.pop(), "a copy for an invited user")
            if len(hits) == 1
            else (None, "itself")
        )
    by_id = _by_id(gathering, activity)
    if by_id is not None:
        return by_id
    zone = zone_of(gathering, activity.owner_id, default_zone)
    hits_by_time = _by_time(gathering, activity, zone)
    if len(hits_by_time) == 1:
        return hits_by_time[0], "the same owner, time and person"
    return None, "itself"


def _by_id(gathering: Gathering, activity: Activity) -> tuple[int, str] | None:
    named = (activity.chorus_id, *activity.note.chorus_ids)
    found = [
        (gathering.by_engagement[name.casefold()], says)
        for name, says in zip(
            named, ("its Chorus id", *["its Chorus link"] * len(named)), strict=False
        )
        if name and name.casefold() in gathering.by_engagement
    ]
    found += [
        (handle, "Outreach's data connection")
        for handle in gathering.by_crm_id.get(activity.id, ())
    ]
    if not found:
        return None
    handle = gathering.clusters.root(found[0][0])
    for other, _ in found[1:]:
        handle = gathering.clusters.merge(handle, other)
    return handle, found[0][1]


def _by_time(gathering: Gathering, activity: Activity, zone: ZoneInfo) -> list[int]:
    owner = gathering.address_of(activity.owner_id)
    at = start_of_activity(activity, zone)
    if owner is None or at is None:
        return []
    keys = external_keys(gathering.people.of_activity(activity))
    if activity.starts_at is not None and not activity.is_all_day:
        near = gathering.by_time.near(owner, at, MEETING_TOLERANCE)
    else:
        near = _same_day(gathering, owner, at, zone)
    kind = kind_of(activity)
    hits = {
        gathering.clusters.root(handle)
        for handle in near
        if _fits(gathering.clusters.get(handle), activity, kind)
        and (keys & gathering.known(handle) or _alike(gathering, handle, activity))
    }
    return sorted(hits)


def _same_day(
    gathering: Gathering, owner: str, at: datetime, zone: ZoneInfo
) -> list[int]:
    noon = datetime.combine(at.astimezone(zone).date(), _NOON, tzinfo=zone)
    return gathering.by_time.near(
        owner, noon.astimezone(UTC), timedelta(hours=11, minutes=59)
    )


def _fits(cluster: Cluster, activity: Activity, kind: str) -> bool:
    """Whether a cluster is of the kind that the activity says it logs."""
    if kind == "call":
        return bool(cluster.calls) or any(
            e.type == "dialer" for e in cluster.engagements
        )
    if kind == "email":
        return bool(cluster.mailings)
    is_meeting = bool(cluster.meetings) or any(
        e.type != "dialer" for e in cluster.engagements
    )
    if kind == "meeting":
        return is_meeting
    # A to-do of the same day about the same person is not the meeting itself,
    # unless it is named like it.
    return is_meeting and _titles_alike(cluster, activity.subject)


def _titles_alike(cluster: Cluster, subject: str) -> bool:
    titles = [m.title for m in cluster.meetings] + [
        e.subject for e in cluster.engagements
    ]
    return any(
        title and fuzz.token_set_ratio(title.casefold(), subject.casefold()) >= _ALIKE
        for title in titles
    )


def _alike(gathering: Gathering, handle: int, activity: Activity) -> bool:
    # An Event without any person still joins by its very name.
    return (
        not activity.who_id
        and bool(activity.subject)
        and _titles_alike(gathering.clusters.get(handle), activity.subject)
    )


def _attach_outreach_tasks(
    gathering: Gathering, tasks: Iterable[OutreachTask], handles: dict[str, int]
) -> None:
    for task in sorted(tasks, key=lambda t: t.id):
        for crm_id in task.crm_ids:
            if crm_id in handles:
                cluster = gathering.clusters.get(handles[crm_id])
                cluster.outreach_tasks.append(task)
                ref = outreach_task_ref(task)
                cluster.reasons[ref] = "Outreach's data connection"
                break
