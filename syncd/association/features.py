"""Evidence for and against one opportunity or case, each worth its log-odds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final

from syncd.association import weights
from syncd.association.ground import Ground
from syncd.association.past import Phase, role_existed
from syncd.association.scene import Scene, names_case, words
from syncd.model.association import Feature
from syncd.model.entities import Case, Opportunity
from syncd.model.record import RecordRef

CREATED_SOON: Final = timedelta(days=14)
STALE_AFTER: Final = timedelta(days=30)
_RENEWAL: Final = ("renew",)
_ADD_ON: Final = ("add", "expan", "upsell", "upgrade", "existing")
_NEW: Final = ("new",)


def opportunity_ref(opportunity_id: str) -> RecordRef:
    """Where an opportunity lives."""
    return RecordRef("salesforce", "Opportunity", opportunity_id)


def vetoes_of(ground: Ground, scene: Scene, opportunity: Opportunity) -> list[str]:
    """Why this opportunity cannot be it; empty when it can."""
    found = []
    past = ground.pasts[opportunity.id]
    phase = past.phase_at(scene.at)
    if phase is Phase.CLOSED:
        found.append("it was closed before the interaction")
    created_at = opportunity.created_at
    if created_at is not None and created_at - scene.at > CREATED_SOON:
        found.append("it was created more than two weeks after the interaction")
    if opportunity.is_private:
        found.append("it is private")
    if not _belongs(ground, scene, opportunity):
        found.append("nobody who took part belongs to its account")
    return found


def _belongs(ground: Ground, scene: Scene, opportunity: Opportunity) -> bool:
    if opportunity.account_id in scene.accounts | scene.related:
        return True
    return bool(_people_with_role(ground, scene, opportunity.id))


def _people_with_role(
    ground: Ground, scene: Scene, opportunity_id: str
) -> list[tuple[str, ...]]:
    holders = {role.contact_id for role in ground.roles.get(opportunity_id, ())}
    return [person for person in scene.strong if holders & set(person)]


def opportunity_features(
    ground: Ground,
    scene: Scene,
    opportunity: Opportunity,
    rivals: Mapping[str, Opportunity],
) -> tuple[Feature, ...]:
    """Everything that speaks for or against one opportunity.

    Args:
        ground: The view's indexes.
        scene: The interaction.
        opportunity: The candidate.
        rivals: All candidates that no veto rules out, this one included.
    """
    found: list[Feature] = [*_account(ground, scene, opportunity)]
    found += _roles(ground, scene, opportunity)
    found += _owner(scene, opportunity, rivals)
    found += _name(ground, scene, opportunity, rivals)
    found += _type(scene, opportunity)
    found += _hints(scene, opportunity)
    found += _precedents(scene, opportunity)
    found += _timing(ground, scene, opportunity)
    return tuple(found)


def _account(
    ground: Ground, scene: Scene, opportunity: Opportunity
) -> Iterator[Feature]:
    ref = opportunity_ref(opportunity.id)
    yield Feature(
        name="account",
        weight=weights.BASE,
        says="a deal of the account of somebody who took part",
        refs=(ref,),
    )
    direct = opportunity.account_id in scene.accounts
    if not direct and opportunity.account_id in scene.related:
        yield Feature(
            name="related_account",
            weight=weights.RELATED_ACCOUNT,
            says="it lies under the parent or a child of their account",
            refs=(ref,),
        )
    people = scene.strong or scene.weak
    holders = {role.contact_id for role in ground.roles.get(opportunity.id, ())}
    others = [
        person
        for person in people
        if not holders & set(person)
        and opportunity.account_id not in {ground.account_of(c) for c in person}
    ]
    if others and people:
        share = len(others) / len(people)
        yield Feature(
            name="other_people",
            weight=weights.OTHER_PEOPLE * share,
            says=f"{len(others)} of {len(people)} people belong to other accounts",
        )


def _roles(ground: Ground, scene: Scene, opportunity: Opportunity) -> Iterator[Feature]:
    roles = ground.roles.get(opportunity.id, ())
    held = [role for role in roles if role.contact_id in scene.contacts]
    refs = tuple(
        RecordRef("salesforce", "OpportunityContactRole", role.id) for role in held
    )
    if held:
        early = any(role_existed(role, scene.at) for role in held)
        yield Feature(
            name="role" if early else "late_role",
            weight=weights.ROLE if early else weights.LATE_ROLE,
            says="somebody who took part has a contact role",
            refs=refs,
        )
        if any(role.is_primary for role in held):
            yield Feature(
                name="primary",
                weight=weights.PRIMARY,
                says="one of them is its primary contact",
                refs=refs,
            )
    elif roles:
        yield Feature(
            name="roles_elsewhere",
            weight=weights.ROLES_ELSEWHERE,
            says="its contact roles are other people's",
        )


def _owner(
    scene: Scene, opportunity: Opportunity, rivals: Mapping[str, Opportunity]
) -> Iterator[Feature]:
    owner_id = opportunity.owner_id
    if owner_id is None or not scene.users:
        return
    user = RecordRef("salesforce", "User", owner_id)
    if owner_id == scene.interaction.host_user_id:
        yield Feature(
            name="owner_hosts",
            weight=weights.OWNER_HOSTS,
            says="its owner held it",
            refs=(user,),
        )
    elif owner_id in scene.users:
        yield Feature(
            name="owner_attends",
            weight=weights.OWNER_ATTENDS,
            says="its owner took part",
            refs=(user,),
        )
    elif any(rival.owner_id in scene.users for rival in rivals.values()):
        yield Feature(
            name="owner_absent",
            weight=weights.OWNER_ABSENT,
            says="its owner did not take part, another deal's did",
        )
    else:
        yield Feature(
            name="owner_absent_everywhere",
            weight=weights.OWNER_ABSENT_EVERYWHERE,
            says="its owner did not take part",
        )


def _name(
    ground: Ground,
    scene: Scene,
    opportunity: Opportunity,
    rivals: Mapping[str, Opportunity],
) -> Iterator[Feature]:
    account = ground.accounts.get(opportunity.account_id or "")
    own = words(opportunity.name) - (words(account.name) if account else frozenset())
    for rival in rivals.values():
        if rival.id != opportunity.id:
            own -= words(rival.name)
    told = sorted(own & words(scene.title))
    if told:
        yield Feature(
            name="name",
            weight=weights.NAME,
            says=f"the title says {', '.join(told)}",
            refs=(opportunity_ref(opportunity.id),),
        )


def _is_type(opportunity: Opportunity, starts: Iterable[str]) -> bool:
    kind = (opportunity.type or "").casefold()
    return any(kind.startswith(start) for start in starts)


def _type(scene: Scene, opportunity: Opportunity) -> Iterator[Feature]:
    if opportunity.type is None or not scene.wording:
        return
    if scene.wording == "new":
        fits, worth = _is_type(opportunity, _NEW), weights.FIRST_STEPS
    else:
        starts = _RENEWAL if scene.wording == "renewal" else _ADD_ON
        fits, worth = _is_type(opportunity, starts), weights.TYPE_FITS
    yield Feature(
        name="type_fits" if fits else "type_differs",
        weight=worth if fits else weights.TYPE_DIFFERS,
        says=f"the title speaks of {scene.wording}, its type is {opportunity.type}",
    )


def _hints(scene: Scene, opportunity: Opportunity) -> Iterator[Feature]:
    for source, worth in (
        ("chorus", weights.CHORUS_HINT),
        ("outreach", weights.OUTREACH_HINT),
    ):
        refs = tuple(
            hint.ref
            for hint in scene.hints
            if hint.source == source and hint.opportunity_id == opportunity.id
        )
        if refs:
            yield Feature(
                name=f"{source}_hint",
                weight=worth,
                says=f"{source.title()} names it",
                refs=refs,
            )


def _precedents(scene: Scene, opportunity: Opportunity) -> Iterator[Feature]:
    share = scene.series.share(opportunity.id)
    if share:
        yield Feature(
            name="series",
            weight=weights.SERIES * share,
            says="other occurrences of the series are related to it",
            refs=scene.series.refs[opportunity.id],
        )
    share = scene.precedents.share(opportunity.id)
    if share:
        yield Feature(
            name="precedent",
            weight=weights.PRECEDENT * share,
            says="the same people's other activities of those weeks are related to it",
            refs=scene.precedents.refs[opportunity.id],
        )


def _timing(
    ground: Ground, scene: Scene, opportunity: Opportunity
) -> Iterator[Feature]:
    past = ground.pasts[opportunity.id]
    if past.phase_at(scene.at) is Phase.NOT_YET:
        yield Feature(
            name="created_after",
            weight=weights.CREATED_AFTER,
            says="it was created soon after the interaction",
        )
        return
    close_date = past.close_date_at(scene.at)
    if close_date is not None and scene.at.date() - close_date > STALE_AFTER:
        yield Feature(
            name="stale",
            weight=weights.STALE,
            says="its close date had passed long before",
        )


def deal_with_case_features(scene: Scene, *, has_cases: bool) -> tuple[Feature, ...]:
    """What an open case says against every deal."""
    if not (has_cases and scene.is_support):
        return ()
    says = "the title speaks of a problem and a case was open"
    return (Feature(name="support", weight=weights.SUPPORT_ON_DEAL, says=says),)


def case_features(scene: Scene, case: Case) -> tuple[Feature, ...]:
    """Everything that speaks for or against one case."""
    ref = RecordRef("salesforce", "Case", case.id)
    if names_case(scene, case):
        return (
            Feature(
                name="case_number",
                weight=weights.CASE_NUMBER,
                says=f"case {case.number} is named",
                refs=(ref,),
            ),
        )
    found = [
        Feature(
            name="open_case",
            weight=weights.OPEN_CASE,
            says="somebody who took part had this case open",
            refs=(ref,),
        )
    ]
    if scene.is_support:
        found.append(
            Feature(
                name="support",
                weight=weights.SUPPORT_WORDS,
                says="the title speaks of a problem",
            )
        )
    return tuple(found)
