"""Log-ins: JWT bearer, client credentials, refresh token.

Source: Salesforce Help, "OAuth Authorization Flows".
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import requests

from syncd.errors import AuthError, ConnectorError
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying
from syncd.kit.rotation import Rotation
from syncd.kit.tokens import Token
from syncd.ports.connector import ConnectorContext

_SYSTEM: Final = "salesforce"
_ASSERTION_LIFE: Final = timedelta(minutes=3)
_SKEW: Final = timedelta(minutes=1)
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VAULT: Final = "salesforce.refresh_token"


class Login:
    """Gets access tokens; ``user_id`` and ``org_id`` are known after the first."""

    def __init__(self, context: ConnectorContext) -> None:
        """Reads this connector's settings; connects only when asked."""
        self._settings = context.settings
        self._session = context.session
        self._now = context.now
        self._kept = Rotation(
            context.vault, name=_VAULT, seed=self._settings["refresh_token"]
        )
        self._ahead = timedelta(0)
        self.user_id = ""
        self.org_id = ""

    def renew(self) -> Token:
        """A new access token; its ``base_url`` is the instance to talk to.

        Raises:
            AuthError: The credentials are refused; a person must act.
        """
        answer = self._rotated() if self._rotates else self._grant()
        identity = str(answer.get("id", "")).rstrip("/").split("/")
        if len(identity) > 1:
            self.org_id, self.user_id = identity[-2], identity[-1]
        base = str(answer.get("instance_url") or self._settings["login_url"])
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise ConnectorError(system=_SYSTEM, code="answer_without_token")
        return Token(value=value, base_url=base.rstrip("/"))

    @property
    def _rotates(self) -> bool:
        """Whether an answer may replace what we log in with."""
        return bool(self._settings["auth"] == "refresh_token")

    def _rotated(self) -> Mapping[str, Any]:
        """The answer to a refresh; a new refresh token is durable before its use."""
        with self._kept.locked():
            self._kept.make_sure()
            answer = self._grant()
            if answer.get("refresh_token"):
                self._kept.keep({"token": answer["refresh_token"]})
            return answer

    def _grant(self) -> Mapping[str, Any]:
        form = {
            "jwt": self._jwt_form,
            "client_credentials": self._client_form,
            "refresh_token": self._refresh_form,
        }[self._settings["auth"]]()
        try:
            return retrying(lambda: self._post(form))
        except AuthError:
            if self._settings["auth"] != "jwt" or abs(self._ahead) < _SKEW:
                raise
        # An assertion is good for minutes: our clock is not, so by the server's.
        form = self._jwt_form()
        return retrying(lambda: self._post(form))

    def _post(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        url = f"{self._settings['login_url']}/services/oauth2/token"
        response = self._session.post(url, data=form, allow_redirects=False)
        told = date_of(response.headers)
        self._ahead = timedelta(0) if told is None else told - self._now()
        if is_success(response):
            try:
                body = read_json(response.content)
            except ValueError:
                body = None
            if not isinstance(body, dict) or "access_token" not in body:
                raise ConnectorError(system=_SYSTEM, code="token_not_json")
            return body
        code = _oauth_code(response)
        if code:
            # Every OAuth error is one for an operator: trying again only hammers.
            raise AuthError(
                system=_SYSTEM,
                code=code,
                status=response.status_code,
                detail=f"check [salesforce] auth = {self._settings['auth']!r}",
            )
        raise error_of(response, system=_SYSTEM, now=self._now(), is_write=False)

    def _jwt_form(self) -> Mapping[str, str]:
        origin = urlsplit(self._settings["login_url"])
        audience = self._settings["audience"] or f"{origin.scheme}://{origin.netloc}"
        claims = {
            "iss": self._settings["client_id"],
            "sub": self._settings["username"],
            "aud": audience,
            "exp": int((self._now() + self._ahead + _ASSERTION_LIFE).timestamp()),
        }
        try:
            key = self._settings["private_key"]
            assertion = jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise AuthError(
                system=_SYSTEM, code="private_key", detail="is not an RSA key in PEM"
            ) from None
        return {"grant_type": _JWT_GRANT, "assertion": assertion}

    def _client_form(self) -> Mapping[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self._settings["client_id"],
            "client_secret": self._settings["client_secret"],
        }

    def _refresh_form(self) -> Mapping[str, str]:
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings["client_id"],
            "refresh_token": str(
                self._kept.stored().get("token") or self._settings["refresh_token"]
            ),
        }
        if self._settings["client_secret"]:
            form["client_secret"] = self._settings["client_secret"]
        return form


def _oauth_code(response: requests.Response) -> str:
    """The OAuth error code of an answer, empty when the body has none."""
    try:
        body = response.json()
    except (requests.JSONDecodeError, ValueError):
        return ""
    code = body.get("error", "") if isinstance(body, dict) else ""
    return str(code)[:64]
