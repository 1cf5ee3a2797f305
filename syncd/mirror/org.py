"""What is the same for every account: users, value lists, our own domains."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from syncd.db.engine import in_parts
from syncd.db.tables import POLLS, RECORDS
from syncd.mirror.clerk import own_domains
from syncd.mirror.refs import of_object
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

_POLLS: Final = sa.select(POLLS)
_LIVE: Final = (
    sa.select(RECORDS.c.fields)
    .where(of_object(RECORDS), RECORDS.c.deleted == sa.false())
    .order_by(RECORDS.c.id)
)
_ACTIVITIES: Final = sa.select(RECORDS.c.fields).where(
    RECORDS.c.system == "salesforce", RECORDS.c.object.in_(("Task", "Event"))
)


def read_org(
    connection: sa.Connection, *, policy: Policy, facts: Mapping[str, Any]
) -> OrgContext:
    """The context of every view, as the mirror has it now."""
    users = read_all(connection, "salesforce", "User", User)
    free_mail = FREE_MAIL | {one.casefold() for one in policy.org.free_mail}
    polls = [
        msgspec.json.decode(row.outcome, type=PollOutcome)
        for row in connection.execute(_POLLS)
    ]
    named = frozenset(one.casefold() for one in policy.org.email_domains)
    return OrgContext(
        users=users,
        outreach_users=read_all(connection, "outreach", "user", OutreachUser),
        chorus_users=read_all(connection, "chorus", "user", ChorusUser),
        task_statuses=tuple(
            read_all(connection, "salesforce", "TaskStatus", TaskStatus).values()
        ),
        stages=tuple(
            read_all(
                connection, "salesforce", "OpportunityStage", OpportunityStage
            ).values()
        ),
        call_dispositions=read_all(
            connection, "outreach", "callDisposition", CallDisposition
        ),
        email_domains=named or own_domains(users.values(), free_mail),
        free_mail=free_mail,
        integration_user_ids=_integration_users(connection, policy, users),
        our_user_ids=frozenset(facts.get("our_users", {}).values()),
        unmapped=frozenset(facts.get("unmapped", ())),
        configured=frozenset(facts.get("configured", ())),
        incomplete=frozenset(
            {*facts.get("configured", ()), *(poll.system for poll in polls)}
            - {poll.system for poll in polls if poll.complete}
        ),
        links=facts.get("links", {}),
        value_tables=facts.get("values", {}),
        owners_are_tracked=_owners_are_tracked(connection),
    )


def _owners_are_tracked(connection: sa.Connection) -> bool:
    """Whether any change of an owner has left a trace in the field history."""
    query = (
        sa.select(RECORDS.c.id)
        .where(
            RECORDS.c.system == "salesforce",
            RECORDS.c.object == "OpportunityFieldHistory",
            RECORDS.c.fields.like('%"field":"Owner%'),
        )
        .limit(1)
    )
    return connection.scalar(query) is not None


def read_all(
    connection: sa.Connection, system: str, name: str, kind: type[_EntityT]
) -> dict[str, _EntityT]:
    """Every live record of an object, by id."""
    asked = {"of_system": system, "of_object": name}
    decoder = msgspec.json.Decoder(type=kind)
    rows = in_parts(connection.execute(_LIVE, asked))
    decoded = (decoder.decode(body) for (body,) in rows)
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
    decoder = msgspec.json.Decoder(type=_Made)
    rows = in_parts(connection.execute(_ACTIVITIES))
    return frozenset(_look_like_tools(decoder.decode(body) for (body,) in rows))


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
