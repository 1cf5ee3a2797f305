"""Log-in of the simulated Salesforce: three flows, sessions that can expire.

Source: Salesforce Help, OAuth authorization flows.
"""

import secrets
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization

from syncd.sandbox.clock import SandboxClock
from syncd.sandbox.http import Request, Response
from syncd.sandbox.keys import private_key
from syncd.sandbox.salesforce.errors import RefusalError

_USERNAME: Final = "syncd@integration.example"
_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Auth:
    """One connected app and its integration user."""

    def __init__(self, clock: SandboxClock, *, org_id: str, user_id: str) -> None:
        """Makes credentials of its own; nothing is written down."""
        self._clock = clock
        self._org_id = org_id
        self._user_id = user_id
        self._key = private_key("salesforce")
        self._client_id = f"3MVG9{secrets.token_hex(16)}"
        self._client_secret = secrets.token_hex(24)
        self.refresh_token = f"5Aep{secrets.token_hex(24)}"
        self._rotates = False
        self._instance_host = ""
        self._sessions: dict[str, str] = {}

    def settings(self) -> dict[str, str]:
        """Credentials as a connector's settings; each flow finds its own."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "username": _USERNAME,
            "private_key": pem.decode(),
            "refresh_token": self.refresh_token,
        }

    def rotate(self, *, on: bool) -> None:
        """Let each refresh give a new refresh token, or not."""
        self._rotates = bool(on)

    def expire_all(self) -> None:
        """End every session."""
        self._sessions.clear()

    def move(self, host: str) -> None:
        """Let the org be served by another host from now on; all sessions end."""
        self._instance_host = host
        self._sessions.clear()

    def session(self, request: Request) -> str:
        """The session of a request.

        Raises:
            RefusalError: None, one that has ended, or one of another instance's host.
        """
        token = _token_of(request)
        if self._sessions.get(token) != request.headers.get("host", ""):
            raise _invalid_session()
        return token

    def handle(self, request: Request) -> Response:
        """Token, user information and identity."""
        if request.path.startswith("/id/") or request.path.endswith("/userinfo"):
            if _token_of(request) not in self._sessions:
                raise _invalid_session()
            return Response.json(
                {
                    "user_id": self._user_id,
                    "organization_id": self._org_id,
                    "preferred_username": _USERNAME,
                    "urls": {"custom_domain": _origin(request)},
                }
            )
        if request.method == "POST" and request.path.endswith("/token"):
            return self._token(request)
        raise RefusalError("NOT_FOUND", "not found", status=404)

    def _token(self, request: Request) -> Response:
        form = request.form
        problem = self._problem(form, _origin(request))
        if problem is not None:
            body = {"error": problem[0], "error_description": problem[1]}
            return Response.json(body, status=400)
        token = f"{self._org_id[:15]}!{secrets.token_hex(24)}"
        if self._rotates and form["grant_type"] == "refresh_token":
            self._sessions.clear()
            self.refresh_token = f"5Aep{secrets.token_hex(24)}"
        host = self._instance_host or request.headers.get("host", "")
        self._sessions[token] = host
        answer = {
            "access_token": token,
            "instance_url": f"http://{host}",
            "id": f"{_origin(request)}/id/{self._org_id}/{self._user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._clock.now("salesforce").timestamp() * 1000)),
            "signature": secrets.token_urlsafe(32),
        }
        if self._rotates and form["grant_type"] == "refresh_token":
            answer["refresh_token"] = self.refresh_token
        return Response.json(answer)

    def _problem(self, form: dict[str, str], origin: str) -> tuple[str, str] | None:
        match form.get("grant_type"):
            case "client_credentials":
                return self._client_problem(form)
            case "refresh_token":
                return self._refresh_problem(form)
            case grant if grant == _JWT:
                return self._jwt_problem(form, origin)
        return "unsupported_grant_type", "grant type not supported"

    def _client_problem(self, form: dict[str, str]) -> tuple[str, str] | None:
        if form.get("client_id") != self._client_id:
            return "invalid_client_id", "client identifier invalid"
        if form.get("client_secret") != self._client_secret:
            return "invalid_client", "invalid client credentials"
        return None

    def _refresh_problem(self, form: dict[str, str]) -> tuple[str, str] | None:
        if form.get("refresh_token") != self.refresh_token:
            return "invalid_grant", "expired access/refresh token"
        return None

    def _jwt_problem(self, form: dict[str, str], origin: str) -> tuple[str, str] | None:
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                self._key.public_key(),
                algorithms=["RS256"],
                audience=origin,
                options={"verify_exp": False, "require": ["exp", "iss", "sub"]},
            )
        except jwt.PyJWTError:
            return "invalid_grant", "invalid assertion"
        now = self._clock.now("salesforce").timestamp()
        if not now < int(claims["exp"]) <= now + 300:
            return "invalid_grant", "invalid assertion"
        if claims["iss"] != self._client_id:
            return "invalid_client_id", "client identifier invalid"
        if claims["sub"] != _USERNAME:
            return "invalid_grant", "user hasn't approved this consumer"
        return None


def _origin(request: Request) -> str:
    return f"http://{request.headers.get('host', 'localhost')}"


def _token_of(request: Request) -> str:
    return request.headers.get("authorization", "").partition(" ")[2]


def _invalid_session() -> RefusalError:
    return RefusalError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
