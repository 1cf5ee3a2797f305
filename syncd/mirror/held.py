"""By which keys an Event without ids finds the meeting that its owner held then.

A meeting is found in its calendar, at its start, under the homes of the people who are
invited. An Event looks there by its owner's address, under the homes of its own people,
else of what it is related to: it never follows a meeting of other companies' people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from syncd.mirror.filing import HELD, LONGEST_ID, NOWHERE, Held, Keys
from syncd.mirror.home import says_nothing

KIND: Final = "held"
"""What these keys begin with."""


def with_meeting(
    keys: Keys,
    homes_of: Mapping[str, Sequence[str]],
    *,
    address_of: Mapping[str, str],
    own_domains: frozenset[str],
    free_mail: frozenset[str],
) -> Keys:
    """A record's keys, with those by which Events and meetings find one another.

    Args:
        keys: What the record says by itself.
        homes_of: Homes behind each key that it looks up.
        address_of: Lower-case addresses of our own people by user id.
        own_domains: Our own e-mail domains.
        free_mail: Domains that stand for nobody.
    """
    held = keys.held
    if held is None:
        return keys
    if held.is_event:
        calendar = address_of.get(held.whose, held.whose)
        homes = _homes(_named(keys), homes_of) if _named(keys) else {""}
        asked = dict.fromkeys(_keys(held, calendar, homes), HELD)
        return replace(keys, looks_up={**keys.looks_up, **asked})
    telling = (k for k in keys.looks_up if not says_nothing(k, own_domains, free_mail))
    invited = _homes(telling, homes_of)
    found = _keys(held, held.whose.casefold(), {*invited, ""})
    return replace(keys, defines=(*keys.defines, *found))


def whose(key: str) -> str:
    """In whose calendar one of these keys looks: an address or a user's id."""
    return key.removeprefix(f"{KIND}:").partition("|")[0]


def _named(keys: Keys) -> list[str]:
    """The people that an Event names, else what it is related to."""
    tiers = sorted({tier for tier in keys.looks_up.values() if tier >= 0})
    return [key for key, tier in keys.looks_up.items() if tiers[:1] == [tier]]


def _homes(keys: Iterable[str], homes_of: Mapping[str, Sequence[str]]) -> set[str]:
    return {home for key in keys for home in homes_of.get(key, ())} - {NOWHERE}


def _keys(held: Held, calendar: str, homes: Iterable[str]) -> list[str]:
    at = held.at.astimezone(UTC).isoformat(timespec="minutes")
    made = (f"{KIND}:{calendar}|{at}|{home}" for home in sorted(homes))
    return [key for key in made if len(key) <= LONGEST_ID]
