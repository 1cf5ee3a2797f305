"""Addresses that take part in meetings without being a person.

The shapes come from the calendars' own conventions: rooms and secondary calendars
live under Google's calendar domains, and recorders join under a service's domain.
"""

import re
from typing import Final

_CALENDAR_DOMAINS: Final = (
    "resource.calendar.google.com",
    "group.calendar.google.com",
    "import.calendar.google.com",
    "group.v.calendar.google.com",
    "unknownorganizer.calendar.google.com",
)
_RECORDER_DOMAINS: Final = (
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
)
_LIST_PARTS: Final = frozenset(
    {
        "all",
        "everyone",
        "team",
        "teams",
        "sales",
        "sales-team",
        "staff",
        "office",
        "info",
        "no-reply",
        "noreply",
        "donotreply",
        "do-not-reply",
        "notifications",
        "calendar",
        "mailer-daemon",
        "postmaster",
        "group",
    }
)
_BOT_NAME: Final = re.compile(
    r"\b(note ?taker|recorder|recording bot|assistant bot|chorus\.?ai|otter\.?ai|"
    r"fireflies|fathom|read\.?ai)\b",
    re.IGNORECASE,
)


def _under(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == p or domain.endswith(f".{p}") for p in parents)


def excluded_because(
    email: str | None, name: str | None, *, is_resource: bool = False
) -> str:
    """Why this is not a person; empty when it may be one.

    ``email`` is lower-case. A bot's display name alone suffices, since recorders
    often join without an address.
    """
    if is_resource:
        return "a room or other resource"
    local, _, domain = (email or "").rpartition("@")
    if domain and _under(domain, _CALENDAR_DOMAINS):
        return "a calendar, not a person"
    if domain and _under(domain, _RECORDER_DOMAINS):
        return "a recorder or note taker"
    if local in _LIST_PARTS:
        return "a list or shared mailbox"
    if name and _BOT_NAME.search(name):
        return "a recorder or note taker"
    return ""
