"""Refusals in Google's shape.

Source: Google Calendar guide, "Handle API errors".
"""

from syncd.sandbox.http import Response


class RefusalError(Exception):
    """One refused request; clients branch on ``reason``."""

    def __init__(
        self, status: int, reason: str, message: str = "", *, domain: str = "global"
    ) -> None:
        """``domain`` is ``calendar`` for what only this API knows."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.message = message or reason
        self.domain = domain

    def response(self) -> Response:
        """The error document."""
        one = {"domain": self.domain, "reason": self.reason, "message": self.message}
        body = {"code": self.status, "message": self.message, "errors": [one]}
        return Response.json({"error": body}, status=self.status)


def not_found() -> RefusalError:
    """Unknown, or not for this user's eyes."""
    return RefusalError(404, "notFound", "Not Found")


def bad_request(message: str) -> RefusalError:
    """A request that can never do."""
    return RefusalError(400, "badRequest", message)
