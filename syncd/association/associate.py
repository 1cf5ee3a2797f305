"""The decision: candidates, probabilities, thresholds and the reason."""

import math
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from syncd.association.cases import case_features, deal_with_case_features
from syncd.association.features import opportunity_features, vetoes_of
from syncd.association.field import field_of
from syncd.association.ground import Deal, Ground
from syncd.association.scene import Scene, names_case, open_cases, set_scene
from syncd.association.weights import Weights, shipped
from syncd.model.association import (
    CLOSED_TODAY,
    Association,
    Candidate,
    Decision,
    Feature,
)
from syncd.model.entities import Case
from syncd.model.interaction import Interaction
from syncd.model.policy import AssociationPolicy
from syncd.model.record import RecordRef

# Python 3.11 is slow to look a member up in its enumeration.
_APPLY, _PROPOSE, _ABSTAIN = Decision
_DIGITS: Final = 6
_EVEN: Final = 0.5
_NAME: Final = attrgetter("name")
_WEIGHT: Final = attrgetter("weight")
WEAK_KEYS: Final = "people are recognised by weak keys only"
CLOSED_THEN: Final = "it was closed then, though not for long"
BY_DOMAIN: Final = "people are known by their company's domain only"


class Scored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A candidate with its score; ``held_back`` says why it is proposed at most."""

    candidate: Candidate
    score: float
    held_back: str = ""


def associate(
    ground: Ground,
    interaction: Interaction,
    policy: AssociationPolicy,
    weights: Weights | None = None,
) -> Association:
    """To which opportunity or case an interaction belongs, or to none.

    Args:
        ground: The indexes of the view that the interaction is in.
        interaction: The interaction.
        policy: The thresholds.
        weights: Other weights than those that syncd comes with.
    """
    weights = weights or shipped()
    refusal = refusal_of(interaction)
    if refusal:
        return _abstain(interaction, refusal)
    scene = set_scene(ground, interaction)
    live, vetoed = weigh(ground, scene, weights)
    if not live:
        says = "every candidate is ruled out" if vetoed else "there is no candidate"
        if not scene.strong and not scene.weak:
            says = "nobody who took part is a known contact"
        return _abstain(interaction, says, vetoed)
    shares = probabilities(
        [item.score for item in live],
        weights,
        people=len(scene.strong) + len(scene.weak),
    )
    return _decide(interaction, policy, live, shares, vetoed)


def refusal_of(interaction: Interaction) -> str:
    """Why no deal is even looked for; empty when one is."""
    if interaction.is_private:
        return "it is private"
    external = interaction.external
    if not external:
        return "nobody from outside took part"
    known = [p for p in external if p.contact_ids]
    if not known and any(p.lead_ids for p in external):
        return "only a lead took part, and an activity of a lead has no opportunity"
    return ""


def _abstain(
    interaction: Interaction, reason: str, vetoed: Sequence[Candidate] = ()
) -> Association:
    return Association(
        interaction_key=interaction.key,
        decision=_ABSTAIN,
        target=None,
        probability=0.0,
        margin=0.0,
        reason=reason,
        candidates=tuple(vetoed),
    )


def _considered(ground: Ground, scene: Scene) -> list[str]:
    """Opportunities of the people's accounts, of related ones, of roles and hints."""
    found = {hint.opportunity_id for hint in scene.hints}
    homes = scene.accounts | scene.related if scene.related else scene.accounts
    found.update(*[ground.by_account.get(one, ()) for one in homes])
    found.update(*[ground.by_contact.get(one, ()) for one in scene.contacts])
    return sorted([key for key in found if key in ground.deals])


def weigh(
    ground: Ground, scene: Scene, weights: Weights
) -> tuple[list[Scored], list[Candidate]]:
    """Candidates with their evidence, best first, and those that are ruled out."""
    table = weights.table
    rivals: dict[str, Deal] = {}
    vetoed: list[Candidate] = []
    for key in _considered(ground, scene):
        deal = ground.deals[key]
        vetoes = vetoes_of(scene, deal)
        if vetoes:
            vetoed.append(_candidate(deal, vetoes=vetoes))
        else:
            rivals[key] = deal
    cases = open_cases(ground, scene)
    support = deal_with_case_features(scene, table, has_cases=bool(cases))
    weak = "" if scene.strong else WEAK_KEYS if any(scene.weak) else BY_DOMAIN
    live: list[Scored] = []
    if rivals:
        field = field_of(ground, scene, rivals)
        for deal in rivals.values():
            found = opportunity_features(scene, deal, field, table)
            closed = CLOSED_TODAY if deal.opportunity.is_closed else ""
            if deal.past.was_about_to_reopen(scene.at):
                closed = CLOSED_THEN
            candidate = _candidate(deal, features=(*found, *support))
            live.append(_scored(candidate, weak or closed))
    live += [_case(scene, case, weak, weights) for case in cases]
    if len(live) > 1:
        live.sort(key=lambda s: (-s.score, s.candidate.target))
    return live, vetoed


