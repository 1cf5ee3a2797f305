"""Salesforce's Tasks and Events join the interaction that they log.

Ids decide first (the engagement id, its link in the note, Outreach's data
connections); time, owner and person only where they leave exactly one answer, and
never when the subject says that the Task is something else.
"""

from collections.abc import Iterable

from syncd.interactions.activity import zone_of
from syncd.interactions.by_time import by_time
from syncd.interactions.cluster import Cluster
from syncd.interactions.gathering import Gathering
from syncd.interactions.left_over import join_left_over
from syncd.interactions.outside import Outside, outside_of
from syncd.interactions.refs import outreach_task_ref
from syncd.model.entities import Activity, OutreachTask


def attach(
    gathering: Gathering,
    activities: Iterable[Activity],
    outreach_tasks: Iterable[OutreachTask],
    *,
    default_zone: str,
) -> None:
    """Put every activity into a cluster: another system's, or one of its own."""
    handles: dict[str, int] = {}
    parents: dict[tuple[object, ...], list[tuple[int, Outside]]] = {}
    left_over: list[tuple[Activity, int, Outside]] = []
    # Ids first, so that a Task which names its call does not leave it to another.
    named = {a.id: _by_id(gathering, a) for a in activities}
    ordered = sorted(
        activities, key=lambda a: (a.is_child, named[a.id] is None, a.object, a.id)
    )
    for activity in ordered:
        if activity.is_recurrence:
            continue  # the pattern of a series, not a meeting
        people = outside_of(gathering.directory, gathering.people.of_activity(activity))
        found = named[activity.id] or _of_parent(parents, activity, people)
        zone = zone_of(gathering.org, activity.owner_id, default_zone)
        found = found or by_time(gathering, activity, people, zone)
        handle = gathering.clusters.add(
            Cluster(activities=[activity], reasons={activity.ref: "itself"})
        )
        if found is not None:
            handle = gathering.join(found[0], handle, found[1])
        else:
            left_over.append((activity, handle, people))
        handles[activity.id] = handle
        if not activity.is_child:
            parents.setdefault(_event_shape(activity), []).append((handle, people))
    join_left_over(gathering, left_over, default_zone)
    _attach_outreach_tasks(gathering, outreach_tasks, handles)


def _event_shape(activity: Activity) -> tuple[object, ...]:
    return (activity.subject, activity.starts_at, activity.ends_at, activity.day)


def _of_parent(
    parents: dict[tuple[object, ...], list[tuple[int, Outside]]],
    activity: Activity,
    people: Outside,
) -> tuple[int, str] | None:
    """The Event that this one is a copy of, for an invited user.

    Salesforce gives no parent's id, but keeps subject and times alike; among several
    such Events the people decide. Source: Object Reference, Event, ``IsChild``.
    """
    if not activity.is_child:
        return None
    alike = parents.get(_event_shape(activity), [])
    hits = [handle for handle, theirs in alike if not theirs.is_foreign_to(people)]
    if len(hits) > 1:
        hits = [handle for handle, theirs in alike if theirs.meets(people)]
    return (hits[0], "a copy for an invited user") if len(hits) == 1 else None


def _by_id(gathering: Gathering, activity: Activity) -> tuple[int, str] | None:
    """The cluster that it names; the first of several that cannot be one."""
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
    handle, says = found[0]
    for other, _ in found[1:]:
        if gathering.may_join(handle, other):
            handle = gathering.join(handle, other, "an activity names both")
    return handle, says


def _attach_outreach_tasks(
    gathering: Gathering, tasks: Iterable[OutreachTask], handles: dict[str, int]
) -> None:
    for task in sorted(tasks, key=lambda t: t.id):
        found = [
            (handles[i], "Outreach's data connection")
            for i in task.crm_ids
            if i in handles
        ]
        if task.id in gathering.by_outreach_task:
            found.append((gathering.by_outreach_task[task.id], "its call"))
        if found:
            cluster = gathering.clusters.get(found[0][0])
            cluster.outreach_tasks.append(task)
            cluster.reasons[outreach_task_ref(task)] = found[0][1]
