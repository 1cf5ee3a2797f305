"""What the HTTP side of the service tells whom."""

import socket
import threading
from contextlib import contextmanager

import pytest
import requests
import uvicorn
from prometheus_client import CollectorRegistry

from syncd.web.app import Probes, create_app

ROUTES = ("/metrics", "/api/v1/status", "/api/v1/openapi.json")


@contextmanager
def served(*, token, reasons=()):
    """The application over HTTP, without a store behind it; yields its address."""
    probes = Probes(
        ready=lambda: reasons,
        status=lambda: {"mode": "dry-run"},
        registry=CollectorRegistry(),
    )
    app = create_app(probes, token=token)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def get(url, token=None):
    """One answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(url, headers=headers, timeout=20)


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_but_the_health_routes_asks_for_the_token(route):
    """Without it, or with another one, nothing is told: 401."""
    with served(token="right") as address:
        codes = [get(f"{address}{route}", t).status_code for t in (None, "x", "right")]
    assert codes == [401, 401, 200]


def test_health_routes_are_for_everybody():
    """A load balancer has no token; readiness lists its reasons."""
    with served(token="right", reasons=["chorus is incomplete"]) as address:
        assert get(f"{address}/healthz").status_code == 200
        ready = get(f"{address}/readyz")
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "reasons": ["chorus is incomplete"]}


def test_the_interface_names_every_route():
    """OpenAPI comes with the routes that there are."""
    with served(token="") as address:
        told = get(f"{address}/api/v1/openapi.json").json()
    assert {"/healthz", "/readyz", "/metrics", "/api/v1/status"} <= set(told["paths"])
