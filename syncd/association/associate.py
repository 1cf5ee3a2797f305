"""The decision: candidates, probabilities, thresholds and an explanation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from syncd.association import weights
from syncd.association.features import (
    case_features,
    deal_with_case_features,
    opportunity_features,
    opportunity_ref,
    vetoes_of,
)
from syncd.association.ground import Ground
from syncd.association.scene import Scene, names_case, open_cases, set_scene
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

_DIGITS: Final = 6


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """A candidate with its score; ``held_back`` says why it is proposed at most."""

    candidate: Candidate
    score: float
    held_back: str = ""


def associate(
    ground: Ground, interaction: Interaction, policy: AssociationPolicy
) -> Association:
    """To which opportunity or case an interaction belongs, or to none."""
    refusal = _refusal(interaction)
    if refusal:
        return _abstain(interaction, refusal)
    scene = set_scene(ground, interaction)
    live, vetoed = _candidates(ground, scene)
    if not live:
        says = "every candidate is ruled out" if vetoed else "there is no candidate"
        if not scene.strong and not scene.weak:
            says = "nobody who took part is a known contact"
        return _abstain(interaction, says, vetoed)
    return _decide(interaction, policy, _with_probabilities(live), vetoed)


def _refusal(interaction: Interaction) -> str:
    if interaction.is_private:
        return "it is private"
    external = interaction.external
    if not external:
        return "nobody from outside took part"
    if not any(p.contact_ids for p in external) and any(p.lead_ids for p in external):
        return "only a lead took part, and an activity of a lead has no opportunity"
    return ""


def _abstain(
    interaction: Interaction, reason: str, vetoed: Sequence[Candidate] = ()
) -> Association:
    return Association(
        interaction_key=interaction.key,
        decision=Decision.ABSTAIN,
        target=None,
        probability=0.0,
        margin=0.0,
        reason=reason,
        candidates=tuple(vetoed),
    )


def _considered(ground: Ground, scene: Scene) -> list[str]:
    """Opportunities of the people's accounts, of related ones, of roles and hints."""
    found = {
        opportunity_id
        for account_id in scene.accounts | scene.related
        for opportunity_id in ground.by_account.get(account_id, ())
    }
    for contact_id in scene.contacts:
        found.update(ground.by_contact.get(contact_id, ()))
    found.update(hint.opportunity_id for hint in scene.hints)
    return sorted(found & ground.opportunities.keys())


def _candidates(ground: Ground, scene: Scene) -> tuple[list[_Scored], list[Candidate]]:
    considered = [ground.opportunities[i] for i in _considered(ground, scene)]
    vetoes = {o.id: vetoes_of(ground, scene, o) for o in considered}
    rivals = {o.id: o for o in considered if not vetoes[o.id]}
    cases = open_cases(ground, scene)
    support = deal_with_case_features(scene, has_cases=bool(cases))
    weak = "" if scene.strong else "people are recognised by weak keys only"
    live, vetoed = [], []
    for opportunity in considered:
        candidate = Candidate(
            target=opportunity_ref(opportunity.id),
            name=opportunity.name,
            account_id=opportunity.account_id,
            probability=0.0,
            vetoes=tuple(vetoes[opportunity.id]),
            closed_today=opportunity.is_closed,
        )
        if candidate.vetoes:
            vetoed.append(candidate)
            continue
        features = opportunity_features(ground, scene, opportunity, rivals) + support
        closed = CLOSED_TODAY if opportunity.is_closed else ""
        live.append(_scored(candidate, features, weak or closed))
    live += [_case(scene, case, weak) for case in cases]
    return live, vetoed


def _case(scene: Scene, case: Case, weak: str) -> _Scored:
    candidate = Candidate(
        target=RecordRef("salesforce", "Case", case.id),
        name=case.subject or case.number,
        account_id=case.account_id,
        probability=0.0,
        closed_today=case.is_closed,
    )
    unnamed = "" if names_case(scene, case) else "its number is not named"
    known = case.contact_id in scene.contacts or case.account_id in scene.accounts
    foreign = "" if known else "nobody who took part belongs to its account"
    closed = CLOSED_TODAY if case.is_closed else ""
    held_back = foreign or weak or unnamed or closed
    return _scored(candidate, case_features(scene, case), held_back)


def _scored(
    candidate: Candidate, features: tuple[Feature, ...], held_back: str
) -> _Scored:
    return _Scored(
        candidate=msgspec.structs.replace(candidate, features=features),
        score=math.fsum(feature.weight for feature in features),
        held_back=held_back,
    )


def _softmax(scores: Sequence[float]) -> list[float]:
    """Probabilities beside "none of them", whose score is 0."""
    top = max(0.0, *scores)
    parts = [math.exp(score - top) for score in scores]
    total = math.fsum([*parts, math.exp(-top)])
    return [part / total for part in parts]


