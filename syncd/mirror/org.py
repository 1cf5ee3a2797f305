"""What is the same for every account: users, value lists, our own domains."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa

from syncd.db.engine import in_parts
from syncd.db.tables import POLLS, RECORDS
from syncd.mirror.clerk import own_domains
from syncd.mirror.makers import tools_by_their_records
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

_EntityT = TypeVar("_EntityT", bound=Entity)

_POLLS: Final = sa.select(POLLS)
_LIVE: Final = (
    sa.select(RECORDS.c.fields)
    .where(of_object(RECORDS), RECORDS.c.deleted == sa.false())
    .order_by(RECORDS.c.id)
)
_OWNER_CHANGED: Final = (
    sa.select(RECORDS.c.id)
    .where(
        RECORDS.c.system == "salesforce",
        RECORDS.c.object == "OpportunityFieldHistory",
        RECORDS.c.fields.like('%"field":"Owner%'),
    )
    .limit(1)
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
    return connection.scalar(_OWNER_CHANGED) is not None


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
    return tools_by_their_records(connection)
