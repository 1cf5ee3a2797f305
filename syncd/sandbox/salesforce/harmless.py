"""Which POST requests cannot change a record: composites of nothing but GETs."""

import json

from syncd.sandbox.http import Request


def only_reads(request: Request) -> bool:
    """Whether a request is a composite whose every part is a GET."""
    if not request.path.rstrip("/").endswith("/composite"):
        return False
    try:
        parts = json.loads(request.body)["compositeRequest"]
        return all(part["method"] == "GET" for part in parts)
    except (ValueError, KeyError, TypeError):
        return False
