"""How a request finds what answers it, and what handlers share."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from syncd.sandbox.http import Request, Response
from syncd.sandbox.salesforce.errors import RefusalError

Handler = Callable[[Request, re.Match[str], str], Response]
"""Answers a request; gets the match of its path and the session."""
Route = tuple[str, str, Handler]
"""Methods, joined by ``|``; pattern of the path below the version; handler."""
_OLDEST: Final = 31.0
"""Source: REST API Developer Guide, API End-of-Life Policy."""
_VERSION: Final = re.compile(r"/services/data/v(\d+\.\d)")


class Router:
    """Finds the handler of a request; a path may end in a slash."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """The first route that fits a request gets it."""
        self._routes = [
            (
                methods.split("|"),
                re.compile(rf"/services/data/v\d+\.\d{path}/?"),
                handler,
            )
            for methods, path, handler in routes
        ]

    def answer(self, request: Request, session: str) -> Response:
        """The handler's answer.

        Raises:
            RefusalError: Nothing is at this path, or not by this method; or the path's
                version of the API is no longer served.
        """
        if float(version_of(request) or _OLDEST) < _OLDEST:
            message = f"API version {version_of(request)} is retired"
            raise RefusalError("GONE", message, status=410)
        known = False
        for methods, pattern, handler in self._routes:
            found = pattern.fullmatch(request.path)
            if found and request.method in methods:
                return handler(request, found, session)
            known = known or found is not None
        if known:
            message = f"HTTP Method '{request.method}' not allowed"
            raise RefusalError("METHOD_NOT_ALLOWED", message, status=405)
        message = "The requested resource does not exist"
        raise RefusalError("NOT_FOUND", message, status=404)


def version_of(request: Request) -> str:
    """The API version in a request's path, such as ``62.0``."""
    found = _VERSION.match(request.path)
    return found[1] if found else ""


def body_of(request: Request) -> dict[str, Any]:
    """A JSON object.

    Raises:
        RefusalError: The body is something else.
    """
    try:
        return dict(json.loads(request.body))
    except (ValueError, TypeError):
        raise RefusalError("JSON_PARSER_ERROR", "the body is not JSON") from None
