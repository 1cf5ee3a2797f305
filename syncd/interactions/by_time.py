"""The interaction that an activity without ids logs: by owner, time and person."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from syncd.interactions.activity import (
    is_apart,
    is_timed,
    kind_of,
    noon_of,
    start_of_activity,
)
from syncd.interactions.cluster import Cluster
from syncd.interactions.gathering import MEETING_TOLERANCE, Gathering
from syncd.interactions.outside import Outside
from syncd.interactions.recordings import is_dialled, start_of_engagement
from syncd.interactions.titles import alike, is_to_do, titles_of
from syncd.model.entities import Activity

_LOGGED_WITHIN: Final = timedelta(minutes=10)
_HALF_A_DAY: Final = timedelta(hours=11, minutes=59)
_UTC: Final = ZoneInfo("UTC")


def by_time(
    gathering: Gathering, activity: Activity, people: Outside, zone: ZoneInfo
) -> tuple[int, str] | None:
    """The one cluster of its owner, time and person, with the reason; else None."""
    near, says = _near(gathering, activity, people, zone)
    hits = _choose(gathering, activity, near)
    return (hits[0], says) if len(hits) == 1 else None


def is_tools(gathering: Gathering, activity: Activity) -> bool:
    """Whether an integration owns it, so that its owner says nothing."""
    owner = activity.owner_id
    return (
        owner in gathering.org.integration_user_ids
        or gathering.address_of(owner) is None
    )


def _near(
    gathering: Gathering, activity: Activity, people: Outside, zone: ZoneInfo
) -> tuple[list[int], str]:
    names: Collection[str] = [gathering.address_of(activity.owner_id) or ""]
    says, strict = "the same owner, time and person", False
    if is_tools(gathering, activity):
        # Without anybody of ours to go by the title has to fit too, unless the clock
        # does.
        names, strict = people.keys, not is_timed(activity)
        says = "the same time and person, logged by a tool"
    at = start_of_activity(activity, zone)
    if at is None or not names:
        return [], says
    if is_timed(activity):
        near = [
            handle
            for handle in gathering.near(names, at, MEETING_TOLERANCE)
            if not _is_next_to(gathering.clusters.get(handle), activity)
        ]
        return _fitting(gathering, activity, people, near, strict=strict), says
    near = _of_day(gathering, names, at, zone)
    found = _fitting(gathering, activity, people, near, strict=strict)
    if not found:
        # Some tools write the day that it is in Greenwich.
        near = _of_day(gathering, names, at, _UTC, day=activity.day)
        found = _fitting(gathering, activity, people, near, strict=True)
        says = "the same owner, day in UTC and person"
    return found, says


def _is_next_to(cluster: Cluster, activity: Activity) -> bool:
    """Whether it begins when the meeting ends, or the other way round."""
    span = (activity.starts_at, activity.ends_at)
    spans = [(m.starts_at, m.ends_at) for m in cluster.meetings] or [
        (start_of_engagement(e), e.scheduled_ends_at) for e in cluster.engagements
    ]
    return bool(spans) and all(is_apart(one, span) for one in spans)


def _of_day(
    gathering: Gathering,
    names: Iterable[str],
    at: datetime,
    zone: ZoneInfo,
    *,
    day: date | None = None,
) -> list[int]:
    noon = noon_of(day or at.astimezone(zone).date(), zone)
    return gathering.near(names, noon, _HALF_A_DAY)


def _fitting(
    gathering: Gathering,
    activity: Activity,
    people: Outside,
    near: Iterable[int],
    *,
    strict: bool,
) -> list[int]:
    return [
        handle
        for handle in near
        if _is_of_kind(gathering.clusters.get(handle), activity)
        and _is_about(gathering, handle, activity, people, strict=strict)
    ]


def _is_of_kind(cluster: Cluster, activity: Activity) -> bool:
    """Whether a cluster is of the kind that the activity says it logs."""
    kind = kind_of(activity)
    if kind == "call":
        return bool(cluster.calls) or any(is_dialled(e) for e in cluster.engagements)
    if kind == "email":
        return bool(cluster.mailings)
    recorded = any(not is_dialled(e) for e in cluster.engagements)
    return bool(cluster.meetings) or recorded


def _is_about(
    gathering: Gathering,
    handle: int,
    activity: Activity,
    people: Outside,
    *,
    strict: bool,
) -> bool:
    """Whether person or title fit; a to-do of that day is not the meeting itself."""
    cluster, known = gathering.clusters.get(handle), gathering.known(handle)
    titles = titles_of(cluster)
    named = alike(titles, activity.subject)
    if kind_of(activity) == "task":
        strict = True
        named = named and not is_to_do(titles, activity.subject)
    if activity.is_all_day and not any(m.is_all_day for m in cluster.meetings):
        strict = True
    if strict and not named:
        return False
    if people.meets(known):
        return True
    # Without a person the very name will do; with a wrong one of the same company
    # only the very hour as well.
    is_misnamed = people.is_beside(known) and _is_of_hour(cluster, activity)
    return named and (not people.keys or is_misnamed)


def _is_of_hour(cluster: Cluster, activity: Activity) -> bool:
    """Whether it begins and ends as an invite does, or begins where there is none."""
    if not is_timed(activity):
        return False
    hours = {(m.starts_at, m.ends_at) for m in cluster.meetings}
    return not hours or (activity.starts_at, activity.ends_at) in hours


def _choose(gathering: Gathering, activity: Activity, hits: list[int]) -> list[int]:
    """Of several: the one that begins then, that it was logged with, or is named."""
    if kind_of(activity) == "call":
        return _call_of(gathering, activity, hits)
    if len(hits) > 1 and is_timed(activity):
        exact = [h for h in hits if activity.starts_at in _starts(gathering, h)]
        hits = exact or hits
    if len(hits) > 1:
        named = [
            h
            for h in hits
            if alike(titles_of(gathering.clusters.get(h)), activity.subject)
        ]
        hits = named or hits
    return hits


def _starts(gathering: Gathering, handle: int) -> list[datetime]:
    cluster = gathering.clusters.get(handle)
    found = [m.starts_at for m in cluster.meetings]
    found += [start_of_engagement(e) for e in cluster.engagements]
    return [start for start in found if start is not None]


def _call_of(gathering: Gathering, activity: Activity, hits: list[int]) -> list[int]:
    """The call that it was logged with, else the ones of the day not yet logged."""
    logged = [at for at in (activity.completed_at, activity.created_at) if at]
    with_it = [
        handle
        for handle in hits
        if any(
            start - _LOGGED_WITHIN <= at <= end + _LOGGED_WITHIN
            for at in logged
            for start, end in _spans(gathering.clusters.get(handle))
        )
    ]
    if len(with_it) == 1:
        return with_it
    return [h for h in hits if not gathering.clusters.get(h).activities]


def _spans(cluster: Cluster) -> list[tuple[datetime, datetime]]:
    calls = [(c.at, c.completed_at or c.at) for c in cluster.calls if c.at]
    return calls + [
        (e.starts_at, e.starts_at + timedelta(seconds=e.duration_s or 0))
        for e in cluster.engagements
        if e.starts_at
    ]
