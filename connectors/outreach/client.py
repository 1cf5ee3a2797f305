"""JSON:API requests: one replay after a refused token, rate headers, errors.

Source: Outreach API reference, "Making requests", "Rate limits".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import requests

from connectors.outreach.login import SYSTEM, Login
from syncd.errors import ConnectorError, RemoteError, RetryableError
from syncd.kit.budget import CallBudget
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying
from syncd.kit.tokens import Token, TokenCache
from syncd.ports.connector import ConnectorContext

_MEDIA_TYPE: Final = "application/vnd.api+json"
_WRITABLE: Final = {
    "POST": ("opportunityProspectRoles", "prospects", "tasks"),
    "PATCH": ("opportunityProspectRoles", "prospects"),
    "DELETE": ("opportunityProspectRoles",),
}
"""Collections that a method may address; everything else cannot be sent at all."""


class Client:
    """Requests to one Outreach org."""

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self.base_url = str(context.settings["base_url"])
        self.now = context.now
        self.server_at: datetime | None = None
        self.limit = 0
        self.remaining = 0
        self._session = context.session
        self._share = float(context.settings["hourly_call_share"])
        self._daily = int(context.settings["daily_calls"])
        self._hour = CallBudget(SYSTEM, window=timedelta(hours=1), now=context.now)
        self._day = CallBudget(SYSTEM, window=timedelta(days=1), now=context.now)
        self._login = Login(context)
        self._tokens = TokenCache(self._login.renew, now=context.now)

    def get(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """A JSON:API document; tried again where that helps.

        Raises:
            RemoteError: See syncd.errors.
        """
        return retrying(lambda: self._document(self.send("GET", path, params=params)))

    def root(self) -> Mapping[str, Any]:
        """The document that names org and user; tried again where that helps.

        Raises:
            RemoteError: See syncd.errors.
        """
        return retrying(lambda: self._document(self.send("GET", ""), key=""))

    def write(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """What a write made or changed; empty after a delete. Never tried again.

        Raises:
            RemoteError: As ``send``; ambiguous when the answer is none of Outreach's.
        """
        response = self.send(method, path, params=params, body=body)
        if response.status_code == requests.codes.no_content:
            return {}
        return self._document(response, is_write=True)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        """One request; ``path`` is below /api/v2, or a whole link of this server.

        Raises:
            RemoteError: The answer is not a success.
            ConnectorError: A write that this connector must never send, or a link
                that leads to another server.
        """
        url = path if path.startswith("http") else f"{self.base_url}/api/v2{path}"
        self._refuse_foreign(url)
        refuse_unlisted(method, urlsplit(url).path)
        token = self._tokens.get()
        response = self._send(method, url, token, params, body)
        if response.status_code == requests.codes.unauthorized:
            self._login.refuse(token)
            token = self._tokens.replace(token)
            response = self._send(method, url, token, params, body)
        if is_success(response):
            return response
        raise self._error(response, is_write=method != "GET")

    def _send(
        self,
        method: str,
        url: str,
        token: Token,
        params: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> requests.Response:
        self._hour.spend(allowed=self.limit * self._share, code="hourly_call_share")
        self._day.spend(allowed=self._daily, code="daily_calls")
        headers = {
            "Authorization": f"Bearer {token.value}",
            "Accept": _MEDIA_TYPE,
            "Content-Type": _MEDIA_TYPE,
        }
        response = self._session.request(
            method,
            url,
            params=params,
            data=None if body is None else msgspec.json.encode(body),
            headers=headers,
            allow_redirects=False,
        )
        self._note(response)
        return response

    def _refuse_foreign(self, url: str) -> None:
        if not url.startswith(f"{self.base_url}/api/v2"):
            raise ConnectorError(system=SYSTEM, code="link_to_another_server")

    def _note(self, response: requests.Response) -> None:
        headers = response.headers
        self.server_at = date_of(headers) or self.server_at
        for name, attribute in (("Limit", "limit"), ("Remaining", "remaining")):
            text = headers.get(f"X-RateLimit-{name}", "")
            if text.isdigit():
                setattr(self, attribute, int(text))

    def _document(
        self, response: requests.Response, *, key: str = "data", is_write: bool = False
    ) -> Mapping[str, Any]:
        """The body of a success; a gateway's page with status 200 is none."""
        try:
            body = read_json(response.content)
        except ValueError:
            body = None
        if not isinstance(body, dict) or (key and key not in body):
            raise RetryableError(
                system=SYSTEM,
                code="malformed_answer" if is_write else "malformed_page",
                status=response.status_code,
                ambiguous=is_write,
            )
        return body

    def _error(self, response: requests.Response, *, is_write: bool) -> RemoteError:
        return error_of(
            response,
            system=SYSTEM,
            now=self.now(),
            is_write=is_write,
            code=error_id(response),
        )


def refuse_unlisted(method: str, path: str) -> None:
    """Batch actions and everything else off the list cannot be issued.

    Raises:
        ConnectorError: The write is not on the list.
    """
    if method == "GET":
        return
    parts = path.strip("/").split("/")[2:]
    allowed = bool(parts) and parts[0] in _WRITABLE.get(method, ())
    is_task_action = parts[:1] == ["tasks"] and len(parts) == 4  # noqa: PLR2004
    if not allowed or (parts[0] == "tasks" and not is_task_action):
        raise ConnectorError(system=SYSTEM, code="write_not_on_the_list")


def error_id(response: requests.Response) -> str:
    """The first error's id; empty when the body has none."""
    try:
        body = read_json(response.content)
    except ValueError:
        return ""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("id", ""))[:80] if isinstance(first, dict) else ""
