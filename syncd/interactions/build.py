"""Interactions of one account view."""

from datetime import datetime

from syncd.identity.directory import Directory
from syncd.interactions.activity import kind_of, start_of_activity, zone_of
from syncd.interactions.attach import attach
from syncd.interactions.cluster import Cluster
from syncd.interactions.gather import gather, occurrence_key
from syncd.interactions.gathering import Gathering
from syncd.interactions.recordings import start_of_engagement
from syncd.interactions.status import leading_copy, verdict
from syncd.model.interaction import Interaction, Participant, Side
from syncd.model.mail import normalise_email
from syncd.model.view import HomeRecords, OrgContext


def build_interactions(
    records: HomeRecords,
    *,
    org: OrgContext,
    directory: Directory,
    now: datetime,
    default_zone: str = "UTC",
) -> tuple[Interaction, ...]:
    """Cluster a home's records; sorted by start, then key.

    Every activity, calendar copy, engagement, call and mail with an instant is in
    exactly one interaction; patterns of series are in none.
    """
    gathering = gather(records, org, directory)
    attach(
        gathering, records.activities, records.outreach_tasks, default_zone=default_zone
    )
    built = (
        _interaction(gathering, cluster, now, default_zone)
        for _, cluster in gathering.clusters.items()
    )
    return tuple(
        sorted((i for i in built if i is not None), key=lambda i: (i.starts_at, i.key))
    )


def key_of(cluster: Cluster) -> str:
    """The strongest id at hand: calendar, engagement, call, mail, then activity."""
    if cluster.meetings:
        uid, original = min(occurrence_key(m) for m in cluster.meetings)
        return f"calendar|{uid}|{original}"
    if cluster.engagements:
        return f"chorus|{min(e.id for e in cluster.engagements)}"
    if cluster.calls:
        return f"call|{min(c.id for c in cluster.calls)}"
    if cluster.mailings:
        return f"mailing|{min(m.id for m in cluster.mailings)}"
    return f"salesforce|{min(a.id for a in cluster.activities)}"


def _kind(cluster: Cluster) -> str:
    if cluster.calls or any(e.type == "dialer" for e in cluster.engagements):
        return "call"
    if cluster.meetings or cluster.engagements:
        return "meeting"
    if cluster.mailings:
        return "email"
    return kind_of(cluster.activities[0])


def _span(
    gathering: Gathering, cluster: Cluster, default_zone: str
) -> tuple[datetime | None, datetime | None]:
    if cluster.meetings:
        leading = leading_copy(cluster.meetings)
        return leading.starts_at, leading.ends_at
    if cluster.engagements:
        first = min(cluster.engagements, key=lambda e: e.id)
        return start_of_engagement(first), first.scheduled_ends_at
    if cluster.calls:
        call = min(cluster.calls, key=lambda c: c.id)
        return call.at, call.completed_at
    if cluster.mailings:
        return min(m.delivered_at for m in cluster.mailings if m.delivered_at), None
    first_activity = cluster.activities[0]
    zone = zone_of(gathering.org, first_activity.owner_id, default_zone)
    return start_of_activity(first_activity, zone), first_activity.ends_at


def _interaction(
    gathering: Gathering, cluster: Cluster, now: datetime, default_zone: str
) -> Interaction | None:
    starts_at, ends_at = _span(gathering, cluster, default_zone)
    if starts_at is None:
        return None
    people = gathering.people.of_cluster(cluster)
    status, proof = verdict(cluster, gathering.directory, starts_at=starts_at, now=now)
    refs = tuple(sorted(cluster.reasons))
    return Interaction(
        key=key_of(cluster),
        kind=_kind(cluster),
        status=status,
        starts_at=starts_at,
        ends_at=ends_at,
        host_user_id=_host(gathering, cluster, people),
        participants=people,
        refs=refs,
        joined_by=tuple(cluster.reasons[ref] for ref in refs),
        proof=proof,
        series_key=_series(cluster),
        is_private=_is_private(cluster),
    )


def _series(cluster: Cluster) -> str | None:
    keys = [m.ical_uid or m.series_id for m in cluster.meetings if m.series_id]
    return min((key for key in keys if key), default=None)


def _is_private(cluster: Cluster) -> bool:
    return (
        any(m.visibility in {"private", "confidential"} for m in cluster.meetings)
        or any(e.is_private for e in cluster.engagements)
        or any(a.is_private for a in cluster.activities)
    )


def _host(
    gathering: Gathering, cluster: Cluster, people: tuple[Participant, ...]
) -> str | None:
    """Our person who held it: caller, organiser, recorder, else the only one there."""
    directory = gathering.directory
    callers = {directory.user_of_outreach(call.user_id) for call in cluster.calls}
    if callers:
        return callers.pop() if len(callers) == 1 else None
    organisers = {
        normalise_email(m.organizer_email or "") for m in cluster.meetings
    } - {None}
    for email in sorted(e for e in organisers if e):
        user = directory.user_by_email(email)
        if user is not None and user.id not in directory.org.integration_user_ids:
            return user.id
    recorders = {
        _recorder(gathering, e.owner_email, e.owner_user_id)
        for e in cluster.engagements
    }
    recorders.discard(None)
    if len(recorders) == 1:
        return recorders.pop()
    if not (cluster.meetings or cluster.engagements):
        return None
    ours = [p.user_id for p in people if p.side is Side.INTERNAL and p.user_id]
    return ours[0] if len(ours) == 1 else None


def _recorder(
    gathering: Gathering, email: str | None, chorus_user_id: str | None
) -> str | None:
    known = gathering.org.chorus_users.get(chorus_user_id or "")
    if known is not None and known.salesforce_user_id:
        return known.salesforce_user_id
    user = gathering.directory.user_by_email(normalise_email(email or ""))
    return None if user is None else user.id
