"""Access tokens: one refresher at a time, one replay, headers kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

_EARLY: Final = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token; ``expires_at`` None = unknown, used until it is refused."""

    value: str
    expires_at: datetime | None = None
    base_url: str = ""


class TokenCache:
    """Hands out one token to all threads and renews it once, not once per thread."""

    def __init__(
        self, renew: Callable[[], Token], *, now: Callable[[], datetime]
    ) -> None:
        """``renew`` gets a new token from the remote; it may raise AuthError."""
        self._renew = renew
        self._now = now
        self._lock = Lock()
        self._token: Token | None = None

    def get(self) -> Token:
        """A token that is not about to expire."""
        with self._lock:
            token = self._token
            expired = (
                token is not None
                and token.expires_at is not None
                and token.expires_at - _EARLY <= self._now()
            )
            if token is None or expired:
                token = self._token = self._renew()
            return token

    def replace(self, refused: Token) -> Token:
        """A token other than the one that was refused; renews only if it is ours."""
        with self._lock:
            if self._token is None or self._token == refused:
                self._token = self._renew()
            return self._token