def _candidate(
    deal: Deal, *, features: tuple[Feature, ...] = (), vetoes: tuple[str, ...] = ()
) -> Candidate:
    one = deal.opportunity
    return Candidate(
        target=deal.ref,
        name=one.name,
        account_id=one.account_id,
        probability=0.0,
        features=features,
        vetoes=vetoes,
        closed_today=one.is_closed,
    )


def _case(scene: Scene, case: Case, weak: str, weights: Weights) -> Scored:
    candidate = Candidate(
        target=RecordRef("salesforce", "Case", case.id),
        name=case.subject or case.number,
        account_id=case.account_id,
        probability=0.0,
        features=tuple(case_features(scene, case, weights.table)),
        closed_today=case.is_closed,
    )
    unnamed = "" if names_case(scene, case) else "its number is not named"
    known = case.contact_id in scene.contacts or case.account_id in scene.accounts
    foreign = "" if known else "nobody who took part belongs to its account"
    closed = CLOSED_TODAY if case.is_closed else ""
    return _scored(candidate, foreign or weak or unnamed or closed)


def _scored(candidate: Candidate, held_back: str) -> Scored:
    score = math.fsum([feature.weight for feature in candidate.features])
    return Scored(candidate=candidate, score=score, held_back=held_back)


def probabilities(
    scores: Sequence[float], weights: Weights, *, people: int
) -> list[float]:
    """Probability of each candidate beside "none of them", whose score is 0.

    Args:
        scores: Best first.
        weights: Whose calibration the best one's probability goes through.
        people: How many people outside are known.
    """
    heat = weights.temperature(len(scores), people)
    top = max(0.0, scores[0] / heat)
    parts = [math.exp(score / heat - top) for score in scores]
    total = math.fsum([*parts, math.exp(-top)])
    raw = parts[0] / total
    if raw < _EVEN:
        return [round(part / total, _DIGITS) for part in parts]
    best = weights.calibration.of(raw)
    rest = (1.0 - best) / (1.0 - raw) if raw < 1.0 else 0.0
    others = [round(part / total * rest, _DIGITS) for part in parts[1:]]
    return [round(best, _DIGITS), *others]


def margin_of(shares: Sequence[float]) -> float:
    """How far the first is ahead of the second, "none of them" being one of all."""
    none = max(0.0, 1.0 - math.fsum(shares))
    return round(shares[0] - max([none, *shares[1:]]), _DIGITS)


def _verdict(
    share: float, margin: float, policy: AssociationPolicy, held_back: str
) -> Decision:
    if share < policy.propose_at:
        return _ABSTAIN
    sure = share >= policy.apply_at and margin >= policy.margin
    return _APPLY if sure and not held_back else _PROPOSE


def _decide(
    interaction: Interaction,
    policy: AssociationPolicy,
    ranked: Sequence[Scored],
    shares: Sequence[float],
    vetoed: Sequence[Candidate],
) -> Association:
    top, margin = ranked[0], margin_of(shares)
    decision = _verdict(shares[0], margin, policy, top.held_back)
    candidates = [
        msgspec.structs.replace(item.candidate, probability=share)
        for item, share in zip(ranked, shares, strict=True)
    ]
    return Association(
        interaction_key=interaction.key,
        decision=decision,
        target=None if decision is _ABSTAIN else top.candidate.target,
        probability=shares[0],
        margin=margin,
        reason=_reason(decision, top, shares),
        candidates=(*candidates, *vetoed),
        held_back=top.held_back,
    )


def _reason(decision: Decision, top: Scored, shares: Sequence[float]) -> str:
    if decision is _ABSTAIN:
        share = f"{shares[0]:.1%}"
        return f"{len(shares)} candidates and none stands out ({share} at best)"
    speaking_for = [f for f in top.candidate.features if f.weight > 0]
    speaking_for.sort(key=_NAME)
    speaking_for.sort(key=_WEIGHT, reverse=True)
    because = [f.says for f in speaking_for]
    if decision is _APPLY:
        return "; ".join(because)
    return "; ".join([*because, top.held_back or "not certain enough"])
