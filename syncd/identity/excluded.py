"""Addresses that take part in meetings without being a person.

The shapes come from the calendars' own conventions: rooms and secondary calendars
live under Google's calendar domains, and recorders join under a service's domain.
Role mailboxes: RFC 2142, and what companies add to it.
"""

import re
from collections.abc import Collection
from typing import Final

from syncd.model.mail import lies_under, registrable_domain
from syncd.model.phones import e164

_CALENDAR_DOMAINS: Final = frozenset({"calendar.google.com"})
_RECORDER_DOMAINS: Final = frozenset(
    {
        "chorus.ai",
        "gong.io",
        "otter.ai",
        "fireflies.ai",
        "fathom.video",
        "read.ai",
        "avoma.com",
        "grain.com",
        "tldv.io",
        "recall.ai",
    }
)
_ROLE_MAILBOXES: Final = frozenset(
    re.findall(
        r"\w+",
        "abuse accounting accounts admin all billing calendar contact donotreply "
        "everyone finance group hello help helpdesk hostmaster hr info invoices mailer "
        "mailings marketing noc noreply notifications office postmaster procurement "
        "purchasing reception sales security staff support team teams webmaster",
    )
)
_LIST_ENDS: Final = frozenset({"all", "everyone", "group", "list", "staff", "team"})
_WHOLE: Final = frozenset({"do-not-reply", "mailer-daemon", "no-reply"})
_BOT_MAILBOX: Final = re.compile(
    r"(ai|meeting|call)?[-_.]?(note[-_.]?taker|recorder|assistant|bot)\d*"
)
_BOT_NAME: Final = re.compile(
    r"\b(note ?taker|recorder|recording bot|assistant bot|chorus\.ai|otter\.ai|"
    r"fireflies\.ai|read\.ai)\b",
    re.IGNORECASE,
)
_BOT_BRAND: Final = re.compile(r"\b(fireflies|fathom|otter|chorus)\b", re.IGNORECASE)
_ROOM_NAME: Final = re.compile(
    r"\b((meeting|conference|board|huddle|zoom) ?room|boardroom|besprechungsraum|"
    r"konferenzraum|salle de réunion)\b",
    re.IGNORECASE,
)


def _is_list(local: str) -> bool:
    first, *rest = re.split(r"[-_]", local)
    return (
        local in _WHOLE
        or first in _ROLE_MAILBOXES
        or bool(rest and rest[-1] in _LIST_ENDS)
    )


def excluded_because(
    email: str | None,
    name: str | None,
    *,
    is_resource: bool = False,
    customers: Collection[str] = (),
) -> str:
    """Why this is not a person; empty when it may be one.

    ``email`` is lower-case. Recorders often join without an address, so a display
    name alone suffices; beside an address a mere brand does not, since people bear
    such names. ``customers`` are registrable domains of companies that we sell to:
    people of a maker of recorders are people, its recorders are not.
    """
    if is_resource:
        return "a room or other resource"
    local, _, domain = (email or "").rpartition("@")
    if domain and lies_under(domain, _CALENDAR_DOMAINS):
        return "a calendar, not a person"
    is_customers = registrable_domain(domain) in customers
    if domain and lies_under(domain, _RECORDER_DOMAINS) and not is_customers:
        return "a recorder or note taker"
    if _BOT_MAILBOX.fullmatch(local):
        return "a recorder or note taker"
    if local and _is_list(local):
        return "a list or shared mailbox"
    return _by_name(name, has_address=bool(local))


def _by_name(name: str | None, *, has_address: bool) -> str:
    if not name:
        return ""
    if _BOT_NAME.search(name) or (not has_address and _BOT_BRAND.search(name)):
        return "a recorder or note taker"
    if _ROOM_NAME.search(name):
        return "a room or other resource"
    return "a telephone line" if not has_address and e164(name) else ""
