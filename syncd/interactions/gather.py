"""Calendar copies, engagements, calls and mails gathered into clusters.

Salesforce's own activities join afterwards (:mod:`syncd.interactions.attach`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import combinations
from typing import Final

from syncd.identity.directory import Directory
from syncd.interactions.cluster import Cluster
from syncd.interactions.gathering import (
    Gathering,
    own_addresses,
)
from syncd.interactions.outside import outside_of
from syncd.interactions.pairing import Gap, pair_off
from syncd.interactions.people import People
from syncd.interactions.recordings import (
    add_engagements,
    is_dialled,
    start_of_engagement,
)
from syncd.interactions.refs import call_ref, mailing_ref, meeting_ref
from syncd.interactions.status import is_cancelled, leading_copy
from syncd.interactions.titles import alike, titles_of
from syncd.model.entities import Call, Mailing, Meeting
from syncd.model.view import HomeRecords, OrgContext

CALL_TOLERANCE: Final = timedelta(minutes=10)
_REAL_EVENT_TYPES: Final = frozenset({"default", "fromGmail"})


def gather(records: HomeRecords, org: OrgContext, directory: Directory) -> Gathering:
    """Cluster everything but Salesforce's activities."""
    gathering = Gathering(
        org=org, directory=directory, people=People(directory=directory)
    )
    _add_meetings(gathering, records.meetings)
    add_engagements(gathering, records.engagements)
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
    handles = []
    for _, copies in sorted(groups.items()):
        people = [p for m in copies for p in gathering.people.of_meeting(m)]
        owners = own_addresses(gathering, people)
        owners |= {m.calendar.casefold() for m in copies}
        handles.append(
            gathering.add(
                Cluster(
                    meetings=copies,
                    reasons={
                        meeting_ref(m): "the same iCalUID and start" for m in copies
                    },
                ),
                outside_of(gathering.directory, people),
                owners,
                [m.starts_at for m in copies if m.starts_at],
            )
        )
    _join_doubled_invites(gathering, handles)


def _join_doubled_invites(gathering: Gathering, handles: Iterable[int]) -> None:
    """Two invites to the same people, hour and title: nobody sits in two at once."""
    buckets: dict[tuple[object, ...], list[int]] = {}
    for handle in handles:
        cluster, people = gathering.clusters.get(handle), gathering.known(handle).keys
        leading = leading_copy(cluster.meetings)
        if people:
            hour = (leading.starts_at, leading.ends_at)
            same = (*hour, people, is_cancelled(cluster.meetings))
            buckets.setdefault(same, []).append(handle)
    for some in buckets.values():
        for first, second in combinations(some, 2):
            if _is_doubled(gathering, first, second):
                gathering.join(first, second, "the same hour, people and title")


def _is_doubled(gathering: Gathering, first: int, second: int) -> bool:
    one, other = gathering.clusters.get(first), gathering.clusters.get(second)
    if {m.ical_uid for m in one.meetings} & {m.ical_uid for m in other.meetings}:
        return False  # two occurrences of one series, one moved onto the other
    titles = titles_of(one)
    return any(alike(titles, title) for title in titles_of(other))


def _add_calls(gathering: Gathering, calls: Iterable[Call]) -> None:
    gaps: list[Gap] = []
    for call in sorted(calls, key=lambda c: c.id):
        if call.at is None:
            continue
        people = list(gathering.people.of_call(call))
        outside = outside_of(gathering.directory, people)
        owners = own_addresses(gathering, people)
        cluster = Cluster(calls=[call], reasons={call_ref(call): "itself"})
        recordings = [
            (other, start)
            for other in gathering.near(sorted(owners), call.at, CALL_TOLERANCE)
            if outside.meets(gathering.known(other))
            for start in _recorded_at(gathering.clusters.get(other))
        ]
        handle = gathering.add(cluster, outside, owners, [call.at])
        gaps += [Gap(abs(at - call.at), handle, other) for other, at in recordings]
        for crm_id in call.crm_ids:
            gathering.by_crm_id.setdefault(crm_id, []).append(handle)
        if call.task_id:
            gathering.by_outreach_task[call.task_id] = handle
    for handle, recording in sorted(pair_off(gaps).items()):
        gathering.join(recording, handle, "the same caller, time and person")


def _recorded_at(cluster: Cluster) -> list[datetime]:
    found = [start_of_engagement(e) for e in cluster.engagements if is_dialled(e)]
    return [start for start in found if start is not None]


def _add_mailings(gathering: Gathering, mailings: Iterable[Mailing]) -> None:
    by_message: dict[str, list[int]] = {}
    for mailing in sorted(mailings, key=lambda m: m.id):
        if mailing.delivered_at is None:
            continue
        people = list(gathering.people.of_mailing(mailing))
        handle = gathering.add(
            Cluster(mailings=[mailing], reasons={mailing_ref(mailing): "itself"}),
            outside_of(gathering.directory, people),
            own_addresses(gathering, people),
            [mailing.delivered_at],
        )
        if mailing.message_id:
            same = by_message.setdefault(mailing.message_id, [])
            earlier = [other for other in same if gathering.may_join(other, handle)]
            same.append(handle)
            if earlier:
                handle = gathering.join(earlier[0], handle, "the same message id")
        for crm_id in mailing.crm_ids:
            gathering.by_crm_id.setdefault(crm_id, []).append(handle)
