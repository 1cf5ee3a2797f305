"""Service-account tokens, one per calendar owner.

Source: Google Identity, "Using OAuth 2.0 for server to server applications".
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport import Request as TransportRequest
from google.auth.transport import Response as TransportResponse
from google.oauth2 import service_account
from requests import Response
from requests import Session as HttpSession  # noqa: TID251 - a type, never built

from syncd.errors import AuthError, RetryableError
from syncd.ports.connector import ConnectorContext

SYSTEM: Final = "google_calendar"
_SCOPES: Final = ("https://www.googleapis.com/auth/calendar.events.readonly",)


class Tokens:
    """Access tokens by calendar owner; google-auth renews them."""

    def __init__(self, context: ConnectorContext) -> None:
        """Reads this connector's settings; connects only when asked.

        Raises:
            AuthError: The key file is not one of a service account.
        """
        self._transport = _Transport(context.session)
        settings = context.settings
        try:
            info = json.loads(settings["service_account"])
            token_url = settings["token_url"] or info["token_uri"]
            base = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                {**info, "token_uri": token_url}, scopes=_SCOPES
            )
        except (ValueError, KeyError, TypeError, GoogleAuthError):
            raise AuthError(
                system=SYSTEM,
                code="service_account",
                detail="is not a service account's key file (JSON)",
            ) from None
        # The library signs for Google's own address whatever the token address is.
        self._base = service_account.Credentials(  # type: ignore[no-untyped-call]
            base.signer,
            base.service_account_email,
            token_url,
            scopes=_SCOPES,
            additional_claims={"aud": token_url},
        )
        self.project = str(info.get("project_id") or base.service_account_email)
        self._by_user: dict[str, service_account.Credentials] = {}

    def header(self, user: str, *, anew: bool = False) -> dict[str, str]:
        """An Authorization header for one calendar owner.

        Raises:
            AuthError: Delegation is refused for this owner.
            RetryableError: No answer, or one that says nothing about the grant.
        """
        credentials = self._by_user.get(user)
        if credentials is None or anew:
            credentials = self._base.with_subject(user)  # type: ignore[no-untyped-call]
            self._by_user[user] = credentials
        if not credentials.valid:
            try:
                credentials.refresh(self._transport)
            except RefreshError as error:
                kind = RetryableError if error.retryable else AuthError
                raise kind(system=SYSTEM, code=_code(error)) from None
            except (GoogleAuthError, TypeError, ValueError):
                # google-auth reads any 200 as a grant, a gateway's page too.
                raise RetryableError(system=SYSTEM, code="token_not_json") from None
        return {"Authorization": f"Bearer {credentials.token}"}


def _code(error: RefreshError) -> str:
    """The OAuth error code, which google-auth hands on in its second argument."""
    details = error.args[1] if len(error.args) > 1 else None
    if isinstance(details, Mapping):
        return str(details.get("error", "refresh_refused"))[:64]
    return "refresh_refused"


class _Answer(TransportResponse):
    """What google-auth wants to know of an answer."""

    def __init__(self, response: Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.content


class _Transport(TransportRequest):
    """google-auth's way out: our session, so that a dry run stays dry."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,  # noqa: ANN401
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _Answer:
        return _Answer(
            self._session.request(
                method, url, data=body, headers=headers, timeout=timeout
            )
        )
