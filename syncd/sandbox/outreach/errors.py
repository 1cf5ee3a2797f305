"""Refusals in Outreach's shape.

Source: Outreach developer documentation, "Making requests", "Errors".
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.http import Response

MEDIA_TYPE: Final = "application/vnd.api+json"
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class RefusalError(Exception):
    """One JSON:API error."""

    def __init__(
        self,
        status: int,
        error_id: str,
        detail: str,
        *,
        pointer: str = "",
        until: datetime | None = None,
    ) -> None:
        """``error_id`` is what clients key on.

        ``pointer`` names the place in the request; before ``until`` trying again is
        of no use.
        """
        super().__init__(error_id)
        self.status = status
        self.error_id = error_id
        self.detail = detail
        self.pointer = pointer
        self.until = until

    def response(self) -> Response:
        """The error document; an odd key for one of them, as the vendor has it."""
        key = "details" if self.error_id == "unsupportedMediaType" else "detail"
        title = _CAPITAL.sub(" ", self.error_id).title()
        error: dict[str, Any] = {"id": self.error_id, "title": title, key: self.detail}
        if self.pointer:
            error["source"] = {"pointer": self.pointer}
        return answer({"errors": [error]}, status=self.status)


def answer(body: Mapping[str, Any], *, status: int = 200) -> Response:
    """A JSON:API answer."""
    return Response.json(body, status=status, content_type=MEDIA_TYPE)


def not_found(kind: str, number: int) -> RefusalError:
    """Gone, or not for this user's eyes."""
    detail = f"Could not find '{kind}' with ID '{number}'."
    return RefusalError(404, "resourceNotFound", detail)


def bad_request(detail: str) -> RefusalError:
    """A query or parameter that can never do."""
    return RefusalError(400, "badRequest", detail)


def invalid(detail: str, *, name: str = "") -> RefusalError:
    """A value that may not be stored; ``name`` of its attribute."""
    pointer = f"/data/attributes/{name}" if name else "/data"
    return RefusalError(422, "validationError", detail, pointer=pointer)
