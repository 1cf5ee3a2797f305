"""Token calls: a service account acting for users, and users' own refresh tokens.

Source: Google Identity, "Using OAuth 2.0 for server to server applications", "Using
OAuth 2.0 for web server applications".
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization

from syncd.sandbox.google_calendar.consents import Consents
from syncd.sandbox.google_calendar.errors import RefusalError
from syncd.sandbox.http import Request, Response
from syncd.sandbox.keys import private_key

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPE: Final = "https://www.googleapis.com/auth/"
_ALLOWED: Final = frozenset(
    {
        "calendar.events",
        "calendar.events.readonly",
        "calendar.calendarlist.readonly",
        "calendar.calendars.readonly",
        "calendar.readonly",
    }
)
_LIFE_S: Final = 3599
_LONGEST_S: Final = 3600
_LEEWAY_S: Final = 300


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Whom an access token acts as, with which short scope names, until when."""

    user: str
    scopes: frozenset[str]
    expires_at: datetime


class Tokens:
    """One service account, its key, and the access tokens it was given."""

    def __init__(self) -> None:
        """Makes a key of its own; nothing is written down."""
        self._key = private_key("google_calendar")
        self._email = "syncd@sandbox.iam.gserviceaccount.example"
        self._grants: dict[str, Grant] = {}
        self._audience = ""
        self.allowed = _ALLOWED
        self.consents = Consents()

    def settings(self, base_url: str) -> dict[str, str]:
        """Key file and token address; the latter is from now on the audience."""
        self._audience = f"{base_url}/token"
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {
            "type": "service_account",
            "client_email": self._email,
            "private_key": pem.decode(),
            "private_key_id": "1",
            "token_uri": self._audience,
        }
        return {
            "base_url": base_url,
            "token_url": self._audience,
            "service_account": json.dumps(account),
        }

    def expire_all(self) -> None:
        """End every access token."""
        self._grants.clear()

    def grant_of(self, request: Request, now: datetime) -> Grant:
        """The grant of a request.

        Raises:
            RefusalError: 401 without a living token.
        """
        token = request.headers.get("authorization", "").partition(" ")[2]
        grant = self._grants.get(token)
        if grant is None or grant.expires_at <= now:
            raise RefusalError(401, "authError", "Invalid Credentials")
        return grant

    def answer(
        self, request: Request, now: datetime, *, exists: Callable[[str], bool]
    ) -> Response:
        """Exchange an assertion for an access token, or say why not.

        Args:
            request: The token call, form-encoded.
            now: Server time.
            exists: Whether an address belongs to a user who is not suspended.
        """
        form = request.form
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(form, now, exists=exists)
        claims = self._claims(form.get("assertion", ""))
        scopes = short(str(claims.get("scope", "")).split())
        user = str(claims.get("sub", "")).casefold()
        if form.get("grant_type") != _GRANT or not self._is_timely(claims, now):
            return _refused("invalid_grant", "Invalid JWT")
        if not scopes or not scopes <= self.allowed:
            return _refused("unauthorized_client", "Client is unauthorized.", 401)
        if not exists(user):
            return _refused("invalid_grant", "Invalid email or User ID")
        return self._grant(user, scopes, now)

    def _refreshed(
        self, form: Mapping[str, str], now: datetime, *, exists: Callable[[str], bool]
    ) -> Response:
        if not self.consents.is_client(form):
            return _refused("invalid_client", "Unauthorized", 401)
        consent = self.consents.use(form, now)
        if consent is None or not exists(consent.user):
            message = "Token has been expired or revoked."
            return _refused("invalid_grant", message)
        return self._grant(consent.user, consent.scopes, now)

    def _grant(self, user: str, scopes: frozenset[str], now: datetime) -> Response:
        token = f"ya29.{secrets.token_hex(24)}"
        self._grants[token] = Grant(
            user=user, scopes=scopes, expires_at=now + timedelta(seconds=_LIFE_S)
        )
        return Response.json(
            {"access_token": token, "expires_in": _LIFE_S, "token_type": "Bearer"}
        )

    def _claims(self, assertion: str) -> dict[str, Any]:
        """What a rightly signed assertion for our address says; else nothing."""
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=self._audience,
                issuer=self._email,
                # Time is the sandbox's own: looked at separately.
                options={"verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return {}
        return claims

    def _is_timely(self, claims: dict[str, Any], now: datetime) -> bool:
        issued, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(ends, int):
            return False
        at = now.timestamp()
        return issued <= at + _LEEWAY_S and at < ends <= issued + _LONGEST_S


def short(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes without their common beginning."""
    return frozenset(one.removeprefix(_SCOPE) for one in scopes)


def require_scope(grant: Grant, accepted: frozenset[str]) -> None:
    """Refuse a token without any of these scopes.

    Raises:
        RefusalError: 403.
    """
    if not grant.scopes & accepted:
        message = "Request had insufficient authentication scopes."
        raise RefusalError(403, "insufficientPermissions", message)


def _refused(error: str, description: str, status: int = 400) -> Response:
    return Response.json(
        {"error": error, "error_description": description}, status=status
    )
