"""How a simulated service meets HTTP: plain values in, plain values out.

A service is an object with ``handle(Request) -> Response``; ``serve`` (in
``syncd.sandbox.server``) puts it on a loopback port, and the simulation calls it in
process. Services keep no thread of their own and read no clock but ``SandboxClock``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        path: Percent-encoded as received, without query.
        query: Raw query string.
        headers: Names in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def params(self) -> list[tuple[str, str]]:
        """Query parameters, decoded, in order, repeats and blanks kept."""
        return parse_qsl(self.query, keep_blank_values=True)

    @cached_property
    def param(self) -> dict[str, str]:
        """Query parameters, the last of repeated ones."""
        return dict(self.params)

    @property
    def form(self) -> dict[str, str]:
        """Form-encoded body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(kw_only=True)
class Response:
    """One HTTP answer; ``drop`` closes the connection without sending it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False
    delay_s: float = 0.0
    truncate: int | None = None

    @classmethod
    def json(
        cls,
        value: Any,  # noqa: ANN401 - any JSON value
        *,
        status: int = 200,
        content_type: str = "application/json; charset=UTF-8",
        headers: Mapping[str, str] | None = None,
    ) -> "Response":
        """An answer whose body is JSON."""
        return cls(
            status=status,
            headers={"Content-Type": content_type, **(headers or {})},
            body=msgspec.json.encode(value),
        )


class Service(Protocol):
    """One simulated remote system."""

    name: str

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...
