"""Refusals of the simulated Salesforce, in the vendor's shapes."""

from collections.abc import Sequence


class RefusalError(Exception):
    """One REST error: HTTP status, code, message, fields."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, fields: Sequence[str] = ()
    ) -> None:
        """``status`` is the HTTP status where the error ends a request."""
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status
        self.fields = tuple(fields)

    def body(self) -> list[dict[str, object]]:
        """The error array of the REST API."""
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            error["fields"] = list(self.fields)
        return [error]

    def row(self) -> dict[str, object]:
        """The error of one row of a collection: its key is ``statusCode``."""
        return {
            "success": False,
            "errors": [
                {
                    "statusCode": self.code,
                    "message": self.message,
                    "fields": list(self.fields),
                }
            ],
        }
