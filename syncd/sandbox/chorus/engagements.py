"""Which engagements a query shows, and in what pages.

Source: Chorus OpenAPI 26.33, ``GET /v3/engagements``; derived notes on its paging.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

PAGE_SIZE: Final = 100
_FILTERS: Final = frozenset(
    {
        "min_date",
        "max_date",
        "engagement_type",
        "engagement_id",
        "user_id",
        "team_id",
        "content_type",
        "participants_email",
        "min_duration",
        "max_duration",
        "compliance",
        "disposition_connected",
        "disposition_voicemail",
        "disposition_gatekeeper",
        "disposition_tree",
    }
)

Engagement = dict[str, Any]


def filters_of(param: Mapping[str, str]) -> dict[str, str]:
    """The parameters that choose engagements; others are passed over in silence."""
    return {name: value for name, value in param.items() if name in _FILTERS}


def key_of(engagement: Engagement) -> str:
    """The continuation key behind an engagement: epoch seconds, a blank, its id."""
    return f"{float(engagement['date_time'])} {engagement['engagement_id']}"


def newest_first(engagements: Iterable[Engagement]) -> list[Engagement]:
    """In the order of the listing: latest date first, then by id."""
    return sorted(
        engagements, key=lambda one: (-float(one["date_time"]), one["engagement_id"])
    )


def after_key(engagements: list[Engagement], key: str) -> list[Engagement]:
    """What of a listing lies behind a key, also when its engagement has gone."""
    seconds, _, last = key.partition(" ")
    place = (-float(seconds), last)
    return [
        one
        for one in engagements
        if (-float(one["date_time"]), one["engagement_id"]) > place
    ]


def passes(
    engagement: Engagement,
    filters: Mapping[str, str],
    members: Callable[[Iterable[str]], set[str]],
) -> bool:
    """Whether an engagement meets every filter.

    Args:
        engagement: As stored.
        filters: By name of the parameter.
        members: Ids of the users of some teams.

    Raises:
        ValueError: A date or number that is none.
    """
    return all(
        _meets(engagement, name, value, members) for name, value in filters.items()
    )


def _meets(
    engagement: Engagement,
    name: str,
    value: str,
    members: Callable[[Iterable[str]], set[str]],
) -> bool:
    side, _, what = name.partition("_")
    if side in {"min", "max"}:
        return _within(engagement, what, side, value)
    wanted = {part.strip().casefold() for part in value.split(",")}
    if name == "participants_email":
        people = engagement.get("participants") or ()
        return any(str(one.get("email")).casefold() in wanted for one in people)
    if name == "team_id":
        return str(engagement.get("user_id")) in members(wanted)
    here = engagement.get(name)
    if name == "content_type":
        # Finer than the type where the row says so, else the same.
        here = here or engagement.get("engagement_type")
    return str(here).casefold() in wanted


def _within(engagement: Engagement, what: str, side: str, value: str) -> bool:
    if what == "date":
        here, bound = float(engagement["date_time"]), _epoch(value)
    else:
        if engagement.get("duration") is None:
            return False
        here, bound = float(engagement["duration"]), float(value)
    return here >= bound if side == "min" else here <= bound


def _epoch(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
