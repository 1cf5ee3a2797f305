"""The sheet on which the evidence about one candidate is noted."""

from collections.abc import Mapping
from typing import Final

from syncd.association.ground import Said
from syncd.model.association import Feature
from syncd.model.record import RecordRef

_ABOUT: Final = {
    "own": "this interaction",
    "series": "the series",
    "thread": "the thread",
}


class Sheet:
    """Collects the evidence of one candidate; switched-off evidence is not kept."""

    __slots__ = ("_weights", "found")

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Weighs by this table."""
        self._weights = weights
        self.found: list[Feature] = []

    def add(
        self,
        name: str,
        says: str,
        value: float = 1.0,
        refs: tuple[RecordRef, ...] = (),
        words: tuple[str, ...] = (),
    ) -> None:
        """Note evidence of this strength, with the records and words it rests on."""
        weight = self._weights.get(name)
        if weight and value:
            self.found.append(
                Feature(
                    name=name, weight=weight * value, says=says, refs=refs, words=words
                )
            )


def add_said(sheet: Sheet, how: str, said: Said, key: str) -> None:
    """What a person said to this candidate before; ``how`` it bears on it now."""
    if said.accepted == key:
        sheet.add("accepted", f"a person chose it for {_ABOUT[how]}")
    elif key in said.rejected:
        sheet.add("rejected", f"a person refused it for {_ABOUT[how]}")
