"""OAuth with rotating refresh tokens: never lose one that was received.

Source: Outreach developer documentation, "OAuth".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import requests

from syncd.errors import AuthError, ConnectorError, RetryableError
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import iso_z, parse_instant
from syncd.kit.rotation import Rotation
from syncd.kit.tokens import Token
from syncd.ports.connector import ConnectorContext

SYSTEM: Final = "outreach"
_VAULT: Final = "outreach.token"
_REMEDY: Final = "authorise syncd again and set [outreach] refresh_token"


class Login:
    """Access tokens from the vault, or by refresh; one refresh at a time."""

    def __init__(self, context: ConnectorContext) -> None:
        """Reads this connector's settings; connects only when asked."""
        self._settings = context.settings
        self._session = context.session
        self._now = context.now
        self._refused: str = ""
        self._kept = Rotation(
            context.vault, name=_VAULT, seed=self._settings["refresh_token"]
        )

    def refuse(self, token: Token) -> None:
        """Remember a token that was refused before it expired."""
        self._refused = token.value

    def renew(self) -> Token:
        """The stored access token if it is still good, else a new one.

        A restart therefore needs no refresh, and Outreach grants only one a minute.

        Raises:
            AuthError: The refresh token is dead, or its answer was lost; a person
                must authorise again.
        """
        with self._kept.locked():
            stored = self._kept.stored()
            token = _token(stored)
            expired = token and token.expires_at and token.expires_at <= self._now()
            if token and not expired and token.value != self._refused:
                return token
            refresh = stored.get("refresh_token") or self._settings["refresh_token"]
            self._kept.make_sure()
            answer = self._refresh(str(refresh))
            granted = {
                "access_token": answer["access_token"],
                "refresh_token": answer.get("refresh_token") or refresh,
                "expires_at": iso_z(self._now() + _life(answer)),
            }
            self._kept.keep(granted)
            renewed = _token(granted)
        if renewed is None:
            raise ConnectorError(system=SYSTEM, code="token_without_value")
        return renewed

    def _refresh(self, refresh_token: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
            "redirect_uri": self._settings["redirect_uri"],
        }
        url = f"{self._settings['base_url']}/oauth/token"
        try:
            response = self._session.post(url, data=form, allow_redirects=False)
        except RetryableError as error:
            if not error.ambiguous and "Timeout" not in error.code:
                raise
            # The answer, and with it the new refresh token, may be lost for good.
            raise AuthError(
                system=SYSTEM, code="refresh_answer_lost", detail=_REMEDY
            ) from None
        if is_success(response):
            return _json(response)
        if response.status_code in {400, 401, 403}:
            raise AuthError(
                system=SYSTEM,
                code="invalid_grant",
                status=response.status_code,
                detail=_REMEDY,
            )
        raise error_of(response, system=SYSTEM, now=self._now(), is_write=False)


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except (requests.JSONDecodeError, ValueError):
        body = None
    if not isinstance(body, dict) or "access_token" not in body:
        raise AuthError(system=SYSTEM, code="refresh_answer_lost", detail=_REMEDY)
    return body


def _life(answer: Mapping[str, Any]) -> timedelta:
    """How long an access token is good for; none at all when it does not say."""
    text = str(answer.get("expires_in", ""))
    return timedelta(seconds=int(text[:9]) if text.isdecimal() else 0)


def _token(stored: Mapping[str, Any]) -> Token | None:
    if not stored.get("access_token"):
        return None
    return Token(
        value=str(stored["access_token"]),
        expires_at=parse_instant(str(stored["expires_at"])),
    )
