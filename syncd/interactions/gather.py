"""Calendar copies, engagements, calls and mails gathered into clusters.

Salesforce's own activities join afterwards (:mod:`syncd.interactions.attach`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from syncd.identity.directory import Directory
from syncd.interactions.cluster import Cluster, Clusters, TimeIndex
from syncd.interactions.people import People
from syncd.interactions.refs import (
    call_ref,
    engagement_ref,
    mailing_ref,
    meeting_ref,
)
from syncd.model.entities import Call, Engagement, Mailing, Meeting
from syncd.model.interaction import Participant, Side
from syncd.model.mail import normalise_email
from syncd.model.view import HomeRecords, OrgContext

MEETING_TOLERANCE: Final = timedelta(minutes=15)
CALL_TOLERANCE: Final = timedelta(minutes=10)
_REAL_EVENT_TYPES: Final = frozenset({"default", "fromGmail"})


def start_of_meeting(meeting: Meeting) -> datetime | None:
    """When an occurrence begins."""
    return meeting.starts_at


def start_of_engagement(engagement: Engagement) -> datetime | None:
    """When an engagement was due, else when it began."""
    return engagement.scheduled_starts_at or engagement.starts_at


def external_keys(people: Iterable[Participant]) -> frozenset[str]:
    """By what the people outside can be compared between records."""
    keys: set[str] = set()
    for person in people:
        if person.side is Side.EXTERNAL:
            keys.update(person.contact_ids, person.prospect_ids)
            if person.email:
                keys.add(person.email)
    return frozenset(keys)


@dataclass(kw_only=True)
class Gathering:
    """Clusters of one view while they grow, with the indexes that joining needs.

    ``by_time`` files clusters by our own people (addresses) and their start;
    ``externals`` holds the people outside by cluster handle.
    """

    org: OrgContext
    directory: Directory
    people: People
    clusters: Clusters = field(default_factory=Clusters)
    by_time: TimeIndex = field(default_factory=TimeIndex)
    externals: dict[int, frozenset[str]] = field(default_factory=dict)
    by_engagement: dict[str, int] = field(default_factory=dict)
    by_crm_id: dict[str, list[int]] = field(default_factory=dict)

    def known(self, handle: int) -> frozenset[str]:
        """People outside in a cluster."""
        return self.externals.get(handle, frozenset())

    def address_of(self, user_id: str | None) -> str | None:
        """The address under which a user's clusters are filed."""
        user = self.org.users.get(user_id or "")
        return user.email.casefold() if user and user.email else None

    def matches(
        self,
        owners: Iterable[str],
        at: datetime,
        keys: frozenset[str],
        tolerance: timedelta,
    ) -> list[int]:
        """Clusters of these owners near an instant that share somebody outside."""
        found = {
            handle
            for owner in owners
            for handle in self.by_time.near(owner, at, tolerance)
            if keys & self.known(handle)
        }
        return sorted({self.clusters.root(handle) for handle in found})


def gather(records: HomeRecords, org: OrgContext, directory: Directory) -> Gathering:
    """Cluster everything but Salesforce's activities."""
    gathering = Gathering(
        org=org, directory=directory, people=People(directory=directory)
    )
    _add_meetings(gathering, records.meetings)
    _add_engagements(gathering, records.engagements)
    _add_calls(gathering, records.calls)
    _add_mailings(gathering, records.mailings)
    return gathering


def occurrence_key(meeting: Meeting) -> tuple[str, str]:
    """What all copies of one occurrence share.

    A single event keeps its iCalUID when it is moved; an occurrence of a series
    shares the series' iCalUID and is told apart by the start that the series says.

    Source: Google Calendar API, Events resource (iCalUID, originalStartTime).
    """
    uid = meeting.ical_uid or meeting.id
    if meeting.series_id is None and meeting.original_starts_at is None:
        return uid, ""
    original = meeting.original_starts_at or meeting.starts_at
    return uid, original.isoformat() if original else ""


def _add_meetings(gathering: Gathering, meetings: Iterable[Meeting]) -> None:
    groups: dict[tuple[str, str], list[Meeting]] = {}
    for meeting in sorted(meetings, key=lambda m: m.id):
        if meeting.is_series_master or meeting.event_type not in _REAL_EVENT_TYPES:
            continue
        if meeting.starts_at is not None:
            groups.setdefault(occurrence_key(meeting), []).append(meeting)
    for copies in groups.values():
        handle = gathering.clusters.add(
            Cluster(
                meetings=copies,
                reasons={meeting_ref(m): "the same iCalUID and start" for m in copies},
            )
        )
        people = [p for m in copies for p in gathering.people.of_meeting(m)]
        gathering.externals[handle] = external_keys(people)
        owners = {m.calendar.casefold() for m in copies}
        owners |= {p.email for p in people if p.email and p.side is Side.INTERNAL}
        for at in sorted({m.starts_at for m in copies if m.starts_at}):
            gathering.by_time.add(sorted(owners), at, handle)


