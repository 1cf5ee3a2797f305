"""Records and pages, as fixtures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from syncd.model import entities as e
from syncd.model.record import Record, RecordRef
from syncd.ports.mirror import MirrorPage

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The instant at which tests commit."""
    return NOW


def _record(
    system: str, kind_name: str, key: str, /, *, at: datetime = NOW, **fields: Any
) -> Record:
    kind = e.ENTITY_TYPES[(system, kind_name)]
    extra = {"object": kind_name} if kind is e.Activity else {}
    return Record(
        ref=RecordRef(system, kind_name, key),
        version=at.isoformat(),
        valid_from=at,
        fields=msgspec.json.encode(kind(id=key, **extra, **fields), order="sorted"),
        happened_at=fields.get("created_at"),
        is_open=kind is e.Activity and not fields.get("is_closed", False),
    )


@pytest.fixture
def record() -> Callable[..., Record]:
    """``record(system, object, id, at=…, **entity fields)``."""
    return _record


@pytest.fixture
def page() -> Callable[..., MirrorPage]:
    """``page(*records, **more)``: a page of records of one object."""

    def build(*records: Record, **more: Any) -> MirrorPage:
        values: dict[str, Any] = {"records": records}
        if records:
            first = records[0].ref
            values |= {"system": first.system, "object": first.object}
        return MirrorPage(**(values | more))

    return build
