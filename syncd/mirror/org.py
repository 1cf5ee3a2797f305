"""What is the same for every account: users, value lists, our own domains."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from syncd.db.tables import POLLS, RECORDS
from syncd.mirror.clerk import own_domains
from syncd.model.entities import (
    CallDisposition,
    ChorusUser,
    Entity,
    OpportunityStage,
    OutreachUser,
    TaskStatus,
    User,
)
from syncd.model.mail import FREE_MAIL
from syncd.model.outcome import PollOutcome
from syncd.model.policy import Policy
from syncd.model.view import OrgContext

# Someone who creates activities for many others, and hardly any for themselves, is a
# tool: the thresholds keep assistants and new people out.
_TOOL_CREATES: Final = 50
_TOOL_OWNERS: Final = 5
_TOOL_SHARE: Final = 0.8


class _Made(msgspec.Struct):
    """What of an activity tells who made it for whom; the rest is not decoded."""

    created_by_id: str | None = None
    owner_id: str | None = None
    is_child: bool = False


_EntityT = TypeVar("_EntityT", bound=Entity)


def read_org(
    connection: sa.Connection, *, policy: Policy, facts: Mapping[str, Any]
) -> OrgContext:
    """The context of every view, as the mirror has it now."""
    users = _all(connection, "salesforce", "User", User)
    free_mail = FREE_MAIL | {one.casefold() for one in policy.org.free_mail}
    polls = [
        msgspec.json.decode(row.outcome, type=PollOutcome)
        for row in connection.execute(sa.select(POLLS))
    ]
    named = frozenset(one.casefold() for one in policy.org.email_domains)
    return OrgContext(
        users=users,
        outreach_users=_all(connection, "outreach", "user", OutreachUser),
        chorus_users=_all(connection, "chorus", "user", ChorusUser),
        task_statuses=tuple(
            _all(connection, "salesforce", "TaskStatus", TaskStatus).values()
        ),
        stages=tuple(
            _all(
                connection, "salesforce", "OpportunityStage", OpportunityStage
            ).values()
        ),
        outreach_stages=_all(
            connection, "outreach", "opportunityStage", OpportunityStage
        ),
        call_dispositions=_all(
            connection, "outreach", "callDisposition", CallDisposition
        ),
        email_domains=named or own_domains(connection, free_mail=free_mail),
        free_mail=free_mail,
        integration_user_ids=_integration_users(connection, policy, users),
        unmapped=frozenset(facts.get("unmapped", ())),
        configured=frozenset(facts.get("configured", ())),
        incomplete=frozenset(
            {*facts.get("configured", ()), *(poll.system for poll in polls)}
            - {poll.system for poll in polls if poll.complete}
        ),
        as_of={poll.system: poll.as_of for poll in polls if poll.as_of is not None},
        links=facts.get("links", {}),
        value_tables=facts.get("values", {}),
    )


def _all(
    connection: sa.Connection, system: str, name: str, kind: type[_EntityT]
) -> dict[str, _EntityT]:
    query = (
        sa.select(RECORDS.c.fields)
        .where(
            RECORDS.c.system == system,
            RECORDS.c.object == name,
            RECORDS.c.deleted == sa.false(),
        )
        .order_by(RECORDS.c.id)
    )
    decoded = (msgspec.json.decode(b, type=kind) for b in connection.scalars(query))
    return {one.id: one for one in decoded}


def _integration_users(
    connection: sa.Connection, policy: Policy, users: Mapping[str, User]
) -> frozenset[str]:
    """Those the policy names, else those whom the records give away."""
    named = {one.casefold() for one in policy.org.integration_users}
    if named:
        return frozenset(
            user.id
            for user in users.values()
            if {user.email.casefold(), user.username.casefold()} & named
        )
    query = sa.select(RECORDS.c.fields).where(
        RECORDS.c.system == "salesforce", RECORDS.c.object.in_(("Task", "Event"))
    )
    decoded = (
        msgspec.json.decode(body, type=_Made) for body in connection.scalars(query)
    )
    return frozenset(_look_like_tools(decoded))


def _look_like_tools(activities: Iterable[_Made]) -> Iterable[str]:
    made: dict[str, int] = defaultdict(int)
    for_others: dict[str, list[str]] = defaultdict(list)
    for one in activities:
        if one.created_by_id is None or one.is_child:
            continue
        made[one.created_by_id] += 1
        if one.owner_id and one.owner_id != one.created_by_id:
            for_others[one.created_by_id].append(one.owner_id)
    for creator, count in sorted(made.items()):
        owners = for_others[creator]
        is_tool = (
            len(set(owners)) >= _TOOL_OWNERS and len(owners) >= _TOOL_SHARE * count
        )
        if count >= _TOOL_CREATES and is_tool:
            yield creator
