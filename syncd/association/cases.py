"""Evidence for and against one case, and what cases say against opportunities."""

from collections.abc import Mapping

from syncd.association.scene import Scene, names_case
from syncd.association.sheet import Sheet, add_said
from syncd.model.association import Feature
from syncd.model.entities import Case
from syncd.model.record import RecordRef


def deal_with_case_features(
    scene: Scene, weights: Mapping[str, float], *, has_cases: bool
) -> list[Feature]:
    """What an open case says against every deal."""
    sheet = Sheet(weights)
    if has_cases and scene.talk.of_trouble:
        says = "the title speaks of a problem and a case was open"
        sheet.add("support_on_deal", says, 1.0, (), scene.talk.of_trouble)
    return sheet.found


def case_features(
    scene: Scene, case: Case, weights: Mapping[str, float]
) -> list[Feature]:
    """Everything that speaks for or against one case."""
    sheet = Sheet(weights)
    refs = (RecordRef("salesforce", "Case", case.id),)
    if names_case(scene, case):
        says = f"case {case.number} is named"
        words = (case.number, case.number.lstrip("0"))
        sheet.add("case_number", says, 1.0, refs, words)
    else:
        says = "somebody who took part had this case open"
        sheet.add("open_case", says, 1.0, refs)
        if scene.talk.of_trouble:
            says = "the title speaks of a problem"
            sheet.add("support", says, 1.0, (), scene.talk.of_trouble)
    for how, said in scene.said:
        add_said(sheet, how, said, case.id)
    return sheet.found
