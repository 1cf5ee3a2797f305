"""Chorus engagements join the meeting that they record.

Source: Chorus API, engagements and ``conversation.meeting.ical_uid``.
"""

from collections.abc import Iterable
from datetime import datetime

from syncd.interactions.activity import is_apart
from syncd.interactions.cluster import Cluster
from syncd.interactions.gathering import (
    MEETING_TOLERANCE,
    Gathering,
    own_addresses,
)
from syncd.interactions.outside import Outside, outside_of
from syncd.interactions.refs import engagement_ref
from syncd.interactions.titles import alike, titles_of
from syncd.model.entities import Engagement
from syncd.model.mail import normalise_email


def start_of_engagement(engagement: Engagement) -> datetime | None:
    """When an engagement was due, else when it began."""
    return engagement.scheduled_starts_at or engagement.starts_at


def is_dialled(engagement: Engagement) -> bool:
    """Whether it is a recording of the telephone."""
    return engagement.type == "dialer"


def add_engagements(gathering: Gathering, engagements: Iterable[Engagement]) -> None:
    """Cluster recordings: by the calendar's id, else by owner, time and people."""
    by_uid: dict[str, list[int]] = {}
    for handle, cluster in gathering.clusters.items():
        for uid in sorted({m.ical_uid for m in cluster.meetings if m.ical_uid}):
            by_uid.setdefault(uid, []).append(handle)
    for engagement in sorted(engagements, key=lambda e: e.id):
        at = start_of_engagement(engagement)
        if at is not None:
            _add(gathering, engagement, at, by_uid)


def _add(
    gathering: Gathering,
    engagement: Engagement,
    at: datetime,
    by_uid: dict[str, list[int]],
) -> None:
    people = list(gathering.people.of_engagement(engagement))
    outside = outside_of(gathering.directory, people)
    owners = own_addresses(gathering, people)
    owners |= {normalise_email(engagement.owner_email or "") or ""} - {""}
    known = [
        h
        for h in by_uid.get(engagement.ical_uid or "", ())
        if _may(gathering, h, outside)
    ]
    if known:
        joined, says = _by_uid(gathering, known, at), "its iCalUID and start"
    else:
        joined = _by_time(gathering, engagement, at, owners, outside)
        says = "the same owner, time and participants"
    handle = gathering.add(
        Cluster(
            engagements=[engagement], reasons={engagement_ref(engagement): "itself"}
        ),
        outside,
        owners,
        [at, engagement.starts_at or at],
    )
    if joined is not None:
        handle = gathering.join(joined, handle, says)
    elif engagement.ical_uid:
        by_uid.setdefault(engagement.ical_uid, []).append(handle)
    gathering.by_engagement[engagement.id.casefold()] = handle


def _may(gathering: Gathering, handle: int, outside: Outside) -> bool:
    return not gathering.known(handle).is_foreign_to(outside)


def _by_uid(gathering: Gathering, handles: list[int], at: datetime) -> int | None:
    """Of the clusters of one calendar id, the occurrence whose start fits.

    When it takes place counts before when its series says that it should have.
    """
    for starts in (_starts, _original_starts):
        hits = [
            handle
            for handle in handles
            if any(
                abs(start - at) <= MEETING_TOLERANCE
                for start in starts(gathering.clusters.get(handle))
            )
        ]
        if len(hits) == 1:
            return hits[0]
    single = [h for h in handles if not _is_series(gathering.clusters.get(h))]
    return single[0] if len(single) == len(handles) == 1 else None


def _starts(cluster: Cluster) -> list[datetime]:
    found = [m.starts_at for m in cluster.meetings]
    found += [start_of_engagement(e) for e in cluster.engagements]
    return [start for start in found if start is not None]


def _original_starts(cluster: Cluster) -> list[datetime]:
    found = [m.original_starts_at for m in cluster.meetings]
    return [start for start in found if start is not None]


def _is_series(cluster: Cluster) -> bool:
    return not cluster.meetings or any(m.series_id for m in cluster.meetings)


def _by_time(
    gathering: Gathering,
    engagement: Engagement,
    at: datetime,
    owners: set[str],
    outside: Outside,
) -> int | None:
    """The one meeting of its people at its time; by its title where nobody is known."""
    if is_dialled(engagement):
        return None  # a call's recording joins calls, by the minute
    subject = engagement.subject or ""
    hits = [
        handle
        for handle in gathering.near(sorted(owners), at, MEETING_TOLERANCE)
        if _is_meeting(gathering.clusters.get(handle))
        and not _is_next_to(gathering.clusters.get(handle), engagement, at)
        and (
            outside.meets(gathering.known(handle))
            or (
                not outside.keys
                and alike(titles_of(gathering.clusters.get(handle)), subject)
            )
        )
    ]
    if len(hits) > 1:
        named = [
            h for h in hits if alike(titles_of(gathering.clusters.get(h)), subject)
        ]
        hits = named or hits
    return hits[0] if len(hits) == 1 else None


def _is_next_to(cluster: Cluster, engagement: Engagement, at: datetime) -> bool:
    """Whether it was to begin when the meeting ends, or the other way round."""
    span = (at, engagement.scheduled_ends_at)
    spans = [(m.starts_at, m.ends_at) for m in cluster.meetings]
    return bool(spans) and all(is_apart(one, span) for one in spans)


def _is_meeting(cluster: Cluster) -> bool:
    return bool(cluster.meetings) or any(not is_dialled(e) for e in cluster.engagements)
