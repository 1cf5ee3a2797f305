"""From an HTTP answer to the error that says what to do next.

Connectors pass the vendor's own codes; what no vendor code decides is decided here by
status alone. Bodies never reach an error.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Final

import requests

from syncd.errors import (
    AuthError,
    ConflictError,
    ConnectorError,
    RemoteError,
    RetryableError,
    SkipRecordError,
)
from syncd.kit.retry_after import retry_after_s

_AUTH: Final = frozenset({401})
_GONE: Final = frozenset({404, 410})
_MOVED: Final = frozenset({409, 412})
_BUSY: Final = frozenset({408, 425, 429, 503})
_BROKEN: Final = frozenset({500, 502, 504})


def error_of(
    response: requests.Response,
    *,
    system: str,
    now: datetime,
    is_write: bool,
    code: str = "",
) -> RemoteError:
    """The error for an answer that is not a success.

    Args:
        response: The answer; only status and headers are looked at.
        system: Which connector.
        now: Our clock, for Retry-After.
        is_write: A server error on a write may have taken effect: ambiguous.
        code: The vendor's code, when the body had one.
    """
    status = response.status_code
    code = code or f"http_{status}"
    if status in _BUSY or status in _BROKEN:
        return RetryableError(
            system=system,
            code=code,
            status=status,
            retry_after_s=retry_after_s(response.headers, now=now),
            ambiguous=is_write and status in _BROKEN,
        )
    for statuses, kind in (
        (_AUTH, AuthError),
        (_GONE, SkipRecordError),
        (_MOVED, ConflictError),
    ):
        if status in statuses:
            return kind(system=system, code=code, status=status)
    return ConnectorError(system=system, code=code, status=status)


def is_success(response: requests.Response) -> bool:
    """2xx; a redirect that was not followed is none."""
    return HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES
