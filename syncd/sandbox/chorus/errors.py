"""Refusals in Chorus's shapes.

Source: Chorus OpenAPI 26.33, error objects; bodies seen by callers of the live API.
"""

from http import HTTPStatus
from typing import Any, Final

from syncd.sandbox.http import Response

MEDIA_TYPE: Final = "application/vnd.api+json"


class RefusalError(Exception):
    """One refused request."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        parameter: str = "",
        pointer: str = "",
        header: str = "",
    ) -> None:
        """The place is named by one of ``parameter``, ``pointer``, ``header``."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.source = {
            name: value
            for name, value in (
                ("parameter", parameter),
                ("pointer", pointer),
                ("header", header),
            )
            if value
        }

    def response(self) -> Response:
        """The error document."""
        title = HTTPStatus(self.status).phrase
        error: dict[str, Any] = {
            "id": f"{self.status}",
            "code": title.lower().replace(" ", "_"),
            "status": str(self.status),
            "title": title,
            "detail": self.detail,
        }
        if self.source:
            error["source"] = self.source
        return document({"errors": [error]}, status=self.status)


class TokenError(RefusalError):
    """A token that does not do; its bodies are poorer than the others'."""

    def __init__(self, status: int, error: dict[str, str] | None = None) -> None:
        """Without an error the body is empty."""
        super().__init__(status)
        self.error = error

    def response(self) -> Response:
        """The short body, or none."""
        if self.error is None:
            return Response(status=self.status)
        return document({"errors": [self.error]}, status=self.status)


def document(body: Any, *, status: int = 200) -> Response:  # noqa: ANN401 - any JSON
    """A JSON:API answer."""
    return Response.json(body, status=status, content_type=MEDIA_TYPE)


def nothing_found() -> RefusalError:
    """Unknown, private, retired, or not for this user's eyes."""
    return RefusalError(404, "The server found nothing at this address.")
