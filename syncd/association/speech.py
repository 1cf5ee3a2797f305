"""Evidence of what was said: titles, notes, invitations and summaries."""

from collections.abc import Mapping
from typing import Final

from syncd.association.field import Field
from syncd.association.ground import Deal
from syncd.association.scene import Scene
from syncd.association.sheet import Sheet
from syncd.model.words import CARE, EXPANSION, NEW, RENEWAL

_EARLY_PART: Final = 0.35
_LATE_PART: Final = 0.65
_HALF: Final = 0.5
_KINDS: Final = frozenset({RENEWAL, EXPANSION, NEW})


def add_title(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    """What the title says of one deal."""
    told = field.named.get(deal.opportunity.id)
    if told:
        value = _telling(told, field.frequency, len(field.rivals))
        if value:
            found = tuple(sorted(told))
            says = f"the title says {', '.join(found)}"
            sheet.add("name", says, value, (deal.ref,), found)
    talk, refs = scene.talk, (deal.ref,)
    if talk.kind and deal.kind:
        says = f"the title speaks of {talk.kind}, this is {deal.kind}"
        name = "kind_fits" if talk.kind == deal.kind else "kind_differs"
        if talk.kind == NEW and deal.kind != NEW:
            name = "first_talk_of_later"
        sheet.add(name, says, 1.0, refs, talk.of_kind)
    if bool(talk.of_start) is not bool(talk.of_end):
        part = _part_of_life(scene, deal)
        if part is not None and (
            part <= _EARLY_PART if talk.of_start else part >= _LATE_PART
        ):
            says = "the title's words fit how far it was"
            sheet.add("step_fits", says, 1.0, refs, talk.of_start or talk.of_end)
    if talk.of_care:
        says = "the title speaks of care after the sale"
        sheet.add("care_talk", says, 1.0, (), talk.of_care)


def add_notes(sheet: Sheet, scene: Scene, deal: Deal, field: Field) -> None:
    """What its texts say of one deal."""
    told = field.noted.get(deal.opportunity.id)
    value = told and _telling(told, field.noted_frequency, len(field.rivals))
    if told and value:
        found = tuple(sorted(told))
        says = f"its notes say {', '.join(found)}"
        sheet.add("note_name", says, value, (deal.ref,), found)
    kinds = scene.note_talk & _KINDS
    if kinds and deal.kind:
        says = f"its notes speak of {', '.join(sorted(kinds))}, this is {deal.kind}"
        name = "note_kind_fits" if deal.kind in kinds else "note_kind_differs"
        sheet.add(name, says, 1.0, (deal.ref,), tuple(sorted(kinds)))
    if CARE in scene.note_talk:
        says = "its notes speak of care after the sale"
        sheet.add("note_care", says, 1.0, (), (CARE,))


def _telling(told: frozenset[str], frequency: Mapping[str, int], total: int) -> float:
    """Words that all candidates share say nothing, rare ones most."""
    worth = sorted(
        (
            1.0 / frequency[word]
            for word in told
            if total == 1 or frequency[word] < total
        ),
        reverse=True,
    )
    return sum(one * _HALF**place for place, one in enumerate(worth))


def _part_of_life(scene: Scene, deal: Deal) -> float | None:
    created_at = deal.opportunity.created_at
    close_date = deal.past.close_date_at(scene.at)
    if created_at is None or close_date is None or created_at > scene.at:
        return None
    whole = (close_date - created_at.date()).days
    return (scene.at - created_at).days / whole if whole > 0 else 1.0