def _with_probabilities(live: Sequence[_Scored]) -> list[_Scored]:
    shares = _softmax([item.score for item in live])
    filled = [
        _Scored(
            candidate=msgspec.structs.replace(
                item.candidate, probability=round(share, _DIGITS)
            ),
            score=item.score,
            held_back=item.held_back,
        )
        for item, share in zip(live, shares, strict=True)
    ]
    return sorted(filled, key=lambda s: (-s.score, s.candidate.target))


def _margin(shares: Sequence[float]) -> float:
    """How far the first is ahead of the second, "none of them" being one of all."""
    none = max(0.0, 1.0 - math.fsum(shares))
    return round(shares[0] - max([none, *shares[1:]]), _DIGITS)


def _verdict(
    shares: Sequence[float], policy: AssociationPolicy, held_back: str
) -> Decision:
    if shares[0] < policy.propose_at:
        return Decision.ABSTAIN
    sure = shares[0] >= policy.apply_at and _margin(shares) >= policy.margin
    return Decision.APPLY if sure and not held_back else Decision.PROPOSE


def _decide(
    interaction: Interaction,
    policy: AssociationPolicy,
    ranked: Sequence[_Scored],
    vetoed: Sequence[Candidate],
) -> Association:
    shares = [item.candidate.probability for item in ranked]
    top = ranked[0]
    decision = _verdict(shares, policy, top.held_back)
    return Association(
        interaction_key=interaction.key,
        decision=decision,
        target=None if decision is Decision.ABSTAIN else top.candidate.target,
        probability=shares[0],
        margin=_margin(shares),
        reason=_reason(decision, ranked),
        candidates=(*(item.candidate for item in ranked), *vetoed),
        flip=_flip(decision, ranked, policy),
        held_back=top.held_back,
    )


def _reason(decision: Decision, ranked: Sequence[_Scored]) -> str:
    top = ranked[0]
    best = sorted(top.candidate.features, key=lambda f: (-f.weight, f.name))
    because = [f.says for f in best if f.weight > 0]
    if decision is Decision.APPLY:
        return "; ".join(because)
    if decision is Decision.PROPOSE:
        return "; ".join([*because, top.held_back or "not certain enough"])
    share = f"{top.candidate.probability:.1%}"
    return f"{len(ranked)} candidates and none stands out ({share} at best)"


def _flip(
    decision: Decision, ranked: Sequence[_Scored], policy: AssociationPolicy
) -> str:
    """The smallest fact that would change the decision."""
    if decision is Decision.APPLY:
        return _flip_down(ranked, policy)
    return _flip_up(ranked, policy)


def _shares_with(ranked: Sequence[_Scored], extra: float) -> list[float]:
    return _softmax([ranked[0].score + extra, *(item.score for item in ranked[1:])])


def _flip_down(ranked: Sequence[_Scored], policy: AssociationPolicy) -> str:
    top = ranked[0]
    pro = sorted(
        (f for f in top.candidate.features if f.weight > 0),
        key=lambda f: (f.weight, f.name),
    )
    for feature in pro:
        if _falls(ranked, policy, feature.weight):
            return f"It would only be proposed if this were not so: {feature.says}."
    lost: list[Feature] = []
    while pro and not _falls(ranked, policy, math.fsum(f.weight for f in lost)):
        lost.append(pro.pop())
    facts = "; ".join(feature.says for feature in lost)
    return f"It would only be proposed if none of this were so: {facts}."


def _falls(ranked: Sequence[_Scored], policy: AssociationPolicy, loss: float) -> bool:
    shares = _shares_with(ranked, -loss)
    return _verdict(shares, policy, "") is not Decision.APPLY


def _flip_up(ranked: Sequence[_Scored], policy: AssociationPolicy) -> str:
    top = ranked[0]
    if top.held_back:
        return (
            f"It would be judged by its evidence if this were not so: {top.held_back}."
        )
    names = {feature.name for feature in top.candidate.features}
    if not names & {"role", "late_role"}:
        gain = weights.ROLE - (
            weights.ROLES_ELSEWHERE if "roles_elsewhere" in names else 0.0
        )
        if _verdict(_shares_with(ranked, gain), policy, "") is Decision.APPLY:
            return (
                f"A contact role of somebody who took part on {top.candidate.name} "
                "would settle it."
            )
    if len(ranked) > 1:
        others = [ranked[0].score, *(item.score for item in ranked[2:])]
        if _verdict(_softmax(others), policy, "") is Decision.APPLY:
            return f"Without {ranked[1].candidate.name} it would be settled."
    return "No single fact would settle it; a person has to choose."
