"""Outreach over its REST API v2."""

from connectors.outreach.connector import build
from syncd.ports.connector import ConnectorSpec, ReadPattern

CONNECTOR = ConnectorSpec(
    system="outreach",
    title="Outreach",
    writes=True,
    proves=True,
    build=build,
    reads=(
        ReadPattern(method="POST", path=r"/oauth/token"),
        ReadPattern(method="GET", path=r"/api/v2(/.*)?"),
    ),
)
