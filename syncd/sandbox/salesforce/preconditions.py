"""Conditional requests: dates for every object, entity tags for accounts only.

Source: REST API Developer Guide, "Conditional Request Headers".
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

import msgspec

from syncd.kit.instants import parse_instant
from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError

_TAGGED: Final = frozenset({"Account"})
_NOT_MODIFIED: Final = 304


def entity_headers(name: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Last-Modified of any row, ETag of an account."""
    at = parse_instant(row["LastModifiedDate"])
    headers = {"Last-Modified": format_datetime(at, usegmt=True)}
    if name in _TAGGED:
        headers["ETag"] = _tag(row)
    return headers


def unmet(request: Request, name: str, row: Mapping[str, Any]) -> Response | None:
    """A 304 where a reader already has the row; None where all conditions are met.

    Raises:
        RefusalError: 412 for a condition that does not hold, 400 for a date that is
            none.
    """
    reading = request.method == "GET"
    if name in _TAGGED:
        _match_tag(request, _tag(row))
        if _names_tag(request, "if-none-match", _tag(row)):
            if not reading:
                raise _failed()
            return Response(status=_NOT_MODIFIED)
    changed = parse_instant(row["LastModifiedDate"])
    since = date_in(request, "if-unmodified-since")
    if since is not None and changed > since:
        raise _failed()
    since = date_in(request, "if-modified-since") if reading else None
    if since is not None and changed <= since:
        return Response(status=_NOT_MODIFIED)
    return None


def date_in(request: Request, header: str) -> datetime | None:
    """The date of a header.

    Raises:
        RefusalError: It is not an HTTP date.
    """
    text = request.headers.get(header)
    if text is None:
        return None
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError):
        message = f"{header} is not a date"
        raise RefusalError("MALFORMED_HEADER", message) from None


class Versions:
    """Since when each description reads as it does; noticed when it is asked for."""

    def __init__(self, start: datetime) -> None:
        """Nothing has changed since the start."""
        self._start = start
        self._known: dict[str, tuple[str, datetime]] = {}

    def since(self, name: str, description: object, now: datetime) -> datetime:
        """The instant of the last change, in whole seconds."""
        digest = _digest(description)
        known, at = self._known.get(name, (digest, self._start))
        if known != digest:
            at = now + timedelta(seconds=1)
        self._known[name] = (digest, at)
        return at.replace(microsecond=0)


def _match_tag(request: Request, tag: str) -> None:
    asked = "if-match" in request.headers
    if asked and not _names_tag(request, "if-match", tag):
        raise _failed()


def _names_tag(request: Request, header: str, tag: str) -> bool:
    tags = {one.strip() for one in request.headers.get(header, "").split(",")}
    return bool(tags & {tag, "*"})


def _tag(row: Mapping[str, Any]) -> str:
    return f'"{_digest(dict(row))}"'


def _digest(value: object) -> str:
    text = msgspec.json.encode(value, order="sorted")
    return base64.b64encode(hashlib.sha256(text).digest()[:15]).decode()


def _failed() -> RefusalError:
    message = "the record does not meet the conditions of the request"
    return RefusalError("PRECONDITION_FAILED", message, status=412)
