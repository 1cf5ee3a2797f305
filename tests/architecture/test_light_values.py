"""Values that a plan makes by the hundred thousand stay light."""

import msgspec
import pytest

from syncd.model.association import Association, Candidate, Feature
from syncd.model.entities import ENTITY_TYPES, NoteDigest
from syncd.model.interaction import Interaction, Participant
from syncd.model.record import RecordRef

_LIGHT = {
    *ENTITY_TYPES.values(),
    *(NoteDigest, RecordRef, Interaction, Participant),
    *(Feature, Candidate, Association),
}


@pytest.mark.parametrize("kind", sorted(_LIGHT, key=lambda kind: kind.__name__))
def test_the_collector_need_not_walk_through_them(kind: type[msgspec.Struct]) -> None:
    """They cannot be part of a cycle; walking through them cost a tenth of a plan."""
    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.gc
