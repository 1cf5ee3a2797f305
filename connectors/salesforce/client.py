"""Authorised requests: one replay after a refused token, errors by next step.

Source: Salesforce REST API Developer Guide, "Status Codes and Error Responses".
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import requests

from connectors.salesforce.login import Login
from syncd.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    CursorError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.budget import CallBudget
from syncd.kit.classify import error_of, is_success
from syncd.kit.instants import date_of
from syncd.kit.payload import read_json
from syncd.kit.retry import retrying
from syncd.kit.retry_after import retry_after_s
from syncd.kit.tokens import Token, TokenCache
from syncd.ports.connector import ConnectorContext

SYSTEM: Final = "salesforce"
_USAGE: Final = re.compile(r"api-usage=(\d+)/(\d+)")
_LONG_WAIT_S: Final = 3600.0
# 16,384 bytes, less what the machines in between add to the headers.
_GET_BYTES: Final = 15_800
_NEAR_THE_LIMIT: Final = 0.95

LOCKED: Final = "UNABLE_TO_LOCK_ROW"
# An automation of the org failed; its text, often localised, holds the cause's code.
WRAPPERS: Final = frozenset(
    {"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"}
)
_RETRY: Final = frozenset({LOCKED, "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"})
_STALE: Final = frozenset(
    {
        "NOT_FOUND",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_LOCKED",
    }
)
_OPERATOR: Final = frozenset(
    {"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "INVALID_SESSION_ID"}
)
_KINDS: Final[tuple[tuple[frozenset[str], type[RemoteError]], ...]] = (
    (_RETRY, RetryableError),
    (frozenset({"INVALID_QUERY_LOCATOR"}), CursorError),
    (_STALE, SkipRecordError),
    (_OPERATOR, AuthError),
)


class Client:
    """Requests to one org; ``now`` is our clock, ``server_at`` the server's."""

    def __init__(self, context: ConnectorContext) -> None:
        """Connects only when asked."""
        self.login = Login(context)
        self.session = context.session
        self.now = context.now
        self.server_at: datetime | None = None
        self.used_calls = 0
        self.allowed_calls = 0
        self._version = str(context.settings["api_version"])
        self._share = float(context.settings["daily_call_share"])
        self._day = CallBudget(SYSTEM, window=timedelta(days=1), now=context.now)
        self._tokens = TokenCache(self.login.renew, now=context.now)
        self._not_before: datetime | None = None

    @property
    def root(self) -> str:
        """Path of the REST API's version."""
        return f"/services/data/v{self._version}"

    def get(self, path: str, **kwargs: Any) -> Any:  # noqa: ANN401 - any JSON value
        """The JSON behind a path; tried again where that is safe.

        Raises:
            RemoteError: See syncd.errors; the class says what to do next.
        """
        return retrying(lambda: self.json(self.send("GET", path, **kwargs)))

    def fits(self, path: str, params: Mapping[str, str]) -> bool:
        """Whether a GET stays within what Salesforce takes: address and headers.

        Source: API Request Limits and Allocations (16,384 bytes).
        """
        token = self._tokens.get().value
        headers = {**self.session.headers, "Authorization": f"Bearer {token}"}
        address = len(f"{path}?{urlencode(params)}")
        lines = sum(len(name) + len(value) + 4 for name, value in headers.items())
        return address + lines <= _GET_BYTES

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        is_write: bool | None = None,
        **kwargs: Any,  # noqa: ANN401 - requests' own
    ) -> requests.Response:
        """One request; after a refused token once more, with the same headers.

        Args:
            method: The HTTP method.
            path: Below the instance.
            headers: Kept in the replay.
            is_write: Whether a lost answer is ambiguous; as the method says if absent.
            kwargs: As of ``requests.Session.request``.

        Raises:
            RemoteError: The answer is not a success.
        """
        token = self._tokens.get()
        response = self._send(method, path, token, headers, kwargs)
        if response.status_code == requests.codes.unauthorized:
            token = self._tokens.replace(token)
            response = self._send(method, path, token, headers, kwargs)
        if is_success(response):
            return response
        raise self._error(
            response, is_write=method != "GET" if is_write is None else is_write
        )

    def _send(
        self,
        method: str,
        path: str,
        token: Token,
        headers: Mapping[str, str] | None,
        kwargs: Mapping[str, Any],
    ) -> requests.Response:
        self._hold_back()
        allowed = self.allowed_calls * self._share
        self._day.spend(allowed=allowed, code="daily_call_share")
        if not path.startswith("/"):
            # Anything else would lead to another server, with our token.
            raise ConnectorError(system=SYSTEM, code="link_to_another_server")
        response = self.session.request(
            method,
            f"{token.base_url}{path}",
            headers={**(headers or {}), "Authorization": f"Bearer {token.value}"},
            allow_redirects=False,
            **kwargs,
        )
        self._note(response)
        return response

    def _hold_back(self) -> None:
        """Send nothing while the org's day is used up, or nearly so.

        Raises:
            RetryableError: It is; ``retry_after_s`` says until when.
        """
        if self._not_before is not None and self.now() < self._not_before:
            wait = self._not_before - self.now()
            raise RetryableError(
                system=SYSTEM,
                code="REQUEST_LIMIT_EXCEEDED",
                retry_after_s=wait.total_seconds(),
            )
        if self.used_calls > _NEAR_THE_LIMIT * self.allowed_calls > 0:
            # The org's other tools need what is left.
            raise RetryableError(
                system=SYSTEM, code="org_near_its_limit", retry_after_s=_LONG_WAIT_S
            )

    def json(self, response: requests.Response) -> Any:  # noqa: ANN401
        """The body as JSON.

        Raises:
            RetryableError: It is not JSON: a gateway's page, or cut off.
        """
        try:
            return read_json(response.content)
        except ValueError:
            raise RetryableError(
                system=SYSTEM, code="not_json", status=response.status_code
            ) from None

    def log_in(self) -> None:
        """Have a token; whose it is, ``login`` knows then.

        Raises:
            AuthError: The credentials are refused.
        """
        self._tokens.get()

    @property
    def base_url(self) -> str:
        """The instance that answers us."""
        return self._tokens.get().base_url

    @property
    def over_budget(self) -> bool:
        """Whether our share is used up, or all tools together near the limit."""
        allowed = self.allowed_calls
        return allowed > 0 and (
            self._day.used > allowed * self._share
            or self.used_calls > _NEAR_THE_LIMIT * allowed
        )

    def _note(self, response: requests.Response) -> None:
        self.server_at = date_of(response.headers) or self.server_at
        usage = _USAGE.search(response.headers.get("Sforce-Limit-Info", ""))
        if usage:
            self.used_calls, self.allowed_calls = int(usage[1]), int(usage[2])

    def _error(self, response: requests.Response, *, is_write: bool) -> RemoteError:
        code, message = first_error(response)
        status = response.status_code
        if is_write and status >= requests.codes.server_error:
            # Whatever the code says: the row may be there.
            return RetryableError(
                system=SYSTEM,
                code=code or f"http_{status}",
                status=status,
                retry_after_s=retry_after_s(response.headers, now=self.now()),
                ambiguous=True,
            )
        known = error_of_code(code, message=message, status=status)
        if known is None:
            return error_of(
                response, system=SYSTEM, now=self.now(), is_write=is_write, code=code
            )
        if isinstance(known, RetryableError) and known.retry_after_s == _LONG_WAIT_S:
            self._not_before = self.now() + timedelta(seconds=_LONG_WAIT_S)
        return known


