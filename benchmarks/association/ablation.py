"""What each kind of evidence is worth: answers with one after the other left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from syncd.association.associate import associate
from syncd.association.ground import Ground, lay_ground
from syncd.association.weights import Weights, shipped
from syncd.evaluate.answers import NO_ANSWER, Answer, Judged, answer_of
from syncd.evaluate.evaluation import ours
from syncd.evaluate.figures import Figures, figures_of
from syncd.model.interaction import Interaction
from syncd.model.policy import AssociationPolicy
from syncd.model.view import AccountView

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "all of Outreach's and Chorus's hints": ("hint",),
    "all roles": ("role", "primary"),
    "all owners": ("owner",),
    "all words of the title": ("name", "kind_", "step_", "care_talk", "first_talk"),
    "all links of other activities": ("series", "thread", "habit", "pair", "pulse"),
}
"""Kinds of evidence left out together, by parts of their names."""


def variants() -> dict[str, Weights]:
    """Weights without each kind of evidence, then without each group."""
    full = shipped()
    groups = {
        group: [name for name in full.evidence if any(part in name for part in parts)]
        for group, parts in GROUPS.items()
    }
    alone = {name: full.without(name) for name in full.evidence}
    return alone | {group: full.without(*names) for group, names in groups.items()}


def answers_without(
    views: Iterable[AccountView], judged: Sequence[Judged], policy: AssociationPolicy
) -> dict[str, tuple[Answer, ...]]:
    """By what is left out: an answer for each labelled activity, in their order.

    Args:
        views: Every view of the world.
        judged: Its labelled activities; what has no answer has none here either.
        policy: The thresholds.
    """
    places = list(_places(views, judged))
    return {
        name: tuple(_answers(places, policy, weights))
        for name, weights in variants().items()
    }


def figures_without(judged: Sequence[Judged], answers: Sequence[Answer]) -> Figures:
    """Figures of the same activities with other answers."""
    others = [
        msgspec.structs.replace(one, answer=answer)
        for one, answer in zip(judged, answers, strict=True)
    ]
    return figures_of(others, ours)


_Place = tuple[Ground, Interaction] | None


def _places(views: Iterable[AccountView], judged: Sequence[Judged]) -> Iterator[_Place]:
    wanted = {activity_of(one) for one in judged}
    known: dict[str, tuple[Ground, Interaction]] = {}
    for view in views:
        ground = lay_ground(view)
        for interaction in view.interactions:
            for ref in interaction.refs:
                if ref.system == "salesforce" and ref.id in wanted:
                    known[ref.id] = (ground, interaction)
    for one in judged:
        has_answer = one.answer != NO_ANSWER
        yield known.get(activity_of(one)) if has_answer else None


def activity_of(one: Judged) -> str:
    """The activity's own id, without the name of its world."""
    return one.activity_id.rpartition(" ")[2]


def _answers(
    places: Iterable[_Place], policy: AssociationPolicy, weights: Weights
) -> Iterator[Answer]:
    for place in places:
        if place is None:
            yield NO_ANSWER
        else:
            ground, interaction = place
            found = associate(ground, interaction, policy, weights)
            yield answer_of(found, policy)