def _add_engagements(gathering: Gathering, engagements: Iterable[Engagement]) -> None:
    by_uid: dict[str, list[int]] = {}
    for handle, cluster in enumerate(gathering.clusters.all()):
        for uid in {m.ical_uid for m in cluster.meetings if m.ical_uid}:
            by_uid.setdefault(uid, []).append(handle)
    for engagement in sorted(engagements, key=lambda e: e.id):
        at = start_of_engagement(engagement)
        if at is not None:
            _add_engagement(gathering, engagement, at, by_uid)


def _add_engagement(
    gathering: Gathering,
    engagement: Engagement,
    at: datetime,
    by_uid: dict[str, list[int]],
) -> None:
    keys = external_keys(gathering.people.of_engagement(engagement))
    owner = normalise_email(engagement.owner_email or "")
    owners = [owner] if owner else []
    joined, reason = _by_uid(gathering, engagement, at, by_uid), "its iCalUID and start"
    if joined is None and engagement.ical_uid is None:
        hits = gathering.matches(owners, at, keys, MEETING_TOLERANCE)
        reason = "the same owner, time and participants"
        joined = hits[0] if len(hits) == 1 else None
    handle = gathering.clusters.add(
        Cluster(
            engagements=[engagement],
            reasons={
                engagement_ref(engagement): "itself" if joined is None else reason
            },
        )
    )
    if joined is not None:
        handle = gathering.clusters.merge(joined, handle)
    elif engagement.ical_uid:
        by_uid.setdefault(engagement.ical_uid, []).append(handle)
    gathering.by_engagement[engagement.id.casefold()] = handle
    gathering.externals[handle] = gathering.known(handle) | keys
    for start in sorted({at, engagement.starts_at or at}):
        gathering.by_time.add(owners, start, handle)


def _by_uid(
    gathering: Gathering,
    engagement: Engagement,
    at: datetime,
    by_uid: dict[str, list[int]],
) -> int | None:
    """The cluster of this calendar event whose occurrence fits the start."""
    handles = by_uid.get(engagement.ical_uid or "", [])
    hits = [
        handle
        for handle in handles
        if any(
            abs(start - at) <= MEETING_TOLERANCE
            for start in _starts(gathering.clusters.get(handle))
        )
    ]
    if len(hits) == 1:
        return hits[0]
    single = [h for h in handles if not _is_series(gathering.clusters.get(h))]
    return single[0] if len(single) == len(handles) == 1 else None


def _starts(cluster: Cluster) -> list[datetime]:
    planned = [
        start
        for m in cluster.meetings
        for start in (m.original_starts_at, m.starts_at)
        if start is not None
    ]
    recorded = [start_of_engagement(e) for e in cluster.engagements]
    return planned + [start for start in recorded if start is not None]


def _is_series(cluster: Cluster) -> bool:
    return not cluster.meetings or any(m.series_id for m in cluster.meetings)


def _add_calls(gathering: Gathering, calls: Iterable[Call]) -> None:
    for call in sorted(calls, key=lambda c: c.id):
        if call.at is None:
            continue
        people = list(gathering.people.of_call(call))
        keys = external_keys(people)
        owners = [p.email for p in people if p.side is Side.INTERNAL and p.email]
        hits = [
            handle
            for handle in gathering.matches(owners, call.at, keys, CALL_TOLERANCE)
            if any(
                e.type == "dialer" for e in gathering.clusters.get(handle).engagements
            )
        ]
        reason = "the same caller, time and person" if len(hits) == 1 else "itself"
        handle = gathering.clusters.add(
            Cluster(calls=[call], reasons={call_ref(call): reason})
        )
        if len(hits) == 1:
            handle = gathering.clusters.merge(hits[0], handle)
        gathering.externals[handle] = gathering.known(handle) | keys
        gathering.by_time.add(owners, call.at, handle)
        for crm_id in call.crm_ids:
            gathering.by_crm_id.setdefault(crm_id, []).append(handle)


def _add_mailings(gathering: Gathering, mailings: Iterable[Mailing]) -> None:
    by_message: dict[str, int] = {}
    for mailing in sorted(mailings, key=lambda m: m.id):
        if mailing.delivered_at is None:
            continue
        handle = gathering.clusters.add(
            Cluster(mailings=[mailing], reasons={mailing_ref(mailing): "itself"})
        )
        if mailing.message_id:
            first = by_message.setdefault(mailing.message_id, handle)
            handle = gathering.clusters.merge(first, handle)
        people = list(gathering.people.of_mailing(mailing))
        owners = [p.email for p in people if p.side is Side.INTERNAL and p.email]
        gathering.externals[handle] = gathering.known(handle) | external_keys(people)
        gathering.by_time.add(owners, mailing.delivered_at, handle)
        for crm_id in mailing.crm_ids:
            gathering.by_crm_id.setdefault(crm_id, []).append(handle)
