"""Salesforce over its REST API."""

from connectors.salesforce.composite import parts_of
from connectors.salesforce.connector import build
from syncd.ports.connector import ConnectorSpec, ReadPattern

_DATA = r"/services/data/v\d+\.0"

CONNECTOR = ConnectorSpec(
    system="salesforce",
    title="Salesforce",
    writes=True,
    proves=True,
    build=build,
    reads=(
        ReadPattern(method="POST", path=r"/services/oauth2/token"),
        ReadPattern(method="GET", path=r"/services/oauth2/userinfo"),
        ReadPattern(method="GET", path=r"/services/data/?"),
        ReadPattern(method="GET", path=rf"{_DATA}/(query|queryAll)(/.*)?"),
        ReadPattern(method="GET", path=rf"{_DATA}/sobjects/\w+/describe/?"),
        ReadPattern(method="GET", path=rf"{_DATA}/limits/?"),
        ReadPattern(method="POST", path=rf"{_DATA}/composite/?", parts=parts_of),
        # Bulk query jobs: made, looked at, given up; none changes a record.
        ReadPattern(method="POST", path=rf"{_DATA}/jobs/query/?"),
        ReadPattern(method="GET", path=rf"{_DATA}/jobs/query/750\w+(/results)?/?"),
        ReadPattern(method="PATCH", path=rf"{_DATA}/jobs/query/750\w+/?"),
    ),
)