def first_error(response: requests.Response) -> tuple[str, str]:
    """Code and message of the first error; empty where the body has none."""
    try:
        return error_in(read_json(response.content))
    except ValueError:
        return "", ""


def error_in(body: object) -> tuple[str, str]:
    """Code and message of the first error of a decoded body."""
    first = body[0] if isinstance(body, list) and body else {}
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("errorCode", ""))[:80], str(first.get("message", ""))


def part_error(status: int, body: object) -> RemoteError:
    """The error for a part of a composite read: as a request of its own would give."""
    code, message = error_in(body)
    known = error_of_code(code, message=message, status=status)
    if known is not None:
        return known
    broken = status >= requests.codes.server_error
    kind = RetryableError if broken else ConnectorError
    return kind(system=SYSTEM, code=code or f"http_{status}", status=status)


def error_of_code(code: str, *, message: str, status: int) -> RemoteError | None:
    """The error for one of Salesforce's codes; None where the status decides."""
    if code == "REQUEST_LIMIT_EXCEEDED":
        # One text means "wait for the rolling day", the other "a moment".
        wait_s = None if "Concurrent" in message else _LONG_WAIT_S
        return RetryableError(
            system=SYSTEM, code=code, status=status, retry_after_s=wait_s
        )
    if code in WRAPPERS and LOCKED in message:
        return RetryableError(system=SYSTEM, code=code, status=status)
    if status == requests.codes.precondition_failed:
        return ConflictError(system=SYSTEM, code=code or "http_412", status=status)
    for codes, kind in _KINDS:
        if code in codes:
            return kind(system=SYSTEM, code=code, status=status)
    if code and status < requests.codes.server_error:
        return ConnectorError(system=SYSTEM, code=code, status=status)
    return None
