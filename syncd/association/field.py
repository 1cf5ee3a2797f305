"""What the candidates of one interaction have in common."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

import msgspec

from syncd.association.ground import Deal, Ground
from syncd.association.history import Tally, log_shares
from syncd.association.links import tally
from syncd.association.scene import Scene
from syncd.model.words import has_print


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All candidates of one interaction that no veto rules out, and what they share.

    ``owners`` gives each one's owner then, None where that is not known; ``named`` and
    ``noted`` the words of each one's name that the title, and notes, invitations or
    summaries say. What people related their other interactions to is told by ``met``
    of those from outside, by ``colleagues`` of our people who own no candidate;
    ``by_roles`` is the one that the roles of that day single out, "" without one.
    """

    rivals: Mapping[str, Deal]
    owners: Mapping[str, str | None]
    an_owner_was_there: bool
    newest: str
    named: Mapping[str, frozenset[str]]
    frequency: Mapping[str, int]
    noted: Mapping[str, frozenset[str]]
    noted_frequency: Mapping[str, int]
    met: Sequence[Tally]
    people_history: Mapping[str, float]
    colleagues: Sequence[Tally]
    colleague_history: Mapping[str, float]
    by_roles: str
    accounts: AbstractSet[str]


def field_of(ground: Ground, scene: Scene, rivals: Mapping[str, Deal]) -> Field:
    """What the candidates have in common."""
    at, keys = scene.at, rivals.keys()
    several = len(rivals) > 1
    owners: dict[str, str | None] = {}
    named: dict[str, frozenset[str]] = {}
    noted: dict[str, frozenset[str]] = {}
    accounts: set[str] = set()
    for key, deal in rivals.items():
        owners[key] = deal.past.owner_at(at)
        accounts.add(deal.opportunity.account_id or "")
        if scene.words and (words := deal.words & scene.words):
            named[key] = words
        if scene.noted and (words := _noted(scene, deal)):
            noted[key] = words
    own, when, links = scene.interaction.key, scene.instant, ground.links
    met = [tally(own, when, links.of_contact, one, keys) for one in scene.strong]
    colleagues: list[Tally] = []
    if several:
        others = sorted(scene.users.difference(owners.values()))
        colleagues = [tally(own, when, links.of_user, (o,), keys) for o in others]
    return Field(
        rivals=rivals,
        owners=owners,
        an_owner_was_there=not scene.users.isdisjoint(owners.values()),
        newest=_newest(rivals, at) if several else "",
        named=named,
        frequency=_frequency(named.values()),
        noted=noted,
        noted_frequency=_frequency(noted.values()),
        met=met,
        people_history=log_shares(met, keys),
        colleagues=colleagues,
        colleague_history=log_shares(colleagues, keys),
        by_roles=_by_roles(scene, rivals) if several else "",
        accounts=accounts,
    )


def _newest(rivals: Mapping[str, Deal], at: datetime) -> str:
    """The one that was made last before an instant, where several were."""
    created = [
        (created_at, key)
        for key, deal in rivals.items()
        if (created_at := deal.opportunity.created_at) is not None and created_at <= at
    ]
    return max(created)[1] if len(created) > 1 else ""


def _frequency(told: Iterable[frozenset[str]]) -> dict[str, int]:
    """Of how many each word is told."""
    found: dict[str, int] = {}
    for some in told:
        for word in some:
            found[word] = found.get(word, 0) + 1
    return found


def _by_roles(scene: Scene, rivals: Mapping[str, Deal]) -> str:
    """The one deal on which everybody had a role, where all others' were others'."""
    if not scene.strong:
        return ""
    everybody = []
    for key, deal in rivals.items():
        had = [deal.had_a_role(person, scene.at) for person in scene.strong]
        if all(had):
            everybody.append(key)
        elif any(had) or not deal.had_any_role(scene.at):
            return ""
    return everybody[0] if len(everybody) == 1 else ""


def _noted(scene: Scene, deal: Deal) -> frozenset[str]:
    said = scene.noted
    return frozenset(
        [w for one, w in deal.prints.items() if one in said and has_print(said, one)]
    )
