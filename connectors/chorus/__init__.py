"""Chorus over its API; the one POST here asks a question and changes nothing."""

from connectors.chorus.connector import build
from syncd.ports.connector import ConnectorSpec, ReadPattern

CONNECTOR = ConnectorSpec(
    system="chorus",
    title="Chorus",
    build=build,
    reads=(
        ReadPattern(method="GET", path=r"/v3/(users|engagements)"),
        ReadPattern(method="GET", path=r"/api/v1/users/me"),
        ReadPattern(method="GET", path=r"/api/v1/conversations/[0-9A-Za-z]+"),
        ReadPattern(method="POST", path=r"/api/v1/conversations:validate"),
    ),
)
