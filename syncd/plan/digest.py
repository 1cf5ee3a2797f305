"""The plan's digest: of the changes, in order, and the orgs they are for."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from syncd.model.plan import Change


def digest_of(changes: Sequence[Change], *, orgs: Mapping[str, str]) -> str:
    """``sha256:…``; the same state gives the same digest on every store."""
    body = msgspec.json.encode(
        {"orgs": dict(orgs), "changes": msgspec.to_builtins(tuple(changes))},
        order="deterministic",
    )
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
