"""Refresh tokens that single users gave, and how they die.

Source: Google Identity, "Using OAuth 2.0 to access Google APIs", refresh token
expiration.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

_UNUSED: Final = timedelta(days=182)
_TESTING: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What one user allowed, when, and when it was last used."""

    user: str
    scopes: frozenset[str]
    given_at: datetime
    used_at: datetime
    testing: bool

    def lives(self, now: datetime) -> bool:
        """Six months unused end it, and seven days while the app is in testing."""
        is_used = now - self.used_at < _UNUSED
        return is_used and not (self.testing and now - self.given_at >= _TESTING)


class Consents:
    """One OAuth client and its users' refresh tokens; they are not rotated."""

    def __init__(self) -> None:
        """A client that nobody has consented to."""
        self._client = (
            f"{secrets.token_hex(8)}.apps.googleusercontent.example",
            secrets.token_hex(12),
        )
        self._consents: dict[str, Consent] = {}

    def give(
        self, user: str, scopes: Iterable[str], now: datetime, *, testing: bool
    ) -> dict[str, str]:
        """A user's consent: credentials as an installed application holds them."""
        token = f"1//{secrets.token_hex(24)}"
        self._consents[token] = Consent(
            user=user,
            scopes=frozenset(scopes),
            given_at=now,
            used_at=now,
            testing=testing,
        )
        client_id, client_secret = self._client
        return {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": token,
        }

    def revoke(self, user: str) -> None:
        """The user takes every consent back."""
        self._consents = {
            token: one for token, one in self._consents.items() if one.user != user
        }

    def is_client(self, form: Mapping[str, str]) -> bool:
        """Whether the caller is the client."""
        return (form.get("client_id"), form.get("client_secret")) == self._client

    def use(self, form: Mapping[str, str], now: datetime) -> Consent | None:
        """The living consent behind a refresh token."""
        token = form.get("refresh_token", "")
        found = self._consents.get(token)
        if found is None or not found.lives(now):
            return None
        self._consents[token] = replace(found, used_at=now)
        return found
