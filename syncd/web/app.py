"""Health, readiness and metrics over HTTP; names are a contract."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response, status
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


@dataclass(frozen=True, kw_only=True)
class Probes:
    """What the service can say about itself.

    Attributes:
        ready: Reasons why it is not ready, empty when it is.
        status: Mode, connectors, lag and counts; no personal content.
        registry: Prometheus metrics.
    """

    ready: Callable[[], Sequence[str]]
    status: Callable[[], Mapping[str, object]]
    registry: CollectorRegistry


def create_app(probes: Probes, *, token: str) -> FastAPI:
    """The application; every route but the two health routes asks for the token.

    An empty token means that the service listens on a loopback address only, which
    the configuration has made sure of.
    """
    app = FastAPI(title="syncd", openapi_url=None)

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "")
        if token and not hmac.compare_digest(
            given.encode(), f"Bearer {token}".encode()
        ):
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                "send Authorization: Bearer with the token of [web]",
                headers={"WWW-Authenticate": "Bearer"},
            )

    guarded = Annotated[None, Depends(authorised)]

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """Store reachable, no connector stale, credentials accepted."""
        reasons = list(probes.ready())
        code = status.HTTP_503_SERVICE_UNAVAILABLE if reasons else status.HTTP_200_OK
        return JSONResponse({"ready": not reasons, "reasons": reasons}, code)

    @app.get("/metrics")
    def metrics(_: guarded) -> Response:
        """Prometheus metrics."""
        return Response(
            generate_latest(probes.registry), media_type=CONTENT_TYPE_LATEST
        )

    @app.get("/api/v1/status")
    def service_status(_: guarded) -> Mapping[str, object]:
        """Mode, connectors, lag and counts."""
        return probes.status()

    @app.get("/api/v1/openapi.json", include_in_schema=False)
    def openapi(_: guarded) -> Mapping[str, object]:
        """This interface, as OpenAPI."""
        return app.openapi()

    return app
