"""Access tokens: OAuth with rotating refresh tokens, and server-to-server.

Source: Outreach developer documentation, "OAuth", "Server-to-server API access".
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization

from syncd.sandbox.http import Request, Response
from syncd.sandbox.keys import private_key
from syncd.sandbox.outreach.catalogue import ALL_SCOPES, S2S_SCOPES
from syncd.sandbox.outreach.errors import RefusalError, answer
from syncd.sandbox.outreach.switches import Switches

_TOKEN_LIFE: Final = timedelta(hours=2)
_REFRESH_LIFE: Final = timedelta(days=14)
_MOST_REFRESH_TOKENS: Final = 100
_GRANT_EVERY: Final = timedelta(seconds=60)
_APP_LIFE: Final = timedelta(hours=1)
OWNER: Final = "ops@integration.example"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What an access token allows, whose calls it spends, and until when."""

    user: str
    scopes: frozenset[str]
    expires_at: datetime


class Login:
    """One application with one user's authorisation, and its install for S2S."""

    def __init__(self, switches: Switches) -> None:
        """Authorised for everything; nothing is written down."""
        self._switches = switches
        self._client = (secrets.token_hex(16), secrets.token_hex(24))
        self._codes: set[str] = set()
        # Living refresh tokens with the instant of their making; the seed has none.
        self._refresh: dict[str, datetime | None] = {secrets.token_hex(24): None}
        self._used: set[str] = set()
        self._grants: dict[str, Grant] = {}
        self._granted_at: datetime | None = None
        self._install: str | None = "1"
        self._guid = secrets.token_hex(16)
        self._key = private_key("outreach")
        self.scopes = ALL_SCOPES

    def settings(self) -> dict[str, str]:
        """Client credentials and the newest refresh token, in the clear."""
        client_id, client_secret = self._client
        return {
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": next(reversed(self._refresh), ""),
        }

    def s2s_settings(self) -> dict[str, str]:
        """What an app without a user signs its tokens with."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "app_guid": self._guid,
            "private_key": pem.decode(),
            "install_id": self._install or "",
        }

    # --- what people do ---------------------------------------------------------------

    def authorise(self) -> str:
        """A person's consent in the browser: a code, good once."""
        code = secrets.token_hex(16)
        self._codes.add(code)
        return code

    def revoke(self) -> None:
        """Every token dies; a person has authorised anew."""
        self._grants.clear()
        self._refresh = {secrets.token_hex(24): None}

    def expire_tokens(self) -> None:
        """Every access token dies."""
        self._grants.clear()
        self._granted_at = None

    def uninstall(self) -> None:
        """The org removes the app: no server-to-server token lives or is made."""
        self._install = None
        self._grants = {
            token: one
            for token, one in self._grants.items()
            if not one.user.startswith("install:")
        }

    # --- tokens -----------------------------------------------------------------------

    def grant_of(self, request: Request, now: datetime) -> Grant:
        """What the request's token allows.

        Raises:
            RefusalError: 401 without a living token.
        """
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        grant = self._grants.get(token)
        if grant is None or grant.expires_at <= now:
            raise RefusalError(401, "unauthorized", "the access token is not valid")
        return grant

    def token(self, form: Mapping[str, str], now: datetime) -> Response:
        """Exchange a code or a refresh token for an access token.

        Raises:
            RefusalError: 429 on a second grant within a minute.
        """
        again = self._granted_at and self._granted_at + _GRANT_EVERY
        if again and now < again and self._switches.grant_limit:
            detail = "one grant a minute"
            raise RefusalError(429, "rateLimitExceeded", detail, until=again)
        client = (form.get("client_id"), form.get("client_secret"))
        if client != self._client:
            return _refused("invalid_client")
        if not self._redeem(form, now):
            return _refused("invalid_grant")
        self._granted_at = now
        refresh = secrets.token_hex(24)
        self._refresh[refresh] = now
        self._drop_oldest()
        access = self._grant(OWNER, self.scopes, now + _TOKEN_LIFE)
        return Response.json(
            {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": int(_TOKEN_LIFE.total_seconds()),
                "refresh_token": refresh,
                "scope": " ".join(sorted(self.scopes)),
                "created_at": int(now.timestamp()),
            }
        )

    def _drop_oldest(self) -> None:
        """Without a word, of those that live."""
        dead = self._used if self._switches.strict_rotation else set[str]()
        living = [token for token in self._refresh if token not in dead]
        for oldest in living[:-_MOST_REFRESH_TOKENS]:
            del self._refresh[oldest]

    def _redeem(self, form: Mapping[str, str], now: datetime) -> bool:
        if form.get("grant_type") == "authorization_code":
            code = form.get("code", "")
            known = code in self._codes
            self._codes.discard(code)
            return known
        refresh = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token" or refresh not in self._refresh:
            return False
        made_at, is_used = self._refresh[refresh], refresh in self._used
        self._used.add(refresh)
        if is_used and self._switches.strict_rotation:
            return False
        return made_at is None or now - made_at < _REFRESH_LIFE

    def app_token(self, request: Request, install: str, now: datetime) -> Response:
        """Exchange a signed app token for the install's access token.

        Raises:
            RefusalError: 401 for an assertion that does not do; 404 for an install
                that there is not.
        """
        if not self._is_signed(request, now):
            raise RefusalError(401, "unauthorized", "the app token is not valid")
        if install != self._install:
            raise RefusalError(404, "resourceNotFound", "no such install")
        user = f"install:{install}"
        token = self._grant(user, S2S_SCOPES, now + _APP_LIFE)
        data = {"type": "install", "id": int(install), "meta": {"accessToken": token}}
        return answer({"data": data})

    def _is_signed(self, request: Request, now: datetime) -> bool:
        assertion = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["RS256"],
                issuer=self._guid,
                # Time is the sandbox's own: looked at below.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "require": ["iat", "exp"],
                },
            )
        except jwt.InvalidTokenError:
            return False
        issued, ends = float(claims["iat"]), float(claims["exp"])
        return now.timestamp() < ends <= issued + _APP_LIFE.total_seconds()

    def _grant(self, user: str, scopes: frozenset[str], until: datetime) -> str:
        token = secrets.token_hex(24)
        self._grants[token] = Grant(user=user, scopes=scopes, expires_at=until)
        return token


def require_scope(grant: Grant, collection: str, verb: str) -> None:
    """Refuse what the token's scopes do not cover; they do not include each other.

    Raises:
        RefusalError: 403, its detail naming the scope.
    """
    scope = f"{collection}.{verb}"
    if not {scope, f"{collection}.all"} & grant.scopes:
        detail = f"Your access token is missing the required scope '{scope}'."
        raise RefusalError(403, "unauthorizedOauthScope", detail)


def _refused(error: str) -> Response:
    return Response.json({"error": error}, status=400)
