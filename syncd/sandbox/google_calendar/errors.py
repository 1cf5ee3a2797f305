"""Refusals in Google's shape.

Source: Google Calendar guide, "Handle API errors".
"""

from syncd.sandbox.http import Response


class RefusalError(Exception):
    """One refused request; clients branch on ``reason``."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str = "",
        *,
        domain: str = "global",
        parameter: str = "",
        retry_after_s: int | None = None,
    ) -> None:
        """``domain`` is ``calendar`` for what only this API knows."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.message = message or reason
        self.domain = domain
        self.parameter = parameter
        self.retry_after_s = retry_after_s

    def response(self) -> Response:
        """The error document."""
        one = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.parameter:
            one |= {"locationType": "parameter", "location": self.parameter}
        body = {"code": self.status, "message": self.message, "errors": [one]}
        response = Response.json({"error": body}, status=self.status)
        if self.retry_after_s is not None:
            response.headers["Retry-After"] = str(self.retry_after_s)
        return response


def not_found() -> RefusalError:
    """Unknown, or not for this user's eyes."""
    return RefusalError(404, "notFound", "Not Found")


def bad_request(message: str) -> RefusalError:
    """A request that can never do."""
    return RefusalError(400, "badRequest", message)


def full_sync_required() -> RefusalError:
    """A sync token has died."""
    return RefusalError(
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        domain="calendar",
        parameter="syncToken",
    )
