"""Engagements with their conversations, and what becomes of both later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from syncd.sandbox.chorus.engagements import Engagement
from syncd.sandbox.clock import SandboxClock


@dataclass(kw_only=True)
class Recording:
    """One engagement, its conversation, and what becomes of both later.

    Attributes:
        conversation: None where the engagement has no conversation.
        visible_at: From when on anyone sees it; None = at once.
        later: Instants with the fields that appear then.
    """

    engagement: Engagement
    conversation: dict[str, Any] | None = None
    private: bool = False
    visible_at: datetime | None = None
    later: list[tuple[datetime, Mapping[str, Any]]] = field(default_factory=list)

    def fill(self, fields: Mapping[str, Any]) -> None:
        """Lay ``{"engagement": …, "conversation": …}`` over what is there."""
        self.engagement.update(fields.get("engagement") or {})
        if fields.get("conversation"):
            self.conversation = {**(self.conversation or {}), **fields["conversation"]}


class Recordings:
    """All of them, by engagement id.

    Attributes:
        seen_users: Whose recordings the token's user sees; None = everyone's.
    """

    def __init__(self, clock: SandboxClock) -> None:
        """None."""
        self._clock = clock
        self._by_id: dict[str, Recording] = {}
        self.seen_users: set[int] | None = None

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, number: str) -> Recording:
        return self._by_id[number]

    def add(self, row: Mapping[str, Any]) -> None:
        """Add ``engagement``, ``conversation``, ``visible_after_s``."""
        after = row.get("visible_after_s")
        engagement = dict(row["engagement"])
        conversation = row.get("conversation")
        self._by_id[str(engagement["engagement_id"])] = Recording(
            engagement=engagement,
            conversation=dict(conversation) if conversation else None,
            private=bool((conversation or {}).get("private")),
            visible_at=self._after(after) if after else None,
        )

    def fill(self, row: Mapping[str, Any]) -> None:
        """Lay fields over a recording, now or ``after_s``."""
        one = self._by_id[str(row["engagement_id"])]
        if row.get("after_s"):
            one.later.append((self._after(row["after_s"]), row))
        else:
            one.fill(row)

    def remove(self, number: str) -> None:
        """Retention has taken it."""
        del self._by_id[number]

    def visible(self) -> Iterator[Recording]:
        """What the token's user may see now."""
        return (one for one in self._by_id.values() if self._sees(one))

    def find(self, number: str) -> Recording | None:
        """One of those."""
        one = self._by_id.get(number)
        return one if one is not None and self._sees(one) else None

    def let_time_pass(self) -> None:
        """Fill in what has become due."""
        now = self._clock.now("chorus")
        for one in self._by_id.values():
            if not one.later:
                continue
            for at, fields in one.later:
                if at <= now:
                    one.fill(fields)
            one.later = [(at, fields) for at, fields in one.later if at > now]

    def _sees(self, one: Recording) -> bool:
        now = self._clock.now("chorus")
        if one.private or (one.visible_at is not None and one.visible_at > now):
            return False
        return self.seen_users is None or (
            one.engagement.get("user_id") in self.seen_users
        )

    def _after(self, seconds: float) -> datetime:
        return self._clock.now("chorus") + timedelta(seconds=seconds)
