"""Google Calendar over its REST API v3; nothing here could change anything."""

from connectors.google_calendar.connector import build
from syncd.ports.connector import ConnectorSpec, ReadPattern

CONNECTOR = ConnectorSpec(
    system="google_calendar",
    title="Google Calendar",
    build=build,
    reads=(
        ReadPattern(method="POST", path=r"(/.*)?/token"),
        ReadPattern(method="GET", path=r"/calendar/v3/calendars/[^/]+/events(/.+)?"),
        ReadPattern(method="GET", path=r"/calendar/v3/calendars/[^/]+"),
    ),
)
