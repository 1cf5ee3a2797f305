"""What the candidates of one interaction have in common."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from syncd.association.ground import Deal
from syncd.association.history import Tally, log_shares
from syncd.association.scene import Scene


class Field(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All candidates of one interaction that no veto rules out, and what they share.

    ``owners`` gives each one's owner then, None where that is not known;
    ``noted`` gives the words of each one's name that notes, invitations or summaries
    say; ``colleagues`` are histories of our people who own none of them;
    ``by_roles`` the one that the roles of that day single out, "" without one.
    """

    rivals: Mapping[str, Deal]
    owners: Mapping[str, str | None]
    an_owner_was_there: bool
    newest: str
    frequency: Mapping[str, int]
    noted: Mapping[str, frozenset[str]]
    noted_frequency: Mapping[str, int]
    people_history: Mapping[str, float]
    colleagues: Sequence[Tally]
    colleague_history: Mapping[str, float]
    by_roles: str
    accounts: frozenset[str]


def field_of(scene: Scene, rivals: Mapping[str, Deal]) -> Field:
    """What the candidates have in common."""
    at = scene.at
    owners = {key: deal.past.owner_at(at) for key, deal in rivals.items()}
    frequency: dict[str, int] = {}
    if scene.words:
        for deal in rivals.values():
            for word in deal.words & scene.words:
                frequency[word] = frequency.get(word, 0) + 1
    noted: dict[str, frozenset[str]] = {}
    noted_frequency: dict[str, int] = {}
    if scene.noted:
        noted = {key: _noted(scene, deal) for key, deal in rivals.items()}
        noted_frequency = Counter(word for told in noted.values() for word in told)
    created = [
        (deal.opportunity.created_at, key)
        for key, deal in rivals.items()
        if deal.opportunity.created_at is not None and deal.opportunity.created_at <= at
    ]
    owning = frozenset(owners.values())
    colleagues = tuple(
        met for user, met in scene.colleagues.items() if met and user not in owning
    )
    several = len(rivals) > 1
    return Field(
        rivals=rivals,
        owners=owners,
        an_owner_was_there=not scene.users.isdisjoint(owners.values()),
        newest=max(created)[1] if len(created) > 1 else "",
        frequency=frequency,
        noted=noted,
        noted_frequency=noted_frequency,
        people_history=log_shares(scene.met, rivals.keys()),
        colleagues=colleagues,
        colleague_history=log_shares(colleagues, rivals.keys()) if several else {},
        by_roles=_by_roles(scene, rivals),
        accounts=frozenset(
            [deal.opportunity.account_id or "" for deal in rivals.values()]
        ),
    )


def _by_roles(scene: Scene, rivals: Mapping[str, Deal]) -> str:
    """The one deal on which everybody had a role, where all others' were others'."""
    if len(rivals) < 2 or not scene.strong:  # noqa: PLR2004 - one needs no singling out
        return ""
    everybody = []
    for key, deal in rivals.items():
        had = [_had_role(deal, person, scene.at) for person in scene.strong]
        if all(had):
            everybody.append(key)
        elif any(had) or not had_any(deal, scene.at):
            return ""
    return everybody[0] if len(everybody) == 1 else ""


def _had_role(deal: Deal, person: tuple[str, ...], at: datetime) -> bool:
    return any(
        stand.since is not None and stand.since <= at
        for contact in person
        for stand in deal.stands.get(contact, ())
    )


def had_any(deal: Deal, at: datetime) -> bool:
    """Whether anybody is known to have had a role on a deal then."""
    return any(
        stand.since is not None and stand.since <= at
        for some in deal.stands.values()
        for stand in some
    )


def _noted(scene: Scene, deal: Deal) -> frozenset[str]:
    prints = deal.prints
    return frozenset([prints[mark] for mark in prints.keys() & scene.noted])
