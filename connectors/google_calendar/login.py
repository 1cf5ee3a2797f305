"""Service-account tokens, one per calendar owner.

Source: Google Identity, "Using OAuth 2.0 for server to server applications".
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport import Request as TransportRequest
from google.auth.transport import Response as TransportResponse
from google.oauth2 import service_account
from requests import Response

from syncd.errors import AuthError, ConnectorError, RetryableError
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of
from syncd.ports.connector import ConnectorContext

SYSTEM: Final = "google_calendar"
_REFUSALS: Final = frozenset({400, 401, 403})
_SKEW: Final = timedelta(minutes=2)
_SCOPES: Final = ("https://www.googleapis.com/auth/calendar.events.readonly",)


class Tokens:
    """Access tokens by calendar owner; google-auth renews them."""

    def __init__(self, context: ConnectorContext) -> None:
        """Reads this connector's settings; connects only when asked.

        Raises:
            AuthError: The key file is not one of a service account.
        """
        self._transport = _Transport(context)
        self._now = context.now
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
            RetryableError: The token service cannot answer now.
        """
        credentials = self._by_user.get(user)
        if credentials is None or anew:
            credentials = self._base.with_subject(user)  # type: ignore[no-untyped-call]
            self._by_user[user] = credentials
        if not credentials.valid:
            try:
                credentials.refresh(self._transport)
            except RefreshError as error:
                self._blame_the_clock()
                raise AuthError(system=SYSTEM, code=_code(error)) from None
        return {"Authorization": f"Bearer {credentials.token}"}

    def _blame_the_clock(self) -> None:
        """A grant is dated, and one of another hour is refused to every owner.

        Raises:
            ConnectorError: Our clock and Google's differ.
        """
        told = self._transport.server_at
        ahead = self._now() - told if told else timedelta(0)
        if abs(ahead) > _SKEW:
            raise ConnectorError(
                system=SYSTEM,
                code="clock_differs",
                detail=f"our clock is {ahead.total_seconds():+.0f} s off Google's; "
                "set it by NTP",
            )


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
    """google-auth's way out: our session, so that a dry run stays dry.

    Only what the token service decided comes back to the library; what was lost or
    broken on the way is raised as it is, for the one retry layer.
    """

    def __init__(self, context: ConnectorContext) -> None:
        self._session = context.session
        self._now = context.now
        self.server_at: datetime | None = None

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: Any = None,  # noqa: ANN401
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: object,
    ) -> _Answer:
        response = self._session.request(
            method, url, data=body, headers=headers, timeout=timeout
        )
        self.server_at = date_of(response.headers) or self.server_at
        if is_success(response):
            _require_document(response)
        elif response.status_code not in _REFUSALS:
            # The library would sleep and ask again by itself, or call it a refusal.
            raise error_of(response, system=SYSTEM, now=self._now(), is_write=False)
        return _Answer(response)


def _require_document(response: Response) -> None:
    """The library takes any body for a document.

    Raises:
        RetryableError: It is not JSON: a gateway's page, or cut off.
    """
    try:
        is_document = isinstance(response.json(), dict)
    except ValueError:
        is_document = False
    if not is_document:
        raise RetryableError(
            system=SYSTEM, code="token_not_json", status=response.status_code
        )
